// What was said to the systems for an operation: of a write the request and its answer, of a failure what came instead, never a secret
// and never what the mapping redacts.
import assert from "node:assert/strict";
import fs from "node:fs";
import { call, run, until } from "../support/scenario.mjs";
import { faults } from "../support/schema.mjs";
import { company, secrets } from "../support/staff.mjs";

const world = {};
let erp, app, project, document_;

const ask = async (target) => (await call(`http://tidewire/api/v1/${target}`, { socket: project.path("state/tidewire.sock") })).json;
const row = (code) => app.find("employees", "code", code);

/// The operation that wrote `value` as the phone of `key`, whole.
async function written(key, value) {
  const { id } = await until(`${value} to be written`, async () => (await project.operations("employees", key)).find((one) => one.outcome === "applied" && one.record.writes?.some((write) => write.values.phone === value)));
  const whole = await ask(`operations/${id}`);
  assert.deepEqual(faults(whole, { $ref: "#/components/schemas/Operation" }, document_), []);
  return whole;
}

async function saved(from, to, file = "mappings/employees.lua") {
  const before = (await project.status()).mappings.employees.version;
  project.edit(file, from, to);
  if (file.startsWith("mappings/")) await until("the edit to be loaded", async () => (await project.status()).mappings.employees.version !== before);
}

const cases = {
  async "(the daemon runs with two people linked)"() {
    Object.assign(world, await company({ parts: ["departments", "employees"] }));
    ({ erp, app, project } = world);
    for (const code of ["ada", "grace"]) await erp.insert("Staff Member", { staff_code: code, full_name: code, phone: "1" });
    await project.start();
    await world.connect();
    assert.equal((await project.cli("sync")).code, 0);
    await world.settled();
    document_ = await ask("openapi.json");
  },

  async "a write is told with its request and its answer, at its step"() {
    await erp.edit("Staff Member", "HR-00001", { phone: "told" });
    const { id, record, exchanges } = await written("HR-00001", "told");
    const [one] = exchanges.filter((each) => each.method === "PATCH");
    assert.ok(one, JSON.stringify(exchanges));
    assert.match(one.target, /\/rest\/v1\/employees\?/);
    assert.equal(one.connection, "app");
    assert.equal(one.side, "right");
    assert.equal(record.steps[one.step].step, "write");
    assert.equal(JSON.parse(one.request.body).phone, "told");
    assert.match(one.request.type, /json/);
    assert.equal(one.status, "200");
    assert.equal([JSON.parse(one.answer.body)].flat()[0].phone, "told");
    assert.ok(one.took_us > 0 && Math.abs(Date.parse(one.at) - Date.now()) < 60000);
    const shown = await project.cli("op", id);
    assert.equal(shown.code, 0, shown.err);
    assert.match(shown.out, /write right +app +PATCH http\S+employees\S+ +200/);
    assert.match(shown.out, /> +"phone": "told"/);
    assert.match(shown.out, /< +"phone": "told"/);
  },

  async "what a system answered to a write that failed stands with the write that went well after it"() {
    await app.faults([{ match: { method: "PATCH", path: "employees" }, action: { status: 500, html: true }, count: 1 }]);
    await erp.edit("Staff Member", "HR-00001", { phone: "after a 500" });
    const { exchanges } = await written("HR-00001", "after a 500");
    const [failed, well] = exchanges.filter((each) => each.method === "PATCH");
    assert.equal(failed.status, "500");
    assert.equal(failed.step, undefined);
    assert.equal(failed.answer.type, "text/html");
    assert.match(failed.answer.body, /<h1>500<\/h1>/);
    assert.equal(JSON.parse(failed.request.body).phone, "after a 500");
    assert.equal(well.status, "200");
    await app.well();
  },

  async "of a read only what it failed at is told"() {
    await world.settled();  // so that no other record's read meets the fault
    const { id } = await row("grace");
    await app.faults([{ match: { method: "GET", path: "employees" }, action: { status: 502, html: true }, count: 1 }]);
    await app.edit("employees", "id", id, { phone: "read again" });
    const { exchanges } = await written("HR-00002", "read again");
    const reads = exchanges.filter((each) => each.method === "GET" && each.connection === "app");
    assert.deepEqual(reads.map((each) => each.status), ["502"]);
    assert.match(reads[0].answer.body, /<title>502<\/title>/);
    assert.equal(reads[0].side, "right");
    await app.well();
    await world.settled();
  },

  async "of a key that is tried again the last attempt is told, with what was answered"() {
    await app.faults([{ match: { method: "PATCH", path: "employees" }, action: { status: 503, body: `{"message":"try later"}` } }]);
    await erp.edit("Staff Member", "HR-00001", { bio: "tried" });
    const attempt = await until("an attempt to be told", async () => {
      const key = (await ask("dead-letters?mapping=employees&key=HR-00001")).keys.find((one) => one.state === "backing_off" && one.operation);
      const told = key && (await call(`http://tidewire/api/v1/operations/${key.operation}`, { socket: project.path("state/tidewire.sock") }));
      return told?.json?.kind === "attempt" && told.json;  // the next one may have come meanwhile
    });
    assert.equal(attempt.left_key, "HR-00001");
    assert.ok(attempt.exchanges.some((each) => each.method === "PATCH" && each.status === "503" && /try later/.test(each.answer.body)), JSON.stringify(attempt));
    assert.match((await project.cli("conflicts", "employees", "--again")).out, /HR-00001/);
    await app.well();
    assert.equal((await project.cli("retry", "--mapping", "employees")).code, 0);
    await until("it to be written", async () => (await row("ada")).bio === "tried");
    await world.settled();
  },

  async "what the mapping redacts is in no part of it, and a secret is not in the state"() {
    await saved(`{ "phone",         "phone" }`, `{ "phone", "phone", redact = true }`);
    await app.faults([{ match: { method: "PATCH", path: "employees" }, action: { status: 500, body: `{"message":"'078-05-1120' is no phone"}` }, count: 1 }]);
    await erp.edit("Staff Member", "HR-00001", { phone: "078-05-1120", full_name: "Ada" });
    const found = await until("it to be written", async () => (await row("ada")).phone === "078-05-1120" && (await project.operations("employees", "HR-00001")).find((one) => one.outcome === "applied" && one.record.writes?.some((write) => write.values.name === "Ada")));
    const whole = await ask(`operations/${found.id}`);
    assert.ok(!JSON.stringify(whole).includes("078-05"), JSON.stringify(whole));
    const [failed, well] = whole.exchanges.filter((each) => each.method === "PATCH");
    assert.equal(failed.status, "500");
    assert.match(failed.answer.left_out, /may quote/);
    const sent = JSON.parse(well.request.body), told = whole.record.fields.phone.to_right;
    assert.match(sent.phone, /^sha256:/);
    assert.equal(sent.phone, told);
    assert.equal(sent.name, "Ada");
    assert.equal([JSON.parse(well.answer.body)].flat()[0].phone, told);
    await app.well();
    await world.settled();
    const bytes = ["tidewire.db", "tidewire.db-wal"].map((file) => project.path(`state/${file}`)).filter((file) => fs.existsSync(file)).map((file) => fs.readFileSync(file, "latin1")).join("");
    for (const name of ["ERP_KEY", "ERP_SECRET", "APP_KEY", "ERP_WEBHOOK_SECRET"]) assert.ok(!bytes.includes(secrets[name]), name);
  },

  async "a secret that a system quotes in a refusal is in no part of the state"() {
    await app.faults([{ match: { method: "PATCH", path: "employees" }, action: { status: 400, body: `{"code":"22000","message":"denied apikey ${secrets.APP_KEY}","hint":"not ${secrets.APP_KEY}"}` } }]);
    await erp.edit("Staff Member", "HR-00001", { bio: "refused" });
    const [dead] = await until("a dead letter", async () => { const { keys } = await ask("dead-letters?mapping=employees&state=dead"); return keys.length && keys; });
    assert.ok(JSON.stringify(dead).includes("denied apikey [secret APP_KEY]"), JSON.stringify(dead));
    await app.well();
    const bytes = ["tidewire.db", "tidewire.db-wal"].map((file) => project.path(`state/${file}`)).filter((file) => fs.existsSync(file)).map((file) => fs.readFileSync(file, "latin1")).join("");
    assert.ok(bytes.includes("denied apikey [secret APP_KEY]"));
    assert.ok(!bytes.includes(secrets.APP_KEY), "a secret is in the state");
    assert.equal((await project.cli("retry", "--mapping", "employees")).code, 0);
    await until("it to be written", async () => (await row("ada")).bio === "refused");
  },

  async "with a person who is forgotten it leaves"() {
    const { id } = (await project.operations("employees", "HR-00002")).find((one) => one.outcome === "applied");
    const before = (await ask(`operations/${id}`)).exchanges;
    assert.ok(before.length > 0);
    const gone = await project.ask(["forget", "employees", "HR-00002", "--side", "left"]);
    assert.ok(JSON.stringify(gone).includes("exchanges"), JSON.stringify(gone));
    assert.equal((await call(`http://tidewire/api/v1/operations/${id}`, { socket: project.path("state/tidewire.sock") })).status, 404);
  },

  async "where the project says none, none is kept"() {
    await saved(`listen = "127.0.0.1:0",`, `listen = "127.0.0.1:0",\n  exchanges = "none",`, "tidewire.lua");
    await until("the project to be loaded", () => project.logged("project_reloaded").length > 0);
    await erp.edit("Staff Member", "HR-00001", { full_name: "Ada L." });
    const found = await until("it to be written", async () => (await project.operations("employees", "HR-00001")).find((one) => one.record.writes?.some((write) => write.values.name === "Ada L.")));
    assert.deepEqual((await ask(`operations/${found.id}`)).exchanges, []);
    const wrong = project.read("tidewire.lua");
    project.write("tidewire.lua", wrong.replace(`exchanges = "none"`, `exchanges = "some"`));
    const checked = await project.cli("check");
    assert.match(checked.out + checked.err, /exchanges/);
    project.write("tidewire.lua", wrong);
  },
};

await run(cases, world, async () => world.app?.well());
