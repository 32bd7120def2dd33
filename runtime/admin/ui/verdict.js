// Is everything level? Said only as far as it is known.
import { segment } from "./api.js";
import { with_file } from "./balance.js";
import { h, prose } from "./dom.js";
import { count, counted, lasting } from "./format.js";
import { banner } from "./view.js";

const sum = (mappings, name) => with_file(mappings).reduce((total, one) => total + (one[name] ?? 0), 0);

/// For what such a mapping left: why nothing can be decided or tried there.
export const file_gone_note = (name) => h("div", { class: "dim small" }, "The file of ", h("a", { href: `#/mapping/${segment(name)}` }, name), " is gone: nothing of it is worked off.");

/// What the state keeps of one whose file is gone: "6 pairs, 2 conflicts and 1 dead letter".
export function kept_of(one) {
  const waiting = (one.waiting ?? 0) + (one.backing_off ?? 0) + (one.held ?? 0) + (one.waiting_for ?? 0);
  const parts = [counted(one.links, "pair"), one.open_conflicts && counted(one.open_conflicts, "conflict"), one.dead && counted(one.dead, "dead letter"), waiting && counted(waiting, "waiting change")].filter(Boolean);
  return parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : parts[0];
}

/// What is unknown of it, and why; "" where what was seen of both sides is level, or waits.
export function unknown_of(one) {
  if (one.moved) return `held (${one.held_for}): nothing of it is worked off before its file is put back or somebody says what its links are of`;
  if (one.held_for) return `held (${one.held_for}): nothing of it is worked off before somebody accepts or drops the report`;
  if (one.paused) return "paused: what comes waits until it is resumed";
  if (one.would_write) return `only looked at: ${counted(one.would_write, "record differs and is", "records differ and are")} not written`;
  if (one.polls?.left?.error || one.polls?.right?.error) return "polling it fails, so edits there may be missed";
  if (one.state === "running" && one.ever_loaded === false) return one.links || one.tombstones ? "never gone over: its first load takes in what was there before" : "nothing is linked yet: its first load makes it level";
  if (one.open_drift > 0) return `${counted(one.open_drift, "edit")} on the side that may not change ${one.open_drift === 1 ? "was" : "were"} left alone, by the last complete comparison and since: comparing completely tells what differs now`;
  return "";
}

/// Its state in a word: one that runs on while its last save does not load is told apart, and one that no file names.
export const state_of = (one) => (one.file_gone ? "file gone" : one.held_for ? "held" : one.reload?.ok === false && one.state === "running" ? "bad edit" : one.state);

/// For how long it is behind; "level" only of what is known to be.
export function behind(one) {
  if (one.file_gone) return "not worked off";
  if (one.oldest_waiting) return lasting(one.oldest_waiting);
  if (one.ever_loaded === false) return "never loaded";
  if (one.held) return `${count(one.held)} held`;
  if (unknown_of(one) || ["broken", "quarantined", "drifted", "not_loaded"].includes(one.state)) return "not known";
  const apart = one.open_conflicts + one.dead;
  return apart > 0 ? `level but for ${count(apart)}` : "level";
}

function not_known(mappings) {
  const rows = Object.entries(mappings).filter(([, one]) => !one.file_gone).map(([name, one]) => ({ name, why: unknown_of(one) })).filter((row) => row.why);
  if (rows.length === 0) return "";
  return banner("info", `Whether ${rows.length === 1 ? "one mapping is" : `${rows.length} mappings are`} level is not known.`, "",
    h("ul", {}, rows.map((row) => h("li", {}, h("a", { href: `#/mapping/${segment(row.name)}?tab=work` }, row.name), `: ${row.why}`))));
}

/// What comes to no end by itself, where it is seen, and what there is to do.
function standing(mappings) {
  return [
    { name: "open_conflicts", text: ["conflict", "conflicts"], href: "#/conflicts", then: "to decide" },
    { name: "dead", text: ["dead letter", "dead letters"], href: "#/dead-letters?state=dead", then: "to mend and try again" },
    { name: "held", text: ["record held by the brake", "records held by the brake"], href: "#/dead-letters?state=held", then: "to let go" },
    { name: "waiting_for", text: ["record", "records"], href: "#/dead-letters?state=waiting_for", then: "waiting for a parent" },
  ].map((one) => ({ ...one, number: sum(mappings, one.name) })).filter(({ number }) => number);
}

/// One problem of the daemon, with the way to what it names.
function problem(text) {
  const [, kind, name, rest] = /^(connection|mapping) ([\w-]+)(.*)$/s.exec(text) ?? [];
  return h("li", {}, name ? [`${kind} `, h("a", { href: kind === "mapping" ? `#/mapping/${segment(name)}?tab=script` : `#/connections/${segment(name)}` }, name), prose(rest)] : prose(text));
}

const to_do = (stands) => h("ul", { class: "row small" }, stands.map(({ number, text, href, then }) => h("li", {}, h("a", { href }, counted(number, ...text)), ` ${then}`)));

function known(status) {
  const { mappings } = status;
  const all = with_file(mappings);
  const worked = all.filter((one) => !one.paused && !one.held_for);
  const waiting = sum(worked, "waiting") + sum(worked, "backing_off") + (status.not_fanned_out ?? 0);
  const stands = standing(mappings), number = stands.reduce((all, one) => all + one.number, 0);
  if (status.problems.length) return banner("bad", "Something is failing.", "", h("ul", {}, status.problems.map(problem)), number > 0 && to_do(stands));
  if (all.some((one) => ["broken", "quarantined", "drifted"].includes(one.state))) return banner("bad", "A mapping does not run.", "Open it below: the message names the file and the line.", number > 0 && to_do(stands));
  if (number) return banner("warn", `${counted(number, "thing is", "things are")} not level.`, "", to_do(stands));
  if (waiting) return banner("info", `${counted(waiting, "change is", "changes are")} being worked off.`);
  const level = all.filter((one) => !unknown_of(one)).length;
  if (level === 0) return "";
  return level === all.length ? banner("good", "Everything is level.", "Every change that was noticed on either side has arrived on the other, and nothing waits.") : banner("good", `${count(level)} of ${count(all.length)} mappings ${level === 1 ? "is" : "are"} level.`, "Nothing of them waits.");
}

/// Of those that no file names any more: what is left of them, and the way to what can be done.
function gone(mappings) {
  const rows = Object.entries(mappings).filter(([, one]) => one.file_gone);
  if (rows.length === 0) return "";
  return banner("info", rows.length === 1 ? "The file of one mapping is gone." : `The files of ${rows.length} mappings are gone.`, "",
    h("ul", {}, rows.map(([name, one]) => h("li", {}, h("a", { href: `#/mapping/${segment(name)}` }, name), `: ${kept_of(one)} kept, nothing of it is worked off or counted here. Put it back, or let it go.`))));
}

export const verdict = (status) => [known(status), not_known(status.mappings), gone(status.mappings)];
