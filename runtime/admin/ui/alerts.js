// What needs a person, and what did; and what was told of it to whom.
import { get, may, post, segment, target } from "./api.js";
import { field, h, prose, replace, select } from "./dom.js";
import { filter_form, mapping_field } from "./filters.js";
import { chip, counted, moment } from "./format.js";
import { button, card, empty, head, paged_table, toast } from "./view.js";

const where = (one) => (one.mapping ? h("a", { href: `#/mapping/${segment(one.mapping)}` }, one.mapping) : one.connection ? h("a", { href: `#/connections/${segment(one.connection)}` }, one.connection) : "the project");
const whole = (one) => [one.mapping ?? one.connection ?? "", one.side ?? one.collection ?? ""].filter(Boolean).join(" ");
const subject = (one) => h("span", {}, where(one), (one.side ?? one.collection) ? ` ${one.side ?? one.collection}` : "");

function in_hand(one, done) {
  if (one.acknowledged_by) return h("span", { class: "dim small" }, h("b", {}, one.acknowledged_by), " has it in hand, ", moment(one.acknowledged_at));
  if (!one.open || !may("operator")) return "";
  return button("I’ll see to it", async () => {
    const { acknowledged_by } = await post(`/api/v1/alerts/${one.id}/acknowledge`, {});
    toast(`${acknowledged_by} has it in hand; it stays here until it is over.`);
    await done();
  });
}

/// Where it is seen to, of the kinds that have a page.
function way_to(one) {
  const page = { conflict: ["conflicts", "Decide"], dead: ["dead-letters?state=dead", "Look at them"], brake: ["dead-letters?state=held", "Look at them"], webhooks: ["webhooks", "What came"], job: ["jobs", "The jobs"], queue: ["dead-letters?state=waiting", "What waits"], backup: ["users", "Backups"],
    mapping: [`mapping/${segment(one.mapping)}?tab=script`, "The script"], connection: [`connections/${segment(one.connection)}`, "The connection"], poll: [`mapping/${segment(one.mapping)}`, "The mapping"], paused: [`mapping/${segment(one.mapping)}?tab=work`, "The mapping"], held: [`mapping/${segment(one.mapping)}?tab=work`, "The mapping"] }[one.kind];
  if (!page || !one.open) return "";
  const [path, text] = page;
  return h("a", { class: "button", href: `#/${path}${one.mapping && /^(conflicts|dead)/.test(path) ? `${path.includes("?") ? "&" : "?"}mapping=${segment(one.mapping)}` : ""}` }, text);
}

/// Those that stand, for the overview, with the way to what mends them, or else what to do; nothing where none does.
export async function alerts_card(done) {
  const { alerts, next } = await get(target("alerts", { limit: 20 }));
  if (alerts.length === 0) return "";
  return card("", h("div", { class: "head" }, h("h2", {}, "Alerts"), h("a", { href: "#/alerts" }, next ? "all of them" : "and past ones")),
    h("ul", { class: "notices" }, alerts.map((one) => { const way = way_to(one); return h("li", {}, h("div", {}, h("div", { class: "row" }, chip(one.kind, "bad"), h("span", { class: "small" }, subject(one), " since ", moment(one.since))), h("div", {}, prose(one.text)), !way && one.hint && h("div", { class: "dim small" }, prose(one.hint))), h("div", { class: "row" }, way, in_hand(one, done))); })));
}

/// Whether a notice arrived; why not.
function arrived(one) {
  const tries = counted(one.attempts, "attempt");
  const [word, tone] = one.state === "waiting" && one.error ? ["not yet", "warn"] : { waiting: ["waits", "info"], delivered: ["arrived", "good"], failed: ["failed", "bad"] }[one.state];
  return h("div", {}, chip(word, tone), one.error && h("div", { class: "dim small" }, `${tries}: ${one.error}`));
}

const notice_columns = [
  { title: "When", kind: "time", cell: (row) => moment(row.at), value: (row) => row.at },
  { title: "What", cell: (row) => h("div", {}, row.title, row.text && h("details", {}, h("summary", {}, "The text"), h("pre", { class: "small" }, row.text))), value: (row) => row.text },
  { title: "To", cell: (row) => h("span", {}, `${row.way} `, h("span", { class: "mono" }, row.to)), value: (row) => `${row.way} ${row.to}` },
  { title: "Arrived", kind: "time", cell: (row) => (row.state === "delivered" ? moment(row.tried_at) : ""), value: (row) => (row.state === "delivered" ? row.tried_at : "") },
  { title: "How it went", kind: "text", cell: arrived, value: (row) => row.error ?? row.state },
];

export async function alerts_page(box, tools) {
  const { mappings } = await get("/api/v1/status");
  const filters = { state: "", ...Object.fromEntries(tools.query) };
  const list = h("section", { class: "card flush" });
  const told = h("div", {});
  const columns = [
    { title: "Since", kind: "time", cell: (row) => moment(row.since), value: (row) => row.since }, { title: "Kind", kind: "tight", cell: (row) => chip(row.kind, row.open ? "bad" : ""), value: (row) => row.kind },
    { title: "About", cell: subject, value: whole },
    { title: "What", kind: "text", cell: (row) => h("div", {}, prose(row.text), row.hint && h("div", { class: "dim small" }, prose(row.hint))), value: (row) => row.text },
    { title: "Ended", kind: "time", cell: (row) => (row.open ? "open" : moment(row.ended_at)), value: (row) => row.ended_at ?? "" },
    { title: "In hand", cell: (row) => h("div", { class: "stack" }, way_to(row), in_hand(row, draw)), value: (row) => row.acknowledged_by ?? "" },
  ];
  const load = async (after, limit) => {
    const answer = await get(target("alerts", { all: filters.state === "open" ? "" : "1", mapping: filters.mapping, limit, after }));
    return { rows: answer.alerts, next: answer.next };
  };
  const load_told = async (after, limit) => {
    const answer = await get(target("notices", { about: filters.mapping, limit, after }));
    return { rows: answer.notices, next: answer.next };
  };
  const draw_told = () => paged_table(told, "notices", notice_columns, load_told, { label: "Notices", nothing: empty("No notice yet", "Mails and posts to those whom `alerts` of tidewire.lua names are listed here, with whether they arrived.") });
  const draw = () => paged_table(list, "alerts", columns, load, { label: "Alerts", nothing: empty("Nothing has needed a person", "What stands longer than it should (a connection that fails, a queue, a conflict) is listed here, and mailed or posted to whom `alerts` of tidewire.lua names.") });
  const form = filter_form(filters, tools, () => Promise.all([draw(), draw_told()]), mapping_field(mappings, filters), field("State", select("state", [["", "open and past"], ["open", "open"]], filters.state)));
  replace(box, head("Alerts"), form, list, h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, "Notices")), told));
  await Promise.all([draw(), draw_told()]);
}
