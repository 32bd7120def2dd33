import assert from "node:assert/strict";
import fs from "node:fs";
import { run, until } from "../support/scenario.mjs";
import { company, secrets, tables } from "../support/staff.mjs";

const world = {};
let erp, app, project;
const person = (code) => erp.find("Staff Member", "staff_code", code);
const row = (code) => app.find("employees", "code", code);

async function new_person(code, values = {}) {
  await erp.insert("Staff Member", { staff_code: code, full_name: code, active: 1, ...values });
  await until(code + " on the right", () => row(code));
  await world.settled();
  return { left: await person(code), right: await row(code) };
}
async function right_shows(code, column, value) {
  await until(`${code}.${column} to be ${value}`, async () => (await row(code))[column] === value);
  await world.settled();
}

/// The right side tells of its changes again.
async function speak() {
  for (const table of tables) await app.tell(table.name, project.daemon.address + "/webhook/app", { "x-app-secret": secrets.APP_WEBHOOK_SECRET });
}
/// A restart where the webhooks of both sides find it.
async function restart(...args) {
  const { address } = project.daemon;
  await project.daemon.stop();
  await project.start(["--listen", address.replace("http://", ""), ...args]);
}

const cases = {
  async "(a company, and the daemon runs)"() {
    Object.assign(world, await company({ parts: ["departments", "employees"] }));
    ({ erp, app, project } = world);
    await project.start();
    await world.connect();
  },

  async "explain tells from which side, which change, which rule and which script a value is"() {
    const ada = await new_person("ada", { phone: "+1" });
    await erp.edit("Staff Member", ada.left.name, { phone: "+2" });
    await right_shows("ada", "phone", "+2");

    const told = await project.cli("explain", "employees", ada.left.name, "phone");
    assert.equal(told.code, 0, told.err);
    for (const words of [/agreed on last: erp "\+2", app "\+2"/, /app got it from erp/, /by the rule "only left changed"/, /Before, app had "\+1"/, /a webhook told of it/, /Script version [0-9a-f]{12} of mapping employees/]) assert.match(told.out, words);
    const whole = await project.ask(["explain", "employees", String(ada.right.id), "--side", "right"]);
    const phone = whole.fields.find((one) => one.field.startsWith("phone"));
    assert.equal(phone.rule, "only left changed");
    assert.deepEqual(phone.because.map((one) => [one.side, one.key, one.reason]), [["left", ada.left.name, "webhook"]]);
    const name = whole.fields.find((one) => one.field.startsWith("full_name"));
    assert.match(name.text, /created from left/);
    assert.equal((await project.cli("explain", "employees", "nobody")).code, 1);
    assert.match((await project.cli("explain", "employees", ada.left.name, "phon")).err, /did you mean 'phone/);
  },

  async "explain tells what waits for a person, and who decided"() {
    const bob = await new_person("bob", { remark: "same" });
    const op = await project.operations("employees", bob.left.name);
    assert.equal(op.length, 1);
    await app.silence();
    await app.edit("employees", "code", "bob", { remark: "right says" });
    await erp.edit("Staff Member", bob.left.name, { remark: "left says" });
    const conflict = await until("the conflict", async () => (await project.ask(["conflicts"])).conflicts.find((one) => one.field.startsWith("remark")));
    assert.match((await project.cli("explain", "employees", bob.left.name, "remark")).out, /in conflict since .*erp says "left says", app says "right says"/);
    await project.ask(["resolve", String(conflict.id), "left", "--author", "grace"]);
    await right_shows("bob", "remark", "left says");
    assert.match((await project.cli("explain", "employees", bob.left.name, "remark")).out, /resolved by grace: left/);
    await speak();
  },

  async "try passes one record through and writes nothing"() {
    const cleo = await new_person("cleo");
    await app.silence();
    await app.edit("employees", "code", "cleo", { phone: "+7" });
    const before = await world.counts();
    const tried = await project.ask(["try", "employees", cleo.left.name]);
    const field = Object.entries(tried.record.fields).find(([name]) => name.startsWith("phone"))[1];
    assert.deepEqual([field.to_left, field.rule], ["+7", "only right changed"]);
    assert.ok(Object.keys(tried.record.fields).length >= 10, "every field is told");
    assert.deepEqual(await world.counts(), before);
    assert.match((await project.cli("try", "employees", cleo.left.name)).out, /Nothing was written/);
    await speak();
  },

  async "revert gives back what was there, and refuses what moved on since"() {
    const [dora, emil] = [await new_person("dora", { phone: "+1", bio: "old" }), await new_person("emil", { phone: "+1" })];
    const since = new Date().toISOString();
    for (const [one, values] of [[dora, { phone: "+wrong", bio: "wrong" }], [emil, { phone: "+wrong" }]]) await erp.edit("Staff Member", one.left.name, values);
    await right_shows("dora", "bio", "wrong");
    await right_shows("emil", "phone", "+wrong");
    await app.silence();
    await app.edit("employees", "code", "emil", { phone: "+own" });

    const plan = await project.ask(["revert", "--since", since, "--mapping", "employees"]);
    assert.deepEqual([plan.found.reverted, plan.found.refused], [1, 1]);
    assert.equal((await row("dora")).phone, "+wrong");
    const done = await project.ask(["revert", "--since", since, "--mapping", "employees", "--apply", "--author", "grace"], [5]);
    assert.deepEqual([done.found.reverted, done.found.refused], [1, 1]);
    const right = await row("dora");
    assert.deepEqual([right.phone, right.bio], ["+1", "old"]);
    assert.equal((await row("emil")).phone, "+own");
    assert.match((await project.cli("explain", "employees", dora.left.name, "phone")).out, /reverted by grace/);
    await speak();
  },

  async "links are listed, parted, joined and set aside, each audited with its author"() {
    const finn = await new_person("finn");
    const listed = await project.ask(["links", "employees", "--key", String(finn.right.id)]);
    assert.deepEqual(listed.links.map((one) => [one.left_key, one.right_key, one.state]), [[finn.left.name, String(finn.right.id), "live"]]);
    assert.match((await project.cli("links", "employees")).out, new RegExp(finn.left.name));

    await project.ask(["unlink", "employees", finn.left.name, "--author", "grace"]);
    assert.deepEqual((await project.ask(["links", "employees", "--key", finn.left.name])).links, []);
    assert.match((await project.cli("relink", "employees", finn.left.name, "999999")).err, /there is no record '999999' in app\.employees/);
    await project.ask(["relink", "employees", finn.left.name, String(finn.right.id), "--author", "grace"]);
    await world.settled();
    assert.equal((await project.ask(["links", "employees", "--key", finn.left.name])).links[0].right_key, String(finn.right.id));

    await project.ask(["ignore", "employees", finn.left.name, "bio", "--author", "grace"]);
    await erp.edit("Staff Member", finn.left.name, { bio: "mine alone", phone: "+5" });
    await right_shows("finn", "phone", "+5");
    assert.equal((await row("finn")).bio, null);
    assert.match((await project.cli("explain", "employees", finn.left.name, "bio")).out, /grace told to ignore/);
    await project.ask(["heed", "employees", finn.left.name, "bio"]);
    await right_shows("finn", "bio", "mine alone");

    await project.ask(["ignore", "employees", finn.left.name]);
    await erp.edit("Staff Member", finn.left.name, { phone: "+6" });
    await world.settled();
    assert.equal((await row("finn")).phone, "+5");
    await project.ask(["heed", "employees", finn.left.name]);
    await right_shows("finn", "phone", "+6");
  },

  async "reset-base lets the mapping's rules decide again"() {
    const gail = await new_person("gail", { phone: "+1" });
    await app.silence();
    await app.edit("employees", "code", "gail", { phone: "+right" });
    await project.ask(["reset-base", "employees", gail.left.name, "phone"]);
    await until("the newer value on the left", async () => (await person("gail")).phone === "+right");
    await speak();
    await world.settled();
  },

  async "read-only records for as long as it takes what it would write, one operation a record, then does it"() {
    const hugo = await new_person("hugo", { phone: "+1" });
    await restart("--read-only");
    const before = (await world.counts()).app;
    for (const phone of ["+2", "+3", "+4"]) {
      await erp.edit("Staff Member", hugo.left.name, { phone });
      await world.settled();
    }
    assert.equal((await world.counts()).app, before);
    assert.equal((await project.status()).mappings.employees.would_write, 1);
    const told = (await project.ask(["ops", "--outcome", "would_write", "--mapping", "employees"])).operations;
    assert.equal(told.length, 1);
    assert.equal(told[0].record.writes[0].values.phone, "+4");
    const repaired = await project.cli("verify", "employees", "--repair");
    assert.deepEqual([repaired.code, /records? differs?; it is read-only/.test(repaired.out)], [5, true], repaired.out + repaired.err);
    assert.equal((await world.counts()).app, before);
    await restart();
    await right_shows("hugo", "phone", "+4");
    assert.equal((await project.status()).mappings.employees.would_write, 0);
  },

  async "forget leaves no byte of the person in the state, and says so in the audit trail"() {
    const secret = "Wilhelmina-Zweigert";
    const wilma = await new_person("wilma-4711", { full_name: secret, bio: secret.repeat(300) });
    await erp.edit("Staff Member", wilma.left.name, { bio: secret + " edited" });
    await right_shows("wilma-4711", "bio", secret + " edited");
    const bytes = () => Buffer.concat(["state/tidewire.db", "state/tidewire.db-wal"].map(project.path).filter(fs.existsSync).map((file) => fs.readFileSync(file))).toString("latin1");
    assert.ok(bytes().includes(secret));
    await erp.quiet(true);
    await app.silence();
    await app.remove("employees", "code", "wilma-4711");
    await erp.remove("Staff Member", wilma.left.name);

    const gone = await project.ask(["forget", "employees", wilma.left.name, "--author", "grace"]);
    assert.ok(gone.forgotten.links === 1 && gone.forgotten.operations >= 2 && gone.forgotten.received >= 2, JSON.stringify(gone));
    for (const word of [secret, "wilma-4711", wilma.left.name]) assert.ok(!bytes().includes(word), word + " is still in the state");
    assert.ok(bytes().includes("grace"));
    await erp.quiet(false);
    await speak();
    await new_person("ivan");
    assert.equal((await project.cli("check")).code, 0);
  },
};

await run(cases, world);
