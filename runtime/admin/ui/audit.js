// Who did what.
import { get, target } from "./api.js";
import { field, h, replace } from "./dom.js";
import { refresh_every } from "./events.js";
import { filter_form, moment_field } from "./filters.js";
import { moment, shown } from "./format.js";
import { named_record, record_link } from "./links.js";
import { empty, head, paged_table } from "./view.js";

/// What it was done to, as the way to it where it is a record.
const record_of = ({ subject, detail = {} }) => (detail.mapping && detail.key ? [`${detail.mapping} `, record_link(detail.mapping, detail.key, detail.side)] : named_record(subject));

const columns = [
  { title: "When", kind: "time", cell: (row) => moment(row.at), value: (row) => row.at }, { title: "Who", cell: (row) => h("b", {}, row.author), value: (row) => row.author }, { title: "Did", kind: "tight", cell: (row) => row.action.replaceAll("_", " "), value: (row) => row.action }, { title: "To", kind: "mono", cell: record_of, value: (row) => row.subject },
  { title: "More", kind: "value", cell: (row) => Object.entries(row.detail ?? {}).map(([name, value]) => h("div", {}, h("span", { class: "dim" }, `${name.replaceAll("_", " ")}: `), shown(value))), value: (row) => row.detail },
];

export async function audit_page(box, tools) {
  const filters = Object.fromEntries(tools.query);
  const list = h("section", { class: "card flush" });
  const load = async (after, limit) => {
    const answer = await get(target("audit", { ...filters, action: filters.action?.trim().replaceAll(" ", "_"), limit, after }));
    return { rows: answer.audit, next: answer.next };
  };
  let shown;
  const draw = async () => { shown = await paged_table(list, "audit", columns, load, { label: "Audit", nothing: empty("Nobody did anything like that", "Take a filter away. Every decision, retry, run, edit and login change of a person or a program is kept here with its author.") }); };
  const named = (label, name, placeholder) => field(label, h("input", { name, placeholder, value: filters[name] ?? "" }));
  replace(box, head("Audit"), filter_form(filters, tools, draw, named("Who", "author"), named("Did", "action", "resolve"), named("To", "subject"), moment_field("Since", "since", filters)), list);
  await draw();
  tools.leave(refresh_every(3, () => shown.refresh()));
}
