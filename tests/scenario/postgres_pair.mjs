import assert from "node:assert/strict";
import { project, run, settled, until } from "../support/scenario.mjs";
import { postgres } from "../support/databases.mjs";

const world = {};
let a, b, own;

const left = (email) => a.rows(`select *, meta::text as meta_text, xmin::text as version from people where email = '${email}'`)[0];
const right = (email) => b.rows(`select *, xmin::text as version from crm.persons where mail = '${email}'`)[0];
const lamp = (side, columns, code = "desk") => side.sql(`set timezone = 'UTC'; select ${columns} from lamps where code = '${code}'`);
const arrives = (what, check, seconds) => until(what, check, seconds);

const teams = "create table teams (code text primary key, name text, updated_at timestamptz not null default clock_timestamp())";
const touch = `create function touch() returns trigger language plpgsql as $$ begin new.updated_at = clock_timestamp(); return new; end $$;
  create trigger touch before update on teams for each row execute function touch()`;

// Polled too rarely to matter, as people.
const lists = `return mapping {
  left = a.table "lists", right = b.table "lists", on = { poll = "every 1h" }, key = { left = "id", right = "id" }, match = { by.fields { "code" } },
  fields = { same { "code" }, rows { left = a.table("list_items", { parent = "list" }), right = b.table("list_items", { parent = "list" }), key = { "item" }, fields = { same { "amount" } } } },
}
`;

const notes = `return mapping {
  left = e.table "notes", right = d.table "notes", on = { poll = "every 1s" }, key = { left = "code", right = "code", assigned_by = "left" },
  match = { by.fields { "name" } }, fields = { same { "name" } }, deletes = { to_right = "delete" },
}
`;

const lamps = `return mapping {
  left = c.table "lamps", right = d.table "lamps", on = { poll = "every 1s" }, key = { left = "code", right = "code", assigned_by = "left" },
  match = { by.fields { "name" } }, fields = { same { "name", "lit", "seen", "watts" } },
}
`;

const cases = {
  async "(two databases hold people before the first start)"() {
    a = postgres(`create type mood as enum ('glad', 'sad');
      create table people (id bigint generated always as identity primary key, email text unique, name text, salary numeric(12,2), big bigint, seen timestamptz,
        active boolean, tags text[], meta jsonb, born date, raw bytea, mood mood);
      insert into people (email, name, salary, big, seen, active, tags, meta, born, raw, mood) values
        ('ada@x', 'Ada', 1234.50, 9223372036854775807, '2024-05-01 12:11:12.000013+02', true, '{"a,b","q\\"",null}', '{"x": 1.10, "y": null}', '1815-12-10', '\\x00ff', 'glad');
      ${teams}; ${touch}`);
    b = postgres(`create schema crm;
      create table crm.persons (number uuid primary key default gen_random_uuid(), mail text unique, full_name varchar(80), pay numeric, large bigint, seen_at timestamptz,
        is_active boolean default false, labels text[], extra jsonb, born_on date constraint likely check (born_on > '1700-01-01'), bytes bytea, temper text);
      insert into crm.persons (mail, full_name) values ('grace@x', 'Grace');
      ${teams}; ${touch}`);
    a.sql("create role clerk login password 'practice'; grant usage on schema public to clerk");
    own = world.project = project(new URL("postgres_pair", import.meta.url).pathname, { A_URL: a.url, B_URL: b.url, CLERK_URL: a.url.replace("postgres:practice@", "clerk:practice@") });
  },

  async "what is needed is shown first and made only when told so"() {
    const shown = await own.cli("install", "postgres", "people");
    assert.equal(shown.code, 0, shown.err);
    for (const words of [/create table if not exists tidewire.outbox/, /on "public"."people"/, /on "crm"."persons"/, /--yes/]) assert.match(shown.out, words);
    assert.equal(a.sql("select to_regclass('tidewire.outbox') is null"), "t");
    assert.equal((await own.cli("install", "postgres", "people", "--yes")).code, 0);
    const again = await own.ask(["install", "postgres", "people"]);
    assert.deepEqual([again.left.steps.length, again.right.steps.length], [0, 0]);
    assert.equal(a.sql("select count(*) from information_schema.columns where table_name = 'people' and column_name = 'updated_at'"), "1");
  },

  async "the first load carries every type both ways"() {
    await own.start();
    assert.equal((await own.cli("sync", "people")).code, 0);
    const ada = right("ada@x");
    assert.deepEqual([ada.full_name, b.sql("select trim_scale(pay), large, to_char(seen_at at time zone 'UTC', 'HH24:MI:SS.US'), bytes from crm.persons where mail = 'ada@x'"), ada.is_active, ada.labels, ada.extra, ada.born_on, ada.temper],
      ["Ada", "1234.5|9223372036854775807|10:11:12.000013|\\x00ff", true, ["a,b", "q\"", null], { x: 1.1, y: null }, "1815-12-10", "glad"]);
    assert.equal(left("grace@x").name, "Grace");
    assert.deepEqual((await own.status()).mappings.people.conflict ?? 0, 0);
  },

  async "a key that is no key of its side is said at once and leaves nothing behind"() {
    for (const [side, key] of [["left", "ada"], ["left", "404"], ["right", "1"]]) {
      const said = await own.cli("sync", "people", "--side", side, "--key", key);
      assert.equal(said.code, 1, said.out);
      assert.match(said.err, new RegExp(`there is no record '${key}' in ${side === "left" ? "a" : "b"}`));
    }
    assert.equal((await own.status()).mappings.people.dead ?? 0, 0);
  },

  async "an edit is told at once, on either side"() {
    a.sql("update people set name = 'Ada L.' where email = 'ada@x'");
    await arrives("the edit on the right", () => right("ada@x").full_name === "Ada L.", 20);
    b.sql("update crm.persons set pay = 99.90 where mail = 'grace@x'");
    await arrives("the edit on the left", () => String(left("grace@x").salary) === "99.9" || left("grace@x").salary === 99.9, 20);
  },

  async "the statement of a write is told with its parameters and the rows it returned, and what a database refused by its SQLSTATE"() {
    const number = right("ada@x").number;
    const about = async (outcome) => {
      const found = await until(`an operation that is ${outcome}`, async () => (await own.operations("people", number)).find((one) => one.outcome === outcome), 20);
      return (await own.ask(["op", found.id])).exchanges;
    };
    const [well] = (await about("applied")).filter((one) => one.method === "SQL" && one.connection === "b");
    assert.match(well.target, /update "crm"."persons"/i);
    assert.match(well.request.body, /Ada L\./);
    assert.equal(well.status, "00000");
    assert.match(well.answer.body, /"affected":1/);
    a.sql("update people set born = '1600-01-01' where email = 'ada@x'");
    const refused = (await about("dead")).filter((one) => one.method === "SQL" && one.connection === "b").at(-1);
    assert.equal(refused.status, "23514");
    assert.match(refused.error, /likely/);
    assert.equal(refused.answer, undefined);
    a.sql("update people set born = '1815-12-10' where email = 'ada@x'");
    await settled(world);
  },

  async "a new row and a deletion are told at once"() {
    b.sql("insert into crm.persons (mail, full_name) values ('emmy@x', 'Emmy')");
    await arrives("Emmy on the left", () => left("emmy@x")?.name === "Emmy", 20);
    await settled(world);
    a.sql("delete from people where email = 'emmy@x'");
    await arrives("Emmy to be gone", () => !right("emmy@x"), 20);
  },

  async "an edit of a row below a record is told at once, too"() {
    for (const side of [a, b]) side.sql("create table lists (id int primary key generated always as identity, code text unique); create table list_items (id int primary key generated always as identity, list int references lists, item text, amount int)");
    a.sql("insert into lists (code) values ('shopping'); insert into list_items (list, item, amount) values (1, 'apples', 3)");
    own.write("mappings/lists.lua", lists);
    await until("the mapping to be loaded", async () => (await own.status()).mappings.lists?.state === "running");
    const untold = /connection [ab], list_items: polls do not tell whose row was deleted or moved away by itself \(its old "list"\)/;
    assert.match((await own.cli("check", "--connect")).out, untold);
    const installed = await own.cli("install", "postgres", "lists", "--yes");
    assert.equal(installed.code, 0, installed.err);
    assert.doesNotMatch((await own.cli("check", "--connect")).out, /not tell whose/);
    assert.equal((await own.cli("sync", "lists")).code, 0);
    a.sql("update list_items set amount = 4");
    await arrives("the row on the right", () => b.sql("select amount from list_items") === "4", 30);
    b.sql("update list_items set amount = 5");
    await arrives("the row on the left", () => a.sql("select amount from list_items") === "5", 30);
    const items = (side) => side.sql("select string_agg(code || '/' || item, ' ' order by item) from list_items join lists on lists.id = list");
    a.sql("insert into list_items (list, item, amount) values (1, 'pears', 1)");
    await arrives("the new row on the right", () => items(b) === "shopping/apples shopping/pears", 30);
    await settled(world);
    b.sql("delete from list_items where item = 'apples'");
    await arrives("the row to be gone on the left", () => items(a) === "shopping/pears", 30);
    a.sql("insert into lists (code) values ('garden')");
    a.sql("update list_items set list = (select id from lists where code = 'garden')");
    await arrives("the row to have moved on the right", () => items(b) === "garden/pears", 30);
    await settled(world);
    assert.equal(items(a), "garden/pears");
    a.sql("truncate list_items");
    await arrives("the rows of an emptied table to be gone on the right", () => items(b) === "", 30);
    assert.equal((await own.cli("uninstall", "postgres", "lists", "--yes")).code, 0);
    assert.equal(a.sql("select count(*) from pg_trigger where tgname in ('tidewire_outbox', 'tidewire_parents', 'tidewire_emptied') and tgrelid = 'list_items'::regclass"), "0");
    own.remove("mappings/lists.lua");
  },

  async "when nothing changes nothing is written"() {
    await settled(world);
    const before = [left("ada@x").version, right("ada@x").version, left("grace@x").version, right("grace@x").version];
    assert.equal((await own.cli("sync", "people", "--all", "--sweep")).code, 0);
    assert.deepEqual([left("ada@x").version, right("ada@x").version, left("grace@x").version, right("grace@x").version], before);
  },

  async "a transaction that began first and commits last is not passed over"() {
    const slow = a.session();
    await slow.send("begin");
    await slow.send("update people set name = 'Ada, late' where email = 'ada@x'");
    a.sql("update people set name = 'Grace, early' where email = 'grace@x'");
    await slow.send("commit");
    await arrives("both edits", () => right("ada@x").full_name === "Ada, late" && right("grace@x").full_name === "Grace, early", 20);
    slow.end();
  },

  async "polled too: a late commit with an earlier stamp arrives"() {
    const slow = a.session();
    await slow.send("begin");
    await slow.send("insert into teams values ('late', 'stamped first')");
    a.sql("insert into teams values ('early', 'committed first')");
    const team = (code) => b.rows(`select * from teams where code = '${code}'`)[0];
    await arrives("the early row", () => team("early"), 30);
    await slow.send("commit");
    await arrives("the late row", () => team("late")?.name === "stamped first", 30);
    slow.end();
  },

  async "a server that dies in the middle of a write: the outcome is found out, nothing is lost or doubled"() {
    const lock = b.session();
    await lock.send("begin");
    await lock.send("select 1 from crm.persons where mail = 'ada@x' for update");
    a.sql("update people set name = 'Ada, after the crash' where email = 'ada@x'");
    await arrives("the write to wait for the lock", () => b.sql("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'update%'") !== "0", 20);
    b.kill();
    a.sql("insert into people (email, name) values ('mary@x', 'Mary')");
    b.again();
    await arrives("the edit on the right", () => right("ada@x")?.full_name === "Ada, after the crash", 60);
    await arrives("the row made meanwhile", () => right("mary@x")?.full_name === "Mary", 60);
    await arrives("the log to say that the outcome was unknown", () => /: unknown\b/.test(own.daemon.err()));
    assert.equal(b.sql("select count(*) from crm.persons where mail in ('ada@x', 'mary@x')"), "2");
  },

  async "what happened while the listener was cut off is caught up with"() {
    a.kill();
    a.again();
    a.sql("update people set name = 'Mary, unheard' where email = 'mary@x'");
    await arrives("the edit on the right", () => right("mary@x").full_name === "Mary, unheard", 90);
    a.sql("update people set name = 'Mary, heard' where email = 'mary@x'");
    await arrives("the next edit, told", () => right("mary@x").full_name === "Mary, heard", 30);
  },

  async "columns that become another type are read and written as that from then on, without a restart or an edit"() {
    for (const side of [a, b]) side.sql("create table lamps (code text primary key, name text, lit boolean, seen timestamptz, watts numeric(8,1), updated_at timestamptz not null default clock_timestamp()); create trigger touch before update on lamps for each row execute function touch()");
    a.sql("insert into lamps values ('desk', 'Desk', false, '2026-01-01 10:00:00Z', 4), ('hall', 'Hall', false, '2026-01-01 10:00:00Z', 4)");
    own.write("mappings/lamps.lua", lamps);
    await arrives("the lamps on the right", () => b.sql("select count(*) from lamps") === "2", 30);
    // More digits first: nothing is refused for them, so it is not they alone that a look finds, which would be rounded to the old ones.
    a.sql("alter table lamps alter watts type numeric(8,3)");
    b.sql("alter table lamps alter lit type int using lit::int, alter seen type timestamp using seen at time zone 'UTC', alter watts type numeric(8,3)");
    a.sql("update lamps set lit = true, seen = '2026-01-02 10:00:00Z', watts = 4.125 where code = 'desk'");
    await arrives("the edit on the right", () => lamp(b, "lit, seen, watts") === "1|2026-01-02 10:00:00|4.125", 30);
    b.sql("update lamps set lit = 1, seen = '2026-01-03 10:00:00', watts = 4.25 where code = 'hall'");
    await arrives("the edit on the left", () => lamp(a, "lit, seen, watts", "hall") === "t|2026-01-03 10:00:00+00|4.250", 30);
    await settled(world);
    assert.equal((await own.status()).mappings.lamps.dead ?? 0, 0);
    assert.ok(own.logged("schema_retyped").length >= 1);
  },

  async "what is refused just after its systems were asked has them asked again, a little later"() {
    b.sql("alter table lamps add constraint dim check (watts < 1000)");
    a.sql("update lamps set watts = 5000 where code = 'hall'");
    await until("the dead letter", async () => (await own.dead("lamps"))[0], 30);
    b.sql("alter table lamps alter lit type boolean using lit <> 0");
    a.sql("update lamps set lit = false where code = 'desk'");
    await arrives("the edit on the right", () => lamp(b, "lit") === "f", 30);
    a.sql("update lamps set watts = 5 where code = 'hall'");
    await arrives("the edit of the other", () => lamp(b, "watts", "hall") === "5.000", 30);
    await settled(world);
    assert.deepEqual(await own.dead("lamps"), []);
  },

  async "a mapping that was saved ahead of a column's new name is used once the column has it"() {
    own.write("mappings/lamps.lua", lamps.replace(`"name", "lit"`, `"name"`).replace(`"watts" }`, `"watts" }, { "lit", "glows" }`));
    await until("it to be refused", async () => (await own.status()).mappings.lamps.reload.ok === false);
    b.sql("alter table lamps rename lit to glows");
    a.sql("update lamps set lit = true where code = 'desk'");
    await until("the mapping to stand still", () => own.logged("schema_drift").some((one) => one.mapping === "lamps"), 30);
    await arrives("the edit under the new name", () => lamp(b, "glows") === "t", 30);
    assert.equal((await own.status()).mappings.lamps.reload.ok, true);
    own.remove("mappings/lamps.lua");
  },

  async "rows that a policy begins to hide are not deleted on the other side"() {
    const made = "create table notes (code text primary key, name text, owner text, updated_at timestamptz not null default clock_timestamp())";
    a.sql(`${made}; grant all on notes to clerk; insert into notes values ('x', 'seen', 'clerk'), ('y', 'kept', 'clerk'), ('z', 'deleted', 'clerk')`);
    b.sql(made);
    own.write("mappings/notes.lua", notes);
    await arrives("the notes on the right", () => b.sql("select count(*) from notes") === "3", 30);
    a.sql("delete from notes where code = 'z'");
    assert.equal((await own.cli("sync", "notes", "--sweep")).code, 0);
    await arrives("the deletion on the right", () => b.sql("select count(*) from notes") === "2", 30);
    await settled(world);
    a.sql("alter table notes enable row level security; create policy own on notes using (owner = current_user); update notes set owner = 'boss' where code = 'x'");
    await own.cli("sync", "notes", "--sweep");
    await until("the hidden note to be held", async () => (await own.status()).mappings.notes.held > 0, 30);
    assert.equal(b.sql("select string_agg(code, '' order by code) from notes"), "xy");
    a.sql("alter table notes disable row level security; update notes set name = 'seen again' where code = 'x'");
    await arrives("the note that is shown again", () => b.sql("select name from notes where code = 'x'") === "seen again", 30);
    await settled(world);
    own.remove("mappings/notes.lua");
  },

  async "check --connect asks the systems anew: a column that came since is warned of"() {
    const wanted = /'must' of b\.table "crm\.persons" is required there and no row fills it/;
    await settled(world);
    assert.doesNotMatch((await own.cli("check", "--connect")).out, wanted);
    b.sql("alter table crm.persons add column must text not null default ''; alter table crm.persons alter column must drop default");
    try {
      assert.doesNotMatch((await own.cli("check")).out, wanted);
      assert.match((await own.cli("check", "--connect")).out, wanted);
    } finally {
      b.sql("alter table crm.persons drop column must");
    }
  },

  async "a refused value is a dead letter that says why, and the rest goes on"() {
    a.sql("update people set born = '1066-10-14' where email = 'grace@x'");
    const dead = await until("the dead letter", async () => (await own.dead("people"))[0], 30);
    assert.match(JSON.stringify(dead), /23514.*likely/);
    a.sql("update people set name = 'Grace', born = '1906-12-09' where email = 'grace@x'");
    await arrives("the next edit", () => right("grace@x").full_name === "Grace", 30);
  },

  async "a column that takes more digits than it did is rounded to the old ones no longer than until a system was asked again"() {
    await settled(world);
    const known = own.logged("schema_retyped").length;
    a.sql("alter table people alter column salary type numeric(14,4)");
    let day = 0;
    await until("the types to be known", () => {  // what is refused has the systems asked, though not every second
      a.sql(`update people set born = date '1066-01-01' + ${++day} where email = 'ada@x'`);
      return own.logged("schema_retyped").length > known;
    }, 30);
    a.sql("update people set born = '1815-12-10', salary = 1.2345 where email = 'ada@x'");
    await arrives("all digits on the right", () => b.sql("select pay = 1.2345 from crm.persons where mail = 'ada@x'") === "t", 30);
    await settled(world);
  },

  async "what was installed goes again, and polls take over"() {
    await settled(world);
    assert.equal((await own.cli("uninstall", "a", "people", "--yes")).code, 0);
    assert.equal(a.sql("select count(*) from pg_trigger where tgname = 'tidewire_outbox'"), "0");
    a.sql("update people set name = 'Ada, polled' where email = 'ada@x'");
    assert.equal((await own.cli("sync", "people")).code, 0);
    await arrives("the edit on the right", () => right("ada@x").full_name === "Ada, polled", 30);
    assert.equal((await own.cli("status", "--exit-code")).code, 0);
  },

  async "another database at the same address is told of, and nothing that it lacks is deleted"() {
    await settled(world);
    const people = () => Number(a.sql("select count(*) from people"));
    const before = people();
    b.sql("create table kept as select * from crm.persons where mail = 'grace@x'; delete from tidewire.outbox");
    b.become_another();
    b.sql("alter table crm.persons disable trigger all; delete from crm.persons where mail = 'grace@x'; alter table crm.persons enable trigger all");
    a.sql("update people set name = 'Mary, at another' where email = 'mary@x'");
    await arrives("status to tell of it", async () => JSON.stringify(await own.status()).includes("another system answers than the one first met"), 60);
    assert.equal((await own.cli("status", "--exit-code")).code, 1);
    await own.cli("sync", "people", "--sweep", "--once");
    assert.equal(people(), before);
    b.sql("insert into crm.persons select * from kept; drop table kept");
    assert.match((await own.cli("check", "--accept", "b")).out, /b is accepted/);
    assert.equal((await own.cli("sync", "people", "--all")).code, 0);
    assert.equal(people(), before);
  },
};

await run(cases, world);
