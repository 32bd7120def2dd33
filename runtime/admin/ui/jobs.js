// Pieces of work with progress: loads, resyncs, sweeps, dry runs.
import { held_banner } from "./adopt.js";
import { get, may, post, segment, target } from "./api.js";
import { h, replace, select } from "./dom.js";
import { hands_off, refresh_every } from "./events.js";
import { chip, count, counted, moment, shown } from "./format.js";
import { record_link } from "./links.js";
import { banner, button, card, empty, head, paged_table, table, toast, trouble } from "./view.js";

const kinds = { sync: "Make level", resync: "Look at everything again", sweep: "Find what was deleted", dry_run: "Dry run", key: "One record", initial_load: "Initial load", verify: "Compare completely", adopt: "Report before adopting", revert: "Take back" };

const event_words = { conflict: "in conflict", echo: "level already", auto_merged: "merged", dead_letters: "dead letters", would_write: "would be written" };

/// The state as a person reads it: what waits for one says so.
const state_chip = (one) => (one.undecided > 0 && ["running", "staged"].includes(one.state) ? chip("waits for decisions", "warn") : one.waits_for ? chip(one.waits_for.undecided ? "waits for decisions" : "waits for another", "warn") : one.trouble ? chip("waits", "warn") : chip(one.state));

/// Why a staged job stands still, and what lets it go on.
function waits_for_decisions(one) {
  const more = one.counts?.would_write ?? 0;
  return banner("warn", `${counted(one.undecided, "conflict waits", "conflicts wait")} for a decision.`,
    `Until then nothing of ${one.mapping} is written, not even live changes. Once the last one is resolved or skipped, everything is written${more ? `: ${counted(more, "record waits", "records wait")} for it` : ""}.`,
    h("div", { class: "row" }, h("a", { class: "button first", href: `#/conflicts?mapping=${segment(one.mapping)}` }, one.undecided === 1 ? "Decide it" : "Decide them")));
}

function part(one, job) {
  const waiting = (one.counts?.waiting ?? 0) + (one.counts?.backing_off ?? 0);
  const whole = Math.max(one.marked, waiting, 1);
  const over = ["done", "failed"].includes(one.state);
  const stands = one.state === "staged" && one.undecided > 0;
  // Counted by change, where the banner counts fields.
  const untold = ["received", "coalesced", ...(stands ? ["conflict"] : [])];
  const events = Object.entries(one.events ?? {}).filter(([name]) => !untold.includes(name)).map(([name, number]) => `${count(number)} ${event_words[name] ?? name.replaceAll("_", " ")}`).join(", ");
  return h("div", { class: "stack" }, h("div", { class: "row" }, h("b", {}, h("a", { href: `#/mapping/${segment(one.mapping)}` }, one.mapping)), state_chip(one), h("span", { class: "dim small" }, `${count(Math.max(one.marked, one.looked_at ?? 0))} looked at${waiting && !over ? `, ${count(waiting)} to go` : ""}`)),
    !stands && (over || one.state === "working" ? h("progress", { max: whole, value: over ? whole : Math.max(0, whole - waiting), "aria-label": `progress of ${one.mapping}` }) : h("progress", { "aria-label": `progress of ${one.mapping}` })),
    stands && waits_for_decisions(one),
    one.waits_for && banner("info", one.waits_for.job === job.id ? "It waits for a part of this job that comes before it." : `It ${one.waits_for.text}.`, one.waits_for.job && one.waits_for.job !== job.id ? h("a", { href: `#/jobs/${segment(one.waits_for.job)}` }, "Look at that one") : ""),
    one.trouble && banner("warn", one.trouble.message, "", h("div", { class: "row small" }, "Waits since ", moment(one.trouble.since), "; it asks again at ", moment(one.trouble.again_at))),
    events && h("p", { class: "small" }, events), one.error && banner("bad", one.error.message, one.error.hint ?? ""));
}

/// Field by field what the rules make of the records that both sides have: by this a person judges a rule before it writes.
function rules_of(one) {
  const rows = Object.entries(one.rules ?? {}).flatMap(([field, counts]) => Object.entries(counts).map(([rule, number]) => ({ field, rule, number })));
  const columns = [{ title: "Field", kind: "mono", cell: (row) => row.field }, { title: "What the rules make of it", cell: (row) => row.rule }, { title: "Records", kind: "number", cell: (row) => count(row.number), value: (row) => row.number }];
  return rows.length > 0 && h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, `What the rules make of ${one.mapping}, where both sides have the record`)), table("rules", columns, rows, { label: `What the rules make of ${one.mapping}`, id: (row) => `${row.field}: ${row.rule}` }));
}

/// Every finding of a job, page by page, part after part: a mark is the number of the part and the mark within it.
const findings_of = (job, filters) => async (after, limit) => {
  let [at, mark] = after ? after.split(":") : [0, ""];
  for (at = Number(at); ; at += 1, mark = "") {
    const part = job.parts[at], last = at + 1 >= job.parts.length;
    const page = await get(target(`jobs/${segment(part.job)}/findings`, { kind: filters.kind, after: mark, limit }));
    const rows = page.findings.map((one) => ({ ...one, mapping: part.mapping, writes: one.record?.writes ?? [] }));
    if (rows.length > 0 || last) return { rows, next: page.next ? `${at}:${page.next}` : last ? undefined : `${at + 1}:` };
  }
};

/// What each side has of each field in question; of one that has no such sides, what would be written.
function values_cell({ record, writes }) {
  const compared = Object.entries(record?.fields ?? {}).filter(([, field]) => field !== null && typeof field === "object" && ("left" in field || "right" in field));
  if (compared.length === 0) return writes.flatMap((write) => Object.entries(write.values ?? {}).map(([name, value]) => h("div", {}, h("span", { class: "dim" }, `${name}: `), shown(value))));
  return compared.map(([name, { left, right }]) => h("div", {}, h("span", { class: "dim" }, `${name.replace(">", " → ")}: `), h("span", { class: "side-left" }, "left "), shown(left), h("span", { class: "dim" }, " · "), h("span", { class: "side-right" }, "right "), shown(right)));
}

const finding_key = (side) => ({ title: side === "left" ? "Left" : "Right", kind: "half", cell: (row) => (row[`${side}_key`] === undefined ? "" : record_link(row.mapping, row[`${side}_key`], side)), value: (row) => row[`${side}_key`] });

const finding_columns = (job) => [
  ...(job.parts.length > 1 ? [{ title: "Mapping", cell: (row) => row.mapping }] : []), finding_key("left"), finding_key("right"),
  ...(job.findings ? [{ title: "Found", kind: "tight", cell: (row) => (row.finding ?? "").replaceAll("_", " "), value: (row) => row.finding }] : []),
  { title: "Would", cell: (row) => row.error?.message ?? row.record?.reason ?? (row.writes.map((write) => `${write.kind} in ${write.connection}`).join("; ") || (row.kind ?? "")), value: (row) => row.record?.reason ?? row.kind ?? row.finding },
  { title: "Values", kind: "value", cell: values_cell, value: (row) => row.record?.fields ?? row.writes.map((write) => write.values) },
];

/// "1 update", "2 updates", "3 not undone"
const number_of = (name, number) => `${count(number)} ${(number === 1 ? name.replace(/s$/, "") : name).replaceAll("_", " ")}`;

/// What a job that looks only has found.
/// `tools`, where it is a page of its own: what is shown of them stands in the address then.
export function findings(job, tools) {
  if (!job.found) return "";
  const told = Object.entries(job.found).filter(([, number]) => number > 0), filters = { kind: tools?.query.get("kind") ?? "" }, list = h("div");
  const draw = () => paged_table(list, "findings", finding_columns(job), findings_of(job, filters), { label: "What was found", nothing: empty("Nothing was found", "Both sides are level.") });
  const kind = select("kind", [["", "all"], ...told.map(([name]) => [name, name.replaceAll("_", " ")])], filters.kind);
  kind.addEventListener("change", () => { filters.kind = kind.value; tools?.query.set("kind", kind.value); tools?.set_query({ kind: kind.value }); void draw(); });
  if (job.state === "done" || job.findings || job.writes) void draw();
  return h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, `Found in ${counted(job.looked_at ?? 0, "record")}: ${told.map(([name, number]) => number_of(name, number)).join(", ") || "nothing to do"}`), told.length > 1 && h("label", { class: "line small" }, "show", kind)), list);
}

/// What can be done with a job that has not ended.
function controls(job, draw) {
  if (!may("operator") || !["queued", "running", "paused"].includes(job.state)) return [];
  const tell = (verb, words) => async () => {
    await post(`/api/v1/jobs/${segment(job.id)}/${verb}`);
    toast(words);
    await draw();
  };
  return [job.state === "paused" ? button("Resume", tell("resume", "It goes on."), "first") : button("Pause", tell("pause", "It is paused, also over a restart.")), button("Cancel", tell("cancel", "It ends; what it marked and nobody else asked for is dropped."), "danger")];
}

async function one_job(box, tools, id) {
  let timer;
  const draw = async () => {
    try {
      const job = await get(`/api/v1/jobs/${segment(id)}`);
      const report = job.kind === "adopt" && job.state === "done" ? await get(`/api/v1/mappings/${segment(job.parts[0].mapping)}`) : {};
      await hands_off();
      if (!tools.current()) return;
      clearTimeout(timer);
      replace(box, head(kinds[job.kind] ?? job.kind, ...controls(job, draw)), h("div", { class: "row" }, state_chip(job), h("span", { class: "dim small" }, "began ", moment(job.started_at), job.finished_at && [", ended ", moment(job.finished_at)]), h("a", { href: "#/jobs" }, "All jobs")), job.error && banner("bad", job.error.message, job.error.hint ?? ""), held_banner(report, draw), card("Progress", (job.parts ?? []).map((one) => part(one, job))), (job.parts ?? []).map(rules_of), findings(job, tools));
      if (!["done", "failed", "cancelled"].includes(job.state)) timer = setTimeout(draw, 700);
    } catch (error) {
      if (tools.current()) replace(box, head("Job"), trouble(error), h("a", { href: "#/jobs" }, "All jobs"));
    }
  };
  tools.leave(() => clearTimeout(timer));
  await draw();
}

const job_columns = [
  { title: "Began", kind: "time", cell: (row) => h("a", { href: `#/jobs/${row.id}` }, moment(row.started_at ?? row.created_at)), value: (row) => row.started_at ?? row.created_at }, { title: "What", cell: (row) => kinds[row.kind] ?? row.kind },
  { title: "Mapping", cell: (row) => row.mapping ?? (row.mappings ?? []).join(", ") }, { title: "By", cell: (row) => row.author ?? "" }, { title: "Records looked at", kind: "number", cell: (row) => count(Math.max(row.marked ?? 0, row.looked_at ?? 0)), value: (row) => Math.max(row.marked ?? 0, row.looked_at ?? 0) }, { title: "State", kind: "tight", cell: state_chip, value: (row) => row.state },
];

export async function jobs_page(box, tools) {
  if (tools.path[0]) return one_job(box, tools, tools.path[0]);
  const list = h("section", { class: "card flush" });
  replace(box, head("Jobs"), list);
  const load = async (after, limit) => {
    const { jobs, next } = await get(target("jobs", { after, limit }));
    return { rows: jobs, next };
  };
  const { refresh } = await paged_table(list, "jobs", job_columns, load, { label: "Jobs", nothing: empty("No job yet", "A mapping's Run tab starts one: an initial load, a resync, a sweep, a dry run. Those that ended are kept as long as operations are.") });
  tools.leave(refresh_every(3, refresh));
}
