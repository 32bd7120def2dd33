// What was decided: a live list with search; the filters are in the address.
import { get, may, target } from "./api.js";
import { field, h, replace, select } from "./dom.js";
import { refresh_on } from "./events.js";
import { filter_form, mapping_field, span_fields } from "./filters.js";
import { chip, moment, words } from "./format.js";
import { record_link } from "./links.js";
import { dead_keys, retry_shown } from "./retry.js";
import { button, empty, every_row, head, paged_table } from "./view.js";

const outcomes = [["", "any"], "applied", "merged", "conflict", "held", ["dead", words("dead")], "skipped", ["would_write", "would write (read-only)"], "retry", "announced"];
const kinds = [["", "any"], "create", "update", "delete", "link", "rename", "restore", "conflict", "resolve", "hold", ["dead", words("dead")], "revert", "unlink", "relink", "merge", "ignore", "heed", ["reset_base", "reset base"], ["note", "end of a job"]];

function names(fields) {
  const all = Object.keys(fields ?? {});
  return all.length > 6 ? `${all.length} fields` : all.join(", ");
}

/// What came of it: the error, else what was written where and which fields wait, else the fields that were decided.
function gist({ record, error }) {
  const failed = record?.error ?? error;
  if (failed) return failed.message;
  if (record?.why) return record.why;
  if (record?.load) return "by the first load";
  const waiting = Object.fromEntries(Object.entries(record?.fields ?? {}).filter(([, field]) => field.decision === "conflict"));
  const parts = (record?.writes ?? []).map((write) => `${write.kind} in ${write.connection}${names(write.values) && `: ${names(write.values)}`}`);
  if (names(waiting)) parts.push(`in conflict: ${names(waiting)}`);
  return parts.join("; ") || names(record?.fields);
}

export const operation_columns = [
  { title: "When", kind: "time", cell: (row) => h("a", { href: `#/operation/${row.id}` }, moment(row.at)), value: (row) => row.at },
  { title: "Mapping", cell: (row) => row.mapping },
  ...[["left", "Left"], ["right", "Right"]].map(([side, title]) => ({ title, kind: "half", cell: (row) => (row[`${side}_key`] === undefined ? "" : record_link(row.mapping, row[`${side}_key`], side)), value: (row) => row[`${side}_key`] })),
  { title: "Kind", kind: "tight half", cell: (row) => words(row.kind), value: (row) => row.kind },
  { title: "Outcome", kind: "tight half", cell: (row) => chip(row.outcome), value: (row) => row.outcome },
  { title: "By", cell: (row) => row.author ?? "" },
  { title: "What", kind: "text", cell: gist },
];

/// A key is a key of one mapping; without one it is a word to look for.
const asked = (filters) => (filters.key && !filters.mapping ? { ...filters, text: [filters.text, filters.key].filter(Boolean).join(" "), key: "" } : { ...filters });

const loader = (filters) => async (after, limit) => {
  for (let at = after; ; ) {
    const answer = await get(target("operations", { ...filters, limit, after: at }));
    if (answer.operations.length > 0 || !answer.next) return { rows: answer.operations, next: answer.next };
    at = answer.next;  // by side a page may be empty and not the last
  }
};

/// The dead keys that were left so by operations which the filters show.
async function shown_dead(mappings, filters) {
  if (filters.outcome && filters.outcome !== "dead") return [];
  const [{ rows }, dead] = await Promise.all([every_row(loader({ ...asked(filters), outcome: "dead" })), dead_keys(mappings, { mapping: filters.mapping })]);
  const ids = new Set(rows.map((row) => row.id));
  return dead.filter((one) => ids.has(one.operation));
}

export async function operations_page(box, tools) {
  const { mappings } = await get("/api/v1/status");
  const filters = Object.fromEntries(tools.query);
  const list = h("section", { class: "card flush" });
  let shown;
  const draw = async () => {
    shown = await paged_table(list, "operations", operation_columns, loader(asked(filters)), { label: "Operations", nothing: Object.values(filters).some(Boolean) ? empty("No operation fits", "Take a filter away.") : empty("No operation yet", "Operations appear as soon as a change is worked off: make a mapping level on its page.") });
  };
  const form = filter_form(filters, tools, draw,
    field("Search keys and values", h("input", { type: "search", name: "text", value: filters.text ?? "", placeholder: "press / to search" }), { class: "wide" }),
    mapping_field(mappings, filters), field("Key", h("input", { name: "key", value: filters.key ?? "" })),
    field("Outcome", select("outcome", outcomes, filters.outcome)), field("Kind", select("kind", kinds, filters.kind)), field("Change of", select("side", [["", "either side"], "left", "right"], filters.side)), span_fields(filters),
    h("label", { class: "line" }, h("input", { type: "checkbox", name: "failed", checked: !!filters.failed }), "failed only"));
  const retry = may("operator") && button("Retry dead letters…", async () => retry_shown(await shown_dead(mappings, filters)));
  replace(box, head("Operations", retry), form, list);
  await draw();
  tools.leave(refresh_on("operation", () => shown.refresh(), 2));
}
