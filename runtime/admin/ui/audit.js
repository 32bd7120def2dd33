// Who did what.
import { get, target } from "./api.js";
import { h, replace } from "./dom.js";
import { moment, shown } from "./format.js";
import { empty, head, paged_table } from "./view.js";

const columns = [
  { title: "When", kind: "time", cell: (row) => moment(row.at), value: (row) => row.at }, { title: "Who", cell: (row) => h("b", {}, row.author), value: (row) => row.author }, { title: "Did", kind: "tight", cell: (row) => row.action.replaceAll("_", " "), value: (row) => row.action }, { title: "To", kind: "mono", cell: (row) => row.subject },
  { title: "More", kind: "value", cell: (row) => (Object.keys(row.detail ?? {}).length ? shown(row.detail) : ""), value: (row) => row.detail },
];

export async function audit_page(box) {
  const list = h("section", { class: "card flush" });
  replace(box, head("Audit"), list);
  await paged_table(list, "audit", columns, async (after) => {
    const answer = await get(target("audit", { limit: 50, after }));
    return { rows: answer.audit, next: answer.next };
  }, { label: "Audit", nothing: empty("Nobody changed anything yet", "Every decision, retry, run, edit and login change of a person or a program is kept here with its author.") });
}
