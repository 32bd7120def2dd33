// What goes out as CSV is what a spreadsheet shows: signs of every script, numbers as they are, and no formula that somebody typed into a record.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

// A browser knows from the page that these are modules; Node 18 knows it from a file beside them.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "csv-"));
for (const name of ["csv.js", "exact.js"]) fs.copyFileSync(path.join(process.env.SOURCE_DIR, "runtime/admin/ui", name), path.join(folder, name));
fs.writeFileSync(path.join(folder, "package.json"), `{"type":"module"}`);
const { csv_of } = await import(pathToFileURL(path.join(folder, "csv.js"))).finally(() => fs.rmSync(folder, { recursive: true }));

const row = (...cells) => csv_of([cells]).slice(1);

const cases = {
  "the mark of UTF-8 stands before it, once"() {
    assert.deepEqual([...Buffer.from(csv_of([["Zoë"], ["李"]])).subarray(0, 3)], [0xef, 0xbb, 0xbf]);
    assert.equal(csv_of([["Zoë"], ["李"]]), '\ufeff"Zoë"\r\n"李"');
  },
  "what begins like a formula is a text"() {
    for (const text of ["=1+1", "+49 30 1234", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "-1;=2", "-cmd|' /C calc'!A0", "--1", "-", "+5"]) assert.equal(row(text), `"'${text}"`);
  },
  "a number is as it is, and so is a text that only has such a sign"() {
    for (const value of [-5, "-5", "-12.50", "-1e-7", -0.25, 1.5, "a=b", "mail@example.org", "2026-12-02", "'quoted"]) assert.equal(row(value), `"${value}"`);
  },
  "quotes, line ends, lists and what is not there keep their cell"() {
    assert.equal(row('say "so"', "a\nb", ["x", 1], null, undefined, "", false), '"say ""so""","a\nb","[""x"",1]","","","","false"');
  },
};

let failed = 0;
for (const [name, test] of Object.entries(cases)) {
  try { test(); console.log(`ok - ${name}`); } catch (error) { failed++; console.log(`not ok - ${name}\n${error.stack}`); }
}
process.exit(failed ? 1 : 0);
