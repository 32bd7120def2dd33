// Walks through every crash point by name (runtime/base/crash_point.h): people and systems do things of every kind, the daemon
// dies at the point, begins again, and goes on. What people do is done whether it lives or not. A webhook that was acknowledged
// is never sent again; one that was not is sent again, as a patient sender would. Before the next point each record is on both
// sides exactly once with what its people wrote, each part of a sum counted once, and nothing stands.
import assert from "node:assert/strict";
import http from "node:http";
import { call, cleanup, frappe, project, run, settled, signed, supabase, until } from "../support/scenario.mjs";

const secrets = { ERP_KEY: "practice-key", ERP_SECRET: "practice-secret", ERP_HOOK: "erp-hook", APP_KEY: "sb_secret_practice", APP_HOOK: "app-hook" };
const only = process.argv.slice(2);
const world = {}, unsent = [], told = new Map(), verdicts = new Map();
let address, acknowledged = 0, deaths = 0, records = 0;

// Points that are passed for more than one reason die at each of these times of being passed.
const times = { announce_stored: [1, 2, 4], request_sent: [1, 2, 4, 8], belonging_answered: [1, 2], create_answered: [1, 3], update_answered: [1, 2], commit_in_transaction: [1, 2, 4], commit_stored: [1, 2, 4] };

/// The program itself says which points there are.
async function names() {
  const refused = await world.project.cli_with({ TIDEWIRE_CRASH_AT: "?" }, "status");
  const listed = /name or name:n, of: ([\w, ]+)/.exec(refused.err);
  assert.ok(listed, "an unknown crash point is refused, and the points are named: " + refused.err);
  return listed[1].split(", ");
}

const daemon = () => world.project.daemon;
const dead = () => !daemon().running();
/// Waits for an outcome, or for the daemon to die on the way to it.
const or_death = (what, check, seconds = 20) => until(what, async () => dead() || check(), seconds);

async function deliver(hook) {
  const answer = await call(`${address}/webhook/${hook.to}${hook.event}`, { method: "POST", body: hook.body, headers: hook.headers, seconds: 10 }).catch(() => ({ status: 0 }));
  if (answer.status === 202) acknowledged++;
  else unsent.push(hook);
}
const tell_erp = (name, event = "on_change", doctype = "Item Kept") => {
  const body = JSON.stringify({ doctype, name });
  return deliver({ to: "erp", body, headers: signed(secrets.ERP_HOOK, body), event: "?event=" + event });
};
const tell_app = (record, table = "items") => deliver({ to: "app", body: JSON.stringify({ type: "UPDATE", table, schema: "public", record, old_record: null }), headers: { "x-app-secret": secrets.APP_HOOK }, event: "" });
const tell_app_gone = (record) => deliver({ to: "app", body: JSON.stringify({ type: "DELETE", table: "items", schema: "public", record: null, old_record: record }), headers: { "x-app-secret": secrets.APP_HOOK }, event: "" });
const ask = (method, where, body) => call("http://tidewire/api/v1/" + where, { method, body, headers: { "Content-Type": "application/json" }, socket: world.project.path("state/tidewire.sock") });

const in_erp = (code) => world.erp.find("Item Kept", "code", code);
const in_app = (code) => world.app.find("items", "code", code);
const has = (record, values) => record !== null && Object.entries(values).every(([field, value]) => record[field] === value);
const level = async (one) => has(await in_erp(one.code), one.values) && has(await in_app(one.code), one.values);
/// A person lets go until nothing is left that the brake could hold.
const let_go = async () => (await ask("POST", "release", { mapping: "loose" }), (await world.app.all("loose")).length === 0);
/// One order in the app with each of its lines once, and one customer whom it names.
async function placed({ code, lines }) {
  const orders = (await world.app.all("orders")).filter((row) => row.code === code);
  const customers = (await world.app.all("customers")).filter((row) => row.name === "C-" + code);
  const skus = (await world.app.all("order_lines")).filter((row) => row.order_id === orders[0]?.id).map((row) => row.sku);
  return orders.length === 1 && customers.length === 1 && orders[0].customer_id === customers[0].id && skus.sort().join() === [...lines].sort().join();
}
const open_conflicts = async () => (await ask("GET", "conflicts?mapping=items")).json?.conflicts ?? [];

const at_rest = async () => Object.values((await world.project.status()).mappings).every((one) => one.waiting + one.backing_off === 0 && one.under_way === 0);

/// What people do at one point, and what must come of it: codes with the values that both sides show, and what is gone.
class Story {
  constructor(name) {
    this.left = { code: "L-" + name, values: {} };
    this.right = { code: "R-" + name, values: {} };
    this.third = { code: "F-" + name, values: {} };
    this.polled = this.judged = this.staged = this.order = null;
    this.loose = [];
  }

  async enter() {
    for (const one of [this.left, this.third, this.right]) one.values = { label: "l", note: "n", remark: "r", stock: 0 };
    for (const one of [this.left, this.third]) await tell_erp((await world.erp.insert("Item Kept", { code: one.code, ...one.values })).name, "after_insert");
    await tell_app(await world.app.insert("items", { code: this.right.code, ...this.right.values }));
    await or_death("three records on both sides", async () => (await level(this.left)) && (await level(this.right)) && (await level(this.third)));
    await or_death("the hooks to be told", () => told.size >= this.before + 3);
  }

  /// One field each, and a sum: the base of both is what they saw at first.
  async edit() {
    this.left.values = { ...this.left.values, label: "from erp", note: "from app", stock: 5 };
    const name = (await in_erp(this.left.code)).name;
    await until("the record to be in the app", async () => (await in_app(this.left.code)) || (dead() && world.app.insert("items", { code: this.left.code, label: "l", note: "n", remark: "r", stock: 0 })));
    await world.erp.edit("Item Kept", name, { label: "from erp", stock: 2 });
    const row = await world.app.edit("items", "code", this.left.code, { note: "from app", stock: 3 });
    await tell_erp(name);
    await tell_app(row);
    await or_death("both edits on both sides", () => level(this.left));
  }

  async decide() {
    this.third.values = { ...this.third.values, remark: "of erp" };
    const record = await in_erp(this.third.code), row = await in_app(this.third.code);
    if (!record || !row) return;  // it died before
    await world.erp.edit("Item Kept", record.name, { remark: "of erp" });
    await tell_app(await world.app.edit("items", "code", this.third.code, { remark: "of app" }));
    await or_death("the conflict to be shown", async () => (await open_conflicts()).length > 0);
    if (!dead()) await this.persist();
    await or_death("the decision on both sides", () => level(this.third));
  }

  /// A person decides until there is nothing left to decide: what the erp did not take is right.
  async persist() {
    await or_death("no conflict", async () => {
      const open = await open_conflicts();
      for (const one of open) await ask("POST", `conflicts/${one.id}/resolve`, { method: one.kind === "not_accepted" ? "right" : "left", author: "ann" });
      return open.length === 0;
    });
  }

  /// The erp says that it took a value and did not.
  async refuse() {
    const record = await in_erp(this.third.code), row = await in_app(this.third.code);
    if (!record || !row) return;
    await world.erp.faults([{ match: { method: "PUT", doctype: "Item Kept" }, count: 1, status: 200, body: { data: record } }]);
    this.third.values = { ...this.third.values, label: "insisted" };
    await tell_app(await world.app.edit("items", "code", this.third.code, { label: "insisted" }));
    await or_death("the refusal to be shown", async () => (await open_conflicts()).some((one) => one.kind === "not_accepted"));
    await world.erp.well();
    if (!dead()) await this.persist();
    await or_death("what was insisted on, on both sides", () => level(this.third));
  }

  /// Deleted here while it is edited there: the edit brings it back.
  async revive() {
    const record = await in_erp(this.left.code), row = await in_app(this.left.code);
    if (!record || !row) return;
    this.left.values = { ...this.left.values, note: "revived" };
    await world.erp.remove("Item Kept", record.name);
    const edited = await world.app.edit("items", "code", this.left.code, { note: "revived" });
    await tell_erp(record.name, "on_trash");
    await tell_app(edited);
    await or_death("it to be on both sides again", () => level(this.left));
  }

  /// Edited here at the last moment before our delete arrives: the trash has the edit, and gives it back.
  async bring_back() {
    const record = await in_erp(this.left.code), row = await in_app(this.left.code);
    if (!record || !row) return;
    this.left.values = { ...this.left.values, label: "at the last moment" };
    await world.erp.faults([{ match: { method: "DELETE", doctype: "Item Kept" }, count: 1, delay: 4 }]);
    await world.app.remove("items", "code", this.left.code);
    await tell_app_gone(row);
    await or_death("our delete to be on its way", async () => (await world.erp.ask("GET", "/practice/faults")).rules[0].hits > 0);
    await world.erp.edit("Item Kept", record.name, { label: "at the last moment" });
    await or_death("it to be on both sides again", () => level(this.left));
    await world.erp.well();
  }

  /// Lines of a table of their own, and a customer that is made because it is named.
  async place() {
    this.order = { code: "O-" + this.left.code, lines: ["bolt", "nut"] };
    const lines = (skus) => skus.map((sku) => ({ sku, qty: 1 }));
    const { name } = await world.erp.insert("Order Kept", { code: this.order.code, customer: "C-" + this.order.code, lines: lines(this.order.lines) });
    await tell_erp(name, "after_insert", "Order Kept");
    await or_death("the order with its lines and its customer", () => placed(this.order));
    if (dead()) return;
    this.order.lines.push("pin", "ring");
    await world.erp.edit("Order Kept", name, { lines: [...(await world.erp.get("Order Kept", name)).lines, ...lines(["pin", "ring"])] });
    await tell_erp(name, "on_change", "Order Kept");
    await or_death("the new lines", () => placed(this.order));
  }

  /// More deletes than the brake lets pass, and a person who means them.
  async let_go() {
    const codes = Array.from({ length: 12 }, (_, i) => `B${i}-${this.left.code}`);
    const names = await world.erp.insert_many(codes.map((code) => ({ doctype: "Item Loose", code })));
    for (const name of names) await tell_erp(name, "after_insert", "Item Loose");
    await or_death("all to be in the app", async () => (await world.app.all("loose")).length === codes.length);
    this.loose = codes;
    for (const name of names) {
      await world.erp.remove("Item Loose", name);
      await tell_erp(name, "on_trash", "Item Loose");
    }
    await or_death("the brake to hold", async () => ((await world.project.status()).mappings.loose.held ?? 0) > 0);
    await or_death("all to be gone", let_go);
  }

  async try_again() {
    const record = await in_erp(this.left.code);
    await ask("POST", "retry", { mapping: "items", key: record.name, side: "left" });
  }

  async remove() {
    const record = await in_erp(this.right.code);
    if (!record) return;  // it died before
    this.right.gone = true;
    await world.erp.remove("Item Kept", record.name);
    await tell_erp(record.name, "on_trash");
    await or_death("it to be gone on both sides", async () => !(await in_app(this.right.code)));
  }

  async poll() {
    await ask("POST", "cursors/polled/reset", {});
    this.polled = "P" + this.left.code;
    await world.erp.insert("Item Polled", { code: this.polled });
    await or_death("the poll to bring it", () => world.app.find("polled", "code", this.polled));
  }

  async load() {
    const begun = await ask("POST", "sync", { mapping: "items" });
    if (begun.status !== 202) return;
    await or_death("the job to end", async () => !["running", "queued", "paused"].includes((await ask("GET", "jobs/" + begun.json.job)).json?.state));
  }

  /// Both sides edit the field that a judge decides; whom she takes for right is another each time that she is asked.
  async judge() {
    this.judged = "J-" + this.left.code;
    const { name } = await world.erp.insert("Item Judged", { code: this.judged, label: "first" });
    await tell_erp(name, "after_insert", "Item Judged");
    const mine = () => world.app.find("judged", "code", this.judged);
    await or_death("the judged record to be in the app", mine);
    if (!(await mine())) return;
    await world.erp.edit("Item Judged", name, { label: "of erp" });
    const row = await world.app.edit("judged", "code", this.judged, { label: "of app" });
    await tell_erp(name, "on_change", "Item Judged");
    await tell_app(row, "judged");
    await or_death("the judge's word on both sides", async () => (await world.erp.get("Item Judged", name)).label === (await mine()).label);
  }

  /// Deleted here, marked as deleted there.
  async mark() {
    const record = this.judged && (await world.erp.find("Item Judged", "code", this.judged));
    if (!record || !(await world.app.find("judged", "code", this.judged))) return;
    this.marked = true;
    await world.erp.remove("Item Judged", record.name);
    await tell_erp(record.name, "on_trash", "Item Judged");
    await or_death("the mark", async () => (await world.app.find("judged", "code", this.judged)).archived);
  }

  /// A record that nobody told of is found by a load that writes nothing before it is let go.
  async stage() {
    this.staged = "S-" + this.left.code;
    await world.erp.insert("Item Judged", { code: this.staged, label: "s" });
    await ask("POST", "sync", { mapping: "judged", staged: true });
    await or_death("what was staged", () => world.app.find("judged", "code", this.staged));
  }

  /// What is marked as deleted there is entered again here.
  async unmark() {
    const row = this.marked && (await world.app.find("judged", "code", this.judged));
    if (!row?.archived) return;
    this.marked = false;
    const { name } = await world.erp.insert("Item Judged", { code: this.judged, label: row.label });
    await tell_erp(name, "after_insert", "Item Judged");
    await or_death("the mark to be gone", async () => !(await world.app.find("judged", "code", this.judged)).archived);
  }

  async forget() {
    const record = await in_erp(this.third.code);
    if (record) await ask("POST", "forget", { mapping: "items", key: record.name, side: "left", author: "ann" });
  }

  /// What is known to lead to a point comes first; a point that nobody thought of is met by all of it, or is missed aloud.
  static order(point) {
    const all = ["enter", "edit", "decide", "try_again", "remove", "poll", "load", "judge", "mark", "unmark", "stage", "place", "refuse", "revive", "bring_back", "let_go", "forget"];
    const first = { belonging: ["place"], lookup: ["place"], refusal: ["enter", "refuse"], restore: ["enter", "revive"], put: ["enter", "bring_back"], release: ["let_go"], cursor: ["poll"], poll: ["poll"], job: ["load"], retry: ["enter", "try_again"], delete: ["enter", "remove"], forget: ["enter", "forget"], resolution: ["enter", "decide"], judge: ["judge"], soft: ["judge", "mark"], mark: ["judge", "mark", "unmark"], staged: ["stage"] };
    const begin = first[point.split("_")[0]] ?? [];
    return [...begin, ...all.filter((act) => !begin.includes(act))];
  }
}

/// The daemon with a point armed, or without; it may die before it is ready.
const launch = (point) => world.project.start(["--listen", address.slice(7)], { spawn: { env: { ...process.env, TIDEWIRE_CRASH_AT: point ?? "" } } }).catch((error) => {
  if (!point || !error.ended) throw error;
});

async function redeliver() {
  for (let tries = 0; unsent.length > 0 && tries < 5; ++tries) for (const hook of unsent.splice(0)) await deliver(hook);
  assert.equal(unsent.length, 0, "every webhook was acknowledged in the end");
}

async function check(story, point) {
  await world.erp.well();
  if (story.loose.length > 0) await until("the brake to have let go", let_go, 30);
  if (story.polled) await until("the poll to bring it", () => world.app.find("polled", "code", story.polled), 20);
  await settled(world, 30);
  if ((await open_conflicts()).length > 0) {
    await story.persist();
    await settled(world, 30);
  }
  for (const [side, rows] of Object.entries({ erp: await world.erp.all("Item Kept"), app: await world.app.all("items") })) {
    for (const one of [story.left, story.right, story.third]) {
      const found = rows.filter((row) => row.code === one.code);
      const wanted = one.gone || Object.keys(one.values).length === 0 ? 0 : 1;
      assert.equal(found.length, wanted, `${point}: ${one.code} on ${side}`);
      for (const [field, value] of wanted ? Object.entries(one.values) : []) assert.equal(found[0][field], value, `${point}: ${one.code}.${field} on ${side}`);
    }
    records = rows.length;
  }
  for (const rows of [await world.erp.all("Item Polled"), await world.app.all("polled")]) if (story.polled) assert.equal(rows.filter((row) => row.code === story.polled).length, 1, `${point}: ${story.polled}`);
  await check_judged(story, point);
  if (story.order) assert.ok(await placed(story.order), `${point}: ${story.order.code} once, with its lines and one customer: ${JSON.stringify([await world.app.all("order_lines"), await world.app.all("customers")])}`);
  const created = async () => (await world.project.operations("items")).filter((one) => one.kind === "create" && one.outcome === "applied");
  await until(`${point}: somebody to be told of each creation that is on record`, async () => (await created()).every((one) => told.has(one.id + ".created")), 10);
  for (const [name, { conflict, dead: given_up, held }] of Object.entries((await world.project.status()).mappings)) assert.deepEqual([conflict ?? 0, given_up ?? 0, held ?? 0], [0, 0, 0], `${point}: what stands in ${name}`);
}

async function check_judged(story, point) {
  if (story.staged) await until("what was staged", () => world.app.find("judged", "code", story.staged), 20);
  const sides = { erp: await world.erp.all("Item Judged"), app: await world.app.all("judged") };
  const of = (side, code) => sides[side].filter((row) => row.code === code);
  for (const side of story.staged ? ["erp", "app"] : []) assert.equal(of(side, story.staged).length, 1, `${point}: ${story.staged} on ${side}`);
  if (!story.judged) return;
  const [row, ...twice] = of("app", story.judged);
  assert.ok(row && twice.length === 0, `${point}: ${story.judged} once in the app`);
  if (story.marked === false) assert.ok(!row.archived, `${point}: ${story.judged} is marked no more`);
  if (story.marked) {
    assert.equal(row.archived, true, `${point}: ${story.judged} is marked`);
    assert.equal(of("erp", story.judged).length, 0, `${point}: ${story.judged} stays deleted`);
  } else {
    assert.equal(of("erp", story.judged)[0].label, row.label, `${point}: ${story.judged} alike on both sides`);
  }
  // An answer that was on record is the one that counts, and she is not asked again.
  const said = verdicts.get(story.judged) ?? [];
  if (said.length > 0) assert.equal(row.label, said.at(-1), `${point}: what the judge said`);
  assert.ok(said.length <= (/^(judge_answered|request_sent)/.test(point) ? 2 : 1), `${point}: she was asked ${said.length} times`);
}

const cases = {
  async "(two systems without unique columns, so that a second create would stay)"() {
    const erp = await frappe(), app = await supabase();
    const texts = ["code", "label", "note", "remark"];
    await erp.define({ name: "Item Kept", autoname: "IT-.#####", fields: [...texts.map((fieldname) => ({ fieldname, fieldtype: "Data", label: fieldname })), { fieldname: "stock", fieldtype: "Int", label: "stock" }] });
    await erp.define({ name: "Item Judged", autoname: "JU-.#####", fields: ["code", "label"].map((fieldname) => ({ fieldname, fieldtype: "Data", label: fieldname })) });
    await erp.define({ name: "Item Loose", autoname: "LO-.#####", fields: [{ fieldname: "code", fieldtype: "Data", label: "code" }] });
    await erp.define({ name: "Order Line", istable: 1, fields: [{ fieldname: "sku", fieldtype: "Data", label: "sku" }, { fieldname: "qty", fieldtype: "Int", label: "qty" }] });
    await erp.define({ name: "Order Kept", autoname: "OR-.#####", fields: [...["code", "customer"].map((fieldname) => ({ fieldname, fieldtype: "Data", label: fieldname })), { fieldname: "lines", fieldtype: "Table", label: "lines", options: "Order Line" }] });
    await erp.define({ name: "Item Polled", autoname: "PO-.#####", fields: [{ fieldname: "code", fieldtype: "Data", label: "code" }] });
    const touched = { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" }, triggers = [{ kind: "touch", column: "updated_at" }], id = { name: "id", type: "bigint", identity: true };
    await app.define([{ name: "items", primary_key: ["id"], triggers, columns: [id, ...texts.map((name) => ({ name, type: "text" })), { name: "stock", type: "integer" }, touched] },
      { name: "polled", primary_key: ["id"], triggers, columns: [id, { name: "code", type: "text" }, touched] },
      { name: "judged", primary_key: ["id"], triggers, columns: [id, { name: "code", type: "text" }, { name: "label", type: "text" }, { name: "archived", type: "boolean" }, touched] },
      { name: "loose", primary_key: ["id"], triggers, columns: [id, { name: "code", type: "text" }, touched] },
      { name: "customers", primary_key: ["id"], triggers, columns: [id, { name: "name", type: "text" }, touched] },
      { name: "orders", primary_key: ["id"], triggers, columns: [id, { name: "code", type: "text" }, { name: "customer_id", type: "bigint" }, touched] },
      { name: "order_lines", primary_key: ["id"], triggers, columns: [id, { name: "order_id", type: "bigint", references: "orders(id)" }, { name: "sku", type: "text" }, { name: "qty", type: "integer" }, touched] }]);
    const ear = http.createServer((request, answer) => {
      const key = request.headers["idempotency-key"];
      told.set(key, (told.get(key) ?? 0) + 1);
      request.resume().on("end", () => answer.end());
    });
    await new Promise((resolve) => ear.listen(0, "127.0.0.1", resolve));
    cleanup(() => ear.close());
    const judge = http.createServer((request, answer) => {
      let body = "";
      request.on("data", (part) => (body += part));
      request.on("end", async () => {
        const question = JSON.parse(body), { code } = await erp.get("Item Judged", question.left_key);
        const said = verdicts.get(code) ?? [], winner = said.length % 2 === 0 ? "left" : "right";
        verdicts.set(code, [...said, question[winner]]);
        answer.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ winner }));
      });
    });
    await new Promise((resolve) => judge.listen(0, "127.0.0.1", resolve));
    cleanup(() => judge.close());
    const own = project(null, secrets);
    // As shipped, but that a request of a dead process is known to be over after a second, which it is on one machine.
    for (const [kind, of] of [["desk", "frappe"], ["shop", "supabase"]]) {
      own.write(`connectors/${kind}.lua`, `local shipped = require "connectors.${of}"
local M = {}
for name, value in pairs(shipped) do M[name] = value end
M.kind = "${kind}"
function M.capabilities(config)
  local own = shipped.capabilities(config)
  own.settle = 1
  return own
end
return M`);
    }
    own.write("tidewire.lua", `return project {
  connections = {
    erp = desk { url = "${erp.url}", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET", webhook_secret = secret "ERP_HOOK" },
    app = shop { url = "${app.url}", key = secret "APP_KEY", webhook = { header = "x-app-secret", secret = secret "APP_HOOK", hmac = false } },
  },
  defaults = { judge = { url = "http://127.0.0.1:${judge.address().port}/", timeout = "5s", fallback = "wait" } },
}`);
    own.write("mappings/judged.lua", `return mapping {
  left = erp.doctype "Item Judged", right = app.table "judged",
  on = { webhook = true }, key = { left = "name", right = "id" }, match = { by.fields { { "code", "code" } } },
  fields = { { "code", "code" }, { "label", "label", conflict = "webhook" } },
  deletes = { to_right = "soft", soft = { right = { "archived", true } } },
}`);
    own.write("mappings/loose.lua", `return mapping {
  left = erp.doctype "Item Loose", right = app.table "loose",
  on = { webhook = true }, key = { left = "name", right = "id" }, match = { by.fields { { "code", "code" } } },
  fields = { { "code", "code" } },
  deletes = { to_right = "delete" },
}`);
    own.write("mappings/orders.lua", `local t = require "tidewire.transform"
return mapping {
  left = erp.doctype "Order Kept", right = app.table "orders",
  on = { webhook = true }, key = { left = "name", right = "id" }, match = { by.fields { { "code", "code" } } },
  fields = {
    { "code", "code" },
    { "customer", "customer_id", t.find(app.table "customers", { by = "name", take = "id", missing = "create" }) },
    rows { left = "lines", right = app.table("order_lines", { parent = "order_id" }), key = { "sku" }, fields = { { "qty", "qty" } } },
  },
}`);
    own.write("mappings/items.lua", `return mapping {
  left = erp.doctype "Item Kept", right = app.table "items",
  on = { webhook = true }, key = { left = "name", right = "id" }, match = { by.fields { { "code", "code" } } },
  fields = { { "code", "code" }, { "label", "label" }, { "note", "note" }, { "remark", "remark", conflict = "manual" }, { "stock", "stock", conflict = "sum_delta" } },
  deletes = { to_right = "delete", to_left = "delete" },
  after = { created = post "http://127.0.0.1:${ear.address().port}/created" },
}`);
    own.write("mappings/polled.lua", `return mapping {
  left = erp.doctype "Item Polled", right = app.table "polled",
  on = { poll = "every 1s" }, key = { left = "name", right = "id" }, match = { by.fields { { "code", "code" } } },
  fields = { { "code", "code" } },
}`);
    Object.assign(world, { erp, app, project: own });
    const server = http.createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.on("listening", resolve));
    address = `http://127.0.0.1:${server.address().port}`;
    await new Promise((resolve) => server.close(resolve));
    world.points = (await names()).filter((name) => only.length === 0 || only.includes(name));
    assert.ok(world.points.length > 0, "there are points");
  },

  async "a state file whose first writing is cut is made anew"() {
    for (const point of world.points.filter((name) => name.startsWith("migration_"))) {
      const ended = await world.project.cli_with({ TIDEWIRE_CRASH_AT: point }, "status");
      assert.equal(ended.signal, "SIGKILL", point);
      deaths++;
      assert.equal((await world.project.cli("check")).code, 0, point);
      world.project.remove("state/tidewire.db");
    }
  },

  async "every other point: the daemon dies there, begins again, and nothing is lost, doubled or stuck"() {
    const walks = world.points.filter((name) => !name.startsWith("migration_")).flatMap((name) => (times[name] ?? [1]).map((count) => `${name}:${count}`));
    for (const point of walks) {
      const began = Date.now();
      const story = new Story(point);
      story.before = told.size;
      await launch(point);
      for (const act of Story.order(point)) {
        if (dead()) break;
        await story[act]();
        await or_death("nothing to be under way", at_rest);  // what shows on both sides may not be on record yet
      }
      await until(`the daemon to die at ${point}`, dead, 5);
      assert.equal((await daemon().exited).signal, "SIGKILL", point);
      deaths++;
      const died = Date.now();
      await launch();
      await redeliver();
      await check(story, point);
      await daemon().kill();
      if (process.env.TELL) console.log(`# ${point}: died after ${died - began} ms, mended after ${Date.now() - died} ms`);
    }
    await launch();
    assert.equal((await world.project.ask(["check"])).ok, true);
    console.log(`# ${deaths} deaths at ${world.points.length} points, ${acknowledged} webhooks acknowledged, ${records} records`);
  },
};

await run(cases, world);
