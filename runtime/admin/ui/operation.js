// One operation as a story: what came in, what was read, how each field was decided, what was written.
import { get, may, post, segment, target } from "./api.js";
import { h, replace } from "./dom.js";
import { text_of } from "./exact.js";
import { taker } from "./exchanges.js";
import { chip, counted, milliseconds, moment, same, shown, words } from "./format.js";
import { conflict_link, record_href, record_link } from "./links.js";
import { file_gone_note } from "./verdict.js";
import { banner, button, card, head, table, toast } from "./view.js";

function step(title, tone, ...content) {
  return h("li", { class: tone }, h("b", {}, title), content);
}

function value_cell(value, base) {
  const differs = base !== undefined && !same(value, base);
  return h("span", { class: `value ${differs ? "differs" : ""}`, title: differs ? "differs from the base" : undefined }, shown(value));
}

const field_words = { copy: "copied", resolve: "resolved by rule", conflict: "waits for a person", owed: "owed until the parent is linked", agreed: "both say the same", adopt: "adopted", keep: "kept" };

const not_written = ["refused", "unknown", "would be written"];

/// What a side got; what it was to get, and did not, says so.
function written(field, writes) {
  const parts = ["left", "right"].filter((side) => `to_${side}` in field).map((side) => {
    const done = writes.some((write) => write.side === side && !not_written.includes(write.outcome));
    return h("div", { class: done ? "" : "dim" }, `${side} ← `, shown(field[`to_${side}`]), field.back?.[side] !== undefined && [", as it had, in place of ", shown(field.back[side])], !done && " (not written)");
  });
  return parts.length ? h("div", { class: "value" }, parts) : h("span", { class: "absent" }, "nothing");
}

/// Field by field: base, both sides, the rule, what was written. `conflicts` of its record: one that waits leads to its own.
function fields_table(fields, writes, conflicts = []) {
  const decided = (row) => { const one = row.decision === "conflict" && conflicts.find(({ field }) => field === row.name); return one ? conflict_link(one, one.closed_at ? "waited for a person" : "waits for a person") : field_words[row.decision] ?? row.decision; };
  const rows = Object.entries(fields ?? {}).map(([name, field]) => ({ name, ...field }));
  return table("fields", [
    { title: "Field", cell: (row) => h("b", {}, row.name.replace(">", " → ")), value: (row) => row.name },
    { title: "Base", kind: "value", cell: (row) => (row.base ? (same(row.base.l, row.base.r) ? shown(row.base.l) : h("span", {}, shown(row.base.l), " / ", shown(row.base.r))) : h("span", { class: "absent" }, "none yet")) },
    { title: "Left", kind: "value", cell: (row) => value_cell(row.left, row.base?.l) },
    { title: "Right", kind: "value", cell: (row) => value_cell(row.right, row.base?.r) },
    { title: "Decided", cell: (row) => h("div", {}, decided(row), row.rule && h("div", { class: "dim small" }, "rule: ", h("code", {}, row.rule)), row.winner && h("div", { class: "dim small" }, `${row.winner} won`)) },
    { title: "Written", kind: "value", cell: (row) => written(row, writes) },
  ], rows, { label: "Fields", nothing: h("p", { class: "dim" }, "No field had to be decided.") });
}

export const reasons = { webhook: "a webhook announced it", poll: "a poll found it", listen: "the database told it", sweep: "a full comparison found it", person: "a person asked for it", job: "a job marked it", resync: "a job marked it", child: "a row below it changed", again: "something else changed under way" };

/// A key that the operation found or left: its side is there, and what was agreed on told enough.
function unseen(operation, side) {
  if (operation[`${side}_key`] === undefined) return "not there";
  if (operation.kind === "create") return "not there yet";
  return operation.kind === "delete" ? "not there any more, or not asked" : "not asked: nothing of it was needed";
}

function seen(operation, side) {
  const about = operation.record[side];
  if (!about) return h("div", { class: "dim" }, `${side}: ${unseen(operation, side)}`);
  return h("div", {}, h("span", { class: `side-${side}` }, side), ": version ", h("code", {}, about.version || "none"), about.modified && [", changed ", moment(about.modified)]);
}

function write_step(write, exchanges) {
  const bad = not_written.includes(write.outcome);
  const values = Object.entries(write.values ?? {});
  return step([`${not_written.includes(write.outcome) ? "To be written" : "Wrote"} to ${write.connection} (${write.side}): ${write.kind} `, write.key && h("span", { class: "mono" }, write.key)], bad ? "bad" : "good", h("p", { class: "small" }, "outcome: ", write.outcome),
    values.length > 0 && h("details", {}, h("summary", {}, "What was sent"), h("pre", {}, text_of(write.values, 2))), exchanges);
}

/// How long the steps of the pass took, and how long its oldest change had waited before.
function durations(record) {
  if (!record.steps?.length) return "";
  const since = Math.min(...(record.taken ?? []).map((one) => Date.parse(one.since)).filter((time) => !Number.isNaN(time)));
  const waited = (Date.parse(record.began) - since) * 1000;
  const parts = record.steps.map((one) => `${one.step}${one.side ? ` ${one.side}` : ""} ${milliseconds(one.took_us)}${one.error ? ` (${one.error.replaceAll("_", " ")})` : ""}`);
  return h("p", { class: "small dim" }, [waited > 0 && `waited ${milliseconds(waited)}`, ...parts].filter(Boolean).join(" · "));
}

/// What was received of this key, for what came by a webhook.
function body_link(one, mapping) {
  const end = mapping?.[one.side];
  if (one.reason !== "webhook" || !end) return "";
  return h("a", { class: "small", href: `#/webhooks?${new URLSearchParams({ connection: end.connection, key: one.key })}` }, "what was received");
}

/// `mapping` is the one it is of, as it is now; it may be gone.
function timeline(operation, mapping, conflicts) {
  const record = operation.record ?? {};
  const items = [];
  for (const one of record.taken ?? []) {
    items.push(step(["Noticed: ", reasons[one.reason] ?? one.reason], "", h("p", { class: "small" }, h("span", { class: `side-${one.side}` }, one.side), " ", record_link(operation.mapping, one.key, one.side), ` · ${one.event} · ${counted(one.changes, "change", "changes in one")} `, body_link(one, mapping))));
  }
  if (record.load) items.push(step("Linked by a load", "", h("p", { class: "small" }, "A load keeps no steps of its rows: what was written is what both sides agree on, on ", h("a", { href: record_href(operation.mapping, operation.left_key ?? operation.right_key, operation.left_key === undefined ? "right" : "left") }, "the record"), ".")));
  const exchanges = taker(operation), writes = record.writes ?? [];
  const earlier = exchanges.earlier(), reads = exchanges.of("read");
  if (earlier.length) items.push(step("Said to the systems besides, and by earlier attempts", "", earlier));
  if (record.left || record.right) items.push(step("Read both sides", "", seen(operation, "left"), seen(operation, "right"), reads));
  else if (reads.length) items.push(step("Reading failed", "bad", reads));
  if (Object.keys(record.fields ?? {}).length) items.push(step("Compared with the base and decided, field by field", "", fields_table(record.fields, record.writes ?? [], conflicts)));
  for (const fields of record.earlier ?? []) items.push(step("Decided before that, and overtaken", "", fields_table(fields, record.writes ?? [])));
  // What was said for several writes to one side stands with the last of them, which its answer led to.
  for (const [at, write] of writes.entries()) items.push(write_step(write, writes.slice(at + 1).some((one) => one.side === write.side) ? [] : exchanges.of("write", write.side)));
  const rest = exchanges.rest();
  if (rest.length) items.push(step(operation.kind === "attempt" ? "Said to the systems at the last attempt" : "Said to the systems", "", rest));
  const bad = ["dead", "conflict", "held"].includes(operation.outcome);
  items.push(step(["Ended as ", chip(operation.outcome)], bad ? "bad" : "good", h("p", { class: "small dim" }, moment(operation.at), operation.author && ` · decided by ${operation.author}`, record.merged_again && ` · merged again ${record.merged_again === 1 ? "once" : `${record.merged_again} times`} because the other side moved`), durations(record)));
  return h("ol", { class: "timeline" }, items);
}

/// The text of the version that it ran with, where another one runs now; undefined where that is not known.
const text_then = async (operation, mapping) => (mapping && operation.script && operation.script !== mapping.version ? get(`/api/v1/mappings/${segment(operation.mapping)}/source?version=${operation.script}`).catch(() => undefined) : undefined);

/// The same as script_lines of a version that does not run any more: the lines themselves, by the names that stand in them.
function lines_then(operation, { file, source }) {
  const lines = source.split("\n");
  const item = (what, at) => lines[at] !== undefined && h("li", {}, `${what} line ${at + 1}: `, h("code", {}, lines[at].trim()));
  const [, stopped] = new RegExp(`${file.replaceAll(".", "\\.")}:(\\d+)`).exec(operation.record?.error?.message ?? "") ?? [];
  const rows = Object.keys(operation.record?.fields ?? {}).map((name) => {
    const [left, right = left] = name.split(">");
    return item(`${name.replace(">", " → ")} by`, lines.findIndex((line) => line.includes(`"${left}"`) && line.includes(`"${right}"`)));
  });
  const items = [stopped && item("stopped at", stopped - 1), ...rows].filter(Boolean);
  return items.length > 0 && [h("p", { class: "small dim" }, `${file} as it was then:`), h("ul", { class: "small" }, items)];
}

/// Where it stopped in the script, and the lines that say how each of its fields is kept the same.
function script_lines(operation, mapping, then) {
  if (then) return lines_then(operation, then);
  if (!mapping || operation.script !== mapping.version) return "";
  const place = (at) => {
    const [file, line] = at.split(":");
    return file === mapping.file ? h("a", { class: "mono", href: `#/mapping/${segment(mapping.name)}?tab=script&line=${line}` }, at) : h("code", {}, at);
  };
  const stopped = /[\w./-]+\.lua:\d+/.exec(operation.record?.error?.message ?? "");
  const rows = (mapping.compiled?.fields ?? []).filter((row) => row.at && operation.record?.fields?.[row.name]);
  return (stopped || rows.length > 0) && h("ul", { class: "small" }, stopped && h("li", {}, "stopped at ", place(stopped[0])), rows.map((row) => h("li", {}, row.name.replace(">", " → "), " by ", place(row.at))));
}

/// How often the key that it left behind was tried, and when next.
function attempts(key) {
  const times = key.attempts === 1 ? "once" : `${key.attempts} times`;
  return banner("warn", `The ${key.side} key ${key.key} was tried ${times}${key.state === "dead" ? " and is a dead letter" : ""}.`, "", key.state !== "dead" && key.due_at && h("p", { class: "small" }, "Again ", moment(key.due_at)));
}

/// What to do about an error of the script that comes without a hint.
function mend(operation, mapping) {
  if (operation.record.error.code !== "script" || operation.outcome !== "dead") return "";
  return mapping && mapping.version !== operation.script ? "The script was changed since: try it again." : "Mend the script, which is enough to save; then try it again.";
}

/// What stands of the record it is of, where this operation is the one that left it so.
async function left_behind(operation) {
  if (!["dead", "held", "retry"].includes(operation.outcome)) return [];
  const named = [...new Set([operation.left_key, operation.right_key, ...(operation.record?.taken ?? []).map((one) => one.key)].filter((key) => key !== undefined))];
  const found = await Promise.all(named.map((key) => get(target("dead-letters", { mapping: operation.mapping, key }))));
  return found.flatMap(({ keys }) => keys).filter((one) => one.operation === operation.id || one.state === operation.outcome);
}

/// { own: the conflicts that it opened, found open or closed; open: those of its record that wait now }
async function conflicts_of({ id, at, outcome, kind, mapping, left_key, right_key }) {
  const key = left_key ?? right_key;
  if (key === undefined || (outcome !== "conflict" && kind !== "resolve")) return { own: [], open: [] };
  const { conflicts } = await get(target("conflicts", { mapping, key, key_side: left_key === undefined ? "right" : "left", all: 1, limit: 1000 }));
  // Of each field the one that was open then; they come newest first.
  const then = new Map(conflicts.filter((one) => !one.closed_at || one.closed_at >= at).map((one) => [one.field, one]));
  return { own: outcome === "conflict" ? [...then.values()] : conflicts.filter((one) => one.operation === id), open: conflicts.filter((one) => !one.closed_at) };
}

export async function operation_page(box, tools) {
  const operation = await get(`/api/v1/operations/${segment(tools.path[0])}`);
  const [mapping, keys, { own, open }] = await Promise.all([get(`/api/v1/mappings/${segment(operation.mapping)}`).catch(() => undefined), left_behind(operation), conflicts_of(operation)]);
  const then = await text_then(operation, mapping);
  if (!tools.current()) return;
  const error = operation.record?.error;
  const gone = mapping?.file_gone;
  const retry = may("operator") && keys.length > 0 && !gone && button("Try again now", async () => {
    const { retried } = await post("/api/v1/retry", { id: operation.id });
    toast(retried ? "It is being tried again." : "It does not stand any more.");
  }, "first");
  const [waits] = open, side = operation.left_key === undefined ? "right" : "left";
  const decide = waits && operation.outcome === "conflict" && !gone && h("a", { class: "button first", href: open.length === 1 ? `#/conflicts/${waits.id}` : `#/conflicts?${new URLSearchParams({ mapping: operation.mapping, key: operation[`${side}_key`], key_side: side })}` }, "Decide");
  replace(box, head(`${words(operation.kind).replace(/^./, (first) => first.toUpperCase())} in ${operation.mapping}`, retry, decide),
    h("div", { class: "row" }, chip(operation.outcome), h("a", { href: `#/mapping/${segment(operation.mapping)}` }, operation.mapping), operation.left_key && h("span", {}, h("span", { class: "side-left" }, "left "), record_link(operation.mapping, operation.left_key, "left")), operation.right_key && h("span", {}, h("span", { class: "side-right" }, "right "), record_link(operation.mapping, operation.right_key, "right")), own.map((one) => h("span", {}, "conflict in ", conflict_link(one)))),
    error && banner("bad", error.message, error.hint ?? (gone ? "" : mend(operation, mapping))), gone && (keys.length > 0 || waits) && file_gone_note(operation.mapping), keys.filter((one) => one.attempts > 0).map(attempts), card("How it went", timeline(operation, mapping, own)),
    h("section", { class: "card" }, h("h2", {}, "Behind it"), h("p", {}, operation.script && ["Script version ", h("a", { class: "mono", href: `#/mapping/${segment(operation.mapping)}?tab=script&version=${operation.script}` }, operation.script.slice(0, 12))], operation.job && [" · job ", h("a", { class: "mono", href: `#/jobs/${operation.job}` }, operation.job.slice(0, 13))]), script_lines(operation, mapping, then),
      h("details", {}, h("summary", {}, "The record as it is stored"), h("pre", {}, text_of(operation, 2)))));
}
