// The commands of who operates it: here over the socket, elsewhere with an address and a token; a copy restored; a pause; a tail.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { run, sleep, start, until } from "../support/scenario.mjs";
import { tokens } from "../support/operator.mjs";
import { company } from "../support/staff.mjs";

const world = {};
let erp, app, project, token, address;

const row = (code) => app.find("employees", "code", code);

/// A command against the daemon's address, in a folder that is no project.
const afar = async (role, ...args) => {
  const child = start(process.env.TIDEWIRE, [...args, "--json"], { cwd: "/", env: { ...process.env, TIDEWIRE_URL: address, TIDEWIRE_TOKEN: token[role] ?? "" } });
  const { code } = await child.exited;
  let json;
  try { json = JSON.parse(child.out()); } catch { json = undefined; }
  return { code, json, out: child.out(), err: child.err() };
};

const cases = {
  async "(the daemon runs with three people linked)"() {
    Object.assign(world, await company({ parts: ["departments", "employees"] }));
    ({ erp, app, project } = world);
    for (const code of ["ada", "grace", "emmy"]) await erp.insert("Staff Member", { staff_code: code, full_name: code, remark: "r" });
    await project.start();
    address = project.daemon.address;
    await world.connect();
    assert.equal((await project.cli("sync")).code, 0);
    await world.settled();
    token = await tokens(project, "employees");
  },

  async "with an address and a token a command works from anywhere, as far as the token's role goes"() {
    const status = await afar("viewer", "status");
    assert.equal(status.code, 0, status.out + status.err);
    assert.ok(status.json.mappings.employees.links === 3);
    assert.equal((await afar("viewer", "explain", "employees", "HR-00001")).json.state, "live");
    const refused = await afar("viewer", "pause", "employees");
    assert.equal(refused.code, 4);
    assert.match(refused.json.error.message, /this needs the role operator/);
    const nobody = await afar("none", "ops");
    assert.match(nobody.json.error.message, /who asks\?/);
    const users = await afar("admin", "user", "list");
    assert.equal(users.code, 0, users.out);
  },

  async "a token is not sent in clear to another machine, and an address that is none is said so"() {
    const other = start(process.env.TIDEWIRE, ["status", "--json", "--url", "http://sync.example.org", "--token", "tw_x"]);
    assert.equal((await other.exited).code, 2);
    assert.match(other.out(), /in clear/);
    const none = start(process.env.TIDEWIRE, ["status", "--json", "--url", "sync.example.org"]);
    assert.equal((await none.exited).code, 2);
    const away = start(process.env.TIDEWIRE, ["status", "--json", "--url", "http://127.0.0.1:9"]);
    assert.equal((await away.exited).code, 4);
  },

  async "a mapping is paused and goes on; what came meanwhile is worked off"() {
    await project.ask(["pause", "employees"]);
    await erp.edit("Staff Member", "HR-00001", { phone: "paused" });
    await until("the change to wait", async () => (await project.status()).mappings.employees.waiting > 0);
    assert.notEqual((await row("ada")).phone, "paused");
    const off = start(process.env.TIDEWIRE, ["sync", "employees", "--project", project.folder]);
    const ended = await Promise.race([off.exited, sleep(20).then(() => ({ code: "still there after 20 s" }))]);
    if (off.running()) await off.kill();
    assert.equal(ended.code, 5, off.out() + off.err());
    assert.match(off.err(), /employees is paused \(`tidewire resume employees` lets it go on\)/);
    const went_on = await afar("operator", "resume", "employees");
    assert.equal(went_on.code, 0, went_on.out);
    await until("the change to arrive", async () => (await row("ada")).phone === "paused");
  },

  async "a connection rests for a time, and goes on when it is told to"() {
    const rested = await project.ask(["pause", "app", "--for", "1h"]);
    assert.ok(new Date(rested.paused_until) > Date.now() + 3500000);
    assert.equal((await project.status()).connections.app.state, "paused");
    await project.ask(["resume", "app"]);
    await until("it to go on", async () => (await project.status()).connections.app.state !== "paused");
    const unknown = await project.cli("pause", "aap");
    assert.equal(unknown.code, 1);
    assert.match(unknown.err, /did you mean 'app'/);
    const timed = await project.cli("pause", "employees", "--for", "1h");
    assert.equal(timed.code, 2);
    await world.settled();
  },

  async "tail tells what happens, one line each"() {
    const tail = start(process.env.TIDEWIRE, ["tail", "--lines", "1", "--json", "--mapping", "employees", "--project", project.folder]);
    await until("what was before", () => tail.out().includes("\n"));
    const before = tail.out().length;
    await erp.edit("Staff Member", "HR-00002", { phone: "tailed" });
    const line = await until("the operation", () => tail.out().slice(before).split("\n").find((one) => one.includes("HR-00002") && one.includes("\"applied\"")));
    assert.equal(JSON.parse(line).kind, "update");
    await tail.kill();
    const some = start(process.env.TIDEWIRE, ["tail", "--lines", "2", "--for", "1ms", "--project", project.folder]);
    assert.equal((await some.exited).code, 0);
    assert.equal(some.out().trim().split("\n").length, 2, some.out());
    const jobs = start(process.env.TIDEWIRE, ["tail", "--jobs", "--lines", "1", "--json", "--project", project.folder]);
    await until("the tail to begin", () => jobs.out().includes("\n"));
    await project.ask(["verify", "employees"]);
    const ended = await until("the job's end", () => jobs.out().split("\n").find((one) => one.includes('"verify"') && one.includes('"done"')));
    assert.deepEqual(JSON.parse(ended).mappings, ["employees"]);
    await jobs.kill();
  },

  async "who did what is listed by author and action"() {
    const all = await project.ask(["audit", "--limit", "200"]);
    assert.ok(all.audit.some((one) => one.action === "enable_mapping" && one.author === "token test-operator"), JSON.stringify(all.audit.slice(0, 5)));
    const one = await project.ask(["audit", "--action", "pause_connection"]);
    assert.deepEqual([...new Set(one.audit.map((entry) => entry.subject))], ["app"]);
    assert.equal((await project.ask(["audit", "--author", "nobody"])).audit.length, 0);
    const misspelt = await project.cli("audit", "--action", "resolv");
    assert.equal(misspelt.code, 2);
    assert.match(misspelt.err, /no action 'resolv' is ever in this list \(did you mean 'resolve'\?\)/);
    assert.ok((await project.ask(["audit", "--subject", "employ"])).audit.length > 0);
  },

  async "a poll begins anew; what is linked stays"() {
    const reset = await project.ask(["reset", "employees", "--side", "left"]);
    assert.equal(reset.reset, true);
    assert.equal((await project.status()).mappings.employees.links, 3);
  },

  async "a copy is made while all goes on, and restored when the state is lost: no record is made twice, none is missed"() {
    const made = await project.ask(["backup"]);
    assert.equal(fs.statSync(made.path).size, made.bytes);
    assert.equal((await project.ask(["backup", "list"])).backups.length, 1);
    const running = await project.cli("restore");
    assert.equal(running.code, 4, running.err);
    assert.match(running.err, /in use by process/);
    // After the copy: a change, a new record on each side, and then the disk is lost.
    await erp.edit("Staff Member", "HR-00003", { phone: "after the copy" });
    await erp.insert("Staff Member", { staff_code: "hedy", full_name: "hedy", remark: "r" });
    await until("the new one on the right", async () => (await row("hedy")) !== null);
    await world.settled();
    await project.daemon.stop();
    for (const part of ["tidewire.db", "tidewire.db-wal", "tidewire.db-shm"]) fs.rmSync(project.path(`state/${part}`), { force: true });
    fs.writeFileSync(project.path("state/tidewire.db"), "what the disk left of it");
    await erp.edit("Staff Member", "HR-00001", { phone: "while it was down" });

    const restored = await project.ask(["restore"]);

    assert.equal(restored.links, 3);
    assert.equal(fs.readFileSync(restored.set_aside, "utf8"), "what the disk left of it");
    await project.start(["--listen", address.replace("http://", "")]);
    assert.equal((await project.status()).mappings.employees.links, 3);
    assert.ok([0, 5].includes((await project.cli("sync", "--all", "--sweep")).code));
    await world.settled();
    await until("all to be level again", async () => (await row("ada")).phone === "while it was down" && (await row("emmy")).phone === "after the copy");
    assert.equal((await app.all("employees")).length, 4);
    assert.equal((await erp.all("Staff Member")).length, 4);
    assert.equal((await project.status()).mappings.employees.links, 4);
    assert.ok((await project.ask(["verify", "employees"])).parts !== undefined);
  },

  async "copies are made by the schedule of tidewire.lua, and the oldest go"() {
    const folder = project.path("copies");
    project.edit("tidewire.lua", "  defaults =", `  backup = { every = "every 1s", keep = 2, folder = "copies" },\n  defaults =`);
    await until("several copies to have been made", () => project.logged("backup").length >= 4, 60);
    assert.ok(fs.readdirSync(folder).filter((name) => name.endsWith(".db")).length <= 3);
    project.edit("tidewire.lua", `every = "every 1s"`, `every = "every 1d"`);
    await until("the new schedule to hold", () => project.logged("project_reloaded").length >= 2);
    const newest = fs.readdirSync(folder).sort().pop();
    await project.daemon.stop();
    assert.ok((await project.ask(["restore", newest])).operations > 0);
    project.edit("tidewire.lua", `every = "every 1d"`, `evry = "every 1d"`);
    const told = await project.cli("check");
    assert.equal(told.code, 3);
    assert.match(told.err, /did you mean 'every'/);
  },

  async "a shell completes commands, options, mappings and words"() {
    const complete = (...words) => execFileSync(process.env.TIDEWIRE, ["complete", "--", ...words], { cwd: project.folder }).toString().trim().split("\n");
    assert.ok(complete("au").includes("audit"));
    assert.ok(!complete("").includes("complete"), "what is hidden stays hidden");
    assert.deepEqual(complete("sync", "emp"), ["employees"]);
    assert.deepEqual(complete("ops", "--fa"), ["--failed"]);
    assert.deepEqual(complete("ops", "--mapping", "dep"), ["departments"]);
    assert.deepEqual(complete("jobs", "pa"), ["pause"]);
    assert.deepEqual(complete("completion", "z"), ["zsh"]);
    for (const shell of ["bash", "zsh", "fish"]) assert.match(execFileSync(process.env.TIDEWIRE, ["completion", shell]).toString(), /complete --/);
    const bash = execFileSync("bash", ["-c", `source <("$TIDEWIRE" completion bash); PATH="${path.dirname(process.env.TIDEWIRE)}:$PATH"; COMP_WORDS=(tidewire resu); COMP_CWORD=1; _tidewire; echo "\${COMPREPLY[@]}"`]).toString().trim();
    assert.equal(bash, "resume");
  },
};

await run(cases, world);
