import assert from "node:assert/strict";
import { run, until } from "../support/scenario.mjs";
import { company } from "../support/staff.mjs";

const world = {};
let erp, app, project;

const person = (code) => erp.find("Staff Member", "staff_code", code);
const row = (code) => app.find("employees", "code", code);

/// A pair of both sides once `check` holds.
const pair = (code, check, seconds) => until(`${code} on both sides`, async () => {
  const [left, right] = [await person(code), await row(code)];
  return left && right && check(left, right) && { left, right };
}, seconds);

async function new_person(code, values = {}) {
  await erp.insert("Staff Member", { staff_code: code, full_name: code, active: 1, ...values });
  const made = await pair(code, () => true);
  await world.settled();
  return made;
}

/// What both sides wrote while `work` ran and settled.
async function writes_of(work) {
  const before = await world.counts();
  await work();
  await world.settled();
  const after = await world.counts();
  return { erp: after.erp - before.erp, app: after.app - before.app };
}

const open_conflict = async (field) => (await project.ask(["conflicts"])).conflicts.find((one) => one.field.startsWith(field));

const cases = {
  async "(both systems hold records before the first start)"() {
    Object.assign(world, await company());
    ({ erp, app, project } = world);
    await erp.insert("Team", { code: "ENG", team_name: "Engineering" });
    await erp.insert("Team", { code: "OPS", team_name: "Operations" });
    await erp.insert("Staff Member", { staff_code: "ada", full_name: "Ada Lovelace", active: 1, date_of_birth: "1815-12-10", met_at: "2024-07-01 12:00:00.5", salary: 1234.56, status: "On Leave", team: "ENG" });
    const ada = await person("ada");
    await erp.insert("Staff Member", { staff_code: "grace", full_name: "Grace Hopper", active: 0, met_at: "2024-01-01 12:00:00", reports_to: ada.name });
    await app.insert("teams", { code: "HR", name: "People" });
    await app.insert("employees", { code: "ada", name: "Ada Lovelace", bio: "only on the right" });
    await app.insert("employees", { code: "emmy", name: "Emmy Noether", active: true, born_on: "1882-03-23", met_at: "2024-12-31T23:30:00Z", salary: "99999.90", status: "left" });
  },

  async "a dry run tells the writes field by field and writes nothing"() {
    const before = await world.counts();
    const told = await project.cli("sync", "--dry-run", "--details");
    assert.equal(told.code, 0, told.err);
    for (const words of [/salary/, /99999\.9/, /full_name>name\s+Emmy Noether/, /Nothing was written/, /would create/, /employees +HR-00001 <> \d+\n(.*\n)*? +team>team_id +owed/, /once its parent is linked: departments\/left\/ENG/, /; 1 of these after their parents/]) assert.match(told.out, words);
    const job = await project.ask(["sync", "--dry-run"]);
    const emmy = job.writes.flatMap((one) => one.record.writes).find((one) => one.values.staff_code === "emmy");
    assert.deepEqual([emmy.kind, emmy.values.active, emmy.values.met_at, emmy.values.status], ["create", 1, "2025-01-01 00:30:00", "Left"]);
    const grace = job.writes.flatMap((one) => one.record.writes).find((one) => one.values.code === "grace");
    assert.deepEqual([grace.kind, grace.values.active, grace.values.met_at], ["create", false, "2024-01-01T11:00:00Z"]);
    assert.deepEqual(await world.counts(), before);
    assert.equal((await app.all("employees")).length, 2);
  },

  async "the initial load makes both sides level: what is only here, only there, and on both"() {
    await project.start();
    await world.connect();
    const done = await project.cli("sync");
    assert.equal(done.code, 0, done.out + done.err);
    await world.settled();
    const [teams, employees] = [await app.all("teams"), await app.all("employees")];
    assert.deepEqual(teams.map((one) => one.code).sort(), ["ENG", "HR", "OPS"]);
    assert.deepEqual(employees.map((one) => one.code).sort(), ["ada", "emmy", "grace"]);
    const [ada, grace] = ["ada", "grace"].map((code) => employees.find((one) => one.code === code));
    assert.equal(ada.active, true);
    assert.equal(ada.born_on, "1815-12-10");
    assert.equal(new Date(ada.met_at).toISOString(), "2024-07-01T10:00:00.500Z");
    assert.equal(ada.salary, 1234.56);
    assert.equal(ada.status, "leave");
    assert.equal(ada.team_id, teams.find((one) => one.code === "ENG").id);
    assert.equal(ada.bio, "only on the right");
    assert.equal(grace.active, false);
    assert.equal(new Date(grace.met_at).toISOString(), "2024-01-01T11:00:00.000Z");
    const emmy = await person("emmy");
    assert.deepEqual([emmy.active, emmy.date_of_birth, emmy.met_at.slice(0, 19), emmy.salary, emmy.status], [1, "1882-03-23", "2025-01-01 00:30:00", 99999.9, "Left"]);
    assert.equal((await person("ada")).bio, "only on the right");
    assert.equal((await erp.find("Team", "code", "HR")).team_name, "People");
  },

  async "a second load finds nothing to write"() {
    assert.deepEqual(await writes_of(async () => assert.equal((await project.cli("sync", "--all")).code, 0)), { erp: 0, app: 0 });
  },

  async "a create travels to the right by webhook, and its echo writes nothing"() {
    const wrote = await writes_of(() => new_person("alan", { full_name: "Alan Turing", salary: 0.01, team: "ENG" }));
    assert.deepEqual(wrote, { erp: 1, app: 1 });
    assert.equal((await row("alan")).name, "Alan Turing");
  },

  async "a create travels to the left by webhook, and its echo writes nothing"() {
    const wrote = await writes_of(() => app.insert("employees", { code: "kurt", name: "Kurt Gödel", active: false, status: "active" }));
    assert.deepEqual(wrote, { erp: 1, app: 1 });
    const kurt = await person("kurt");
    assert.deepEqual([kurt.full_name, kurt.active, kurt.status], ["Kurt Gödel", 0, "Active"]);
  },

  async "every kind of field travels both ways in its own form"() {
    const eng = await app.find("teams", "code", "ENG");
    assert.deepEqual(await writes_of(async () => {
      await app.edit("employees", "code", "kurt", { active: true, born_on: "1906-04-28", met_at: "2024-03-31T01:30:00.25Z", salary: "12345678901.25", status: "leave", team_id: eng.id, manager_id: (await row("ada")).id });
    }), { erp: 1, app: 1 });
    const kurt = await person("kurt");
    assert.deepEqual([kurt.active, kurt.date_of_birth, kurt.met_at.slice(0, 21), kurt.salary, kurt.status, kurt.team, kurt.reports_to],
      [1, "1906-04-28", "2024-03-31 03:30:00.2", 12345678901.25, "On Leave", "ENG", (await person("ada")).name]);

    assert.deepEqual(await writes_of(() => erp.edit("Staff Member", kurt.name, { active: 0, date_of_birth: null, met_at: null, salary: 7, status: "Left", team: "OPS", reports_to: null })), { erp: 1, app: 1 });
    const right = await row("kurt");
    assert.deepEqual([right.active, right.born_on, right.met_at, right.salary, right.status, right.team_id, right.manager_id],
      [false, null, null, 7, "left", (await app.find("teams", "code", "OPS")).id, null]);
  },

  async "text of any script, any length, empty and null survives the way there and back"() {
    const texts = ["Ω≈ç√ 漢字 かな עִבְרִית हिन्दी ไทย", "👩‍👩‍👧‍👦🏳️‍🌈 e\u0301 é", "quotes \" ' ` \\ back\\slash <b>&amp;</b> %20 ${x} {{ y }}", "line\nbreak\ttab", "x".repeat(100000) + "ü", "null", "0", " "];
    const { left } = await new_person("text");
    for (const text of texts) {
      await erp.edit("Staff Member", left.name, { bio: text });
      const stored = (await erp.get("Staff Member", left.name)).bio;
      await pair("text", (_, right) => right.bio === stored);
    }
    for (const text of ["從右邊 → left", "y".repeat(50000), "a, (b) \"c\" and.or=(x)*"]) {
      await app.edit("employees", "code", "text", { bio: text });
      await pair("text", (now) => now.bio === text);
    }
    await app.edit("employees", "code", "text", { bio: null });
    await pair("text", (now) => now.bio === null || now.bio === "");
    await world.settled();
    await erp.edit("Staff Member", left.name, { bio: "again" });
    await pair("text", (_, right) => right.bio === "again");
    await erp.edit("Staff Member", left.name, { bio: "" });
    await pair("text", (_, right) => !right.bio);
    assert.deepEqual(await writes_of(() => app.edit("employees", "code", "text", { phone: "" })), { erp: 0, app: 1 }, "empty and null are one to Frappe");
  },

  async "different fields of one record edited on both sides are merged"() {
    const { left } = await new_person("merge", { phone: "1", bio: "old" });
    await erp.quiet(true);
    await app.knob("edit", { table: "employees", query: "code=eq.merge", set: { phone: "2" } });
    await erp.edit("Staff Member", left.name, { bio: "new" });
    await erp.quiet(false);
    await pair("merge", (here, there) => here.phone === "2" && there.phone === "2" && here.bio === "new" && there.bio === "new");
    await world.settled();
    assert.ok((await project.operations("employees", left.name)).some((one) => one.outcome === "merged"));
  },

  async "the newest of two edits of one field wins on both sides"() {
    const { left } = await new_person("clash", { phone: "0" });
    await erp.quiet(true);
    await erp.edit("Staff Member", left.name, { phone: "older, left" });
    await app.edit("employees", "code", "clash", { phone: "newer, right" });
    await erp.quiet(false);
    await pair("clash", (here, there) => here.phone === "newer, right" && there.phone === "newer, right");
    await world.settled();

    await app.knob("edit", { table: "employees", query: "code=eq.clash", set: { phone: "older, right" } });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await erp.edit("Staff Member", left.name, { phone: "newer, left" });
    await pair("clash", (here, there) => here.phone === "newer, left" && there.phone === "newer, left");
    await world.settled();
    const told = await project.cli("ops", "--mapping", "employees", "--key", left.name);
    assert.match(told.out, /clash|HR-/, told.out);
    const operation = (await project.operations("employees", left.name))[0];
    assert.equal(operation.record.fields.phone?.winner ?? operation.record.fields[Object.keys(operation.record.fields)[0]].winner, "left");
  },

  async "a manual field waits for a person, the other fields go on, and the decision reaches both sides"() {
    const { left } = await new_person("manual", { remark: "agreed", phone: "1" });
    await erp.quiet(true);
    await app.knob("edit", { table: "employees", query: "code=eq.manual", set: { remark: "right's", phone: "2" } });
    await erp.edit("Staff Member", left.name, { remark: "left's", bio: "undisputed" });
    await erp.quiet(false);
    await pair("manual", (here, there) => there.bio === "undisputed" && here.phone === "2" && here.remark === "left's" && there.remark === "right's");
    await world.settled();
    const conflict = await open_conflict("remark");
    assert.deepEqual([conflict.left, conflict.right, conflict.base.left], ["left's", "right's", "agreed"]);
    assert.equal((await project.cli("status", "--exit-code")).code, 5);

    const listed = await project.cli("conflicts");
    assert.match(listed.out, /left's/);
    const wrote = await writes_of(async () => {
      const done = await project.cli("resolve", String(conflict.id), "right");
      assert.equal(done.code, 0, done.err + done.out);
      await pair("manual", (here) => here.remark === "right's");
    });
    assert.deepEqual(wrote, { erp: 1, app: 0 });
    assert.equal(await open_conflict("remark"), undefined);
    assert.equal((await project.cli("status", "--exit-code")).code, 0);
  },

  async "a conflict can be decided by a value of one's own, and refuses a decision on values that moved"() {
    const { left } = await new_person("value", { remark: "base" });
    await erp.quiet(true);
    await app.knob("edit", { table: "employees", query: "code=eq.value", set: { remark: "R" } });
    await erp.edit("Staff Member", left.name, { remark: "L" });
    await erp.quiet(false);
    const first = await until("the conflict", () => open_conflict("remark"));
    await world.settled();
    await erp.edit("Staff Member", left.name, { remark: "L2" });
    await until("the conflict's new value", async () => (await open_conflict("remark"))?.left === "L2");
    await world.settled();
    const stale = await project.cli("resolve", String(first.id), "left", "--shown-at", first.shown_at);
    assert.equal(stale.code, 1, stale.out + stale.err);
    assert.equal((await row("value")).remark, "R");
    const done = await project.cli("resolve", String(first.id), "value", "--value", "\"both of us\"");
    assert.equal(done.code, 0, done.err);
    await pair("value", (here, there) => here.remark === "both of us" && there.remark === "both of us");
    await world.settled();
    assert.equal(await open_conflict("remark"), undefined);
  },

  async "sides that come to agree close their conflict themselves"() {
    const { left } = await new_person("agree", { remark: "base" });
    await erp.quiet(true);
    await app.knob("edit", { table: "employees", query: "code=eq.agree", set: { remark: "R" } });
    await erp.edit("Staff Member", left.name, { remark: "L" });
    await erp.quiet(false);
    await until("the conflict", () => open_conflict("remark"));
    await world.settled();
    assert.deepEqual(await writes_of(() => erp.edit("Staff Member", left.name, { remark: "R" })), { erp: 1, app: 0 });
    assert.equal(await open_conflict("remark"), undefined);
  },

  async "a delete on the left marks the row on the right, as the mapping says"() {
    const { left } = await new_person("soft");
    assert.deepEqual(await writes_of(() => erp.remove("Staff Member", left.name)), { erp: 1, app: 1 });
    assert.ok((await row("soft")).archived_at);
    assert.ok(Math.abs(new Date((await row("soft")).archived_at) - Date.now()) < 600000);
    assert.deepEqual(await writes_of(() => app.edit("employees", "code", "soft", { phone: "still edited" })), { erp: 0, app: 1 });
    assert.equal(await person("soft"), null, "what was deleted is not made again");
  },

  async "a delete on the right deletes on the left, and its echo does nothing"() {
    await new_person("gone");
    assert.deepEqual(await writes_of(() => app.remove("employees", "code", "gone")), { erp: 1, app: 1 });
    assert.equal(await person("gone"), null);
  },

  async "a record edited on one side while deleted on the other is restored"() {
    const { left } = await new_person("restore", { phone: "1" });
    await erp.quiet(true);
    await erp.edit("Staff Member", left.name, { phone: "2" });
    await app.remove("employees", "code", "restore");
    await pair("restore", (_, there) => there.phone === "2");
    await erp.quiet(false);
    await world.settled();
    assert.equal((await person("restore")).name, left.name);
  },

  async "a key that was deleted and made again is a new record"() {
    const { left } = await new_person("again", { bio: "first" });
    await app.remove("employees", "code", "again");
    await until("the delete", async () => (await person("again")) === null);
    await world.settled();
    const made = await app.insert("employees", { code: "again", name: "second" });
    const now = await pair("again", (here) => here.full_name === "second");
    assert.notEqual(now.left.creation, left.creation, "the site's series gives the same name again");
    assert.equal(now.right.id, made.id);
    assert.ok(!now.left.bio);
  },

  async "a child waits for its parent and follows it"() {
    await project.ask(["status"]);
    await erp.quiet(true);
    await erp.insert("Team", { code: "NEW", team_name: "New" });
    const body = await erp.insert("Staff Member", { staff_code: "child", full_name: "Child", team: "NEW" });
    await project.cli("sync", "employees", "--key", body.name, "--once");
    await until("the child to wait for its parent", async () => (await project.status()).mappings.employees.waiting_for === 1);
    assert.ok((await project.status()).mappings.employees.oldest_waiting, "it is not level");
    const status = await project.cli("status", "--exit-code");
    assert.equal(status.code, 5, status.out);
    assert.match(status.out, /! 1 record without its parent: `tidewire conflicts`/);
    assert.equal((await project.cli("status", "--healthy")).code, 0);
    assert.equal(await row("child"), null);
    await erp.quiet(false);
    const { right } = await pair("child", () => true);
    assert.equal(right.team_id, (await app.find("teams", "code", "NEW")).id);
    await world.settled();
    assert.equal((await project.status()).mappings.employees.waiting_for, 0);
  },

  async "a child that waits goes on when it is given a parent that is there"() {
    await erp.quiet(true);
    await erp.insert("Team", { code: "LATER", team_name: "Later" });
    const made = await erp.insert("Staff Member", { staff_code: "moved", full_name: "Moved", team: "LATER" });
    await project.cli("sync", "employees", "--key", made.name, "--once");
    await until("the child to wait for its parent", async () => (await project.status()).mappings.employees.waiting_for === 1);
    await erp.edit("Staff Member", made.name, { team: "ENG" });
    await project.cli("sync", "employees", "--key", made.name, "--once");
    try {
      const { right } = await pair("moved", () => true, 10);
      assert.equal(right.team_id, (await app.find("teams", "code", "ENG")).id);
    } finally {
      await erp.quiet(false);
      await world.settled();
    }
  },

  async "an optional reference is owed until its record is linked, and written then"() {
    await erp.knob("faults", { webhooks: { drop: 1 } });
    const boss = await erp.insert("Staff Member", { staff_code: "boss", full_name: "Boss" });
    const minion = await erp.insert("Staff Member", { staff_code: "minion", full_name: "Minion", reports_to: boss.name });
    await erp.knob("faults", { webhooks: { drop: 0 } });
    await project.cli("sync", "employees", "--key", minion.name);
    await world.settled();
    assert.equal((await row("minion")).manager_id, null);
    await project.cli("sync", "employees", "--key", boss.name);
    await until("the minion's manager", async () => (await row("minion")).manager_id === (await row("boss")).id, 10);
  },

  async "sync --key looks at one record alone"() {
    const { left } = await new_person("key1", { phone: "1" });
    const other = await new_person("key2", { phone: "1" });
    await erp.knob("edit", { doctype: "Staff Member", name: left.name, values: { phone: "2" }, touch_modified: true });
    await erp.knob("edit", { doctype: "Staff Member", name: other.left.name, values: { phone: "2" }, touch_modified: true });
    assert.equal((await project.cli("sync", "employees", "--key", left.name)).code, 0);
    assert.deepEqual([(await row("key1")).phone, (await row("key2")).phone], ["2", "1"]);

    await app.knob("edit", { table: "employees", query: "code=eq.key2", set: { bio: "right's" } });
    assert.equal((await project.cli("sync", "employees", "--side", "right", "--key", String(other.right.id))).code, 0);
    assert.equal((await person("key2")).bio, "right's");
    await world.settled();
  },

  async "a dry run of one key tells the fields of an update"() {
    const left = await person("key1");
    await erp.knob("edit", { doctype: "Staff Member", name: left.name, values: { phone: "3" }, touch_modified: true });
    const told = await project.cli("sync", "employees", "--key", left.name, "--dry-run");
    assert.equal(told.code, 0, told.err);
    assert.match(told.out, /phone/);
    assert.match(told.out, /"?3"?/);
    assert.equal((await row("key1")).phone, "2");
    await project.cli("sync", "employees", "--key", left.name);
    assert.equal((await row("key1")).phone, "3");
    await world.settled();
  },

  async "a dead letter says why and is applied by retry once the cause is mended"() {
    const { left } = await new_person("dead", { phone: "1" });
    await app.faults({ match: { method: "PATCH", path: "employees" }, action: { status: 400, body: "{\"code\":\"23514\",\"message\":\"new row violates check constraint phone_is_fine\",\"details\":null,\"hint\":null}" } });
    await erp.edit("Staff Member", left.name, { phone: "refused" });
    const [dead] = await until("the dead letter", async () => { const keys = await project.dead("employees"); return keys.length > 0 && keys; });
    assert.match(dead.error.message, /phone_is_fine/);
    assert.equal(dead.key, left.name);
    const failed = await project.cli("ops", "--failed");
    assert.match(failed.out, /dead/);
    await app.well();
    assert.equal((await row("dead")).phone, "1");
    const done = await project.cli("retry", "--all");
    assert.equal(done.code, 0, done.err);
    await pair("dead", (_, there) => there.phone === "refused");
    await world.settled();
    assert.deepEqual(await project.dead("employees"), []);
  },

  async "a new change for a dead key tries again by itself"() {
    const { left } = await new_person("dead2", { phone: "1" });
    await app.faults({ match: { method: "PATCH", path: "employees" }, count: 1, action: { status: 400, body: "{\"code\":\"23514\",\"message\":\"no\",\"details\":null,\"hint\":null}" } });
    await erp.edit("Staff Member", left.name, { phone: "2" });
    await until("the dead letter", async () => (await project.dead("employees")).length === 1);
    await app.well();
    await erp.edit("Staff Member", left.name, { bio: "next" });
    await pair("dead2", (_, there) => there.phone === "2" && there.bio === "next");
    await world.settled();
    assert.deepEqual(await project.dead("employees"), []);
  },

  async "a one-way mapping copies one way, and leaves edits on its target until the source changes"() {
    const made = await erp.insert("Notice", { code: "n1", body: "one" });
    await until("the notice", async () => (await app.find("notices", "code", "n1"))?.body === "one");
    await world.settled();
    assert.deepEqual(await writes_of(() => app.edit("notices", "code", "n1", { body: "drift" })), { erp: 0, app: 1 });
    assert.deepEqual(await writes_of(() => app.insert("notices", { code: "n2", body: "only here" })), { erp: 0, app: 1 });
    assert.equal((await erp.find("Notice", "code", "n1")).body, "one");
    assert.equal(await erp.find("Notice", "code", "n2"), null);
    await erp.edit("Notice", made.name, { body: "two" });
    await until("the source's value", async () => (await app.find("notices", "code", "n1")).body === "two");
    await world.settled();
    await app.remove("notices", "code", "n1");
    await world.settled();
    assert.equal((await erp.find("Notice", "code", "n1")).body, "two");
    const second = await erp.insert("Notice", { code: "n3", body: "three" });
    await until("the third", () => app.find("notices", "code", "n3"));
    await world.settled();
    await erp.remove("Notice", second.name);
    await until("its delete", async () => (await app.find("notices", "code", "n3")) === null);
  },

  async "many edits at once on both sides end equal, each written once"() {
    const codes = Array.from({ length: 60 }, (_, i) => `bulk${i}`);
    await erp.insert_many(codes.map((code) => ({ doctype: "Staff Member", staff_code: code, full_name: code })));
    await until("all of them", async () => (await app.all("employees")).filter((one) => one.code.startsWith("bulk")).length === 60);
    await world.settled();
    const people = (await erp.all("Staff Member")).filter((one) => one.staff_code.startsWith("bulk"));
    const wrote = await writes_of(() => Promise.all(people.map((one, i) => i % 2 ? erp.edit("Staff Member", one.name, { phone: `left ${i}` }) : app.edit("employees", "code", one.staff_code, { phone: `right ${i}` }))));
    assert.deepEqual(wrote, { erp: 60, app: 60 });
  },

  async "in the end both sides hold the same, and nothing waits for anybody"() {
    await world.settled();
    const rows = new Map((await app.all("employees")).filter((one) => !one.archived_at).map((one) => [one.code, one]));
    const people = await erp.all("Staff Member");
    assert.deepEqual(people.map((one) => one.staff_code).sort(), [...rows.keys()].sort());
    const words = { Active: "active", "On Leave": "leave", Left: "left" };
    for (const one of people) {
      const other = rows.get(one.staff_code);
      const flat = [one.full_name, one.bio || null, one.phone || null, one.remark || null, one.active === 1, one.date_of_birth, one.salary ?? 0, words[one.status]];
      assert.deepEqual(flat, [other.name, other.bio || null, other.phone || null, other.remark || null, other.active ?? false, other.born_on, other.salary ?? 0, other.status ?? words[one.status]], one.staff_code);
    }
    assert.equal((await project.cli("status", "--exit-code")).code, 0);
    assert.deepEqual(await writes_of(async () => assert.equal((await project.cli("sync", "--all", "--sweep")).code, 0)), { erp: 0, app: 0 });
  },
};

await run(cases, world, async () => {
  await erp?.well();
  await app?.well();
  await erp?.quiet(false);
});
