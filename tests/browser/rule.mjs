// The text that "write the rule for this" proposes.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

// A browser knows from the page that these are modules; Node 18 knows it from a file beside them.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rule-"));
fs.cpSync(path.join(process.env.SOURCE_DIR, "runtime/admin/ui"), folder, { recursive: true });
fs.writeFileSync(path.join(folder, "package.json"), `{"type":"module"}`);
const rule = await import(pathToFileURL(path.join(folder, "rule.js"))).finally(() => fs.rmSync(folder, { recursive: true }));

const row = { at: "mappings/people.lua:5", left: "remark", right: "note" };
const conflict = { mapping: "people", field: "remark", left: "left says", right: "right says", base: { left: "before", right: "before" } };
const source = ["return mapping {", "  left = erp.doctype \"Person\",", "  right = app.table \"people\",", "  fields = {", "    { \"remark\", \"note\" },  -- free text", "  },", "}", ""].join("\n");

const cases = {
  "the rule that gives what was chosen comes first"() {
    assert.equal(rule.rules_for(conflict, "right")[0][0], "right");
    assert.equal(rule.rules_for({ left: 3, right: 10 }, "right").map(([name]) => name).slice(0, 3).sort().join(), "max,newest,right");
    assert.ok(rule.rules_for({ left: "", right: "x" }, "right").some(([name, , side]) => name === "nonempty" && side === "right"));
    assert.ok(rule.rules_for({ left: [1], right: [2] }, "left").some(([name]) => name === "union"));
  },
  "the row gets the rule where it has none, and keeps what stands behind it"() {
    assert.equal(rule.with_rule("    { \"remark\", \"note\" },  -- free text", "left"), "    { \"remark\", \"note\", conflict = \"left\" },  -- free text");
    assert.equal(rule.with_rule("    { \"a\", \"b\", t.enum { X = \"x\" } },", "right"), "    { \"a\", \"b\", t.enum { X = \"x\" }, conflict = \"right\" },");
    assert.equal(rule.with_rule("    { \"a\", \"b\", conflict = \"manual\" },", "newest"), "    { \"a\", \"b\", conflict = \"newest\" },");
  },
  "a row that goes over several lines is left to a person"() {
    assert.equal(rule.with_rule("    { \"a\", \"b\", function(value)", "left"), undefined);
    assert.equal(rule.with_rule("    same { \"a\", \"b\" },", "left"), undefined);
  },
  "the test names each side's own field and what was agreed on"() {
    assert.equal(rule.test_row(conflict, row, ["left", "", "left"]), "{ base = { remark = \"before\" }, left = { remark = \"left says\" }, right = { note = \"right says\" }, wins = \"left\" },");
    assert.match(rule.test_row(conflict, row, ["newest", "", "right"]), /changed = { left = "10:00", right = "10:05" }, wins = "right"/);
    assert.equal(rule.test_row(conflict, row, ["union", "", ""]), "");
    assert.match(rule.test_row(conflict, row, ["manual", "", ""]), /wins = "manual"/);
  },
  "the script gets the rule in its row and the test at its end"() {
    const text = rule.edited(source, row, "left", "{ T },");
    assert.equal(text, source.replace("\"note\" }", "\"note\", conflict = \"left\" }").replace("\n}\n", "\n  tests = {\n    { T },\n  },\n}\n"));
  },
  "a script that has tests gets one more"() {
    const text = rule.with_test("return mapping {\n  tests = {\n    { OLD },\n  },\n}\n", "{ NEW },");
    assert.equal(text, "return mapping {\n  tests = {\n    { NEW },\n    { OLD },\n  },\n}\n");
  },
  "values are written as Lua reads them"() {
    assert.equal(rule.lua({ a: [1, null, "x\"y\n"], "b c": 1.5 }), "{ a = { 1, null, \"x\\\"y\\n\" }, [\"b c\"] = dec \"1.5\" }");
  },
};

let failed = 0;
for (const [name, test] of Object.entries(cases)) {
  try { test(); console.log(`ok - ${name}`); } catch (error) { failed++; console.log(`not ok - ${name}\n${error.stack}`); }
}
process.exit(failed ? 1 : 0);
