// The balance of the overview: every change that was received is one of its ends, or waits.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

// A browser knows from the page that these are modules; Node 18 knows it from a file beside them.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "balance-"));
fs.copyFileSync(path.join(process.env.SOURCE_DIR, "runtime/admin/ui/balance.js"), path.join(folder, "balance.js"));
fs.writeFileSync(path.join(folder, "package.json"), `{"type":"module"}`);
const { balance_of } = await import(pathToFileURL(path.join(folder, "balance.js"))).finally(() => fs.rmSync(folder, { recursive: true }));

// The list that the simulator adds up, and what it says of keys that stand.
const checker = fs.readFileSync(path.join(process.env.SOURCE_DIR, "runtime/simulate/checker.cpp"), "utf8");
const balance = checker.slice(checker.indexOf("Check::balance()"));
const endings = [...balance.match(/for \(const char\* name : \{([^}]*)\}/)[1].matchAll(/"(\w+)"/g)].map(([, name]) => name);
const states = [...balance.match(/ended = ([^;]*);/)[1].matchAll(/things\.(\w+)/g)].map(([, name]) => name);

const cases = {
  "every ending and every state that the simulator adds up is one of the page's"() {
    assert.ok(endings.length > 8 && states.length > 4);
    for (const name of endings) assert.equal(balance_of({ a: { counters: { received: 3, [name]: 3 } } }).under_way, 0, name);
    for (const name of states) assert.equal(balance_of({ a: { [name]: 2, counters: { received: 2 } } }).under_way, 0, name);
  },
  "a deletion that was seen is no end of its own"() {
    assert.equal(balance_of({ a: { counters: { received: 2, deletes_seen: 1, applied: 1 } } }).under_way, 1);
  },
  "mappings are added up, and what is nought is not shown"() {
    const { ends, received } = balance_of({ a: { waiting: 1, conflict: 1, counters: { received: 3, gone: 1, created: 1 } }, b: { counters: { received: 2, gone: 1, conflict: 1 } } });
    assert.equal(received, 5);
    assert.deepEqual(ends.map(({ name, number }) => [name, number]).sort(), [["conflict", 1], ["conflict", 1], ["gone", 2], ["waiting", 1]]);
    assert.deepEqual(ends.filter(({ name }) => name === "conflict").map(({ text, tone }) => [text, tone]), [["were in conflict", ""], ["in conflict", "warn"]]);
  },
  "one whose file is gone is no part of it"() {
    assert.deepEqual(balance_of({ a: { file_gone: true, dead_rows: 1, counters: { received: 3, applied: 1 } } }), balance_of({}));
  },
  "one that is not read yet has no numbers"() {
    assert.deepEqual(balance_of({ a: {} }), { counters: {}, received: 0, ends: [], under_way: 0 });
  },
};

let failed = 0;
for (const [name, test] of Object.entries(cases)) {
  try { test(); console.log(`ok - ${name}`); } catch (error) { failed++; console.log(`not ok - ${name}\n${error.stack}`); }
}
process.exit(failed ? 1 : 0);
