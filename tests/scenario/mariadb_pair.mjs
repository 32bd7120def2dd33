import assert from "node:assert/strict";
import { project, run, settled, until } from "../support/scenario.mjs";
import { mariadb, postgres } from "../support/databases.mjs";

const world = {};
let shop, app, own;

const left = (code) => shop.sql(`select concat_ws('|', customer, total, paid, placed, big, coalesce(due, 'none')) from orders where code = '${code}'`);
const right = (code) => app.sql(`select concat_ws('|', customer, total, paid, placed, big, coalesce(due::text, 'none')) from orders where code = '${code}'`);
const arrives = (what, check, seconds = 40) => until(what, check, seconds);

const lists = `return mapping {
  left = shop.table "lists", right = app.table "lists", on = { poll = "every 1s" }, key = { left = "id", right = "id" }, match = { by.fields { "code" } },
  fields = { same { "code" }, rows { left = shop.table("list_items", { parent = "list" }), right = app.table("list_items", { parent = "list" }), key = { "item" }, fields = { same { "amount" } } } },
}
`;

const cases = {
  async "(a shop on MariaDB and an application on PostgreSQL behind a pooler)"() {
    shop = mariadb(`create table orders (id bigint auto_increment primary key, code varchar(20) unique, customer varchar(40), total decimal(12,2), paid tinyint(1) not null default 0,
        placed datetime(6), big bigint, due date) default charset = utf8mb4;
      set sql_mode = ''; insert into orders (code, customer, total, paid, placed, big, due) values
        ('A1', 'Söhne ✓🙂', 1234.50, 1, '2024-05-01 10:11:12.000013', 9223372036854775807, '0000-00-00')`);
    app = postgres(`create table orders (id uuid primary key default gen_random_uuid(), code text unique, customer text, total numeric(12,2), paid boolean default false,
        placed timestamp, big bigint, due date);
      insert into orders (code, customer, total) values ('B1', 'From the app', 9.99)`);
    own = world.project = project(new URL("mariadb_pair", import.meta.url).pathname, { APP_URL: app.pool(), SHOP_PASSWORD: "practice" });
    own.edit("tidewire.lua", "port = 0", `port = ${shop.port}`);
    assert.equal((await own.cli("install", "mysql", "orders", "--yes")).code, 0);
    const made = await own.cli("install", "postgres", "orders", "--yes");
    assert.equal(made.code, 0, made.err);
  },

  async "the first load carries digits, letters and times, and a date of zeros is none"() {
    await own.start();
    assert.equal((await own.cli("sync", "orders")).code, 0);
    assert.equal(right("A1"), "Söhne ✓🙂|1234.50|t|2024-05-01 10:11:12.000013|9223372036854775807|none");
    assert.match(left("B1"), /^From the app\|9\.99\|0\|/);
    assert.equal(shop.sql("select cast(due as char) from orders where code = 'A1'"), "0000-00-00");
  },

  async "edits, new rows and deletions travel both ways"() {
    shop.sql("update orders set total = 0.01, due = '2024-02-29' where code = 'A1'");
    app.sql("insert into orders (code, customer, total, paid) values ('B2', 'second', 5, true)");
    await arrives("the edit on the right", () => right("A1").startsWith("Söhne ✓🙂|0.01|t|") && right("A1").endsWith("2024-02-29"));
    await arrives("the row on the left", () => left("B2").startsWith("second|5.00|1"));
    await settled(world);
    shop.sql("delete from orders where code = 'B2'");
    await arrives("the row to be gone on the right", () => right("B2") === "");
  },

  async "a row below a record that is deleted or moved by itself is told by the outbox"() {
    shop.sql(`create table lists (id int auto_increment primary key, code varchar(20) unique); create table list_items (id int auto_increment primary key, list int, item varchar(20), amount int);
      insert into lists (code) values ('shopping'), ('garden'); insert into list_items (list, item, amount) values (1, 'apples', 3), (1, 'pears', 1)`);
    app.sql("create table lists (id int primary key generated always as identity, code text unique); create table list_items (id int primary key generated always as identity, list int references lists, item text, amount int)");
    own.write("mappings/lists.lua", lists);
    await until("the mapping to be loaded", async () => (await own.status()).mappings.lists?.state === "running");
    assert.match((await own.cli("check", "--connect")).out, /connection shop, list_items: polls do not tell whose row was deleted/);
    for (const kind of ["mysql", "postgres"]) assert.equal((await own.cli("install", kind, "lists", "--yes")).code, 0);
    assert.doesNotMatch((await own.cli("check", "--connect")).out, /not tell whose/);
    assert.equal((await own.cli("sync", "lists")).code, 0);
    const there = (side, text) => side.sql(`select ${text} from list_items join lists on lists.id = list`);
    const right = () => there(app, "string_agg(code || '/' || item, ' ' order by item)");
    const left = () => there(shop, "coalesce(group_concat(code, '/', item order by item separator ' '), '')");
    assert.equal(right(), "shopping/apples shopping/pears");
    await settled(world);
    shop.sql("delete from list_items where item = 'apples'");
    await arrives("the row to be gone on the right", () => right() === "shopping/pears");
    await settled(world);
    shop.sql("update list_items set list = 2");
    await arrives("the row to have moved on the right", () => right() === "garden/pears");
    await settled(world);
    app.sql("delete from list_items");
    await arrives("the row to be gone on the left", () => left() === "");
    for (const kind of ["mysql", "postgres"]) assert.equal((await own.cli("uninstall", kind, "lists", "--yes")).code, 0);
    assert.equal(shop.sql("select count(*) from information_schema.triggers where event_object_table like 'list%'"), "0");
    own.remove("mappings/lists.lua");
  },

  async "a transaction that began first and commits last is not passed over, on either side"() {
    const early = shop.session(), late = app.session();
    await early.send("begin");
    await early.send("insert into orders (code, customer) values ('S1', 'slow in the shop')");
    await late.send("begin");
    await late.send("insert into orders (code, customer) values ('S2', 'slow in the app')");
    shop.sql("insert into orders (code, customer) values ('Q1', 'quick')");
    app.sql("update orders set customer = 'edited' where code = 'B1'");
    await early.send("commit");
    await late.send("commit");
    await arrives("all four", () => right("S1") && right("Q1") && left("S2") && left("B1").startsWith("edited"));
  },

  async "a server that dies in the middle of a write: the outcome is found out"() {
    const lock = shop.session();
    await lock.send("begin");
    await lock.send("select 1 from orders where code = 'B1' for update");
    app.sql("update orders set customer = 'after the crash' where code = 'B1'");
    await arrives("the write to wait for the lock", () => shop.sql("select count(*) from information_schema.processlist where info like 'update%'") !== "0");
    shop.kill();
    app.sql("insert into orders (code, customer) values ('M1', 'made meanwhile')");
    shop.again();
    await arrives("the edit", () => left("B1").startsWith("after the crash"), 60);
    await arrives("the row", () => left("M1").startsWith("made meanwhile"), 60);
    assert.equal(shop.sql("select count(*) from orders where code in ('B1', 'M1')"), "2");
  },

  async "in the end nothing waits and nothing is written any more"() {
    await settled(world);
    const before = [app.sql("select string_agg(xmin::text, ',' order by id) from orders"), shop.sql("select max(seq) from tidewire_outbox")];
    assert.equal((await own.cli("sync", "orders", "--all", "--sweep")).code, 0);
    assert.deepEqual([app.sql("select string_agg(xmin::text, ',' order by id) from orders"), shop.sql("select max(seq) from tidewire_outbox")], before);
    assert.equal((await own.cli("status", "--exit-code")).code, 0);
  },
};

await run(cases, world);
