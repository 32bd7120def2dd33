// What was received: webhooks as they came, and changes by any other way.
import { get, may, segment, target } from "./api.js";
import { field, h, replace, select } from "./dom.js";
import { refresh_every } from "./events.js";
import { filter_form, mapping_field, moment_field } from "./filters.js";
import { chip, count, moment } from "./format.js";
import { banner, empty, head, paged_table } from "./view.js";

// Why webhooks are refused, and what to do about it.
const refusals = [["unproved", "without a valid proof", "A wrong secret is the usual reason: compare `webhook_secret` with what the system signs with."], ["malformed", "malformed", "What was sent is no JSON that this kind of system sends: is it the right system, and the right address?"], ["limited", "over the limit", "It sends faster than it may; what was refused is found by a poll or a sweep."]];

// By what a change is told: polls and people go straight to the mappings.
const sources = [["webhook", "webhooks"], ["listen", "the database"], ["any", "either"]];

export async function webhooks_page(box, tools) {
  const [{ connections }, { mappings }] = await Promise.all([get("/api/v1/connections"), get("/api/v1/status")]);
  const filters = { source: "webhook", ...Object.fromEntries(tools.query) };
  const list = h("section", { class: "card flush" });
  const columns = [
    { title: "Received", kind: "time", cell: (row) => moment(row.at), value: (row) => row.at }, { title: "Connection", kind: "half", cell: (row) => row.connection }, { title: "Collection", kind: "half", cell: (row) => row.collection }, { title: "Key", kind: "mono", cell: (row) => row.key && h("a", { class: "key", title: "What was done with it", href: `#/operations?key=${segment(row.key)}` }, row.key), value: (row) => row.key }, { title: "Event", kind: "tight half", cell: (row) => (row.event === "unparsed" ? chip("unparsed") : row.event), value: (row) => row.event }, { title: "By", kind: "half", cell: (row) => row.source },
    { title: "Body", cell: (row) => (row.payload ? h("details", {}, h("summary", {}, "show"), h("pre", {}, row.payload)) : h("span", { class: "dim" }, "not kept")), value: (row) => row.payload },
  ];
  const load = async (after, limit) => {
    const side = filters.mapping && filters.side;  // which is a mapping's
    const answer = await get(target("changes", { ...filters, source: filters.source === "any" ? "" : filters.source, side, limit, after }));
    return { rows: answer.changes, next: answer.next };
  };
  let shown;
  const draw = async () => { shown = await paged_table(list, "received", columns, load, { label: "Received", id: "seq", nothing: ["mapping", "connection", "event", "key", "since"].some((name) => filters[name]) ? empty("Nothing like that was received", "Widen the filters: what names no collection we know is of no mapping, and polls go straight to the mappings.") : empty("Nothing was received", `Point the system's webhooks at ${location.origin}/webhook/CONNECTION, signed with the secret of tidewire.lua. Polls go straight to the mappings and are not listed.`) }); };
  const form = filter_form(filters, tools, draw, mapping_field(mappings, filters), field("Side", select("side", [["", "either"], "left", "right"], filters.side)), field("By", select("source", sources, filters.source)), field("Connection", select("connection", [["", "all"], ...connections.map((one) => one.name)], filters.connection)), field("Event", select("event", [["", "any"], "upsert", "delete", "unparsed"], filters.event)), field("Key", h("input", { name: "key", value: filters.key ?? "" })), moment_field("Since", "since", filters));
  const refused = connections.map((one) => ({ name: one.name, ...one.webhooks })).filter((one) => one.unproved || one.malformed || one.limited);
  replace(box, head("Webhooks"), form, refused.map((one) => banner("warn", `${one.name} was refused: ${refusals.filter(([name]) => one[name]).map(([name, text]) => `${count(one[name])} ${text}`).join(", ")}.`, refusals.find(([name]) => one[name])[2], may("admin") && h("a", { href: `#/connections/${segment(one.name)}/edit` }, "Its secrets"))), list);
  await draw();
  tools.leave(refresh_every(3, () => shown.refresh()));
}
