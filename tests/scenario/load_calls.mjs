// What an initial load asks of PostgREST: counted by a proxy before it.
import assert from "node:assert/strict";
import { front } from "../support/front.mjs";
import { frappe, project, run, settled, supabase } from "../support/scenario.mjs";

const world = {};
const documents = 1200;
let app, own;
const asked = {};

const count = (request) => {
  const what = `${request.method} ${request.url.split("?")[0]}`;
  asked[what] = (asked[what] ?? 0) + 1;
};

const cases = {
  async "an initial load creates its rows in one call per 500"() {
    const erp = await frappe();
    app = await supabase();
    await erp.define({ name: "Sub", autoname: "field:code", fields: [{ fieldname: "code", fieldtype: "Data", label: "code", unique: 1, reqd: 1 }, { fieldname: "label", fieldtype: "Data", label: "label" }] });
    await app.define([{ name: "subs", primary_key: ["id"], triggers: [{ kind: "touch", column: "updated_at" }], columns: [{ name: "id", type: "bigint", identity: true }, { name: "code", type: "text", unique: true }, { name: "label", type: "text" },
      { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" }] }]);
    for (let from = 0; from < documents; from += 200) await erp.insert_many(Array.from({ length: 200 }, (_, n) => ({ doctype: "Sub", code: `S${from + n}`, label: `l${n}` })));
    own = project(null, { ERP_URL: erp.url, ERP_KEY: "practice-key", ERP_SECRET: "practice-secret", APP_URL: await front(() => app.url, count), APP_KEY: "sb_secret_practice" });
    own.write("tidewire.lua", `return project { listen = "127.0.0.1:0", connections = {
      erp = frappe { url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET" }, app = supabase { url = env "APP_URL", key = secret "APP_KEY" } } }`);
    own.write("mappings/subs.lua", `return mapping { left = erp.doctype "Sub", right = app.table "subs", key = { left = "name", right = "id" }, match = { by.fields { { "code", "code" } } }, fields = { same { "code", "label" } } }`);
    Object.assign(world, { erp, app, project: own });
    await own.start();
    assert.equal((await own.cli("sync")).code, 0);
    await settled(world);
    assert.equal((await app.all("subs")).length, documents);
    console.log(`# ${JSON.stringify(asked)}`);
    assert.equal(asked["POST /rest/v1/subs"], Math.ceil(documents / 500));
  },
};

await run(cases, world);
