// A script edited in place: checked, tried on real records, compared, and only then applied.
import { get, may, post, put, segment } from "./api.js";
import { h, replace } from "./dom.js";
import { counted, shown } from "./format.js";
import { keep_edit } from "./unsaved.js";
import { diff } from "./diff.js";
import { banner, button, card, empty, problems, table, toast } from "./view.js";

function keys(event) {
  const area = event.target;
  if (event.key === "Tab" && !event.shiftKey && !event.ctrlKey && !area.dataset.leave) {
    event.preventDefault();
    area.setRangeText("  ", area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input"));
  }
  // Escape, then Tab, leaves: nobody is caught in the field.
  area.dataset.leave = event.key === "Escape" ? "1" : "";
}

function to_line(area, line) {
  const before = area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  area.focus();
  area.setSelectionRange(before, before + (area.value.slice(before).split("\n")[0]?.length ?? 0));
  area.scrollTop = (line - 5) * parseFloat(getComputedStyle(area).lineHeight);
}

export function writes_table(tried) {
  const rows = (tried.writes ?? []).flatMap((one) => (one.error ? [{ key: one.left_key ?? one.right_key, what: "would stop", detail: one.error.message }] : (one.record?.writes ?? []).map((write) => ({ key: write.key ?? one.left_key ?? one.right_key, what: `${write.kind} in ${write.connection}`, detail: write.values }))));
  return table("dry run", [{ title: "Record", kind: "mono", cell: (row) => row.key ?? "" }, { title: "Would", cell: (row) => row.what }, { title: "Values", kind: "value", cell: (row) => shown(row.detail) }], rows,
    { label: "What it would write", nothing: empty("It would write nothing", `${counted(tried.looked_at, "record was", "records were")} looked at; all are level under this text.`) });
}

export async function editor(place, mapping, done) {
  const now = await get(`/api/v1/mappings/${segment(mapping.name)}/source`);
  const path = `/api/v1/mappings/${segment(mapping.name)}`;
  const result = h("div", { class: "stack", role: "status" });
  // What another page proposes to put in ("write the rule for this").
  const draft = sessionStorage.getItem(`draft ${mapping.name}`);
  sessionStorage.removeItem(`draft ${mapping.name}`);
  const area = h("textarea", { rows: "24", spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-label": `Script of ${mapping.name}`, "aria-describedby": "editor-help", value: draft ?? now.source, on: { keydown: keys, input: () => { apply.disabled = true; } } });
  const show_problems = (list) => {
    replace(result, problems(list), h("div", { class: "row" }, list.filter((one) => one.line).map((one) => button(`Go to line ${one.line}`, () => to_line(area, one.line), "quiet"))));
    if (list[0]?.line) to_line(area, list[0].line);
  };
  const check = async (dry_run) => {
    replace(result, h("p", { class: "dim" }, dry_run ? "Reading both sides…" : "Checking…"), h("progress", { "aria-label": "under way" }));
    let tried;
    try { tried = await post(`${path}/check`, { source: area.value, dry_run }); } catch (error) { replace(result, banner("bad", error.message, error.hint)); return; }
    if (!tried.ok) return show_problems(tried.problems);
    apply.disabled = area.value === now.source || !may("admin");
    replace(result, banner("good", "It loads, and its tests pass.", area.value === now.source ? "Nothing is changed yet." : may("admin") ? "Look at the difference, then apply it." : "Applying it needs the role admin."), card("What changes in the script", diff(now.source, area.value)), dry_run && h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, `What it would write, from ${tried.looked_at} records`)), writes_table(tried)));
  };
  const apply = button("Apply", async () => {
    try { await put(`${path}/source`, { source: area.value, hash: now.hash }); } catch (error) { return error.problem?.problems ? show_problems(error.problem.problems) : replace(result, banner("bad", error.message, error.hint)); }
    keep_edit(() => false);
    toast("Saved and loaded; it holds for what comes now.");
    await done();
  }, "first");
  apply.disabled = true;
  replace(place, card(now.file, area, h("p", { id: "editor-help", class: "dim small" }, "Tab indents; Escape and then Tab leaves the field. Nothing is saved before Apply."), h("div", { class: "row" }, button("Check", () => check(0)), button("Check with a dry run", () => check(20)), apply, button("Undo all", () => { area.value = now.source; apply.disabled = true; replace(result); }, "quiet"))), result);
  keep_edit(() => area.isConnected && area.value !== now.source);
  if (draft) await check(0);
}
