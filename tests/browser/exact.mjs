// Numbers of records are shown, exported and sent back as the systems wrote them.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

// A browser knows from the page that these are modules; Node 18 knows it from a file beside them.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "exact-"));
for (const name of ["csv.js", "exact.js"]) fs.copyFileSync(path.join(process.env.SOURCE_DIR, "runtime/admin/ui", name), path.join(folder, name));
fs.writeFileSync(path.join(folder, "package.json"), `{"type":"module"}`);
const at = (name) => pathToFileURL(path.join(folder, name));
const { csv_of } = await import(at("csv.js"));
const { Exact, parse, text_of } = await import(at("exact.js")).finally(() => fs.rmSync(folder, { recursive: true }));

const cases = {
  "what is read is written as it was"() {
    for (const text of ["9007199254740993", "-9007199254740993", "12.50", "0.10", "1e400", "-0", "1E5", "18446744073709551616", "123456789012345678901234567890.5", '{"a":[12.50,1,{"b":"12.50"}],"c":null}', '"\\"1.50"', '["1.50\\\\",1.50]'])
      assert.equal(text_of(parse(text)), text);
  },
  "what the language keeps is a number, and a text is a text"() {
    for (const text of ["0", "-7", "1.5", "9007199254740991", '"12.50"', "true", "null", '"\\ue0000.5 1.50"']) assert.equal(typeof parse(text), typeof JSON.parse(text));
    assert.deepEqual(parse('{"a":1,"b":[2.5,"3"]}'), { a: 1, b: [2.5, "3"] });
  },
  "two that differ by their last sign differ, and one calculates as a number does"() {
    assert.notEqual(JSON.stringify(parse("9007199254740993")), JSON.stringify(parse("9007199254740992")));
    assert.notEqual(JSON.stringify(parse("12.50")), JSON.stringify(parse("12.5")));
    assert.ok(parse("12.50") > 12 && parse("12.50") * 2 === 25 && `${parse("12.50")}` === "12.50" && parse("12.50") instanceof Exact);
  },
  "what is no JSON is none"() {
    for (const text of ["007", "1.", "12.50 EUR", "1.50.2", "01.50", ".50", "+1.50", ""]) assert.throws(() => parse(text), SyntaxError, text);
  },
  "a table goes out with them"() {
    assert.equal(csv_of([parse('[12.50,-9007199254740993,{"price":1.10}]')]).slice(1), '"12.50","-9007199254740993","{""price"":1.10}"');
    assert.equal(text_of(parse('[{"price":1.10}]'), 2), '[\n  {\n    "price": 1.10\n  }\n]');
  },
};

let failed = 0;
for (const [name, test] of Object.entries(cases)) {
  try { test(); console.log(`ok - ${name}`); } catch (error) { failed++; console.log(`not ok - ${name}\n${error.stack}`); }
}
process.exit(failed ? 1 : 0);
