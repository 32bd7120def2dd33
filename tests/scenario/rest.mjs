// The example for systems without a connector, examples/rest, against a REST system written for this test.
import assert from "node:assert/strict";
import path from "node:path";
import { crm } from "../support/crm.mjs";
import { cleanup, project, run, settled, supabase, until } from "../support/scenario.mjs";

const world = {};
let left, app, own;

const cases = {
  async "(both sides are filled and brought level)"() {
    left = await crm("crm-token");
    cleanup(() => left.stop());
    app = await supabase();
    await app.define([{ name: "contacts", primary_key: ["id"], triggers: [{ kind: "touch", column: "updated_at" }], columns: [{ name: "id", type: "bigint", identity: true },
      { name: "email", type: "text", unique: true }, { name: "name", type: "text" }, { name: "phone", type: "text" }, { name: "is_vip", type: "boolean" },
      { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" }] }]);
    for (let n = 1; n <= 120; n++) left.insert({ email: `p${n}@example.org`, name: `Person ${n}`, vip: n % 2 === 0 });
    await app.insert("contacts", { email: "P7@example.org", name: "Person 7", is_vip: false });
    await app.insert("contacts", { email: "new@example.org", name: "From the app", is_vip: true });
    own = project(path.join(process.env.SOURCE_DIR, "examples/rest/project"), { CRM_URL: left.url, CRM_TOKEN: "crm-token", APP_URL: app.url, APP_KEY: "sb_secret_practice" });
    Object.assign(world, { app, project: own });
    own.edit("mappings/contacts.lua", "every 1m", "every 1s");
    own.edit("tidewire.lua", `auth = { bearer`, `settle = "1s", auth = { bearer`);  // the test's own system applies nothing late
    const checked = await own.cli("check", "--connect");
    assert.equal(checked.code, 0, checked.out + checked.err);
    await own.start();
    assert.equal((await own.cli("sync")).code, 0);
    await settled(world);
    assert.equal(left.rows.size, 121);
    assert.equal((await app.all("contacts")).length, 121);
    assert.equal(left.find("new@example.org").vip, true);
  },

  async "edits travel both ways, and echoes write nothing"() {
    left.edit("p3@example.org", { phone: "+1 3" });
    await until("the edit in the app", async () => (await app.find("contacts", "email", "p3@example.org")).phone === "+1 3");
    await app.edit("contacts", "email", "p4@example.org", { name: "Renamed", is_vip: false });
    await until("the edit in the CRM", () => left.find("p4@example.org").name === "Renamed" && left.find("p4@example.org").vip === false);
    await settled(world);
    const before = [left.writes(), await app.written("contacts")];
    assert.equal((await own.cli("sync", "--all")).code, 0);
    await settled(world);
    assert.deepEqual([left.writes(), await app.written("contacts")], before);
  },

  async "different fields of one record edited at once both survive"() {
    left.edit("p5@example.org", { phone: "+1 5" });
    await app.edit("contacts", "email", "p5@example.org", { name: "Five" });
    await until("both edits on both sides", async () => {
      const there = await app.find("contacts", "email", "p5@example.org"), here = left.find("p5@example.org");
      return there.phone === "+1 5" && there.name === "Five" && here.phone === "+1 5" && here.name === "Five";
    });
  },

  async "what is deleted in the CRM is found by a sweep"() {
    left.rows.delete(left.find("p6@example.org").id);
    assert.equal((await own.cli("sync", "--sweep")).code, 0);
    await until("the row to go", async () => (await app.find("contacts", "email", "p6@example.org")) === null);
    assert.equal((await app.all("contacts")).length, 120);
  },
};

await run(cases, world);
