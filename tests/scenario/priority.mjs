// Where a connection's rate limit makes calls wait, the mapping with the smaller priority goes first, and the other still moves.
import assert from "node:assert/strict";
import { frappe, project, run, settled, supabase, until } from "../support/scenario.mjs";
import { secrets } from "../support/staff.mjs";

const world = {};
let erp, app, own;

const text = `return project {
  listen = "127.0.0.1:0",
  connections = {
    erp = frappe { url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET", webhook_secret = secret "ERP_WEBHOOK_SECRET", limits = { rate = "20/s", parallel = 2, batch = 1 } },
    app = supabase { url = env "APP_URL", key = secret "APP_KEY", webhook = { header = "x-app-secret", secret = secret "APP_WEBHOOK_SECRET" } },
  },
}
`;
const mapping = (doctype, table, priority) => `return mapping {
  left = erp.doctype "${doctype}", right = app.table "${table}", direction = "erp_to_app", priority = ${priority},
  on = { left = { webhook = true } }, key = { left = "name", right = "id" }, match = { by.fields { "code" } }, fields = { same { "code" } },
}
`;
const kinds = [["Quick", "quick"], ["Slow", "slow"]];
const each = 24;

const cases = {
  async "(two mappings on one connection)"() {
    erp = world.erp = await frappe();
    app = world.app = await supabase();
    for (const [doctype, table] of kinds) {
      await erp.define({ name: doctype, autoname: `${doctype}-.####`, fields: [{ fieldname: "code", fieldtype: "Data", label: "code", reqd: 1, unique: 1 }] });
      await app.define([{ name: table, primary_key: ["id"], columns: [{ name: "id", type: "bigint", identity: true }, { name: "code", type: "text", nullable: false, unique: true }] }]);
    }
    own = world.project = project(undefined, { ...secrets, ERP_URL: erp.url, APP_URL: app.url });
    own.write("tidewire.lua", text);
    own.write("mappings/quick.lua", mapping("Quick", "quick", 1));
    own.write("mappings/slow.lua", mapping("Slow", "slow", 2));
    await own.start();
    for (const [doctype] of kinds) await erp.tell(doctype, own.daemon.address + "/webhook/erp", secrets.ERP_WEBHOOK_SECRET, ["after_insert"]);
  },

  async "most of the turns are the first one's, and the other is not kept waiting for ever"() {
    for (let n = 0; n < each; n++) for (const [doctype] of [...kinds].reverse()) await erp.insert(doctype, { code: `${n}` });
    await until("the last of the quick ones", async () => (await app.all("quick")).length === each);
    const meanwhile = (await app.all("slow")).length;
    assert.ok(meanwhile >= 1, "the slow ones wait for ever");
    assert.ok(meanwhile < each / 2, `${meanwhile} of ${each} slow ones went before the last quick one`);
    await settled(world);
    assert.equal((await app.all("slow")).length, each);
  },

  async "a priority that is changed holds from the next call on"() {
    own.write("mappings/quick.lua", mapping("Quick", "quick", 3));
    await until("the mapping to be reloaded", () => own.logged("mapping_reloaded").length > 0);
    for (let n = 0; n < each; n++) for (const [doctype] of kinds) await erp.insert(doctype, { code: `again ${n}` });
    await until("the last of the slow ones", async () => (await app.all("slow")).length === 2 * each);
    const meanwhile = (await app.all("quick")).length - each;
    assert.ok(meanwhile < each / 2, `${meanwhile} of ${each} quick ones went before the last slow one`);
    await settled(world);
  },
};

await run(cases, world);
