// Is everything level?
import { alerts_card } from "./alerts.js";
import { get, may, post, segment, target } from "./api.js";
import { balance_of, with_file } from "./balance.js";
import { h, prose, replace, s } from "./dom.js";
import { hands_off, refresh_every, refresh_on } from "./events.js";
import { arrows, chip, count, counted, moment, shown, since, zone } from "./format.js";
import { conflict_link, record_link } from "./links.js";
import { behind, state_of, verdict } from "./verdict.js";
import { ask, button, empty, figure, head, table, toast } from "./view.js";

function spark(slices = []) {
  const most = Math.max(1, ...slices);
  const sum = sum_of(slices);
  const width = 100 / Math.max(1, slices.length);
  return s("svg", { class: "spark", viewBox: "0 0 100 20", preserveAspectRatio: "none", role: "img", "aria-label": `${counted(sum, "operation")} in the last 24 hours` }, s("title", {}, counted(sum, "operation")),
    slices.map((one, i) => s("rect", { x: i * width, y: 20 - Math.max(1, (one / most) * 20), width: width * 0.8, height: Math.max(1, (one / most) * 20), class: one ? "" : "none" })));
}

const did = { created: "created", updated: "updated", deleted: "deleted", linked: "linked", auto_merged: "merged by itself" };

function balance(mappings) {
  const { counters, received, ends, under_way } = balance_of(mappings);
  const deeds = Object.entries(did).filter(([name]) => counters[name]).map(([name, text]) => `${count(counters[name])} ${text}`).join(", ");
  return h("section", { class: "card" }, h("div", { class: "head" }, h("h2", {}, "The balance since the beginning"), under_way === 0 && chip("adds up")),
    h("div", { class: "figures" }, figure(count(received), "received"), ends.length > 0 && figure("=", ""), ends.map(({ text, number, tone }) => figure(count(number), text, tone)), under_way > 0 && figure(count(under_way), "under way")),
    h("p", { class: "dim small" }, deeds ? `Of what was applied: ${deeds}. ` : "", "Every change received is one of these; none is dropped without a word."));
}

const ends = (row) => (row.left && row.right ? `${row.left.connection}.${row.left.collection} ${arrows[row.direction] ?? "↔"} ${row.right.connection}.${row.right.collection}` : row.file ?? "");
const next_look = (row) => [...Object.values(row.next_poll ?? {}), row.next_sweep].filter(Boolean).sort()[0];

/// When it is looked at next without being told; without a schedule, what it waits for.
function next_run(row) {
  const next = next_look(row);
  if (row.file_gone) return "";
  if (row.held_for || row.paused) return h("span", { class: "dim" }, row.held_for ? "held" : "paused");
  if (next) return h("span", { title: row.next_sweep && `the next full comparison: ${row.next_sweep}` }, since(next));
  return h("span", { class: "dim", title: "no schedule: it runs when a system tells of a change, or when somebody runs it" }, row.left?.webhook || row.right?.webhook ? "when told" : "no schedule");
}

function success(row) {
  if (row.last_success) return since(row.last_success);
  return h("span", { class: "dim" }, row.last_operation ? "none of late" : "none yet");
}

const sum_of = (slices = []) => slices.reduce((sum, one) => sum + one, 0);

/// Of half hours, the newest last.
const rate = (slices = []) => `${count(sum_of(slices))}, ${count(sum_of(slices.slice(-2)))} in the last hour`;

function mappings_table(status, activity) {
  const rows = Object.entries(status.mappings).map(([name, one]) => ({ name, ...one, slices: activity.mappings[name] }));
  return table("mappings", [
    { title: "Mapping", cell: (row) => h("div", {}, h("a", { href: `#/mapping/${segment(row.name)}` }, h("b", {}, row.name)), h("div", { class: "dim small" }, ends(row))), value: (row) => row.name },
    { title: "State", cell: (row) => chip(state_of(row)), value: state_of, kind: "tight" },
    { title: "Linked", kind: "number", cell: (row) => count(row.links), value: (row) => row.links },
    { title: "Behind", kind: "tight", cell: behind },
    { title: "Last success", kind: "time", cell: success, value: (row) => row.last_success },
    { title: "Next run", kind: "time", cell: next_run, value: next_look },
    { title: "Last 24 h", kind: "tight", cell: (row) => h("div", {}, spark(row.slices), h("div", { class: "dim small" }, rate(row.slices))), value: (row) => sum_of(row.slices) },
    { title: "Conflicts", kind: "number", cell: (row) => (row.open_conflicts || row.skipped_conflicts ? h("a", { href: `#/conflicts?mapping=${segment(row.name)}` }, count(row.open_conflicts), row.skipped_conflicts > 0 && h("span", { class: "dim" }, ` + ${count(row.skipped_conflicts)} skipped`)) : "0"), value: (row) => row.open_conflicts },
    { title: "Dead letters", kind: "number", cell: (row) => (row.dead ? h("a", { href: `#/dead-letters?mapping=${segment(row.name)}` }, count(row.dead)) : "0"), value: (row) => row.dead },
  ], rows, { label: "Mappings", nothing: empty("No mapping yet", "Pick two collections and have their fields matched, or put a file into mappings/: it is loaded when it is saved.", may("operator") ? h("a", { class: "button", href: "#/new-mapping" }, "New mapping") : "") });
}

function latency(one) {
  const calls = one.latency?.counts?.reduce((a, b) => a + b, 0);
  return calls ? `${Math.round(one.latency.sum_us / calls / 1000)} ms on average` : "no call yet";
}

function connection_card(name, one) {
  return h("section", { class: "card" }, h("div", { class: "head" }, h("h2", {}, h("a", { href: `#/connections/${segment(name)}` }, name)), chip(one.state)),
    h("p", { class: "dim small" }, `${one.kind ?? ""} · ${latency(one)} · ${counted(one.calls ?? 0, "call")}${one.failures ? `, ${count(one.failures)} failed` : ""}`), one.reason && h("p", { class: "small" }, prose(one.reason)), one.last_success && h("p", { class: "dim small" }, "Last success ", moment(one.last_success)));
}

const most_conflicts = 5, most_letters = 60;

function brief(value) {
  const text = shown(value);
  return typeof text === "string" && text.length > most_letters ? `${text.slice(0, most_letters)}…` : text;
}

/// The newest that somebody has to decide, each with the way to it; of a mapping that no file names nothing can be.
async function conflicts_card(status) {
  const number = with_file(status.mappings).reduce((sum, one) => sum + (one.open_conflicts ?? 0), 0);
  if (number === 0) return "";
  const { conflicts } = await get(target("conflicts", { limit: 50 }));
  const rows = conflicts.filter((one) => one.method !== "skip" && !status.mappings[one.mapping]?.file_gone).slice(0, most_conflicts);
  const key = (one, side) => one[`${side}_key`] !== undefined && h("span", {}, h("span", { class: `side-${side} small` }, `${side} `), record_link(one.mapping, one[`${side}_key`], side), ": ", h("span", { class: "mono" }, brief(one[side])));
  return h("section", { class: "card" }, h("div", { class: "head" }, h("h2", {}, "Conflicts to decide"), h("a", { href: "#/conflicts" }, number > rows.length ? `all ${count(number)}` : "and past ones")),
    h("ul", { class: "notices" }, rows.map((one) => h("li", { data: { id: one.id } }, h("div", {}, h("div", {}, h("b", {}, conflict_link(one)), ` of ${one.mapping} `, h("span", { class: "dim small" }, "since ", moment(one.opened_at))), h("div", { class: "row" }, key(one, "left"), key(one, "right"))), may("operator") && h("a", { class: "button", href: `#/conflicts/${one.id}` }, "Decide")))));
}

export async function overview_page(box, tools) {
  const draw = async () => {
    const [status, activity, alerts] = await Promise.all([get("/api/v1/status"), get("/api/v1/activity"), alerts_card(draw)]);
    const conflicts = await conflicts_card(status);
    await hands_off();
    if (!tools.current()) return;
    const sync_all = may("operator") && with_file(status.mappings).length > 0 && button("Make all level…", async () => {
      const all = with_file(status.mappings), fresh = all.filter((one) => one.ever_loaded === false).length;
      if (!(await ask("Make all level?", { text: `${all.length === 1 ? "The mapping takes" : `All ${all.length} mappings take`} over what changed on either side since the last look, and ${all.length === 1 ? "writes" : "write"} it to the other.${fresh ? ` ${fresh === 1 ? "One was" : `${fresh} were`} never loaded: all records of both sides are linked or created.` : ""}`, yes: "Make all level" }))) return;
      const { job } = await post("/api/v1/sync", {});
      toast("Started; the job shows how far it is.");
      location.hash = `#/jobs/${job}`;
    }, "first");
    replace(box, head("Overview", sync_all, may("operator") && h("a", { class: "button", href: "#/new-mapping" }, "New mapping")), verdict(status), alerts, conflicts,
      h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, "Mappings")), mappings_table(status, activity)),
      h("h2", {}, "Connections"), h("div", { class: "cards" }, Object.entries(status.connections).map(([name, one]) => connection_card(name, one))),
      balance(status.mappings), h("p", { class: "dim small" }, `Tidewire ${status.version}, up since `, moment(status.started_at), status.read_only ? " · read-only: nothing is written to either system" : "", ` · times are of your clock (${zone()}), their titles say UTC`));
  };
  await draw();
  tools.leave(refresh_on("operation", draw, 2));
  tools.leave(refresh_every(10, () => draw().catch(() => {})));
}
