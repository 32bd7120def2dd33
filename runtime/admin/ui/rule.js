// "Write the rule for this": the strategy that would have decided a conflict, put into the mapping's row, with a test that keeps it true.
import { get, segment } from "./api.js";
import { field, h, replace, select } from "./dom.js";
import { Exact } from "./exact.js";
import { same } from "./format.js";
import { button, toast } from "./view.js";

const quoted = (text) => `"${text.replace(/["\\\n\r\t]/g, (one) => ({ "\n": "\\n", "\r": "\\r", "\t": "\\t" })[one] ?? `\\${one}`)}"`;
const named = (name) => (/^[A-Za-z_]\w*$/.test(name) ? name : `[${quoted(name)}]`);

/// A value as an author writes it in Lua.
export function lua(value) {
  if (value === undefined || value === null) return "null";
  if (typeof value === "string") return quoted(value);
  if (value instanceof Exact) return `dec "${value}"`;
  if (Array.isArray(value)) return `{ ${value.map(lua).join(", ")} }`;
  if (typeof value === "object") return `{ ${Object.entries(value).map(([name, one]) => `${named(name)} = ${lua(one)}`).join(", ")} }`;
  return typeof value === "number" && !Number.isInteger(value) ? `dec "${value}"` : String(value);
}

/// Rules that a person may mean, those that give what was chosen first: [rule, words, side that it lets win].
export function rules_for(one, method) {
  const { left, right } = one, empty = (value) => value === undefined || value === null || value === "";
  const type = (value) => (value instanceof Exact ? "number" : typeof value);
  const order = (a, b) => (type(a) === type(b) && (type(a) === "number" || type(a) === "string") ? (a > b ? 1 : a < b ? -1 : 0) : undefined);
  const rules = [["left", "the left side always wins", "left"], ["right", "the right side always wins", "right"], ["newest", "the later edit wins", method === "right" ? "right" : "left"]];
  const greater = order(left, right);
  if (greater) rules.push(["max", "the greater value wins", greater > 0 ? "left" : "right"], ["min", "the smaller value wins", greater > 0 ? "right" : "left"]);
  if (empty(left) !== empty(right)) rules.push(["nonempty", "who has something wins", empty(left) ? "right" : "left"]);
  if (Array.isArray(left) && Array.isArray(right)) rules.push(["union", "every element of both stays", ""]);
  rules.push(["manual", "a person goes on deciding", ""]);
  return rules.sort((a, b) => (b[2] === method) - (a[2] === method));
}

/// A row for the mapping's `tests`; "" where a test cannot say it.
export function test_row(one, row, [rule, , winner]) {
  if (!winner && rule !== "manual") return "";
  const base = one.base && same(one.base.left, one.base.right) ? `base = { ${named(row.left)} = ${lua(one.base.left)} }, ` : "";
  const changed = rule === "newest" ? `, changed = { left = ${quoted(winner === "left" ? "10:05" : "10:00")}, right = ${quoted(winner === "left" ? "10:00" : "10:05")} }` : "";
  return `{ ${base}left = { ${named(row.left)} = ${lua(one.left)} }, right = { ${named(row.right)} = ${lua(one.right)} }${changed}, wins = ${quoted(winner || "manual")} },`;
}

/// The line of a row with the rule in it; undefined where the row does not stand on that line alone.
export function with_rule(line, rule) {
  const said = /\bconflict\s*=\s*("[^"]*"|'[^']*')/;
  if (said.test(line)) return line.replace(said, `conflict = "${rule}"`);
  const open = (line.match(/{/g) ?? []).length, closed = (line.match(/}/g) ?? []).length;
  if (open === 0 || open !== closed || !/^\s*{.*}\s*,?\s*(--.*)?$/.test(line)) return undefined;
  return line.replace(/\s*}(\s*,?\s*(?:--.*)?)$/, `, conflict = "${rule}" }$1`);
}

/// The test as the last of `tests`, or a new list before the mapping's end.
export function with_test(text, test) {
  if (!test) return text;
  const at = text.match(/^( *)tests\s*=\s*{ *\n/m);
  if (at) return text.slice(0, at.index + at[0].length) + `${at[1]}  ${test}\n` + text.slice(at.index + at[0].length);
  const end = text.lastIndexOf("\n}");
  return end < 0 ? text : `${text.slice(0, end)}\n  tests = {\n    ${test}\n  },${text.slice(end)}`;
}

/// The mapping's text with the rule and its test.
export function edited(source, row, rule, test) {
  const lines = source.split("\n"), number = Number(/:(\d+)$/.exec(row.at ?? "")?.[1] ?? 0);
  const changed = number > 0 ? with_rule(lines[number - 1] ?? "", rule) : undefined;
  if (changed === undefined) return undefined;
  lines[number - 1] = changed;
  return with_test(lines.join("\n"), test);
}

const own_strategy = (one) => [`-- strategies/${one.mapping}_${one.field.replace(/\W+/g, "_")}.lua: for what no shipped rule says. The row names it: conflict = "${one.mapping}_${one.field.replace(/\W+/g, "_")}"`,
  "return function(dispute)", `  -- Here the left said ${lua(one.left)} and the right ${lua(one.right)}.`, "  if dispute.left == nil then return \"right\" end", "  if dispute.right == nil then return \"left\" end", "  return \"manual\"", "end"].join("\n");

export async function propose_rule(one, method) {
  const [mapping, { source }] = await Promise.all([get(`/api/v1/mappings/${segment(one.mapping)}`), get(`/api/v1/mappings/${segment(one.mapping)}/source`)]);
  const found = (mapping.compiled?.fields ?? []).find((row) => row.name === one.field);
  const first = (paths) => (Array.isArray(paths) ? paths[0] : paths);
  const row = { at: found?.at, left: first(found?.left) ?? one.field, right: first(found?.right) ?? one.field };
  const rules = rules_for(one, method), chosen = select("rule", rules.map(([rule, text]) => [rule, `${rule}: ${text}`]), rules[0][0]);
  const place = h("div", { class: "stack" });
  const draw = () => {
    const rule = rules.find(([name]) => name === chosen.value), test = test_row(one, row, rule), text = edited(source, row, rule[0], test);
    const line = text?.split("\n")[Number(/:(\d+)$/.exec(row.at)?.[1]) - 1];
    replace(place, h("p", {}, found ? `The row of ${one.field}, ${row.at}:` : `In fields of mappings/${one.mapping}.lua, the row of ${one.field}:`), h("pre", { tabindex: "0" }, line?.trim() ?? `{ ${quoted(row.left)}, ${quoted(row.right)}, conflict = "${rule[0]}" },`),
      test && [h("p", {}, "and in tests, so that the rule stays true:"), h("pre", { tabindex: "0" }, test)],
      h("details", {}, h("summary", {}, "A rule of your own"), h("pre", { tabindex: "0" }, own_strategy(one))),
      h("div", { class: "row end" }, h("button", { value: "no" }, "Close"), text && button("Put it into the script", () => open_editor(one.mapping, text, box), "first")),
      !text && h("p", { class: "dim small" }, "The row does not stand on a line of its own, so it is not edited for you: copy what is above."));
  };
  chosen.addEventListener("change", draw);
  const box = h("dialog", { "aria-labelledby": "rule" }, h("form", { method: "dialog", class: "stack" }, h("h2", { id: "rule" }, "A rule for conflicts like this"), field("When both sides changed it", chosen), place));
  draw();
  box.addEventListener("close", () => box.remove());
  window.addEventListener("hashchange", () => box.remove(), { once: true });
  document.body.append(box);
  box.showModal();
}

/// The editor begins with this text; nothing is saved before it is checked and applied there.
function open_editor(mapping, text, box) {
  sessionStorage.setItem(`draft ${mapping}`, text);
  box.close();
  toast("The script has the rule and its test. Check it, then apply it.");
  location.hash = `#/mapping/${segment(mapping)}?tab=edit`;
}
