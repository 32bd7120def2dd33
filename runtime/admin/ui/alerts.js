// What needs a person, and what did.
import { get, may, post, segment, target } from "./api.js";
import { field, h, replace, select } from "./dom.js";
import { chip, moment } from "./format.js";
import { button, card, empty, head, paged_table, toast } from "./view.js";

const where = (one) => (one.mapping ? h("a", { href: `#/mapping/${segment(one.mapping)}` }, one.mapping) : one.connection ? h("a", { href: `#/connections/${segment(one.connection)}` }, one.connection) : "the project");
const whole = (one) => [one.mapping ?? one.connection ?? "", one.side ?? one.collection ?? ""].filter(Boolean).join(" ");
const subject = (one) => h("span", {}, where(one), (one.side ?? one.collection) ? ` ${one.side ?? one.collection}` : "");

function in_hand(one, done) {
  if (one.acknowledged_by) return h("span", { class: "dim small" }, h("b", {}, one.acknowledged_by), " has it in hand, ", moment(one.acknowledged_at));
  if (!one.open || !may("operator")) return "";
  return button("I see to it", async () => {
    const { acknowledged_by } = await post(`/api/v1/alerts/${one.id}/acknowledge`, {});
    toast(`${acknowledged_by} has it in hand; it stays here until it is over.`);
    await done();
  });
}

/// Those that stand, for the overview; nothing where none does.
export async function alerts_card(done) {
  const { alerts, next } = await get(target("alerts", { limit: 20 }));
  if (alerts.length === 0) return "";
  return card("", h("div", { class: "head" }, h("h2", {}, "Alerts"), h("a", { href: "#/alerts" }, next ? "all of them" : "and past ones")),
    h("ul", { class: "notices" }, alerts.map((one) => h("li", {}, h("div", { class: "row" }, chip(one.kind, "bad"), h("span", { class: "small" }, subject(one), " since ", moment(one.since))), h("div", {}, one.text), one.hint && h("div", { class: "dim small" }, one.hint), in_hand(one, done)))));
}

export async function alerts_page(box, tools) {
  const { mappings } = await get("/api/v1/status");
  const filters = { state: "", ...Object.fromEntries(tools.query) };
  const list = h("section", { class: "card flush" });
  const columns = [
    { title: "Since", kind: "time", cell: (row) => moment(row.since), value: (row) => row.since }, { title: "Kind", kind: "tight", cell: (row) => chip(row.kind, row.open ? "bad" : ""), value: (row) => row.kind },
    { title: "About", cell: subject, value: whole },
    { title: "What", cell: (row) => h("div", {}, row.text, row.hint && h("div", { class: "dim small" }, row.hint)), value: (row) => row.text },
    { title: "Over", kind: "time", cell: (row) => (row.open ? "stands" : moment(row.ended_at)), value: (row) => row.ended_at ?? "" },
    { title: "In hand", cell: (row) => in_hand(row, draw), value: (row) => row.acknowledged_by ?? "" },
  ];
  const load = async (after) => {
    const answer = await get(target("alerts", { all: filters.state === "open" ? "" : "1", mapping: filters.mapping, limit: 50, after }));
    return { rows: answer.alerts, next: answer.next };
  };
  const draw = () => paged_table(list, "alerts", columns, load, { label: "Alerts", nothing: empty("Nothing has needed a person", "What stands longer than it should (a connection that fails, a queue, a conflict) is listed here, and mailed or posted to whom `alerts` of tidewire.lua names.") });
  const changed = (event) => {
    event.preventDefault();
    for (const [name, value] of new FormData(form)) filters[name] = value;
    tools.set_query(filters);
    void draw();
  };
  const form = h("form", { class: "filters", on: { change: changed, submit: changed } }, field("Mapping", select("mapping", [["", "all"], ...Object.keys(mappings)], filters.mapping)), field("State", select("state", [["", "open and past"], ["open", "open"]], filters.state)));
  replace(box, head("Alerts"), form, list);
  await draw();
}
