// What `tidewire schema --suggest` prints is saved as it is, and keeps two systems the same: what the full side has arrives, an
// edit on each side does, and then nothing is written any more.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { binary, call, cleanup, frappe, odoo, practice, project, run, temporary } from "../support/scenario.mjs";
import { crm } from "../support/crm.mjs";
import { mariadb, postgres } from "../support/databases.mjs";
import { doctypes } from "../support/staff.mjs";
import { wordpress } from "../support/wordpress.mjs";

const world = {};
const source = process.env.SOURCE_DIR;
const settings = {};
let own, pg, shop, erp;

/// One more connection of the project.
function connect(name, text, secrets = {}) {
  settings[name] = text;
  Object.assign(own.secrets, secrets);
  own.write_secrets();
  const lines = Object.entries(settings).map(([one, said]) => `    ${one} = ${said},\n`).join("");
  own.write("tidewire.lua", `return project {\n  listen = "127.0.0.1:0",\n  connections = {\n${lines}  },\n}\n`);
}

/// Saved by a shell, as the command's help says; `check` has nothing against it. The text.
async function drafted(name, [connection, collection], right) {
  const line = '"$0" schema "$1" "$2" --suggest "$3" --project "$4" > "$4/mappings/$5.lua"';
  await promisify(execFile)("sh", ["-c", line, binary, connection, collection, right, own.folder, name]);
  const checked = await own.cli("check", "--connect");
  assert.equal(checked.code, 0, own.read(`mappings/${name}.lua`) + checked.out + checked.err);
  return own.read(`mappings/${name}.lua`);
}

async function sync(name, ...more) {
  const done = await own.cli("sync", name, ...more);
  assert.equal(done.code, 0, own.read(`mappings/${name}.lua`) + done.out + done.err + (await own.cli("ops", "--failed")).out);
}

/// Everything is gone over, deletions too, and no trace of a write is left on either side.
async function settled(name, traces) {
  const before = await traces();
  await sync(name, "--all", "--sweep");
  assert.deepEqual(await traces(), before);
}

const versions = (table) => pg.sql(`select string_agg(xmin::text, ',' order by xmin::text) from ${table}`);

const cases = {
  async "(a project without a mapping, a PostgreSQL and a MariaDB)"() {
    own = world.project = project(null, {});
    fs.mkdirSync(own.path("mappings"));
    pg = postgres("create function touch() returns trigger language plpgsql as $$ begin new.updated_at = clock_timestamp(); return new; end $$");
    pg.keeps_time = (table) => pg.sql(`create trigger touch before update on ${table} for each row execute function touch()`);
    shop = mariadb();
    connect("pg", 'postgres { url = secret "PG_URL" }', { PG_URL: pg.url });
    connect("shop", `mysql { port = ${shop.port}, database = "practice", user = "practice", password = secret "SHOP_PASSWORD" }`, { SHOP_PASSWORD: "practice" });
  },

  async "PostgreSQL and MariaDB: every kind of column, records that refer to each other"() {
    pg.sql(`create table customers (id bigint generated always as identity primary key, code text unique not null, name text not null, email text, phone text, born date, active boolean not null default true,
        credit numeric(12,2), visits integer, seen timestamptz, wakes time(0), tags jsonb, token uuid, kind text, photo bytea, parent_id bigint references customers, updated_at timestamptz not null default clock_timestamp());
      insert into customers (code, name, email, phone, born, active, credit, visits, seen, wakes, tags, token, photo) values
        ('A1', 'Söhne ✓🙂', 'ada@example.org', '+44 1', '1815-12-10', true, 1234.50, 3, '2024-05-01 10:11:12.000013+00', '08:30', '{"a": [1, 2]}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\\x00ff')`);
    pg.sql("insert into customers (code, name, active, kind, parent_id) select 'A2', 'Second', false, 'b', id from customers");
    pg.keeps_time("customers");
    shop.sql(`create table customers (id int unsigned auto_increment primary key, code varchar(20) not null unique, name varchar(80) not null, email varchar(80), phone varchar(40), born date, active tinyint(1) not null default 1,
        credit decimal(12,2), visits int, seen datetime(6), wakes time, tags json, token uuid, kind enum('a','b'), photo blob, parent_id int unsigned,
        updated_at datetime(6) not null default current_timestamp(6) on update current_timestamp(6), foreign key (parent_id) references customers (id)) default charset = utf8mb4`);
    const text = await drafted("customers", ["pg", "customers"], "shop.customers");
    assert.match(text, /match = \{ by\.fields \{ \{ "code", "code" \} \} \}/);
    await sync("customers");
    const right = (code) => shop.sql(`select concat_ws('|', c.name, coalesce(c.email, '-'), coalesce(c.phone, '-'), coalesce(c.born, '-'), c.active, coalesce(c.credit, '-'), coalesce(c.visits, '-'), coalesce(c.seen, '-'), coalesce(c.wakes, '-'),
      json_compact(coalesce(c.tags, '0')), coalesce(cast(c.token as char), '-'), coalesce(c.kind, '-'), coalesce(hex(c.photo), '-'), coalesce(p.code, '-')) from customers c left join customers p on p.id = c.parent_id where c.code = '${code}'`);
    assert.equal(right("A1"), 'Söhne ✓🙂|ada@example.org|+44 1|1815-12-10|1|1234.50|3|2024-05-01 10:11:12.000013|08:30:00|{"a":[1,2]}|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|-|00FF|-');
    assert.equal(right("A2"), "Second|-|-|-|0|-|-|-|-|0|-|b|-|A1");
    const traces = () => [versions("customers"), shop.sql("select group_concat(updated_at order by id) from customers")];
    await settled("customers", traces);
    pg.sql("update customers set name = 'Edited', credit = 0.01 where code = 'A1'");
    shop.sql("update customers set phone = '+1' where code = 'A2'; insert into customers (code, name, parent_id) select 'B1', 'From the shop', id from customers where code = 'A1'");
    await sync("customers");
    assert.match(right("A1"), /^Edited\|ada@example\.org\|\+44 1\|1815-12-10\|1\|0\.01\|/);
    assert.equal(pg.sql("select c.code || ' ' || c.name || ' ' || coalesce(c.phone, '-') || ' ' || coalesce(p.code, '-') from customers c left join customers p on p.id = c.parent_id order by c.code"),
      "A1 Edited +44 1 -\nA2 Second +1 A1\nB1 From the shop - A1");
    await settled("customers", traces);
  },

  async "keys that nobody makes, of one column and of two, are copied both ways"() {
    pg.sql(`create table stock (sku text, store text, quantity int not null default 0, primary key (sku, store)); insert into stock values ('apple', 'north', 1), ('apple', 'south', 2);
      create table colours (code varchar(10) primary key, name text); insert into colours values ('r', 'red')`);
    shop.sql(`create table stock (sku varchar(20), store varchar(20), quantity int not null default 0, primary key (sku, store)) default charset = utf8mb4 collate = utf8mb4_bin; insert into stock values ('apple', 'south', 2), ('pear', 'north', 3);
      create table colours (id int auto_increment primary key, code varchar(10) unique, name varchar(40)); insert into colours (code, name) values ('g', 'green')`);
    for (const name of ["stock", "colours"]) {
      assert.match(await drafted(name, ["pg", name], `shop.${name}`), /conflict = "left", +-- pg ".*" and shop ".*": they tell no times of edits/);
      await sync(name);
    }
    const stock = () => [pg.sql("select * from stock order by 1, 2").replaceAll("|", " "), shop.sql("select * from stock order by 1, 2").replaceAll("\t", " ")];
    const colours = () => [pg.sql("select code, name from colours order by 1").replaceAll("|", " "), shop.sql("select code, name from colours order by 1").replaceAll("\t", " ")];
    assert.deepEqual(stock(), Array(2).fill("apple north 1\napple south 2\npear north 3"));
    assert.deepEqual(colours(), Array(2).fill("g green\nr red"));
    pg.sql("update stock set quantity = 10 where store = 'south'; update colours set name = 'rose' where code = 'r'; insert into stock values ('plum', 'south', 4)");
    shop.sql("update stock set quantity = 30 where sku = 'pear'; update colours set name = 'grass' where code = 'g'; insert into colours (code, name) values ('b', 'blue')");
    for (const name of ["stock", "colours"]) await sync(name);
    assert.deepEqual(stock(), Array(2).fill("apple north 1\napple south 10\npear north 30\nplum south 4"));
    assert.deepEqual(colours(), Array(2).fill("b blue\ng grass\nr rose"));
    for (const name of ["stock", "colours"]) await settled(name, () => [versions(name), shop.sql(`checksum table ${name}`)]);
  },

  async "what a server spells in its own way comes back once, and then all is calm"() {
    pg.sql("create table runs (code text primary key, waits interval, address inet, net cidr, crowd numeric(6,-2), level int, mac macaddr)");
    shop.sql(`create table runs (code varchar(20) primary key, waits varchar(40), address varchar(60), net varchar(60), crowd decimal(12,2), level tinyint(1), mac varchar(40)) default charset = utf8mb4 collate = utf8mb4_bin;
      insert into runs values ('a', '26 hours', '2001:DB8::0001', '10.1', 1234, 2, '08-00-2B-01-02-03')`);
    await drafted("runs", ["pg", "runs"], "shop.runs");
    await sync("runs");
    const rows = () => [pg.sql("select * from runs order by 1").replaceAll("|", " "), shop.sql("select * from runs order by 1").replaceAll("\t", " ")];
    assert.deepEqual(rows(), ["a 26:00:00 2001:db8::1 10.1.0.0/16 1200 2 08:00:2b:01:02:03", "a PT26H 2001:db8::1 10.1.0.0/16 1234.00 2 08:00:2b:01:02:03"]);
    const traces = () => [versions("runs"), shop.sql("checksum table runs")];
    await settled("runs", traces);
    shop.sql("update runs set waits = '90 min', address = '10.0.0.1/32', crowd = 1290, level = 0");
    await sync("runs");
    pg.sql("update runs set level = 5");
    await sync("runs");
    assert.deepEqual(rows(), ["a 01:30:00 10.0.0.1 10.1.0.0/16 1300 5 08:00:2b:01:02:03", "a PT1H30M 10.0.0.1 10.1.0.0/16 1290.00 5 08:00:2b:01:02:03"]);
    await settled("runs", traces);
  },

  async "a match that is a guess writes nothing before a person has looked at it"() {
    pg.sql("create table notes (id serial primary key, title text, body text); insert into notes (title, body) values ('one', 'text')");
    shop.sql("create table notes (id int auto_increment primary key, title varchar(40), body text)");
    assert.match(await drafted("notes", ["pg", "notes"], "shop.notes"), /^ {2}dry_run = true, .*$/m);
    const told = await own.cli("sync", "notes");
    assert.equal(told.code, 5, told.out + told.err);
    assert.equal(shop.sql("select count(*) from notes"), "0");
    own.write("mappings/notes.lua", own.read("mappings/notes.lua").replace(/^ {2}dry_run = true, .*\n/m, ""));
    await sync("notes");
    assert.equal(shop.sql("select title, body from notes"), "one\ttext");
    await settled("notes", () => [versions("notes"), shop.sql("checksum table notes")]);
  },

  async "a view that takes nothing goes one way"() {
    pg.sql("create view totals as select code as id, name, count(*) as quantity from colours group by code, name");
    shop.sql("create table totals (id varchar(10) primary key, name varchar(40), quantity int)");
    assert.match(await drafted("totals", ["pg", "totals"], "shop.totals"), /direction = "left_to_right",/);
  },

  async "Frappe and a real PostgREST"() {
    const folder = temporary("supabase"), script = path.join(source, "tests/support/postgrest");
    fs.writeFileSync(`${folder}/tables.sql`, `
      create table teams (id bigint generated always as identity primary key, code text unique not null, name text, updated_at timestamptz not null default clock_timestamp());
      create table employees (id bigint generated always as identity primary key, code text unique not null, name text, bio text, phone text, remark text, active boolean, born_on date, met_at timestamptz,
        salary numeric(18,2), status text, team_id bigint references teams, manager_id bigint references employees, archived_at timestamptz, updated_at timestamptz not null default clock_timestamp());
      create function touch() returns trigger language plpgsql as $$ begin new.updated_at = clock_timestamp(); return new; end $$;
      create trigger touch before update on employees for each row execute function touch(); create trigger touch before update on teams for each row execute function touch()`);
    let said;
    try {
      said = execFileSync(script, ["start", folder, `${folder}/tables.sql`], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
    } catch (error) {
      if (error.status === 77) return console.log("real PostgREST: npm cannot be reached, left out");
      throw error;
    }
    cleanup(() => execFileSync(script, ["stop", folder]));
    const { SUPABASE_URL, SUPABASE_SERVICE_KEY, POSTGRES_URL } = Object.fromEntries(said.trim().split("\n").map((line) => line.split(/=(.*)/s)));
    const sql = (text) => execFileSync("psql", ["-qAtX", "-v", "ON_ERROR_STOP=1", POSTGRES_URL, "-c", text], { encoding: "utf8" }).trim();
    erp = await frappe();
    for (const one of doctypes) await erp.define(one);
    connect("erp", 'frappe { url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET" }', { ERP_URL: erp.url, ERP_KEY: "practice-key", ERP_SECRET: "practice-secret" });
    connect("app", 'supabase { url = env "APP_URL", key = secret "APP_KEY" }', { APP_URL: SUPABASE_URL, APP_KEY: SUPABASE_SERVICE_KEY });
    await erp.insert("Team", { code: "T1", team_name: "Tools" });
    const boss = await erp.insert("Staff Member", { staff_code: "S1", full_name: "Ada", bio: "long\ntext", phone: "1", active: 1, date_of_birth: "1815-12-10", met_at: "2024-05-01 10:11:12", salary: 10.5, team: "T1" });
    await erp.insert("Staff Member", { staff_code: "S2", full_name: "Grace", reports_to: boss.name, active: 0 });
    await drafted("teams", ["erp", "Team"], "app.teams");
    await sync("teams");
    assert.match(await drafted("employees", ["erp", "Staff Member"], "app.employees"), /"team", "team_id", t\.ref "teams"/);
    await sync("employees");
    const right = (code) => sql(`select concat_ws('|', e.name, coalesce(e.bio, '-'), coalesce(e.phone, '-'), e.active, e.born_on, e.met_at at time zone 'UTC', e.salary, e.status, t.name, m.name)
      from employees e left join teams t on t.id = e.team_id left join employees m on m.id = e.manager_id where e.code = '${code}'`);
    assert.equal(right("S1"), "Ada|long\ntext|1|t|1815-12-10|2024-05-01 08:11:12|10.50|Active|Tools");
    assert.equal(right("S2"), "Grace|-|-|f|0.00|Active|Ada");
    const traces = async () => [sql("select string_agg(xmin::text, ',' order by id) from employees"), (await erp.all("Staff Member")).map((one) => one.modified)];
    await settled("employees", traces);
    await erp.edit("Staff Member", boss.name, { phone: "2" });
    sql("update employees set name = 'Grace H.' where code = 'S2'; insert into employees (code, name, status, manager_id) select 'S3', 'From the app', 'Left', id from employees where code = 'S1'");
    await sync("employees");
    assert.match(right("S1"), /^Ada\|long\ntext\|2\|/);
    assert.equal((await erp.find("Staff Member", "staff_code", "S2")).full_name, "Grace H.");
    const made = await erp.find("Staff Member", "staff_code", "S3");
    assert.deepEqual([made.full_name, made.status, made.reports_to], ["From the app", "Left", boss.name]);
    await settled("employees", traces);
  },

  async "Odoo and PostgreSQL"() {
    const sales = await odoo();
    pg.sql(`create table partners (id bigint generated always as identity primary key, name text not null, email text unique, phone text, street text, city text, zip text, vat text, website text, is_company boolean,
        active boolean not null default true, credit_limit numeric(12,2), comment text, date date, parent_id bigint references partners, updated_at timestamptz not null default clock_timestamp())`);
    pg.keeps_time("partners");
    connect("sales", 'odoo { url = env "ODOO_URL", database = "practice", login = "practice", api_key = secret "ODOO_KEY" }', { ODOO_URL: sales.url, ODOO_KEY: "practice-key" });
    const [id] = await sales.at("res.partner", "create", [[{ name: "Ada", email: "ada@example.org", phone: "1", credit_limit: 0.5, is_company: true, comment: "<p>hello</p>", date: "2024-02-29" }]]);
    await sales.at("res.partner", "create", [[{ name: "Her assistant", email: "assistant@example.org", parent_id: id }]]);
    await drafted("partners", ["sales", "res.partner"], "pg.partners");
    await sync("partners");
    const right = (email) => pg.sql(`select concat_ws('|', c.name, coalesce(c.phone, '-'), coalesce(c.street, '-'), c.is_company, c.active, c.credit_limit, coalesce(c.comment, '-'), c.date, p.name) from partners c left join partners p on p.id = c.parent_id where c.email = '${email}'`);
    assert.equal(right("ada@example.org"), "Ada|1|-|t|t|0.50|<p>hello</p>|2024-02-29");
    assert.match(right("assistant@example.org"), /\|Ada$/);
    const traces = async () => [versions("partners"), await sales.written()];
    await settled("partners", traces);
    pg.sql("update partners set phone = '2' where email = 'ada@example.org'; insert into partners (name, email, city) values ('Bob', 'bob@example.org', 'Bath')");
    await sales.at("res.partner", "write", [[id], { street: "1 High Street" }]);
    await sync("partners");
    assert.match(right("ada@example.org"), /^Ada\|2\|1 High Street\|/);
    const [ada, bob] = await sales.at("res.partner", "search_read", [[["email", "in", ["ada@example.org", "bob@example.org"]]], ["name", "phone", "city"]], { order: "name" });
    assert.deepEqual([ada.phone, bob.name, bob.city], ["2", "Bob", "Bath"]);
    await settled("partners", traces);
  },

  async "Notion and PostgreSQL"() {
    const data_source = "c0470000-0000-4000-8000-000000000002";
    const title = (content) => ({ title: [{ text: { content } }] });
    const contacts = { id: "c0470000-0000-4000-8000-000000000001", title: "Contacts", data_sources: [{ id: data_source, name: "Contacts",
      properties: { Name: { title: {} }, Email: { email: {} }, Phone: { phone_number: {} }, Born: { date: {} }, Tags: { multi_select: { options: [] } }, Level: { select: { options: [{ name: "gold" }] } }, Points: { number: {} },
        Active: { checkbox: {} }, Website: { url: {} }, "Introduced by": { relation: { data_source_id: data_source, single_property: {} } }, Number: { unique_id: { prefix: "C" } } },
      pages: [{ id: "c0470000-0000-4000-8000-00000000000a", properties: { Name: title("Ada"), Email: { email: "ada@example.org" }, Born: { date: { start: "1815-12-10" } }, Tags: { multi_select: [{ name: "b" }, { name: "a" }] },
        Level: { select: { name: "gold" } }, Points: { number: 1.5 }, Active: { checkbox: true } } },
      { id: "c0470000-0000-4000-8000-00000000000b", properties: { Name: title("Grace"), Email: { email: "grace@example.org" }, "Introduced by": { relation: [{ id: "c0470000-0000-4000-8000-00000000000a" }] } } }] }] };
    const fixture = path.join(temporary("notion"), "contacts.json");
    fs.writeFileSync(fixture, JSON.stringify({ databases: [contacts] }));
    const notion = await practice("notion", ["--fixture", fixture]);
    const stats = async () => (await call(`${notion.url}/practice/stats`)).json.by_route;
    const writes = async () => Object.entries(await stats()).filter(([route]) => /^(PATCH|POST) .*pages/.test(route) && !/query/.test(route));
    pg.sql(`create table members (id uuid primary key default gen_random_uuid(), name text, email text unique, phone text, born date, tags text[], level text, points numeric(8,2), active boolean not null default false, website text,
        introduced_by uuid references members, updated_at timestamptz not null default clock_timestamp())`);
    pg.keeps_time("members");
    connect("vault", 'notion { url = env "NOTION_URL", token = secret "NOTION_TOKEN", limits = { rate = "100/s" } }', { NOTION_URL: notion.url, NOTION_TOKEN: "secret_practice" });
    assert.match(await drafted("members", ["vault", data_source], "pg.members"), /"Introduced by", "introduced_by", t\.ref\("members"/);
    await sync("members");
    const right = (email) => pg.sql(`select concat_ws('|', c.name, c.born, array_to_string(array(select unnest(c.tags) order by 1), ' '), c.level, c.points, c.active, p.name) from members c left join members p on p.id = c.introduced_by where c.email = '${email}'`);
    assert.equal(right("ada@example.org"), "Ada|1815-12-10|a b|gold|1.50|t");
    assert.match(right("grace@example.org"), /\|Ada$/);
    const traces = async () => [versions("members"), await writes()];
    await settled("members", traces);
    pg.sql("update members set phone = '+1', tags = '{c}' where email = 'grace@example.org'; insert into members (name, email, website) values ('Emmy', 'emmy@example.org', 'https://example.org')");
    const edited = await call(`${notion.url}/practice/edit`, { method: "POST", body: { page: "c0470000-0000-4000-8000-00000000000a", properties: { Points: { number: 2 } } } });
    assert.equal(edited.status, 200, edited.text);
    await sync("members");
    assert.match(right("ada@example.org"), /\|2\.00\|t$/);
    const query = { method: "POST", body: {}, headers: { Authorization: "Bearer secret_practice", "Notion-Version": "2025-09-03", "Content-Type": "application/json" } };
    const pages = (await call(`${notion.url}/v1/data_sources/${data_source}/query`, query)).json.results;
    const of = (email) => pages.find((one) => one.properties.Email.email === email).properties;
    assert.deepEqual([of("grace@example.org").Phone.phone_number, of("grace@example.org").Tags.multi_select.map((one) => one.name), of("emmy@example.org").Website.url], ["+1", ["c"], "https://example.org"]);
    await settled("members", traces);
  },

  async "a real WordPress and PostgreSQL"() {
    const blog = wordpress();
    pg.sql(`create table categories (id uuid primary key default gen_random_uuid(), name text, slug text unique, description text, parent_id uuid references categories, updated_at timestamptz default clock_timestamp());
      create table articles (id uuid primary key default gen_random_uuid(), title text, slug text unique, content text, excerpt text, status text default 'draft', categories uuid[] default '{}', sticky boolean default false, updated_at timestamptz default clock_timestamp())`);
    for (const table of ["categories", "articles"]) pg.keeps_time(table);
    connect("blog", 'wordpress { url = env "BLOG_URL", user = "admin", password = secret "BLOG_PASSWORD" }', { BLOG_URL: blog.url, BLOG_PASSWORD: blog.password });
    await blog.php("$id = wp_insert_term('News', 'category', ['slug' => 'news'])['term_id']; wp_insert_term('Local', 'category', ['slug' => 'local', 'parent' => $id]); return wp_insert_post(['post_title' => 'From the <b>blog</b> & more ✓', 'post_name' => 'from-the-blog', 'post_content' => \"<p>text</p>\\n\\nend\", 'post_status' => 'publish', 'post_category' => [$id]]);");
    assert.match(await drafted("categories", ["blog", "category"], "pg.categories"), /conflict = "left", +-- blog "category": it tells no times/);
    await sync("categories");
    assert.match(await drafted("articles", ["blog", "post"], "pg.articles"), /"categories", "categories", t\.list\(t\.ref "categories"\)/);
    await sync("articles");
    assert.equal(pg.sql("select p.slug from categories c join categories p on p.id = c.parent_id where c.slug = 'local'"), "news");
    const right = (slug) => pg.sql(`select concat_ws('|', a.title, a.content, a.status, (select string_agg(c.slug, ' ' order by c.slug) from categories c where c.id = any(a.categories))) from articles a where a.slug = '${slug}'`);
    assert.equal(right("from-the-blog"), "From the <b>blog</b> & more ✓|<p>text</p>\n\nend|publish|news");
    const traces = async () => [versions("articles"), await blog.php("global $wpdb; return $wpdb->get_col(\"select concat(ID, ' ', post_modified_gmt, ' ', md5(concat(post_title, post_content))) from $wpdb->posts order by ID\");")];
    await settled("articles", traces);
    await blog.php("return wp_update_post(['ID' => get_page_by_path('from-the-blog', OBJECT, 'post')->ID, 'post_excerpt' => 'short']);");
    pg.sql("update articles set title = 'Renamed' where slug = 'from-the-blog'; insert into articles (title, slug, content, status, categories) select 'From the app', 'from-the-app', 'x', 'publish', array[id] from categories where slug = 'local'");
    await sync("articles");
    assert.equal(pg.sql("select excerpt from articles where slug = 'from-the-blog'"), "short");
    const [there, made] = [await blog.post("from-the-blog"), await blog.post("from-the-app")];
    assert.deepEqual([there.title.raw, made.title.raw, made.categories], ["Renamed", "From the app", [(await blog.category("local")).id]]);
    await settled("articles", traces);
  },

  async "a described REST system and PostgreSQL"() {
    const system = await crm("crm-token");
    cleanup(() => system.stop());
    pg.sql("create table contacts (id bigint generated always as identity primary key, email text unique, name text, phone text, is_vip boolean not null default false, updated_at timestamptz not null default clock_timestamp())");
    pg.keeps_time("contacts");
    const example = fs.readFileSync(path.join(source, "examples/rest/project/tidewire.lua"), "utf8");
    connect("crm", example.slice(example.indexOf("http {"), example.indexOf("    },\n    app =") + 5), { CRM_URL: system.url, CRM_TOKEN: "crm-token" });
    for (let n = 1; n <= 60; n++) system.insert({ email: `p${n}@example.org`, name: `Person ${n}`, vip: n % 2 === 0 });
    await drafted("contacts", ["crm", "contacts"], "pg.contacts");
    await sync("contacts");
    const right = (email) => pg.sql(`select concat_ws('|', name, coalesce(phone, '-'), is_vip) from contacts where email = '${email}'`);
    assert.deepEqual([pg.sql("select count(*) from contacts"), right("p2@example.org")], ["60", "Person 2|-|t"]);
    const traces = () => [versions("contacts"), system.writes()];
    await settled("contacts", traces);
    system.edit("p1@example.org", { phone: "+1" });
    pg.sql("update contacts set name = 'Renamed' where email = 'p2@example.org'; insert into contacts (email, name, is_vip) values ('new@example.org', 'New', true)");
    await sync("contacts");
    assert.deepEqual([right("p1@example.org"), system.find("p2@example.org").name, system.find("new@example.org").vip], ["Person 1|+1|f", "Renamed", true]);
    await settled("contacts", traces);
  },
};

await run(cases, world);
