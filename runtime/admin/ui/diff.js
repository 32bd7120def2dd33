// The lines that differ between two texts, with a little of what is around them.
import { h } from "./dom.js";

/// [{ kind: "same" | "added" | "removed", text }] by the longest common run of lines.
export function lines(before, after) {
  const a = before.split("\n"), b = after.split("\n");
  const length = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) length[i][j] = a[i] === b[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
  const found = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { found.push({ kind: "same", text: a[i++] }); j++; }
    else if (j >= b.length || (i < a.length && length[i + 1][j] >= length[i][j + 1])) found.push({ kind: "removed", text: a[i++] });
    else found.push({ kind: "added", text: b[j++] });
  }
  return found;
}

export function diff(before, after) {
  if (before === after) return h("p", { class: "dim" }, "No difference.");
  const all = lines(before, after);
  const near = all.map((_, at) => all.slice(Math.max(0, at - 3), at + 4).some((one) => one.kind !== "same"));
  const shown = [];
  let hidden = false;
  all.forEach((one, at) => {
    if (!near[at]) { hidden = true; return; }
    if (hidden) shown.push(h("div", { class: "gap" }, "⋯"));
    hidden = false;
    const sign = { added: "+ ", removed: "− ", same: "  " }[one.kind];
    shown.push(h("div", { class: one.kind }, sign + one.text));
  });
  return h("div", { class: "diff", tabindex: "0", role: "region", "aria-label": "Differences" }, shown);
}
