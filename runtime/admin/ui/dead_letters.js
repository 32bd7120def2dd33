// Keys that stand: dead, held, in conflict, waiting for a parent.
import { get, may, post, segment, target } from "./api.js";
import { field, h, prose, replace, select } from "./dom.js";
import { refresh_on } from "./events.js";
import { filter_form, mapping_field } from "./filters.js";
import { chip, moment, words } from "./format.js";
import { named_record, record_link } from "./links.js";
import { reasons } from "./operation.js";
import { dead_keys, retry_shown } from "./retry.js";
import { file_gone_note } from "./verdict.js";
import { ask, button, empty, head, paged_table, toast } from "./view.js";

const states = [["", "all that stand"], ...["dead", "held", "conflict", "waiting_for", "backing_off", "waiting"].map((one) => [one, words(one)])];
const can_retry = ["dead", "held", "conflict", "backing_off"];  // others wait for something else than a try

/// Of one that no error stopped.
function why(row) {
  if (row.state === "held") return ["the brake holds it; ", h("a", { href: `#/mapping/${segment(row.mapping)}?tab=work` }, "let all of it go")];
  if (row.state === "conflict") return h("a", { href: `#/conflicts?${new URLSearchParams({ mapping: row.mapping, key: row.key, key_side: row.side })}` }, "fields of it wait for a decision");
  return reasons[row.reason] ?? row.reason;
}

export async function dead_letters_page(box, tools) {
  const { mappings } = await get("/api/v1/status");
  const filters = Object.fromEntries(tools.query);
  const list = h("section", { class: "card flush" });
  const gone = (row) => mappings[row.mapping]?.file_gone;
  const retry_one = async (row) => {
    const { retried } = await post("/api/v1/retry", { mapping: row.mapping, side: row.side, key: row.key });
    toast(retried ? `${row.key} is being tried again.` : `${row.key} does not stand any more.`);
    setTimeout(reload, 500);
  };
  const discard_one = async (row) => {
    const answer = await ask(`Let ${row.key} go?`, { text: "Its waiting changes are forgotten and counted as discarded. A later change of the record is looked at as ever.", inputs: [{ label: "Why? It goes into the audit trail.", name: "reason", required: true, minlength: "3" }], yes: "Discard", danger: true });
    if (!answer) return;
    await post("/api/v1/discard", { mapping: row.mapping, side: row.side, key: row.key, reason: answer.reason });
    toast(`${row.key} is discarded.`);
    await reload();
  };
  const columns = [
    { title: "Record", cell: (row) => record_link(row.mapping, row.key, row.side), value: (row) => row.key }, { title: "Mapping", kind: "half", cell: (row) => row.mapping }, { title: "Side", kind: "half", cell: (row) => h("span", { class: `side-${row.side}` }, row.side), value: (row) => row.side },
    { title: "State", kind: "tight", cell: (row) => chip(row.state), value: (row) => row.state }, { title: "Since", kind: "time", cell: (row) => moment(row.since), value: (row) => row.since },
    { title: "Why", kind: "text", cell: (row) => h("div", {}, row.parent ? ["its parent ", named_record(row.parent), " has no link yet"] : row.error?.message ?? why(row), row.error?.hint && h("div", { class: "dim small" }, prose(row.error.hint)), gone(row) && file_gone_note(row.mapping), row.operation && [" ", h("a", { class: "small key", href: `#/operation/${row.operation}` }, row.state === "backing_off" ? "the last attempt" : "the operation")]), value: (row) => row.error?.message ?? row.parent ?? h("span", {}, why(row)).textContent },
    { title: "Tries", kind: "number", cell: (row) => row.attempts },
    { title: "", private: true, kind: "tight", cell: (row) => may("operator") && h("div", { class: "row" }, can_retry.includes(row.state) && !gone(row) && button("Retry", () => retry_one(row)), button("Discard…", () => discard_one(row), "quiet")) },
  ];
  const load = async (after, limit) => {
    const answer = await get(target("dead-letters", { ...filters, limit, after }));
    return { rows: answer.keys, next: answer.next };
  };
  let shown;
  const reload = () => shown.reload();
  const draw = async () => {
    const narrow = filters.mapping || filters.state || filters.key;
    shown = await paged_table(list, "dead-letters", columns, load, { id: (row) => [row.mapping, row.side, row.key].join(" "), label: "Keys that stand",
      nothing: narrow ? empty("Nothing like that stands", "Widen the filters.") : empty("Nothing stands", "A record that cannot be kept the same for good is put here instead of holding up the others.") });
  };
  const form = filter_form(filters, tools, draw, mapping_field(mappings, filters), field("State", select("state", states, filters.state)), field("Key", h("input", { type: "search", name: "key", value: filters.key ?? "" })));
  const all = may("operator") && button("Retry dead letters…", async () => {
    await retry_shown(["", "dead"].includes(filters.state ?? "") ? await dead_keys(mappings, filters) : []);
    setTimeout(reload, 500);
  }, "first");
  replace(box, head("Dead letters", all), form, list);
  await draw();
  tools.leave(refresh_on("operation", () => (document.querySelector("dialog[open]") ? undefined : reload()), 2));
}
