// What was decided: a live list with search; the filters are in the address.
import { get, may, post, target } from "./api.js";
import { field, h, replace, select } from "./dom.js";
import { refresh_on } from "./events.js";
import { chip, moment } from "./format.js";
import { button, empty, head, paged_table, toast } from "./view.js";

const outcomes = [["", "any"], "applied", "merged", "conflict", "held", "dead", "skipped", "retry", "announced"];
const kinds = [["", "any"], "create", "update", "delete", "link", "conflict", "resolve", "hold", "dead", "adopt", "note"];

export const operation_columns = [
  { title: "When", kind: "time", cell: (row) => h("a", { href: `#/operation/${row.id}` }, moment(row.at)), value: (row) => row.at },
  { title: "Mapping", cell: (row) => row.mapping },
  { title: "Left", kind: "mono", cell: (row) => row.left_key ?? "" },
  { title: "Right", kind: "mono", cell: (row) => row.right_key ?? "" },
  { title: "What", kind: "tight", cell: (row) => row.kind },
  { title: "Outcome", kind: "tight", cell: (row) => chip(row.outcome), value: (row) => row.outcome },
  { title: "By", cell: (row) => row.author ?? "" },
  { title: "Why", cell: (row) => row.record?.error?.message ?? row.record?.why ?? "" },
];

export async function operations_page(box, tools) {
  const { mappings } = await get("/api/v1/status");
  const filters = Object.fromEntries(tools.query);
  const list = h("section", { class: "card flush" });
  const load = async (after) => {
    const answer = await get(target("operations", { ...filters, failed: filters.failed ? "1" : "", limit: 50, after }));
    return { rows: answer.operations, next: answer.next };
  };
  const draw = () => paged_table(list, "operations", operation_columns, load, { label: "Operations", nothing: empty("No operation fits", "Operations appear as soon as a change is worked off.", "Take a filter away, or make a mapping level on its page.") });
  const changed = (event) => {
    event?.preventDefault();
    for (const [name, value] of new FormData(form)) filters[name] = value;
    if (!form.elements.failed.checked) filters.failed = "";
    if (filters.key && !filters.mapping) { filters.text = filters.key; filters.key = ""; }
    tools.set_query(filters);
    void draw();
  };
  const form = h("form", { class: "filters", role: "search", on: { submit: changed, change: changed } },
    field("Search keys and values", h("input", { type: "search", name: "text", value: filters.text ?? "", placeholder: "press / to search" }), { class: "wide" }),
    field("Mapping", select("mapping", [["", "all"], ...Object.keys(mappings)], filters.mapping)), field("Key", h("input", { name: "key", value: filters.key ?? "" })),
    field("Outcome", select("outcome", outcomes, filters.outcome)), field("What", select("kind", kinds, filters.kind)),
    h("label", { class: "line" }, h("input", { type: "checkbox", name: "failed", value: "1", checked: !!filters.failed }), "failed only"));
  const retry = may("operator") && button("Retry what failed", async () => {
    const { retried } = await post("/api/v1/retry", filters.mapping ? { mapping: filters.mapping } : { all: true });
    toast(retried ? `${retried} are being tried again.` : "Nothing was dead or held there.");
  });
  replace(box, head("Operations", retry), form, list);
  await draw();
  tools.leave(refresh_on("operation", () => (window.scrollY < 200 ? draw() : undefined), 2));
}
