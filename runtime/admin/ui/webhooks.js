// What was received: webhooks as they came, and changes by any other way.
import { get, target } from "./api.js";
import { field, h, replace, select } from "./dom.js";
import { filter_form, mapping_field, moment_field } from "./filters.js";
import { chip, moment } from "./format.js";
import { empty, head, paged_table } from "./view.js";

const sources = [["webhook", "webhooks"], ["", "all"], "listen", "sweep", "person", "job", "again"];

export async function webhooks_page(box, tools) {
  const [{ connections }, { mappings }] = await Promise.all([get("/api/v1/connections"), get("/api/v1/status")]);
  const filters = { source: "webhook", ...Object.fromEntries(tools.query) };
  const list = h("section", { class: "card flush" });
  const columns = [
    { title: "Received", kind: "time", cell: (row) => moment(row.at), value: (row) => row.at }, { title: "From", cell: (row) => row.connection }, { title: "Collection", cell: (row) => row.collection }, { title: "Key", kind: "mono", cell: (row) => row.key }, { title: "Event", kind: "tight", cell: (row) => (row.event === "unparsed" ? chip("unparsed") : row.event), value: (row) => row.event }, { title: "By", cell: (row) => row.source },
    { title: "Body", cell: (row) => (row.payload ? h("details", {}, h("summary", {}, "show"), h("pre", {}, row.payload)) : h("span", { class: "dim" }, "not kept")), value: (row) => row.payload },
  ];
  const load = async (after, limit) => {
    const side = filters.mapping && filters.side;  // which is a mapping's
    const answer = await get(target("changes", { ...filters, side, limit, after }));
    return { rows: answer.changes, next: answer.next };
  };
  const draw = () => paged_table(list, "received", columns, load, { label: "Received", nothing: ["mapping", "connection", "event", "key", "since"].some((name) => filters[name]) ? empty("Nothing like that was received", "Widen the filters: what names no collection we know is of no mapping, and polls go straight to the mappings.") : empty("Nothing was received", "Point the system's webhooks at POST /webhook/CONNECTION of this server, signed with the secret of tidewire.lua. Polls go straight to the mappings and are not listed.") });
  const form = filter_form(filters, tools, draw, mapping_field(mappings, filters), field("Side", select("side", [["", "either"], "left", "right"], filters.side)), field("By", select("source", sources, filters.source)), field("From", select("connection", [["", "all"], ...connections.map((one) => one.name)], filters.connection)), field("Event", select("event", [["", "any"], "upsert", "delete", "unparsed"], filters.event)), field("Key", h("input", { name: "key", value: filters.key ?? "" })), moment_field("Since", "since", filters));
  const refused = connections.map((one) => ({ name: one.name, ...one.webhooks })).filter((one) => one.unproved || one.malformed || one.limited);
  replace(box, head("Webhooks"), form, refused.map((one) => h("div", { class: "banner warn" }, h("b", {}, `${one.name}: ${one.unproved} refused without a valid proof, ${one.malformed} malformed, ${one.limited} over the limit`), h("p", { class: "hint small" }, "A wrong secret is the usual reason: compare webhook_secret with what the system signs with."))), list);
  await draw();
}
