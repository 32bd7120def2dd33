// What became of every change that was received.

// Where a change is that has come to no end yet, and what it can end as; the simulator proves of the same list that it adds up.
const standing = { waiting: "waiting", backing_off: "backing off", held_rows: "held", waiting_for: "waiting for others", conflict: "in conflict", dead_rows: "dead letters", would_write: "would be written" };
const ended = {
  applied: "applied", echo: "echoes of our own", coalesced: "coalesced", filtered: "out of scope", discarded: "discarded", conflict: "were in conflict", drift: "left as drift", ignored: "ignored",
  ignored_deletes: "deletions, ignored", gone: "gone", left_scope: "left the scope",
};
const tones = { conflict: "warn", dead_rows: "bad" };  // of what stands

/// Those that are part of a sum: of one whose file is gone nothing is worked off.
export const with_file = (mappings) => Object.values(mappings).filter((one) => !one.file_gone);

/// { counters of all mappings together, received, ends: [{ name, text, number, tone }], under_way } of the mappings of a status.
export function balance_of(mappings) {
  const counters = {}, standing_now = {};
  const add = (sums, name, number) => { sums[name] = (sums[name] ?? 0) + (number ?? 0); };
  for (const one of with_file(mappings)) {
    for (const [name, number] of Object.entries(one.counters ?? {})) add(counters, name, number);
    for (const name of Object.keys(standing)) add(standing_now, name, one[name]);
  }
  const rows = (words, numbers, tone) => Object.entries(words).map(([name, text]) => ({ name, text, number: numbers[name] ?? 0, tone: tone[name] ?? "" })).filter(({ number }) => number);
  const ends = [...rows(ended, counters, {}), ...rows(standing, standing_now, tones)];
  const received = counters.received ?? 0;
  return { counters, received, ends, under_way: received - ends.reduce((all, { number }) => all + number, 0) };
}
