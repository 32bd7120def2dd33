// A side that was restored from an older backup, over connectors as they ship: a REST system whose versions come back with its
// content, and a Supabase table whose rows get new versions and keep their times.
import assert from "node:assert/strict";
import { crm } from "../support/crm.mjs";
import { cleanup, project, run, settled, sleep, supabase, until } from "../support/scenario.mjs";

const world = {};
const people = 30, hour = 3600 * 1000;
let left, app, own;

/// How many rows of each side have which phone.
function phones(rows) {
  const found = {};
  for (const row of rows) found[row.phone] = (found[row.phone] ?? 0) + 1;
  return found;
}
const in_crm = () => phones(left.rows.values());
const in_app = async () => phones(await app.all("contacts"));
const held = async () => (await own.status()).mappings.contacts.held;

async function everywhere(phone) {
  await until(`${phone} on both sides`, async () => in_crm()[phone] === people && (await in_app())[phone] === people);
  await settled(world);
}

const cases = {
  async "(thirty people, level on both sides)"() {
    left = await crm("crm-token");
    cleanup(() => left.stop());
    app = await supabase();
    // No trigger: what writes a row says when, as a restore does.
    await app.define([{ name: "contacts", primary_key: ["id"], columns: [{ name: "id", type: "bigint", identity: true }, { name: "email", type: "text", unique: true }, { name: "name", type: "text" }, { name: "phone", type: "text" },
      { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" }] }]);
    for (let n = 1; n <= people; n++) left.insert({ email: `p${n}@example.org`, name: `Person ${n}`, phone: "old" });
    own = project(null, { CRM_URL: left.url, CRM_TOKEN: "crm-token", APP_URL: app.url, APP_KEY: "sb_secret_practice" });
    own.write("tidewire.lua", `return project {
      listen = "127.0.0.1:0",
      connections = {
        crm = http { url = env "CRM_URL", settle = "5s", auth = { bearer = secret "CRM_TOKEN" }, collections = { contacts = { path = "/contacts", item = "/contacts/{key}", key = "id", list = "data", one = "data",
          page = { by = "page", param = "page", limit = "per_page", size = 50 }, filter = { "{field}", "{value}" }, since = { "updated_since", "{time}" }, modified = "updated_at", version = "etag", guard = "If-Match",
          fields = { email = { kind = "text", unique = true }, name = "text", phone = "text" } } } },
        app = supabase { url = env "APP_URL", key = secret "APP_KEY" },
      },
      defaults = { conflict = "newest", tie = "left" },
    }`);
    own.write("mappings/contacts.lua", `return mapping {
      left = crm.collection "contacts", right = app.table "contacts", on = { poll = "every 1s" },
      key = { left = "id", right = "id" }, match = { by.fields { { "email", "email" } } }, fields = { same { "email", "name", "phone" } },
    }`);
    Object.assign(world, { app, project: own });
    await sleep(2.5);  // the times of http are told apart by a second: what is made in the app is later
    await own.start();
    assert.equal((await own.cli("sync")).code, 0);
    await everywhere("old");
  },

  async "a restored older backup on one side is held, not copied over the other"() {
    const backup = new Map([...left.rows].map(([id, row]) => [id, { ...row }]));
    for (const row of [...left.rows.values()]) left.edit(row.email, { phone: "new" });
    await everywhere("new");
    const before = await app.written("contacts");
    for (const [id, row] of backup) left.rows.set(id, row);
    await own.cli("sync", "--sweep");
    await until("all of it to be held", async () => (await held()) === people, 90);
    assert.deepEqual(await in_app(), { new: people });
    assert.equal(await app.written("contacts"), before);
    const why = (await own.cli("ops", "--json", "--outcome", "held")).out;
    assert.match(why, /restored from a backup/);
  },

  async "reset-base --stale lets both sides meet, and the newer values win"() {
    const done = await own.cli("reset-base", "contacts", "--stale");
    assert.equal(done.code, 0, done.out + done.err);
    await everywhere("new");
    assert.equal(await held(), 0);
  },

  async "a row of an older time is such a sign too, under whatever version; release lets it go"() {
    for (const row of await app.all("contacts")) await app.edit("contacts", "id", row.id, { phone: "newer", updated_at: new Date().toISOString() });
    await everywhere("newer");
    for (const row of await app.all("contacts")) await app.edit("contacts", "id", row.id, { phone: "new", updated_at: new Date(Date.parse(row.updated_at) - 24 * hour).toISOString() });
    await own.cli("sync", "--sweep");
    await until("all of it to be held", async () => (await held()) === people, 150);
    assert.deepEqual(in_crm(), { newer: people });
    assert.equal((await own.cli("retry", "--all")).code, 0);
    await settled(world);
    assert.ok([people, 2 * people].includes(await held()), "keys: two of a record of which both sides have told");
    assert.deepEqual(in_crm(), { newer: people });

    assert.equal((await own.cli("release", "contacts")).code, 0);
    await everywhere("new");
    assert.equal(await held(), 0);
  },
};

await run(cases, world);
