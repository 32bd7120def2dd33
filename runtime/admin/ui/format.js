// How times, numbers and values of records look.
import { h } from "./dom.js";
import { text_of } from "./exact.js";

const near = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

export function ago(iso, now = Date.now()) {
  if (!iso) return "";
  const seconds = Math.round((new Date(iso) - now) / 1000);
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return near.format(Math.trunc(seconds / size), unit);
  }
  return "now";
}

/// Since then, as how long it lasts: "3 min".
export function lasting(iso, now = Date.now()) {
  const seconds = Math.max(1, Math.round((now - new Date(iso)) / 1000));
  const [unit, size] = units.find(([, each]) => seconds >= each);
  return new Intl.NumberFormat("en", { style: "unit", unit, unitDisplay: "short" }).format(Math.trunc(seconds / size));
}

/// Of an instant, which is UTC in the title wherever it is told.
const timed = (iso, ...told) => h("time", { datetime: iso, title: iso }, told);

/// With its date where that is another day.
function local(iso) {
  const at = new Date(iso), time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  return at.toDateString() === new Date().toDateString() ? time : `${at.toLocaleDateString([], { year: "numeric", month: "short", day: "numeric" })}, ${time}`;
}

/// "10:42:05" as the reader's clock has it.
export const clock = (iso) => timed(iso, local(iso));

/// "10:42:05, 3 min. ago"
export const moment = (iso) => (iso ? timed(iso, local(iso), ", ", h("span", { class: "dim small" }, ago(iso))) : "");

/// "3 min. ago" alone.
export const since = (iso) => (iso ? timed(iso, ago(iso)) : "");

const named = /(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(?: UTC|Z)|\b(job|operation) ([0-9a-f]{8}-[0-9a-f-]{27})\b/gi;

/// A text of the daemon about a record: its times as the reader's clock has them, what it names a link.
export function told(text) {
  const parts = [];
  let from = 0;
  for (const { 0: whole, index, 1: date, 2: time, 3: kind, 4: id } of text.matchAll(named)) {
    parts.push(text.slice(from, index), date ? clock(`${date}T${time}Z`) : h("a", { href: kind.toLowerCase() === "job" ? `#/jobs/${id}` : `#/operation/${id}`, title: id }, `${kind} ${id.slice(0, 13)}`));
    from = index + whole.length;
  }
  return [...parts, text.slice(from)];
}

/// Whose clock times are told by: "Europe/Berlin".
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/// Which way a mapping goes, from left to right.
export const arrows = { both: "↔", to_right: "→", to_left: "←" };

export const count = (number) => (number ?? 0).toLocaleString("en").replaceAll(",", " ");

/// "1 row", "2 rows"; `many` where it is more than the one with an s.
export const counted = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

export function bytes(number) {
  for (const unit of ["B", "KB", "MB"]) {
    if (number < 1024) return `${number.toFixed(unit === "B" ? 0 : 1)} ${unit}`;
    number /= 1024;
  }
  return `${number.toFixed(1)} GB`;
}

/// A value of a record: a text as it is, all else as JSON, what is not there said.
export function shown(value) {
  if (value === undefined) return h("span", { class: "absent" }, "not there");
  if (value === null) return h("span", { class: "absent" }, "null");
  if (value === "") return h("span", { class: "absent" }, "empty text");
  return typeof value === "string" ? value : text_of(value);
}

export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const tones = {
  ok: "good", applied: "good", merged: "good", done: "good", running: "info", linked: "good", live: "good", "adds up": "good", "bad edit": "bad",
  dead: "bad", failing: "bad", failed: "bad", broken: "bad", quarantined: "bad", not_loaded: "bad", unknown_outcome: "bad",
  conflict: "warn", held: "warn", backing_off: "warn", paused: "warn", waiting_for: "warn", retry: "warn", cancelled: "warn", staged: "warn",
  waiting: "info", queued: "info", listing: "info", working: "info", announced: "info",
};

/// What is called otherwise than the API spells it, wherever it is told or chosen.
const said = { dead: "dead letter", waiting_for: "waiting for a parent", backing_off: "failed, tried again", frozen: "out of scope" };

export const words = (word) => said[word] ?? String(word ?? "").replaceAll("_", " ");

export function chip(word, tone = tones[word] ?? "") {
  return h("span", { class: `chip ${tone}` }, words(word));
}

/// How long something took, given in millionths of a second.
export const milliseconds = (us) => (us < 1000 ? "under 1 ms" : us < 10000000 ? `${Math.round(us / 1000)} ms` : `${Math.round(us / 1000000)} s`);
