import assert from "node:assert/strict";
import http from "node:http";
import { cleanup, run, until } from "../support/scenario.mjs";
import { company } from "../support/staff.mjs";

const world = {};
let erp, app, project;
const asked = [];
let say = () => ({ winner: "right" });

/// A judge that keeps what it was asked; `say` gives the answer, or a status, or nothing at all.
async function judge() {
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      const question = JSON.parse(body);
      asked.push({ ...question, header: request.headers["idempotency-key"], method: request.method });
      const answer = say(question);
      if (answer === undefined) return;
      response.writeHead(answer.status ?? 200, { "Content-Type": "application/json" });
      response.end(typeof answer.text === "string" ? answer.text : JSON.stringify(answer));
    });
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  cleanup(() => server.closeAllConnections?.() ?? server.close());
  cleanup(() => server.close());
  return `http://127.0.0.1:${server.address().port}/decide/a-token?wait=true`;
}

const row = (code) => app.find("employees", "code", code);

/// Both sides change the phone while nobody tells the daemon of it; then both are told.
async function dispute(left, right) {
  const address = project.daemon.address;
  await project.daemon.stop();
  await erp.edit("Staff Member", "HR-00001", { phone: left });
  await app.edit("employees", "code", "p1", { phone: right });
  await project.start(["--listen", address.slice("http://".length)]);
  await project.cli("sync", "employees");
  await world.settled();
}

async function shows(phone) {
  await until(`${phone} on both sides`, async () => (await erp.get("Staff Member", "HR-00001")).phone === phone && (await row("p1")).phone === phone);
}

const cases = {
  async "(the daemon runs, and somebody judges phones)"() {
    Object.assign(world, await company({ parts: ["departments", "employees"] }));
    ({ erp, app, project } = world);
    const url = await judge();
    project.edit("mappings/employees.lua", `    { "bio",           "bio" },\n`, "");
    project.edit("mappings/employees.lua", `{ "phone",         "phone" }`, `{ "phone", "phone", conflict = "webhook" }`);
    // The address may be a secret: then it is said in tidewire.lua.
    project.edit(".env", "", `JUDGE_URL=${url}\n`);
    project.edit("tidewire.lua", "defaults = { ", `defaults = { judge = { url = secret "JUDGE_URL", timeout = "2s", fallback = "left" }, `);
    for (let i = 1; i <= 24; i++) await erp.insert("Staff Member", { staff_code: `p${i}`, full_name: `Person ${i}`, bio: `bio ${i}`, phone: "1" });
    await project.start();
    await world.connect();
    assert.equal((await project.cli("sync")).code, 0);
    await world.settled();
    assert.equal((await app.all("employees")).length, 24);
    assert.equal(asked.length, 0);
  },

  async "the judge is asked once, with base and both values, and its answer is written"() {
    say = () => ({ winner: "app" });
    await dispute("left 1", "right 1");
    await shows("right 1");
    assert.equal(asked.length, 1);
    const [question] = asked;
    assert.equal(question.method, "POST");
    assert.equal(question.header, question.id);
    assert.deepEqual([question.mapping, question.field, question.left_key, question.left, question.right], ["employees", "phone", "HR-00001", "left 1", "right 1"]);
    assert.deepEqual(question.base, { left: "1", right: "1" });
    const told = (await project.operations("employees", "HR-00001"))[0].record.fields.phone;
    assert.equal(told.rule, "webhook: right wins");
  },

  async "a value of its own goes to both sides"() {
    say = (question) => ({ value: `${question.left} or ${question.right}` });
    await dispute("left 2", "right 2");
    await shows("left 2 or right 2");
  },

  async "an answer that is none, an error and silence are left to the fallback, which says why"() {
    for (const [number, answer, why] of [[3, { status: 503 }, /answered 503/], [4, { text: "maybe" }, /no JSON/], [5, undefined, /gave no answer/], [6, { winner: "me" }, /decides nothing/]]) {
      say = () => answer;
      await dispute(`left ${number}`, `right ${number}`);
      await shows(`left ${number}`);
      const told = (await project.operations("employees", "HR-00001"))[0].record.fields.phone;
      assert.match(told.rule, why);
      assert.match(told.rule, /left wins$/);
      assert.ok(!JSON.stringify(told).includes("a-token"), "the address is not told");
    }
  },

  async "a field that the mapping gets is held by the brake after the tenth record, shown, and let go"() {
    const before = (await project.status()).mappings.employees.reload.at;
    project.edit("mappings/employees.lua", `    { "full_name",     "name" },\n`, `    { "full_name",     "name" },\n    { "bio",           "bio" },\n`);
    await until("the mapping to be read again", async () => (await project.status()).mappings.employees.reload.at !== before);
    await project.cli("sync", "employees", "--all");
    await world.settled();
    assert.equal((await app.all("employees")).filter((one) => one.bio).length, 10);
    const [held] = (await project.status()).mappings.employees.braked;
    assert.deepEqual([held.field, held.links], ["bio", 14]);
    assert.match((await project.cli("status")).out, /the brake holds the field 'bio' of 14 records/);
    assert.equal((await project.cli("status", "--exit-code")).code, 5);

    assert.deepEqual(await project.ask(["release", "employees", "bio"]), { released: 14 });

    await world.settled();
    assert.equal((await app.all("employees")).filter((one) => one.bio).length, 24);
    assert.equal((await project.status()).mappings.employees.braked, undefined);
  },
};

await run(cases, world);
