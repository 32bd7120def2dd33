// Odoo and Supabase with the daemon between them: both ways, late commits, lost answers, archiving, a key that ends.
import assert from "node:assert/strict";
import { call, practice, project as new_project, run, settled, supabase, until } from "../support/scenario.mjs";

const world = {};
let erp, app, project;

const tidewire_lua = `return project {
  listen = "127.0.0.1:0",
  connections = {
    erp = odoo { url = env "ERP_URL", database = "practice", login = "practice", api_key = secret "ERP_KEY",
      webhook = { header = "X-From-Odoo", secret = secret "ERP_HOOK" } },
    app = supabase { url = env "APP_URL", key = secret "APP_KEY", webhook = { header = "x-app-secret", secret = secret "APP_HOOK" } },
  },
  defaults = { conflict = "newest", tie = "left", on = { webhook = true, poll = "every 1s" }, retry = { max = 20, base = "100ms" } },
}
`;
const partners_lua = `return mapping {
  left = erp.model "res.partner", right = app.table "partners",
  key = { left = "id", right = "id" },
  scope = { left = { ref = not_null } },
  match = { by.fields { { "ref", "code" } } },
  fields = {
    { "ref", "code", required = true }, { "name", "name" }, { "phone", "phone" }, { "credit_limit", "credit" }, { "date", "met_on" }, { "active", "active" },
    { "write_uid", "edited_by", only = "to_right", type = { left = "int", right = "int" } },
  },
  deletes = { to_left = "soft", to_right = "delete", soft = { left = { "active", false } } },
}
`;
const orders_lua = `local t = require "tidewire.transform"
return mapping {
  left = erp.model "sale.order", right = app.table "orders",
  key = { left = "id", right = "id" },
  match = { by.fields { { "client_order_ref", "reference" } } },
  fields = { { "client_order_ref", "reference" }, { "partner_id", "partner_id", t.ref "partners" }, { "name", "number", only = "to_right" } },
  lifecycle = { { "state", "state" }, states = { draft = "draft", sale = "confirmed", cancel = "cancelled" },
    left = { ["draft>confirmed"] = erp.confirm, ["confirmed>cancelled"] = erp.cancel } },
}
`;
const orders = { name: "orders", primary_key: ["id"], triggers: [{ kind: "touch", column: "updated_at" }], columns: [
  { name: "id", type: "bigint", identity: true }, { name: "reference", type: "text", unique: true }, { name: "number", type: "text" },
  { name: "partner_id", type: "bigint", references: "partners(id)" }, { name: "state", type: "text" },
  { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" }] };
const table = { name: "partners", primary_key: ["id"], triggers: [{ kind: "touch", column: "updated_at" }], columns: [
  { name: "id", type: "bigint", identity: true }, { name: "code", type: "text", nullable: false, unique: true }, { name: "name", type: "text" },
  { name: "phone", type: "text" }, { name: "credit", type: "numeric(12,3)" }, { name: "met_on", type: "date" },
  { name: "active", type: "boolean", nullable: false, default: "true" }, { name: "edited_by", type: "bigint" },
  { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" }] };

async function odoo() {
  const server = await practice("odoo");
  const knob = async (method, name, body) => {
    const answer = await call(`${server.url}/practice/${name}`, { method, body });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  };
  /// A colleague's call, as admin.
  const at = async (method, args, more = {}) => (await knob("POST", "call", { model: "res.partner", method, args, ...more })).result;
  return Object.assign(server, {
    knob, at,
    create: (values, more) => at("create", [values], more), edit: (id, values) => at("write", [[id], values]),
    find: async (ref) => (await at("search_read", [[["ref", "=", ref]]], { kwargs: { context: { active_test: false } } }))[0] ?? null,
    count: (ref) => at("search_count", [[["ref", "=", ref]]]),
    faults: (rules) => knob("POST", "faults", rules), well: () => knob("DELETE", "faults"),
    written: async () => Object.values((await knob("GET", "stats")).writes["res.partner"] ?? {}).reduce((a, b) => a + b, 0),
    idle: async () => true,
  });
}

const row = (code) => app.find("partners", "code", code);
const arrives = (what, check) => until(what, check).then(() => world.settled());

const cases = {
  async "(both sides are brought level)"() {
    erp = await odoo();
    app = await supabase();
    await app.define([table, orders]);
    project = new_project(null, { ERP_URL: erp.url, ERP_KEY: "practice-key", ERP_HOOK: "hook", APP_URL: app.url, APP_KEY: "sb_secret_practice", APP_HOOK: "app-hook" });
    project.write("tidewire.lua", tidewire_lua);
    project.write("mappings/partners.lua", partners_lua);
    project.write("mappings/orders.lua", orders_lua);
    Object.assign(world, { erp, app, project, settled: () => settled(world) });
    world.ada = await erp.create({ name: "Ada", ref: "A", phone: "1", credit_limit: 0.5 });
    await erp.create({ name: "nobody's business" });
    await app.insert("partners", { code: "B", name: "Bob", met_on: "2024-02-29" });
    await project.start();
    await app.tell("partners", project.daemon.address + "/webhook/app", { "x-app-secret": "app-hook" });
    await arrives("both", async () => (await row("A")) && (await erp.find("B")));
    const bob = await erp.find("B");
    assert.deepEqual([bob.name, bob.date, bob.active, bob.phone], ["Bob", "2024-02-29", true, false]);
    assert.equal((await app.all("partners")).length, 2);
    await until("what Odoo computed", async () => (await row("B")).edited_by === 3);
    await world.settled();
  },

  async "edits of different fields on both sides both arrive, and then nobody writes"() {
    await erp.edit(world.ada, { phone: "2" });
    await app.edit("partners", "code", "A", { name: "Ada L." });
    await arrives("both edits", async () => (await row("A")).phone === "2" && (await erp.find("A")).name === "Ada L.");
    const before = [await erp.written(), await app.written()];
    const polls = async () => (await erp.knob("GET", "stats")).calls["res.partner.search_read"];
    const seen = await polls();
    await until("three more polls", async () => (await polls()) >= seen + 6);
    await world.settled();
    assert.deepEqual([await erp.written(), await app.written()], before);
  },

  async "two edits within one second of Odoo's clock both arrive"() {
    await erp.knob("POST", "clock", { at: new Date(Date.now() + 5000).toISOString(), frozen: true });
    await erp.edit(world.ada, { phone: "first" });
    await until("the first", async () => (await row("A")).phone === "first");
    await erp.edit(world.ada, { phone: "second" });
    await arrives("the second", async () => (await row("A")).phone === "second");
    await erp.knob("POST", "clock", { skew: 6 });
  },

  async "a record that is committed late, with a stamp of before, arrives"() {
    const late = erp.create({ name: "Late", ref: "L" }, { hold: true });
    await until("the transaction to be open", async () => (await erp.knob("GET", "stats")).held === 1);
    await erp.knob("POST", "clock", { skew: 9 });
    await erp.create({ name: "Quick", ref: "Q" });
    await until("the quick one", () => row("Q"));
    assert.equal(await row("L"), null);
    await erp.knob("POST", "release");
    await late;
    await arrives("the late one", () => row("L"));
  },

  async "a write whose answer is lost is not repeated, a create is found again"() {
    await erp.faults([{ match: { call: "write", model: "res.partner" }, drop: "after", count: 1 }, { match: { call: "create" }, drop: "after", count: 1 }]);
    await app.edit("partners", "code", "A", { phone: "lost" });
    await app.insert("partners", { code: "C", name: "Cleo" });
    await arrives("both", async () => (await erp.find("A")).phone === "lost" && (await erp.find("C")));
    assert.equal(await erp.count("C"), 1);
    const { rules } = await erp.knob("GET", "faults");
    assert.deepEqual(rules.map((rule) => rule.hits), [1, 1]);
    await erp.well();
  },

  async "a proxy's 502 and 429 and a failed serialization cost a retry, not the change"() {
    await erp.faults([{ match: { call: "write" }, html: 429, count: 1 }, { match: { call: "write" }, limit: 1, count: 1 },
      { match: { call: "write" }, error: "psycopg2.errors.SerializationFailure", count: 1 }, { match: { call: "search_read" }, html: 502, count: 2 }]);
    await app.edit("partners", "code", "A", { phone: "patient" });
    await arrives("it", async () => (await erp.find("A")).phone === "patient");
    await erp.well();
  },

  async "numbers arrive, and nothing is nought"() {
    await app.edit("partners", "code", "A", { credit: "1.5" });
    await arrives("it", async () => (await erp.find("A")).credit_limit === 1.5);
    await app.edit("partners", "code", "A", { credit: null });
    await arrives("nought", async () => (await erp.find("A")).credit_limit === 0);
  },

  async "a deleted row archives the partner, and an archived partner is a row with active = false"() {
    await app.remove("partners", "code", "C");
    await arrives("it", async () => (await erp.find("C")).active === false);
    await erp.edit((await erp.find("Q")).id, { active: false });
    await arrives("the flag", async () => (await row("Q")).active === false);
  },

  async "a webhook of an automation rule is a hint, however often it comes"() {
    const before = await app.written();
    await erp.edit(world.ada, { phone: "hooked" });
    const body = JSON.stringify({ _action: "hook(#463)", _id: world.ada, _model: "res.partner", id: world.ada });
    const send = (headers) => call(project.daemon.address + "/webhook/erp", { method: "POST", body, headers: { "Content-Type": "application/json", ...headers } });
    assert.equal((await send({})).status, 401);
    for (let n = 0; n < 13; n++) assert.equal((await send({ "X-From-Odoo": "hook" })).status, 202);
    await arrives("it", async () => (await row("A")).phone === "hooked");
    assert.equal(await app.written(), before + 1);
  },

  async "an order of the app is made in Odoo, and confirmed and cancelled by Odoo's own steps"() {
    const partner_id = (await row("A")).id;
    const order = async () => (await erp.knob("POST", "call", { model: "sale.order", method: "search_read", args: [[["client_order_ref", "=", "WEB-1"]]] })).result[0];
    await app.insert("orders", { reference: "WEB-1", partner_id, state: "confirmed" });
    await arrives("the confirmation", async () => (await order())?.state === "sale");
    assert.equal((await order()).partner_id[0], world.ada);
    await arrives("its number", async () => (await app.find("orders", "reference", "WEB-1")).number === "S00001");
    await app.edit("orders", "reference", "WEB-1", { state: "cancelled" });
    await arrives("the end of it", async () => (await order()).state === "cancel");
    assert.equal((await app.find("orders", "reference", "WEB-1")).state, "cancelled");
  },

  async "a key that ended writes and deletes nothing; a new one goes on"() {
    const rows = (await app.all("partners")).length, before = await erp.written();
    await erp.knob("POST", "keys", { drop: true, login: "practice" });
    await app.edit("partners", "code", "A", { phone: "waits" });
    await until("the denial to show", async () => JSON.stringify((await project.status()).connections.erp).includes("denied"));
    assert.equal(await erp.written(), before);
    assert.equal((await app.all("partners")).length, rows);
    await erp.knob("POST", "keys", { key: "new-key", login: "practice" });
    project.write_secrets({ ...project.secrets, ERP_KEY: "new-key" });
    project.daemon.signal("SIGHUP");
    await arrives("it", async () => (await erp.find("A")).phone === "waits");
  },
};

await run(cases, world, async () => erp?.well());
