// Kills the daemon at random instants while people edit on both sides and the systems tell it by webhooks. A webhook that was
// acknowledged is never sent again; one that was not is sent again after the restart, as a patient sender would. At the end
// every record is on both sides exactly once, with the value of its last edit, and the state file is whole.
import assert from "node:assert/strict";
import net from "node:net";
import { call, frappe, project, run, settled, signed, sleep, supabase, until } from "../support/scenario.mjs";

const rounds = Number(process.argv[2] ?? 10);
const secrets = { ERP_KEY: "practice-key", ERP_SECRET: "practice-secret", ERP_HOOK: "erp-hook", APP_KEY: "sb_secret_practice", APP_HOOK: "app-hook" };
let seed = Number(process.env.SEED ?? 20261121);
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;

const world = {}, wanted = new Map(), unsent = [];
let address, acknowledged = 0, kills = 0, serial = 0;

const free_port = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

async function deliver(hook) {
  const answer = await call(`${address}/webhook/${hook.to}`, { method: "POST", body: hook.body, headers: hook.headers, seconds: 10 }).catch(() => ({ status: 0 }));
  if (answer.status === 202) acknowledged++;
  else unsent.push(hook);
}

const from_erp = (name) => {
  const body = JSON.stringify({ doctype: "Item Kept", name });
  return { to: "erp", body, headers: signed(secrets.ERP_HOOK, body) };
};
const from_app = (row) => ({ to: "app", body: JSON.stringify({ type: "UPDATE", table: "items", schema: "public", record: row, old_record: null }), headers: { "x-app-secret": secrets.APP_HOOK } });

/// One thing a person does on one side, and what the system tells of it. A record is only ever edited on the side it began.
async function act() {
  const { erp, app } = world;
  const left = random() < 0.5;
  const mine = [...wanted.keys()].filter((code) => code.startsWith(left ? "L" : "R"));
  const label = `label ${++serial}`;
  if (mine.length < 5 || random() < 0.3) {
    const code = (left ? "L" : "R") + serial;
    const made = left ? await erp.insert("Item Kept", { code, label }) : await app.insert("items", { code, label });
    wanted.set(code, label);
    return deliver(left ? from_erp(made.name) : from_app(made));
  }
  const code = mine[Math.floor(random() * mine.length)];
  wanted.set(code, label);
  if (left) return deliver(from_erp((await erp.edit("Item Kept", (await erp.find("Item Kept", "code", code)).name, { label })).name));
  return deliver(from_app(await app.edit("items", "code", code, { label })));
}

const launch = async (own) => {
  await own.start(["--listen", address.slice(7)]);
};

await run({
  async "(two systems without unique columns, so that a second create would stay)"() {
    const erp = await frappe(), app = await supabase();
    await erp.define({ name: "Item Kept", autoname: "IT-.#####", fields: [{ fieldname: "code", fieldtype: "Data", label: "code" }, { fieldname: "label", fieldtype: "Data", label: "label" }] });
    await app.define([{ name: "items", primary_key: ["id"], triggers: [{ kind: "touch", column: "updated_at" }],
      columns: [{ name: "id", type: "bigint", identity: true }, { name: "code", type: "text" }, { name: "label", type: "text" }, { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" }] }]);
    const own = project(null, secrets);
    own.write("tidewire.lua", `return project {
  connections = {
    erp = frappe { url = "${erp.url}", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET", webhook_secret = secret "ERP_HOOK" },
    app = supabase { url = "${app.url}", key = secret "APP_KEY", webhook = { header = "x-app-secret", secret = secret "APP_HOOK", hmac = false } },
  },
}`);
    own.write("mappings/items.lua", `return mapping {
  left = erp.doctype "Item Kept", right = app.table "items",
  on = { webhook = true }, key = { left = "name", right = "id" }, match = { by.fields { { "code", "code" } } },
  fields = { { "code", "code" }, { "label", "label" } },
}`);
    address = `http://127.0.0.1:${await free_port()}`;
    Object.assign(world, { erp, app, project: own });
    await launch(own);
  },

  async [`${rounds} kills under load`]() {
    for (let round = 0; round < rounds; ++round) {
      for (const hook of unsent.splice(0)) await deliver(hook);
      const until_killed = 0.02 + random() * 0.35;
      const load = (async () => {
        for (let i = 0; i < 25; ++i) await Promise.all([act(), act()]);
      })();
      await sleep(until_killed);
      process.kill(world.project.daemon.process, "SIGKILL");
      ++kills;
      await load;
      await until("the daemon to be gone", () => !world.project.daemon.running());
      await launch(world.project);
    }
  },

  async "every acknowledged webhook took effect exactly once, on both sides"() {
    for (let tries = 0; unsent.length > 0 && tries < 5; ++tries) for (const hook of unsent.splice(0)) await deliver(hook);
    assert.equal(unsent.length, 0, "every webhook was acknowledged in the end");
    // A create whose answer was lost with the process is looked for again after the connector's settle time.
    await settled(world, Number(process.env.SETTLE ?? 200));
    const sides = { erp: await world.erp.all("Item Kept"), app: await world.app.all("items") };
    for (const [side, records] of Object.entries(sides)) {
      const seen = new Map();
      for (const record of records) {
        assert.ok(!seen.has(record.code), `${record.code} is twice on ${side}`);
        seen.set(record.code, record.label);
      }
      assert.deepEqual(Object.fromEntries([...seen].sort()), Object.fromEntries([...wanted].sort()), `what ${side} holds`);
    }
    const status = await world.project.status();
    const { conflict, dead, held } = status.mappings.items;
    assert.deepEqual([conflict ?? 0, dead ?? 0, held ?? 0], [0, 0, 0]);
    console.log(`# ${kills} kills, ${acknowledged} webhooks acknowledged, ${wanted.size} records, ${serial} edits`);
  },

  async "the state file is whole"() {
    const found = await world.project.ask(["check"]);
    assert.equal(found.ok, true);
  },
}, world);
