// The remote systems: how they are, and what their keys may see.
import { get, may, post, segment, target } from "./api.js";
import { field, h, replace } from "./dom.js";
import { text_of } from "./exact.js";
import { chip, count, moment } from "./format.js";
import { connect_page, show_test } from "./connect.js";
import { ask, banner, button, card, empty, figure, head, table, toast, trouble } from "./view.js";

async function rest(name, draw) {
  const answer = await ask(`Pause ${name}`, { text: "No call is made to it until then; what comes waits and is worked off afterwards.", inputs: [{ label: "For how many minutes?", name: "minutes", type: "number", min: "1", max: "10080", value: "60", required: true }], yes: "Pause" });
  if (!answer) return;
  await post(`/api/v1/connections/${segment(name)}/pause`, { until: new Date(Date.now() + answer.minutes * 60000).toISOString() });
  toast(`${name} is paused.`);
  await draw();
}

async function test(name, place) {
  replace(place, h("progress", { "aria-label": "asking" }));
  show_test(place, await post(`/api/v1/connections/${segment(name)}/test`));
}

/// `alone`: on a page of its own, which has its name already.
function connection_card(one, draw, alone = false) {
  const place = h("div", { role: "status" });
  const buttons = may("operator") && h("div", { class: "row" }, button("Test now", () => test(one.name, place)), one.paused_until ? button("Resume", async () => { await post(`/api/v1/connections/${segment(one.name)}/resume`); await draw(); }) : button("Pause…", () => rest(one.name, draw)), !alone && h("a", { class: "button", href: `#/connections/${segment(one.name)}` }, "Details"), may("admin") && h("a", { class: "button", href: `#/connections/${segment(one.name)}/edit` }, "Edit"));
  return h("section", { class: "card" }, h("div", { class: "head" }, h("h2", {}, alone ? one.kind : one.name), chip(one.state)), h("p", { class: "dim small" }, [!alone && one.kind, typeof one.url === "string" && one.url].filter(Boolean).join(" · ")), one.reason && (one.state === "failing" ? banner("bad", "Its calls fail.", one.reason) : banner("warn", one.reason)),
    h("div", { class: "figures" }, figure(count(one.calls), "calls"), figure(count(one.failures), "failed", one.failures ? "warn" : ""), figure(count(one.webhooks?.received), "webhooks")), one.last_success && h("p", { class: "dim small" }, "last success ", moment(one.last_success)), one.webhooks?.last && h("p", { class: "dim small" }, "last webhook ", moment(one.webhooks.last)), buttons, place);
}

const longest = (ms) => (ms < 1000 ? `${ms} ms` : ms < 60000 ? `${ms / 1000} s` : ms < 3600000 ? `${ms / 60000} min` : `${ms / 3600000} h`);

/// From the fastest to the slowest there was.
function histogram(latency) {
  const names = [...(latency?.bounds_ms ?? []).map((bound) => `up to ${longest(bound)}`), "longer"];
  const all = (latency?.counts ?? []).map((number, i) => ({ name: names[i], number }));
  const rows = all.slice(0, all.findLastIndex(({ number }) => number) + 1), most = Math.max(1, ...rows.map(({ number }) => number));
  const bar = (row) => h("meter", { min: "0", max: String(most), value: String(row.number), "aria-hidden": "true" });
  return table("latency", [{ title: "Took", kind: "tight", cell: (row) => row.name }, { title: "Calls", kind: "number", cell: (row) => count(row.number), value: (row) => row.number }, { title: "", kind: "bar", private: true, cell: bar }], rows, { label: "How long calls took", narrow: true, nothing: empty("No call was made yet", "`Test now` makes one."), id: "name" });
}

/// Where the system's webhooks are to go, and what came of them since the start.
function webhooks_card({ name, webhooks = {} }) {
  const refused = ["unproved", "malformed", "limited"].reduce((sum, one) => sum + (webhooks[one] ?? 0), 0);
  return card("Webhooks that it sends", h("p", { class: "small" }, "Where it sends any, they go to ", h("code", {}, `${location.origin}/webhook/${segment(name)}`), ", signed with the connection's webhook secret. ", h("a", { href: `#/webhooks?connection=${segment(name)}` }, "What was received")),
    h("div", { class: "figures" }, figure(count(webhooks.received), "since the start"), figure(count(refused), "refused", refused ? "warn" : "")));
}

/// "text (length 140, trim both)"
function type_words(type) {
  if (type === undefined || type === null || typeof type !== "object") return type ?? "";
  const { kind, ...more } = type;
  const told = Object.entries(more).map(([name, value]) => (value === true ? name : `${name} ${Array.isArray(value) ? value.map((one) => (typeof one === "object" ? text_of(one) : one)).join(", ") : typeof value === "string" ? value : text_of(value)}`.replaceAll("_", " ")));
  return `${kind ?? "anything"}${told.length ? ` (${told.join(", ")})` : ""}`;
}

/// Its collections to choose from, asked for when somebody is about to name one, unless it is known not to answer; what it does
/// not list can be typed.
function collection_input({ name, state }) {
  const list = h("datalist", { id: "collections" });
  const fill = async () => {
    try {
      const { collections } = await get(`/api/v1/connections/${segment(name)}/collections`);
      replace(list, collections.map((one) => h("option", { value: one.name }, one.label ?? "")));
    } catch { /* it lists none */ }
  };
  return [h("input", { name: "collection", list: list.id, required: true, autocomplete: "off", on: { focus: () => { if (!["failing", "paused"].includes(state) && !list.childNodes.length) void fill(); } } }), list];
}

async function one_connection(box, tools, name) {
  const one = await get(`/api/v1/connections/${segment(name)}`);
  if (!tools.current()) return;
  const place = h("div", { class: "stack" });
  const ask_schema = async (event) => {
    event.preventDefault();
    const collection = new FormData(event.target).get("collection");
    replace(place, h("progress", { "aria-label": "asking" }));
    try {
      const { schema } = await get(target(`connections/${segment(name)}/schema`, { collection }));
      const fields = Array.isArray(schema?.fields) ? schema.fields : Object.entries(schema?.fields ?? {}).map(([field_name, about]) => ({ name: field_name, ...(typeof about === "object" ? about : { type: about }) }));
      replace(place, h("section", { class: "card flush" }, table(`${name}-${collection}`, [{ title: "Field", kind: "mono", cell: (row) => row.name }, { title: "Type", cell: (row) => type_words(row.type) }, { title: "Notes", cell: (row) => [row.required && "required", row.read_only && "read-only", row.unique && "unique"].filter(Boolean).join(", ") }], fields, { label: `Fields of ${collection}`, nothing: empty("It describes no field", "Is the name right, and may the key see it?") }), h("details", {}, h("summary", {}, "As it was answered"), h("pre", {}, text_of(schema, 2)))));
    } catch (error) { replace(place, trouble(error)); }
  };
  replace(box, head(name), connection_card(one, () => tools.show(), true), card("How long calls took", histogram(one.latency)), webhooks_card(one), card("How calls ended", h("div", { class: "figures" }, Object.entries(one.by_status ?? {}).map(([status, number]) => figure(count(number), status.replaceAll("_", " "))))),
    may("operator") && card("Fields of a collection", h("form", { class: "filters", on: { submit: ask_schema } }, field("Doctype, table or model", collection_input(one), { class: "wide" }), h("button", { type: "submit" }, "Ask")), place));
}

export async function connections_page(box, tools) {
  if (may("admin") && tools.path[0] === "new") return connect_page(box, tools);
  if (may("admin") && tools.path[1] === "edit") return connect_page(box, tools, tools.path[0]);
  if (tools.path[0]) return one_connection(box, tools, tools.path[0]);
  const draw = async () => {
    const { connections } = await get("/api/v1/connections");
    if (!tools.current()) return;
    const add = [may("operator") && h("a", { class: "button", href: "#/new-mapping" }, "New mapping"), may("admin") && h("a", { class: "button first", href: "#/connections/new" }, "New connection")];
    replace(box, head("Connections", add), connections.length ? h("div", { class: "cards" }, connections.map((one) => connection_card(one, draw))) : h("section", { class: "card" }, empty("No connection yet", "A connection is a remote system with its key. Add one here, or declare it in tidewire.lua with its secrets in .env.")));
  };
  await draw();
}
