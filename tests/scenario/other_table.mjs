// A saved mapping that names another table, or another key, than its links are of: over Frappe and Supabase.
import assert from "node:assert/strict";
import { cleanup, frappe, project, run, settled, supabase, until } from "../support/scenario.mjs";

const world = {};
let erp, app, own;
const subs = async () => (await own.status()).mappings.subs;
const labels = async () => (await erp.all("Sub")).map((one) => one.label).sort();

async function held(words) {
  await until("the mapping to be held", async () => words.test((await subs()).held_for ?? ""));
}

const cases = {
  async "(twenty documents and their rows)"() {
    erp = await frappe();
    app = await supabase();
    const field = (fieldname, more = {}) => ({ fieldname, fieldtype: "Data", label: fieldname, ...more });
    await erp.define({ name: "Sub", autoname: "field:code", fields: [field("code", { unique: 1, reqd: 1 }), field("label")] });
    const table = (name) => ({ name, primary_key: ["id"], triggers: [{ kind: "touch", column: "updated_at" }], columns: [{ name: "id", type: "bigint", identity: true }, { name: "code", type: "text" }, { name: "label", type: "text" },
      { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" }] });
    await app.define([table("subs"), table("others")]);
    await erp.insert_many(Array.from({ length: 20 }, (_, n) => ({ doctype: "Sub", code: `S${n}`, label: `label ${n}` })));
    await app.insert("others", Array.from({ length: 20 }, (_, n) => ({ code: `O${n}`, label: `somebody else ${n}` })));
    own = project(null, { ERP_URL: erp.url, ERP_KEY: "practice-key", ERP_SECRET: "practice-secret", APP_URL: app.url, APP_KEY: "sb_secret_practice" });
    own.write("tidewire.lua", `return project { listen = "127.0.0.1:0", connections = {
      erp = frappe { url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET" }, app = supabase { url = env "APP_URL", key = secret "APP_KEY" } } }`);
    own.write("mappings/subs.lua", `return mapping {
      left = erp.doctype "Sub", right = app.table "subs", on = { poll = "every 1s" }, deletes = { to_left = "delete", to_right = "delete" },
      key = { left = "name", right = "id" }, match = { by.fields { { "code", "code" } } }, fields = { same { "code", "label" } },
    }`);
    Object.assign(world, { erp, app, project: own });
    await own.start();
    assert.equal((await own.cli("sync")).code, 0);
    await settled(world);
    assert.equal((await app.all("subs")).length, 20);
  },

  async "another table is not taken for the one that the links are of"() {
    own.edit("mappings/subs.lua", `app.table "subs"`, `app.table "others"`);
    await held(/its links are of 'subs' on app by id, and the file names 'others'/);
    const checked = await own.cli("check");
    assert.notEqual(checked.code, 0);
    assert.match(checked.out + checked.err, /names 'others'/);
    for (const asked of [["sync"], ["verify"], ["verify", "subs"], ["reset-base", "subs", "S1"], ["forget", "subs", "S1"], ["sync", "subs", "--key", "S1", "--dry-run"]]) {
      const told = await own.cli(...asked);
      assert.notEqual(told.code, 0, asked.join(" "));
      assert.match(told.out + told.err, /subs is held: its links are of 'subs'.*names 'others'/s, asked.join(" "));
      assert.match(told.out + told.err, /adopt subs --same/, asked.join(" "));
    }
    assert.match((await own.cli("status")).out, /adopt subs --same/);
    assert.ok((await labels()).every((label) => label.startsWith("label ")));
    assert.ok((await app.all("others")).every((row) => row.label.startsWith("somebody else ")));
  },

  async "put back, it goes on"() {
    own.edit("mappings/subs.lua", `app.table "others"`, `app.table "subs"`);
    await until("the mapping to go on", async () => !(await subs()).held_for);
    await app.edit("subs", "code", "S1", { label: "label 1, edited" });
    await until("an edit", async () => (await labels()).includes("label 1, edited"));
  },

  async "another key deletes nothing; forgotten links meet again"() {
    own.edit("mappings/subs.lua", `right = "id" }`, `right = "code" }`);
    await held(/by id, and the file names 'subs' on app by code/);
    assert.notEqual((await own.cli("sync", "--sweep")).code, 0);
    const report = await own.cli("adopt", "subs", "--anew");
    assert.equal(report.code, 0, report.out + report.err);
    assert.match(report.out, /exact 20/);
    assert.equal((await own.cli("adopt", "subs", "--accept")).code, 0);
    await settled(world);
    assert.equal((await subs()).links, 20);
    assert.deepEqual([(await erp.all("Sub")).length, (await app.all("subs")).length], [20, 20]);
  },

  async "a file under another name is told whose pairs it begins without"() {
    const text = own.read("mappings/subs.lua");
    own.remove("mappings/subs.lua");
    own.write("mappings/things.lua", text);
    const told = async () => { const { out, err } = await own.cli("check"); return out + err; };
    await until("the warning", async () => /things: 'subs', which is not loaded, has 20 pairs.*name = "subs"/s.test(await told()));
    own.edit("mappings/things.lua", "return mapping {", `return mapping { name = "subs",`);
    await until("the mapping", async () => (await subs()).state !== "not_loaded");
    assert.doesNotMatch(await told(), /which is not loaded/);
    assert.equal((await subs()).links, 20);
  },
};

await run(cases, world);
