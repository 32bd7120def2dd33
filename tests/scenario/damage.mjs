// A state file whose disk went bad: not started on, and not worked with once it is met; a copy takes its place.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { call, run, start } from "../support/scenario.mjs";
import { company } from "../support/staff.mjs";

const world = {};
let erp, project;

const state = () => project.path("state/tidewire.db");
const number = (sql) => Number(execFileSync("sqlite3", [state(), sql], { encoding: "utf8" }));

/// The root page of a table becomes noise.
function spoil(table) {
  const page = number(`SELECT rootpage FROM sqlite_schema WHERE name = '${table}'`), size = number("PRAGMA page_size");
  const file = fs.openSync(state(), "r+");
  fs.writeSync(file, Buffer.alloc(size, 0x5a), 0, size, (page - 1) * size);
  fs.closeSync(file);
}

function says_what_to_do(text) {
  assert.match(text, /state file .*tidewire\.db is damaged/);
  assert.match(text, /tidewire restore/);
  assert.match(text, /state\/backups/);
  assert.doesNotMatch(text, /PRAGMA/);
}

await run({
  async "(three people are linked, a copy is made)"() {
    Object.assign(world, await company({ parts: ["departments", "employees"] }));
    ({ erp, project } = world);
    for (const code of ["ada", "grace", "emmy"]) await erp.insert("Staff Member", { staff_code: code, full_name: code, remark: "r" });
    await project.start();
    assert.equal((await project.cli("sync")).code, 0);
    await world.settled();
    await project.ask(["backup"]);
    assert.equal((await project.daemon.stop()).code, 0);
  },

  async "one with a damaged table is not started on, by the daemon or a command, and what to do is said"() {
    spoil("links");
    const daemon = start(process.env.TIDEWIRE, ["run", project.folder]);
    assert.equal((await daemon.exited).code, 4);
    says_what_to_do(daemon.err());
    const command = await project.cli("sync");
    assert.equal(command.code, 4);
    says_what_to_do(command.err);
  },

  async "the copy takes its place, and the damaged file is kept aside"() {
    const restored = await project.ask(["restore"]);
    assert.equal(restored.links, 3);
    assert.ok(fs.existsSync(restored.set_aside));
  },

  async "damage that is met while it runs ends it: nothing more is acknowledged"() {
    await project.start();
    const { daemon } = project;
    spoil("operations");
    // What a reader has in its memory is trusted until something is written, and the write itself may meet the damage.
    let asked = await project.cli("pause", "employees");
    if (asked.code === 0) asked = await project.cli("ops");
    assert.notEqual(asked.code, 0);
    says_what_to_do(asked.err);
    assert.equal((await daemon.exited).code, 4);
    says_what_to_do(daemon.err());
    assert.equal(project.logged("state_damaged").length, 1);
    assert.ok((await call(daemon.address + "/webhook/erp", { method: "POST", body: "{}" })).dropped);
  },

  async "restored once more it goes on with what it had"() {
    await project.ask(["restore"]);
    await project.start();
    assert.equal((await project.status()).mappings.employees.links, 3);
  },
}, world);
