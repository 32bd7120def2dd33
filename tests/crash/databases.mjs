// The same for real databases: PostgreSQL and MariaDB, both told of by outboxes, while transactions of several rows run beside each
// other on both sides, some of them long, some taken back; the daemon is killed at random instants, and so are the two servers with
// its requests under way. Their tables have no unique column, so that a second create would stay. At the end every record is on both
// sides exactly once with the value of the last edit of each field, what was deleted is gone, and what both sides edited is the same.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cleanup, project, run, settled, sleep, until } from "../support/scenario.mjs";
import { mariadb, postgres } from "../support/databases.mjs";

const rounds = Number(process.argv[2] ?? 16);
let seed = Number(process.env.SEED ?? 20261203);
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const pick = (list) => list[Math.floor(random() * list.length)];

const world = {}, wanted = new Map(), deleted = new Set(), foreign = new Set(), busy = new Set();
let serial = 0, transactions = 0, taken_back = 0, kills = 0, servers_killed = 0;

const schema = (identity, text) => `create table items (id ${identity}, code ${text}, label ${text}, note ${text}, told ${text})`;

/// A side: its name (which its own codes begin with), its server, its client's words for a wait, and a query for its codes.
const sides = {
  shop: { make: () => mariadb(schema("bigint auto_increment primary key", "varchar(40)")), wait: (s) => `do sleep(${s})`, client: (server) => ["mariadb", ["--no-defaults", "-h127.0.0.1", `-P${server.port}`, "-upractice", "-ppractice", "--batch", "--skip-column-names", "practice"]] },
  app: { make: () => postgres(schema("bigint primary key generated always as identity", "text")), wait: (s) => `select pg_sleep(${s})`, client: (server) => ["psql", ["-qAtX", "-v", "ON_ERROR_STOP=1", server.url]] },
};

const rows = (name) => world[name].sql("select concat_ws('|', code, label, note, told) from items order by code").split("\n").filter(Boolean).map((line) => line.split("|"));

/// What the client is told, as one program; it must succeed.
function told(name, text) {
  const [command, args] = sides[name].client(world[name]);
  const client = spawn(command, args, { stdio: ["pipe", "ignore", "pipe"] });
  cleanup(() => client.kill("SIGKILL"));
  let err = "";
  client.stderr.on("data", (part) => (err += part));
  client.stdin.end(text);
  return new Promise((resolve, reject) => client.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`${name}: ${err}`)))));
}

/// One statement of a person on side `here`, for a record that nobody else edits in this round. Its label is edited where it began, its
/// note on the other side, so that what both hold in the end is known; what is `told` both may edit, and the shop wins.
function act(here, there, both) {
  const dice = random(), text = `of ${++serial}`;
  const own = [...wanted.keys()].filter((code) => code.startsWith(here) && !busy.has(code));
  if (own.length < 5 || dice < 0.25) {
    const code = here + serial;
    wanted.set(code, { label: text, note: "n" });
    busy.add(code);
    return `insert into items (code, label, note, told) values ('${code}', '${text}', 'n', 't')`;
  }
  if (dice < 0.5) {
    const copies = both.filter((code) => code.startsWith(there) && !busy.has(code));
    if (copies.length > 0) {
      const code = pick(copies);
      busy.add(code);
      foreign.add(code);
      wanted.get(code).note = text;
      return `update items set note = '${text}' where code = '${code}'`;
    }
  }
  const code = pick(own);
  // What the other side has edited as well an edit may bring back, and the brake lets a tenth of the links go.
  if (dice < 0.55 && both.includes(code) && !foreign.has(code) && deleted.size < wanted.size / 30) {
    busy.add(code);
    wanted.delete(code);
    deleted.add(code);
    return `delete from items where code = '${code}'`;
  }
  busy.add(code);
  wanted.get(code).label = text;
  return `update items set label = '${text}' where code = '${code}'`;
}

/// Transactions of one side, one after the other; `shared` are edited by both at once.
function program(here, there, both, shared) {
  const lines = [];
  for (let i = 0; i < 6; ++i) {
    ++transactions;
    lines.push("begin");
    for (let n = Math.ceil(random() * 4); n > 0; --n) lines.push(act(here, there, both));
    if (random() < 0.3) lines.push(sides[here].wait((random() * 0.4).toFixed(2)));
    lines.push("commit");
    if (random() < 0.3) {
      ++taken_back;
      lines.push("begin", "update items set label = 'taken back', note = 'taken back'", "rollback");
    }
    if (shared.length > 0) lines.push(`update items set told = '${here} ${++serial}' where code = '${pick(shared)}'`);
  }
  return lines.join(";\n") + ";\n";
}

const on_both = () => {
  const right = new Set(rows("app").map(([code]) => code));
  return rows("shop").map(([code]) => code).filter((code) => right.has(code) && wanted.has(code));
};

function once() {
  for (const name of Object.keys(sides)) {
    const codes = rows(name).map(([code]) => code);
    assert.equal(new Set(codes).size, codes.length, `nothing is twice in ${name}: ${codes.filter((code, i) => codes.indexOf(code) !== i)}`);
  }
}

async function killed(process_or_server) {
  await sleep(random() * 0.6);
  if (process_or_server === "daemon") {
    process.kill(world.project.daemon.process, "SIGKILL");
    ++kills;
    await until("the daemon to be gone", () => !world.project.daemon.running());
    return world.project.start();
  }
  world[process_or_server].kill();
  ++servers_killed;
  await sleep(random() * 0.5);
  world[process_or_server].again();
}

const expected = () => Object.fromEntries([...wanted].sort());
const held = (name) => Object.fromEntries(rows(name).map(([code, label, note]) => [code, { label, note }]).sort(([a], [b]) => (a < b ? -1 : 1)));
const is_held = (name) => JSON.stringify(held(name)) === JSON.stringify(expected());

/// What made of a record what it should not be.
async function tell_of_others(name) {
  const due = expected(), there = held(name);
  for (const code of Object.keys({ ...due, ...there })) {
    if (JSON.stringify(due[code]) === JSON.stringify(there[code])) continue;
    console.log(`# ${code} in ${name}: ${JSON.stringify(there[code])}, due ${JSON.stringify(due[code])}${deleted.has(code) ? ", deleted" : ""}`);
    const key = world[name].sql(`select id from items where code = '${code}'`);
    if (!key) continue;
    console.log(`#   ${JSON.stringify(await world.project.ask(["links", "items", "--key", key]))}`);
    for (const one of await world.project.operations("items", key)) console.log(`#   ${JSON.stringify(one)}`);
  }
}

await run({
  async "(two databases with outboxes, and one table on each)"() {
    for (const [name, side] of Object.entries(sides)) world[name] = side.make();
    const own = (world.project = project(null, { APP_URL: world.app.url, SHOP_PASSWORD: "practice" }));
    own.write("tidewire.lua", `return project {
  connections = {
    shop = mysql { port = ${world.shop.port}, database = "practice", user = "practice", password = secret "SHOP_PASSWORD" },
    app = postgres { url = secret "APP_URL" },
  },
  defaults = { retry = { max = 20, base = "100ms" } },
}`);
    own.write("mappings/items.lua", `return mapping {
  left = shop.table "items", right = app.table "items", on = { poll = "every 1s" },
  key = { left = "id", right = "id" }, match = { by.fields { "code" } },
  fields = { same { "code", "label", "note" }, { "told", "told", conflict = "left" } },
  deletes = { to_right = "delete", to_left = "delete" },
}`);
    for (const kind of ["mysql", "postgres"]) assert.equal((await own.cli("install", kind, "items", "--yes")).code, 0);
    await own.start();
  },

  async [`${rounds} rounds of transactions on both sides, each with a kill`]() {
    for (let round = 0; round < rounds; ++round) {
      busy.clear();
      const both = on_both(), shared = both.filter(() => random() < 0.1);
      for (const code of shared) foreign.add(code);
      const programs = [["shop", "app"], ["app", "shop"]].map(([here, there]) => told(here, program(here, there, both, shared)));
      await Promise.all([...programs, killed("daemon")]);
      // No person is under way here, so that only requests of ours are cut off.
      if (round % 4 === 1) await killed("app");
      if (round % 4 === 3) await killed("shop");
      once();
    }
  },

  async "every edit that was committed is on both sides, once"() {
    const arrived = () => Object.keys(sides).every(is_held);
    await until("every edit to arrive", arrived, 150).catch(() => {});
    await settled({ project: world.project }, 150);
    once();
    for (const name of Object.keys(sides)) await tell_of_others(name);
    for (const name of Object.keys(sides)) assert.deepEqual(held(name), expected(), `what ${name} holds`);
    const agreed = (name) => rows(name).map(([code, , , told]) => [code, told]);
    await until("what both edited to be level", () => JSON.stringify(agreed("shop")) === JSON.stringify(agreed("app")), 60).catch(() => assert.deepEqual(agreed("app"), agreed("shop")));
    const { open_conflicts, dead, held: braked } = (await world.project.status()).mappings.items;
    assert.deepEqual([open_conflicts ?? 0, dead ?? 0, braked ?? 0], [0, 0, 0]);
    assert.equal((await world.project.ask(["check"])).ok, true, "the state file is whole");
    console.log(`# ${kills} kills of the daemon, ${servers_killed} of a server, ${transactions} transactions and ${taken_back} taken back, ${wanted.size} records, ${deleted.size} deleted`);
  },

  async "and then not one further write is made"() {
    const seen = () => [world.shop.sql("select max(seq) from tidewire_outbox"), world.app.sql("select string_agg(xmin::text, ' ' order by id) from items")];
    const before = seen();
    assert.equal((await world.project.cli("sync", "items", "--all")).code, 0);
    await settled({ project: world.project });
    assert.deepEqual(seen(), before);
  },
}, world);
