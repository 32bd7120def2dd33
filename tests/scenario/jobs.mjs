import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { call, run, until } from "../support/scenario.mjs";
import { company, secrets } from "../support/staff.mjs";

const world = {};
let erp, app, project;
const code = (number) => "n" + String(number).padStart(5, "0");

/// Notices from..to-1 on the left, and the same on the right where told so; quick, as an import would.
async function fill(from, to, both) {
  for (let at = from; at < to; at += 200) {
    const numbers = Array.from({ length: Math.min(200, to - at) }, (_, i) => at + i);
    await erp.insert_many(numbers.map((one) => ({ doctype: "Notice", code: code(one), body: "text " + one })));
    if (both) await app.ask("POST", "/rest/v1/notices", numbers.map((one) => ({ code: code(one), body: "text " + one })), { Prefer: "return=minimal" });
  }
}

const count = async () => (await app.all("notices")).length;
const links = async () => (await project.status()).mappings.notices.links;
const jobs = async () => (await project.ask(["jobs", "--all"])).jobs;
const job = (id) => call("http://tidewire/api/v1/jobs/" + id, { socket: project.path("state/tidewire.sock") }).then((answer) => answer.json);
const ended = (id) => until("job " + id + " to end", async () => {
  const one = await job(id);
  return !["running", "paused"].includes(one.state) && one;
});
async function begin(body) {
  const answer = await call("http://tidewire/api/v1/sync", { method: "POST", body, headers: { "Content-Type": "application/json" }, socket: project.path("state/tidewire.sock") });
  assert.equal(answer.status, 202, answer.text);
  return answer.json.job;
}

// So slow that a load is still under way when it is interfered with, on however fast a machine: the first call gets through,
// the next ones take long.
const slow_creates = () => app.faults({ match: { method: "POST", path: "notices" }, after: 1, action: { delay: 5 } });
const slow_searches = () => app.faults({ match: { method: "GET", path: "notices" }, action: { delay: 0.3 } });

const cases = {
  async "(both systems hold the same notices, and the daemon runs)"() {
    Object.assign(world, await company({ parts: ["notices", "departments"] }));
    ({ erp, app, project } = world);
    await erp.quiet(true);
    await fill(0, 1600, true);
    await project.start();
  },

  async "an initial load killed in the middle goes on by itself, and links everything once"() {
    const before = await world.counts();
    await slow_searches();
    const id = await begin({ mapping: "notices" });
    await until("the load to be in the middle", async () => {
      assert.equal((await job(id)).state, "running", "killed too late");
      return (await links()) > 100;
    });
    const marked = (await job(id)).parts[0].marked;
    assert.ok(marked < 1600, `${marked} were marked: the listing was over`);
    process.kill(project.daemon.process, "SIGKILL");
    await until("the daemon to be gone", () => !project.daemon.running());
    await app.well();
    await project.start();

    const done = await ended(id);
    assert.equal(done.state, "done", JSON.stringify(done.parts));
    assert.equal(done.parts[0].marked, 1600);
    assert.equal(await links(), 1600);
    assert.deepEqual(await world.counts(), before);
    assert.equal(await count(), 1600);
  },

  async "a pause holds what is marked too, live changes pass it, and a resume ends the load"() {
    await fill(1600, 3000, false);
    await slow_creates();
    const id = await begin({ mapping: "notices" });
    await until("some to be copied", async () => (await count()) > 1600);
    const paused = await project.ask(["jobs", "pause", id]);
    assert.equal(paused.state, "paused");
    await until("what is under way to end", async () => (await project.status()).mappings.notices.under_way === 0);
    const held = await count();
    assert.ok(held < 3000, `${held} are there already`);
    await app.well();

    const first = await erp.find("Notice", "code", code(0));
    await erp.edit("Notice", first.name, { body: "live" });
    await project.ask(["sync", "notices", "--key", first.name, "--once"], [0, 1]);
    await until("the live change to arrive", async () => (await app.find("notices", "code", code(0))).body === "live");
    assert.equal(await count(), held);
    assert.equal((await job(id)).state, "paused");

    await project.ask(["jobs", "resume", id]);
    assert.equal((await ended(id)).state, "done");
    assert.equal(await count(), 3000);
  },

  async "a cancelled load stops where it is, and is told so"() {
    await fill(3000, 4400, false);
    await slow_creates();
    const id = await begin({ mapping: "notices" });
    await until("some to be copied", async () => (await count()) > 3000);
    await project.ask(["jobs", "cancel", id]);
    assert.equal((await job(id)).state, "cancelled");
    await until("what is under way to end", async () => (await project.status()).mappings.notices.under_way === 0);
    const stopped = await count();
    assert.ok(stopped < 4400, `${stopped} are there already`);
    await app.well();
    assert.equal((await jobs()).find((one) => one.id === id).state, "cancelled");
    assert.equal((await project.ask(["sync", "notices"])).state, "done");
    assert.equal(await count(), 4400);
  },

  async "adoption of two sides that are filled reports, and writes nothing before it is accepted"() {
    for (const [key, name] of [["ENG", "Engineering"], ["OPS", "Operations"], ["LAW", "Legal"]]) await erp.insert("Team", { code: key, team_name: name });
    for (const [key, name] of [["ENG", "Engineering"], ["OPS", "Ops"], ["HR", "People"]]) await app.insert("teams", { code: key, name });
    const before = await world.counts();

    const report = await project.ask(["adopt", "departments"]);
    assert.deepEqual(report.found, { exact: 1, differing: 1, left_only: 1, right_only: 1 });
    assert.equal((await project.status()).mappings.departments.held_for, "adoption: reported, not accepted");
    const ops = await erp.find("Team", "code", "OPS");
    const refused = await project.cli("sync", "departments", "--json");
    assert.match(refused.json.error.message, /is held/);
    assert.equal((await call("http://tidewire/api/v1/retry", { method: "POST", body: { mapping: "departments" }, headers: { "Content-Type": "application/json" }, socket: project.path("state/tidewire.sock") })).status, 200);
    const hr = await app.find("teams", "code", "HR");
    const told = await call(project.daemon.address + "/webhook/app", { method: "POST", headers: { "Content-Type": "application/json", "x-app-secret": secrets.APP_WEBHOOK_SECRET }, body: { type: "UPDATE", table: "teams", schema: "public", record: hr, old_record: hr } });
    assert.ok(told.status < 300, told.text);
    await until("its key to wait", async () => (await project.status()).mappings.departments.waiting > 0);
    await project.daemon.stop();
    const written = async () => [await erp.written("Team"), await app.written("teams")];
    const untouched = await written();
    for (const looks of [["check"], ["check", "--connect"], ["schema", "erp", "Team"], ["try", "departments", ops.name], ["explain", "departments", ops.name], ["record", "departments", ops.name],
      ["install", "frappe", "departments", "--address", "https://sync.example.org"], ["sync", "departments", "--dry-run"], ["verify", "departments"], ["adopt", "departments"]]) {
      const { code, err } = await project.cli(...looks);
      assert.notEqual(code, 2, looks.join(" ") + ": " + err);
      assert.deepEqual(await written(), untouched, looks.join(" ") + " wrote");
    }
    const alone = await project.cli("sync", "departments");
    assert.deepEqual([alone.code, /is held: adoption/.test(alone.err)], [1, true], alone.err);
    assert.match((await project.cli("status")).out, /departments is held \(adoption/);
    assert.match((await project.cli("alerts")).out, /departments is held \(adoption/);
    await project.start();
    assert.deepEqual(await world.counts(), before);
    assert.deepEqual(await written(), untouched);

    const done = await project.ask(["adopt", "departments", "--accept"], [0]);
    assert.equal(done.state, "done");
    assert.deepEqual((await app.all("teams")).map((one) => one.code).sort(), ["ENG", "HR", "LAW", "OPS"]);
    const names = [(await erp.get("Team", ops.name)).team_name, (await app.find("teams", "code", "OPS")).name];
    assert.equal(names[0], names[1]);
  },

  async "a sweep whose list lost a row that the system counts says so, and the next whole one is done"() {
    assert.equal((await project.ask(["sync", "departments", "--sweep"])).state, "done");
    const shipped = fs.readFileSync(path.join(process.env.SOURCE_DIR, "scripts/connectors/supabase.lua"), "utf8");
    const whole = "  local records = tables.records(shape, rows)\n  return { records = records, cursor";
    assert.ok(shipped.includes(whole));
    const reloads = () => project.logged("project_reloaded").length;
    let before = reloads();
    project.write("connectors/supabase.lua", shipped.replace(whole, "  if not cursor then table.remove(rows, 1) end\n" + whole));
    await until("the connector to be used", () => reloads() > before);
    const written = await world.counts();
    const listed = (await app.all("teams")).length;

    const told = await project.cli("sync", "departments", "--sweep");
    assert.notEqual(told.code, 0);
    const text = new RegExp(`the list of teams on app shows ${listed - 1} records where the system counts ${listed}`);
    assert.match(told.out + told.err, text);
    assert.match((await project.cli("status")).out, /departments: the last sweep failed: the list of teams on app shows/);
    assert.match(project.logged("job_failed").at(-1).message, text);
    assert.deepEqual(await world.counts(), written);

    before = reloads();
    project.remove("connectors/supabase.lua");
    await until("the shipped connector", () => reloads() > before);
    assert.equal((await project.ask(["sync", "departments", "--sweep"])).state, "done");
    assert.doesNotMatch((await project.cli("status")).out, /the last sweep failed/);
  },

  async "verify finds planted drift record by record, and repairs it by the mapping's rules"() {
    const clean = await project.ask(["verify", "departments"]);
    assert.deepEqual([clean.state, clean.found], ["done", {}]);
    const eng = await erp.find("Team", "code", "ENG");
    await erp.edit("Team", eng.name, { team_name: "drifted" });
    await app.insert("teams", { code: "NEW", name: "never heard of" });

    const found = await project.ask(["verify", "departments"], [1]);
    assert.deepEqual(found.found, { differing: 1, right_only: 1 });
    const drift = found.findings.find((one) => one.finding === "differing");
    assert.equal(drift.left_key, eng.name);
    const [, field] = Object.entries(drift.record.fields).find(([name]) => name.startsWith("team_name"));
    assert.deepEqual([field.left, field.right, field.rule], ["drifted", "Engineering", "only left changed"]);
    assert.match((await project.cli("verify", "departments")).out, /drifted/);
    assert.equal((await app.find("teams", "code", "ENG")).name, "Engineering");

    await project.ask(["verify", "departments", "--repair"]);
    assert.equal((await app.find("teams", "code", "ENG")).name, "drifted");
    assert.equal((await erp.find("Team", "code", "NEW")).team_name, "never heard of");
    assert.deepEqual((await project.ask(["verify", "departments"])).found, {});
    await app.remove("teams", "code", "NEW");
    assert.deepEqual((await project.ask(["verify", "departments"], [1])).found, { missing_right: 1 });
  },

  async "a staged load writes nothing before its conflicts are decided, over a restart too"() {
    const reloads = project.logged("mapping_reloaded").length;
    project.edit("mappings/departments.lua", "return mapping {", 'return mapping {\n  conflict = "manual",');
    await until("the mapping to be reloaded", () => project.logged("mapping_reloaded").length > reloads);
    await erp.insert("Team", { code: "DUO", team_name: "of the left" });
    await app.insert("teams", { code: "DUO", name: "of the right" });
    await erp.insert("Team", { code: "ONE", team_name: "alone" });
    const before = await world.counts();

    const staged = await project.cli("sync", "departments", "--staged");
    assert.equal(staged.code, 5, staged.err);
    assert.match(staged.err, /1 conflict waits for a decision \(`tidewire conflicts`\) and nothing is written before/);
    await project.daemon.stop();
    await project.start();
    const waits = (await jobs())[0].id;
    await until("the job to wait again", async () => (await job(waits)).parts[0].state === "staged");
    const [part] = (await job(waits)).parts;
    assert.deepEqual([part.undecided, part.counts.would_write], [1, 1]);
    assert.deepEqual(await world.counts(), before);
    const behind = await project.cli("sync", "departments", "--sweep");
    assert.equal(behind.code, 5, behind.err);
    assert.match(behind.err, new RegExp(`waits for the staged initial_load ${waits}, until 1 conflict is decided`));
    const listed = (await jobs()).find((one) => one.kind === "sweep");
    assert.deepEqual([listed.waits_for.job, listed.waits_for.undecided], [waits, 1]);
    assert.match((await project.cli("jobs")).out, /until 1 conflict is decided/);
    const refused = await project.cli("sync", "departments", "--staged", "--dry-run");
    assert.match(refused.err, /staged is for a whole load, resync or sweep/);

    const [conflict] = (await project.ask(["conflicts", "--mapping", "departments"])).conflicts;
    await project.ask(["resolve", String(conflict.id), "right"]);
    assert.equal((await ended(waits)).state, "done");
    assert.equal((await ended(listed.id)).state, "done");
    assert.equal((await erp.find("Team", "code", "DUO")).team_name, "of the right");
    assert.equal((await app.find("teams", "code", "ONE")).name, "alone");
  },
};

await run(cases, world);
