// A project's own mappings under the simulator: with their functions, on records drawn from what its systems describe.
import assert from "node:assert/strict";
import { run } from "../support/scenario.mjs";
import { company } from "../support/staff.mjs";

const world = {};

await run({
  async "(a company's project, no daemon)"() {
    Object.assign(world, await company());
  },

  async "its mappings keep every law on drawn records, and nothing is written to its systems"() {
    const before = await world.counts();
    for (const mapping of ["notices", "departments"]) {
      const report = await world.project.ask(["simulate", mapping, "--runs", "3"]);
      assert.equal(report.ok, true, JSON.stringify(report));
      assert.ok(report.runs >= 30, `${report.runs} histories`);
    }
    assert.deepEqual(await world.counts(), before);
  },

  async "what refers to other collections is made simpler, and said"() {
    const report = await world.project.ask(["simulate", "employees", "--runs", "2"], [0, 1]);
    assert.ok(report.left_out.some((field) => field.includes("a reference")), JSON.stringify(report));
    assert.equal(report.ok, true, JSON.stringify(report.failure, null, 1));
  },

  async "functions that do not fit together are found, and the same seed finds it again"() {
    world.project.edit("mappings/departments.lua", '{ "team_name", "name" }', '{ "team_name", "name", { to_right = function(v) return v and v:upper() end, to_left = function(v) return v and v:lower() .. "x" end } }');
    const first = await world.project.ask(["simulate", "departments", "--profile", "plain", "--runs", "40"], [1]);
    assert.equal(first.ok, false);
    const { seed, profile, law } = first.failure;
    assert.equal(law, "round trip");
    assert.match(first.failure.what, /^team_name>name: .* comes back as /);
    const again = await world.project.ask(["simulate", "departments", "--profile", profile, "--seed", String(seed), "--runs", "1"], [1]);
    assert.equal(again.failure.law, law);
    assert.deepEqual(again.failure, first.failure);
    assert.ok(again.failure.history.length > 0 && again.failure.history.length < 10, JSON.stringify(again.failure.history));
    const told = await world.project.cli("simulate", "departments", "--profile", "plain", "--runs", "40");
    assert.equal(told.code, 1);
    assert.match(told.out, /✗ round trip: team_name>name[^]*seconds +who +what[^]*person +enters [^]*the same again: tidewire simulate departments --project \S+ --profile plain --seed \d+ --runs 1/);
  },

  async "a function that breaks on what a field may hold is found, with its line"() {
    world.project.edit("mappings/departments.lua", "return v and v:upper() end", 'return v:upper() end');
    const { failure } = await world.project.ask(["simulate", "departments", "--runs", "40"], [1]);
    assert.equal(failure.law, "no script error");
    assert.match(failure.what, /departments\.lua:\d+/);
  },

  async "a mapping that is not there is said to be so"() {
    const answer = await world.project.cli("simulate", "nobody");
    assert.notEqual(answer.code, 0);
    assert.match(answer.err, /no mapping 'nobody'/);
    assert.match(answer.err, /there are: departments, employees, notices/);
  },
}, world);
