import assert from "node:assert/strict";
import { run, sleep, start, until } from "../support/scenario.mjs";
import { company } from "../support/staff.mjs";

const world = {};
let erp, app, project, address;

const mapping = async (name = "employees") => (await project.status()).mappings[name];
const resident = async () => (await project.status()).memory;

const head = `local function wild(v)\n  if v ~= "wild" then return v end\n`;
/// employees.lua with a phone that runs `body` when it is "wild".
const wild = (body) => `${head}${body}\nend\n${plain.replace('{ "phone",         "phone" }', '{ "phone", "phone", { to_right = wild, to_left = function(v) return v end } }')}`;
let plain;

async function save(text) {
  const before = (await mapping()).reload.at;
  project.write("mappings/employees.lua", text);
  const now = await until("the mapping to be read again", async () => { const one = await mapping(); return one.reload.at !== before && one; });
  assert.equal(now.reload.ok, true, JSON.stringify(now.reload));
}

let people = 0, notices = 0;

/// Asks the daemon for a sign of life again and again; `end()` gives the longest that an answer took, in seconds.
function clocked() {
  let worst = 0, over = false;
  const asking = (async () => {
    while (!over) {
      const began = performance.now();
      await fetch(address + "/ping");
      worst = Math.max(worst, (performance.now() - began) / 1000);
      await sleep(0.02);
    }
    return worst;
  })();
  return { end: () => (over = true, asking) };
}

/// One wild record and one notice: the notice arrives, the record is a dead letter that `words` describe.
async function runs_wild(body, words) {
  await save(wild(body));
  const pings = clocked();
  const code = `wild${++people}`;
  const made = await erp.insert("Staff Member", { staff_code: code, full_name: "W", phone: "wild" });
  const notice = `n${++notices}`;
  await erp.insert("Notice", { code: notice, body: "calm" });
  await until("the other mapping's record", () => app.find("notices", "code", notice), 20);
  const dead = await until("the dead letter", async () => (await project.dead("employees")).find((one) => one.key === made.name), 60);
  assert.ok((await pings.end()) < 3, `the daemon answered nobody for ${await pings.end()} s`);
  assert.match(dead.error.message, words);
  assert.match(dead.error.message, /employees\.lua:\d+/);
  assert.equal(await app.find("employees", "code", code), null);

  const tame = `tame${people}`;
  await erp.insert("Staff Member", { staff_code: tame, full_name: "T", phone: "tame" });
  await until("a tame record of the same mapping", () => app.find("employees", "code", tame), 20);
  await world.settled();
}

const attacks = {
  "while true do end": ["  while true do end", /instruction|budget|ran longer|too long|steps/i],
  "a loop that catches its own end": ["  while true do pcall(function() while true do end end) end", /instruction|budget|ran longer|too long|steps/i],
  "xpcall with a handler that goes on": ["  while true do xpcall(function() error 'x' end, function() while true do end end) end", /instruction|budget|ran longer|too long|steps/i],
  "a coroutine that never ends": ["  local co = coroutine.wrap(function() while true do end end)\n  while true do pcall(co) end", /instruction|budget|ran longer|too long|steps/i],
  "a string bomb": ["  local s = 'xxxxxxxxxxxxxxxx'\n  for i = 1, 60 do s = s .. s end\n  return s", /memory|budget|ran longer|instruction/i],
  "string.rep of everything": ["  return ('x'):rep(1e10)", /memory|budget|ran longer|too (large|long)/i],
  "string.rep that is caught": ["  while true do pcall(string.rep, 'x', 1e9) end", /memory|budget|ran longer|instruction|too (large|long)/i],
  "a table bomb": ["  local t = {}\n  for i = 1, 1e9 do t[i] = { i } end\n  return #t", /memory|budget|ran longer|instruction/i],
  "a table bomb that is caught": ["  local t = {}\n  while true do pcall(function() for i = 1, 1e9 do t[#t + 1] = { i } end end) end", /memory|budget|ran longer|instruction/i],
  "a pattern that tries everything": ["  return (('a'):rep(200000) .. 'b'):match('.-.-.-.-.-.-.-.-b$c')", /pattern|steps|budget|ran longer|instruction/i],
  "deep recursion": ["  local function f(n) return 1 + f(n + 1) end\n  return f(1)", /calls itself without an end/],
  "a huge format": ["  return ('%99999999d'):format(1)", /format|invalid/i],
  "a sort that never agrees": ["  local t = {}\n  for i = 1, 5000 do t[i] = i % 7 end\n  while true do pcall(table.sort, t, function() return true end) end", /instruction|budget|ran longer|steps|order/i],
  "long strings made again and again": ["  local s = ('ab'):rep(500000)\n  for i = 1, 1e9 do local r = s:upper():lower():reverse() end", /memory|instruction|ran longer/],
  "long strings compared again and again": ["  local s, same = ('x'):rep(4000000), true\n  for i = 1, 1e9 do same = s == s .. '' end", /memory|instruction|ran longer/],
  "a long string searched again and again": ["  local s = ('x'):rep(4000000)\n  for i = 1, 1e9 do local at = s:find('y', 1, true) end", /memory|instruction|ran longer/],
  "a coroutine resumed for ever": ["  local co = coroutine.wrap(function() while true do coroutine.yield() end end)\n  while true do co() end", /instruction|ran longer/],
  "a sort of too much": ["  local t = {}\n  for i = 1, 3e6 do t[i] = i * 7919 % 3000017 end\n  table.sort(t)", /instruction|ran longer/],
  "a function that gsub calls and that calls gsub": ["  local function again() return (('x'):gsub('x', again)) end\n  return again()", /calls itself without an end/],
  "coroutines in coroutines": ["  local function deeper() return coroutine.wrap(deeper)() end\n  return deeper()", /calls itself without an end/],
  "a template of gsub that is a bomb": ["  local s = ('x'):rep(1e7)\n  return (s:gsub('.+', ('%0'):rep(1e5)))", /needs more than/],
  "gsub with a callback that runs away": ["  return (('x'):rep(100):gsub('x', function() while true do end end))", /instruction|budget|ran longer|steps/i],
};

const cases = {
  async "(two mappings run)"() {
    Object.assign(world, await company());
    ({ erp, app, project } = world);
    plain = project.read("mappings/employees.lua");
    ({ address } = await project.start());
    await world.connect();
    await erp.insert("Staff Member", { staff_code: "ada", full_name: "Ada" });
    await until("the first record", () => app.find("employees", "code", "ada"));
    await world.settled();
  },

  ...Object.fromEntries(Object.entries(attacks).map(([name, [body, words]]) => [`${name} is a dead letter with file and line; other records and mappings go on`, () => runs_wild(body, words)])),

  async "what is forbidden is not there"() {
    for (const name of ["os.execute", "io.open", "debug.getinfo", "loadstring", "load", "dofile", "setfenv", "collectgarbage", "require('ffi')", "package.loadlib", "string.dump", "newproxy"]) {
      const before = (await project.dead("employees")).length;
      await save(wild(`  local found = ${name}\n  return 'got ' .. tostring(found)`));
      const made = await erp.insert("Staff Member", { staff_code: `wild${++people}`, full_name: "W", phone: "wild" });
      await until(`${name} to be refused`, async () => (await project.dead("employees")).some((one) => one.key === made.name) || (await app.find("employees", "code", `wild${people}`)) !== null);
      const row = await app.find("employees", "code", `wild${people}`);
      assert.ok(row === null || row.phone === "got nil", `${name}: ${row?.phone}`);
      assert.ok((await project.dead("employees")).length >= before);
    }
  },

  async "a mapping that fails again and again is set aside alone, shown, and goes on after an edit"() {
    await save(wild("  error('broken rule for ' .. v)"));
    const before = people;
    for (let i = 0; i < 12; i++) await erp.insert("Staff Member", { staff_code: `wild${++people}`, full_name: "W", phone: "wild" });
    const aside = await until("the quarantine", async () => { const one = await mapping(); return one.quarantined && one; });
    assert.equal(aside.state, "quarantined");
    assert.ok(project.logged("quarantine").length > 0);
    assert.match((await project.cli("status")).out, /quarantined/);
    const told = JSON.stringify((await project.dead("employees")).find((one) => /broken rule/.test(JSON.stringify(one.error))).error);
    assert.match(told, /mappings\/employees\.lua:\d+: field 'phone': broken rule for wild/);
    assert.equal(told.match(/employees\.lua:\d+/g).length, 1, told);
    // A restart is no edit.
    const { address } = project.daemon, given_up = (await project.dead("employees")).length;
    await project.daemon.stop();
    await project.start(["--listen", address.slice("http://".length)]);
    assert.equal((await mapping()).state, "quarantined");
    assert.equal((await project.dead("employees")).length, given_up);
    await erp.insert("Staff Member", { staff_code: "later", full_name: "Later", phone: "tame" });
    await erp.insert("Notice", { code: "calm", body: "calm" });
    await until("the other mapping's record", () => app.find("notices", "code", "calm"), 20);
    assert.equal(await app.find("employees", "code", "later"), null);
    const asked = start(process.env.TIDEWIRE, ["sync", "employees", "--project", project.folder]);
    const ended = await Promise.race([asked.exited, sleep(30).then(() => ({ code: "still there after 30 s" }))]);
    if (asked.running()) await asked.kill();
    assert.equal(ended.code, 5, asked.out() + asked.err());
    assert.match(asked.err(), /employees is stopped, its script failed again and again \(`tidewire ops employees --failed` shows how/);

    await save(plain);
    assert.equal((await mapping()).quarantined, false);
    await until("the record that waited", () => app.find("employees", "code", "later"));
    assert.equal((await project.cli("retry", "--mapping", "employees")).code, 0);
    await until("the dead ones", async () => (await app.find("employees", "code", `wild${before + 1}`))?.phone === "wild");
    await world.settled();
    assert.deepEqual(await project.dead("employees"), []);
    assert.equal((await app.all("employees")).length, (await erp.all("Staff Member")).length);
  },

  async "after all of it the daemon is small and healthy"() {
    await sleep(0.5);
    const most = process.env.TIDEWIRE_SANITIZED ? 1600 : 400;  // a sanitizer keeps what is freed
    assert.ok((await resident()) < most << 20, `${(await resident()) >> 20} MB resident`);
    assert.equal((await project.cli("status", "--exit-code")).code, 0);
    assert.equal((await project.daemon.stop()).code, 0);
  },
};

await run(cases, world);
