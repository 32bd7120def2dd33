-- The postgres connector on a real server: `tidewire lua live_postgres.lua --profile io -- URL`.
local url = ...
local tap = require "tap"
local dec = require("tidewire.decimal").dec
local json = require "tidewire.json"
local task = require "tidewire.task"
local case = require "live_postgres_case"(url)

local null, array, object = json.null, json.array, json.object
local db, fails, connect, collection = case.db, case.fails, case.connect, case.collection

assert(db:query "create type feeling as enum ('so so', 'fine')")
assert(db:query "create domain positive as int check (value > 0)")
assert(db:query "create domain low as numeric(10, 2)")
assert(db:query "create domain lower_still as low not null check (value < 100)")
assert(db:query "create domain mood as feeling")
assert(db:query "create domain my_mood as mood")
assert(db:query [[create table typed (a int, b text, feelings feeling[], dom positive, ints int[], nums numeric[], docs jsonb[], spell interval,
  ip inet, cash money, bits bit(4), span int4range, ts timestamp, tz timestamptz, tzs timestamptz[], f4 real, ch char(5), doc json,
  large numeric, grid int[], twice int generated always as (a * 2) stored, primary key (a, b))]])
local typed = collection("typed", { "a", "b" }, { "a", "b", "feelings", "dom", "ints", "nums", "docs", "spell", "ip", "cash", "bits", "span", "ts", "tz",
  "tzs", "f4", "ch", "doc", "large", "grid", "twice" })
local values = {
  a = 1, b = "x,\"y", feelings = array { "so so", null }, dom = 5, ints = array { 1, null }, nums = array { dec "1.50", dec "99999999999999999999.1" },
  docs = array { object { k = 1 } }, spell = "P1DT2H", ip = "10.0.0.1", cash = "$12.34", bits = "1010", span = "[1,5)", ts = "2024-01-01T10:00:00.5",
  tz = "2024-01-01T10:00:00.5Z", tzs = array { "2024-01-01T10:00:00Z" }, f4 = dec "1.5", ch = "ab", doc = object { z = 1, a = array {} },
  large = dec "123456789012345678901234567890.123", grid = array { array { 1, 2 }, array { 3, 4 } },
}

tap.test("every type is read as it was written, and its description says what it is", function()
  local call = connect().functions
  local made = assert(call.create(typed, array { { values = values } }))[1].record
  for name, value in pairs(values) do
    local read = made.fields[name]
    if name == "ch" then read = read:match "^(.-) *$" end
    tap.equal(json.encode { read }, json.encode { value }, name)
  end
  tap.equal({ made.key, made.fields.twice }, { [==[[1,"x,\"y"]]==], 2 })
  local kinds = {}
  for _, field in ipairs(assert(call.describe(typed)).fields) do kinds[field.name] = field end
  tap.equal({ kinds.large.type.unlimited, kinds.a.type.unlimited }, { true })
  tap.equal({ kinds.feelings.type.of.options[1], kinds.dom.type.kind, kinds.nums.type.of.kind, kinds.twice.read_only, kinds.ch.type.trim, kinds.ts.type.form },
    { "so so", "int", "decimal", true, "right", "local" })
end)

tap.test("a domain below a domain is the type below it", function()
  assert(db:query "create table deep (id int primary key, amount lower_still, mood my_mood)")
  local call, rows, fields = connect().functions, collection("deep", { "id" }, { "amount", "mood" }), {}
  for _, field in ipairs(assert(call.describe(rows)).fields) do fields[field.name] = field end
  tap.equal({ fields.amount.type, fields.amount.required, fields.mood.type }, { { kind = "decimal", form = "endless", scale = 2, precision = 10 }, true, { kind = "enum", options = { "so so", "fine" } } })
  tap.equal(assert(call.create(rows, array { { values = { id = 1, amount = dec "1.5", mood = "fine" } } }))[1].record.fields.mood, "fine")
  fails("invalid", "23514", call.update(rows, "1", { amount = 100 }))
end)

tap.test("a large object and a file of the storage are told as files", function()
  assert(db:query [[create schema storage]])
  assert(db:query [[create table storage.objects (id int primary key)]])
  assert(db:query [[create table pictured (id int primary key, large oid, stored int references storage.objects, plain int)]])
  local files = {}
  for _, field in ipairs(assert(connect().functions.describe(collection("pictured", { "id" }, { "id", "large" }))).fields) do files[field.name] = field.file end
  tap.equal(files, { large = "elsewhere", stored = "elsewhere" })
end)

tap.test("lists can be emptied, documents replaced, a key of two parts found again", function()
  local call = connect().functions
  local key = [==[[1,"x,\"y"]]==]
  local before = assert(call.read(typed, array { key, [==[[1,"other"]]==] }))
  tap.equal(#before, 1)
  local after = assert(call.update(typed, key, { feelings = array {}, grid = null, doc = array { 1 } }, before[1].version))
  tap.equal(json.encode { after.fields.feelings, after.fields.grid, after.fields.doc }, "[[],null,[1]]")
end)

tap.test("a renamed column is an error that names it, and known again after it came back", function()
  local call = connect().functions
  local one = collection("typed", { "a", "b" }, { "ip" })
  assert(call.list(one, nil, 1))
  assert(db:query "alter table typed rename ip to address")
  fails("invalid", "ip", call.list(one, nil, 1))
  fails("invalid", 'no column "ip"', call.list(one, nil, 1))
  assert(db:query "alter table typed rename address to ip")
  task.sleep(0)
  tap.equal(#assert(connect().functions.list(one, nil, 1)).records, 1)
end)

tap.test("a column whose type is changed under way makes a write be tried again, and no longer", function()
  assert(db:query "create table retyped_key (id int primary key, name text, qty int)")
  assert(db:query "insert into retyped_key values (1, 'a', 1)")
  local call, rows = connect().functions, collection("retyped_key", { "id" }, { "name", "qty" })
  assert(call.read(rows, array { "1" }))
  assert(db:query "alter table retyped_key alter column id type text")
  fails("unavailable", "^42883: ", call.update(rows, "1", { name = "b" }))
  tap.equal(assert(call.update(rows, "1", { name = "b" })).fields.name, "b")
  -- What the session planned for the former type it refuses for ever: another session is taken.
  assert(db:query [[create function notes_qty() returns trigger language plpgsql as $$ begin if new.qty is distinct from old.qty then new.name = new.qty || ' now'; end if; return new; end $$]])
  assert(db:query "create trigger notes before update on retyped_key for each row execute function notes_qty()")
  tap.equal(assert(call.update(rows, "1", { qty = 2 })).fields.name, "2 now")
  assert(db:query "alter table retyped_key alter column qty type text")
  fails("unavailable", "^42804: type of parameter", call.update(rows, "1", { qty = "3" }))
  tap.equal(assert(call.update(rows, "1", { qty = "3" })).fields.name, "3 now")
  -- What stays wrong is refused.
  assert(db:query "create table noted_qty (qty int)")
  assert(db:query [[create or replace function notes_qty() returns trigger language plpgsql as $$ begin insert into noted_qty values (new.qty); return new; end $$]])
  local code
  for _ = 1, 3 do code = select(2, call.update(rows, "1", { qty = "4" })).code end
  tap.equal(code, "invalid")
end)

tap.test("a reference in letters of another case is read as the key that it names", function()
  assert(db:query "create extension citext")
  assert(db:query "create collation caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
  for n, kind in ipairs { "citext", "text collate caseless", "text" } do
    local parents, children = "owners_" .. n, "owned_" .. n
    assert(db:query(("create table %s (code %s primary key, owner text)"):format(parents, kind)))
    assert(db:query(("create table %s (id int primary key, owner %s references %s, code %s, name text)"):format(children, kind, parents, kind)))
    assert(db:query(("insert into %s values ('ABC', 'x'), ('d', 'y')"):format(parents)))
    assert(db:query(("insert into %s values (1, '%s', 'abc', 'a'), (2, null, null, 'b')"):format(children, kind == "text" and "ABC" or "abc")))
    local call, rows = connect().functions, collection(children, { "id" }, { "owner", "code", "name" })
    local row = assert(call.read(rows, array { "1" }))[1]
    tap.equal({ row.fields.owner, row.fields.code, assert(call.read(rows, array { "2" }))[1].fields.owner }, { "ABC", "abc", null }, kind)
    local given = kind == "text" and "d" or "D"
    tap.equal(assert(call.update(rows, "1", { owner = given }, row.version)).fields.owner, "d", kind)
    tap.equal(assert(call.create(rows, array { { values = { owner = given }, key = "3" } }))[1].record.fields.owner, "d", kind)
    tap.equal(#assert(call.find(rows, array { array { { field = "owner", value = given } } }))[1], 2, kind)
    tap.equal(#assert(call.list(rows, nil, 10)).records, 3)
  end
  -- Who may not look at the keys reads what stands there.
  assert(db:query "create role no_owner login password 'no_owner'")
  assert(db:query "grant select on owned_1 to no_owner")
  local own = connect({ url = url:gsub("postgres:practice@", "no_owner:no_owner@") }).functions
  assert(db:query "update owned_1 set owner = 'aBc' where id = 1")
  tap.equal(assert(own.read(collection("owned_1", { "id" }, { "owner" }), array { "1" }))[1].fields.owner, "aBc")
  assert(db:query "drop owned by no_owner")
  assert(db:query "drop role no_owner")
end)

tap.test("one refused row of a bulk update does not keep the others from being written", function()
  assert(db:query "create table many (a int, b char(3), name varchar(5), bits bit(4), tags text[], primary key (a, b))")
  assert(db:query "insert into many select n, 'x', 'old' from generate_series(1, 300) n")
  local call, some = connect().functions, collection("many", { "a", "b" }, { "a", "name", "bits", "tags" })
  local entries = array {}
  for i, record in ipairs(assert(call.list(some, nil, 300)).records) do
    entries[i] = { key = record.key, guard = record.version, values = { name = i == 7 and "too long" or "new", bits = "1010", tags = array { "a,b", null } } }
  end
  entries[9].guard = "1"
  local outcomes, wrong = assert(call.update_many(some, entries)), 0
  for i, outcome in ipairs(outcomes) do
    if outcome.error then wrong = wrong + 1 end
    if i == 8 then tap.equal({ outcome.record.key, outcome.record.fields.bits, outcome.record.fields.tags }, { entries[8].key, "1010", array { "a,b", null } }) end
  end
  tap.equal({ wrong, outcomes[7].error.code, outcomes[9].error.code }, { 2, "invalid", "stale" })
  tap.equal(db:query("select count(*)::int as n from many where name = 'new'")[1].n, 298)
end)

tap.test("a row that is in the way of another is told from a value that is wrong", function()
  assert(db:query "create table depts (id int primary key, name text unique)")
  assert(db:query "create table emps (id int primary key, dept int references depts (id), age int check (age > 0))")
  assert(db:query "insert into depts values (1, 'a'), (2, 'b')")
  assert(db:query "insert into emps values (1, 1, 5)")
  local call, depts, emps = connect().functions, collection("depts", { "id" }, { "name" }), collection("emps", { "id" }, { "dept", "age" })
  fails("blocked", "^23503: .*emps", call.delete(depts, "1"))
  fails("blocked", "^23503: .*depts", call.update(emps, "1", { dept = 9 }))
  fails("blocked", "^23505: .*%(a%)", call.update(depts, "2", { name = "a" }))
  fails("invalid", "^23514: ", call.update(emps, "1", { age = -1 }))
  local outcomes = assert(call.update_many(depts, array { { key = "1", values = { name = "c" } }, { key = "2", values = { name = "c" } } }))
  tap.equal({ outcomes[1].record.fields.name, outcomes[2].error.code, outcomes[2].error.hint:find("swap", 1, true) ~= nil }, { "c", "blocked", true })
  outcomes = assert(call.create(emps, array { { values = { dept = 9 }, key = "2" }, { values = { dept = 2 }, key = "3" } }))
  tap.equal({ outcomes[1].error.code, outcomes[2].record.key }, { "blocked", "3" })
  outcomes = assert(call.create(depts, array { { values = { name = "b" }, key = "5" } }))
  tap.equal(outcomes[1].error.code, "stale")
  assert(call.update(emps, "1", { dept = null }))
  tap.equal(call.delete(depts, "1"), true)
end)

tap.test("of rows that share a key none is written, and check says that nothing keeps it from coming twice", function()
  assert(db:query "create table shared_key (code text, name text)")
  assert(db:query "insert into shared_key values ('a', 'one'), ('a', 'two'), ('b', 'three')")
  local call, rows = connect().functions, collection("shared_key", { "code" }, { "name" })
  local function warned(one) return table.concat(assert(call.describe(one)).warnings, "\n"):find("nothing keeps its key (code) from coming twice", 1, true) ~= nil end
  tap.equal(warned(rows), true)
  fails("invalid", "several rows of .* have the key a", call.update(rows, "a", { name = "x" }))
  fails("invalid", "several rows of .* have the key a", call.delete(rows, "a"))
  tap.equal(assert(call.update(rows, "b", { name = "x" })).fields.name, "x")
  tap.equal(assert(call.delete(rows, "b")), true)
  fails("not_found", "b", call.delete(rows, "b"))
  tap.equal(db:query("select count(*)::int as n from shared_key where name in ('one', 'two')")[1].n, 2)
  assert(db:query "delete from shared_key where name = 'two'")
  assert(db:query "create unique index on shared_key (code)")
  tap.equal(warned(rows), false)
end)

tap.test("a key that the table does not have is an error of describe; a time column without a zone is told where the clock goes by another", function()
  assert(db:query "create table local_times (id int primary key, at timestamp, told timestamptz)")
  local call = connect().functions
  fails("invalid", 'the key: "public"."local_times" has no column "number"', call.describe(collection("local_times", { "number" }, { "at" })))
  local function warned(column)
    local rows = collection("local_times", { "id" }, { column })
    rows.options = { modified = column }
    return table.concat(assert(call.describe(rows)).warnings, "\n"):match "has no zone and counts as UTC, but the server goes by ([%w_/]+)"
  end
  assert(db:query "do $$ begin execute format('alter database %I set timezone = %L', current_database(), 'America/New_York'); end $$")
  tap.equal({ warned "at", warned "told" or false }, { "America/New_York", false })
  assert(db:query "do $$ begin execute format('alter database %I set timezone = %L', current_database(), 'UTC'); end $$")
  tap.equal(warned "at", nil)
  assert(db:query "do $$ begin execute format('alter database %I reset timezone', current_database()); end $$")
end)

tap.test("a column with a point in its name is left out, and said why", function()
  assert(db:query [[create table pointed (id int primary key, "a.b" text, a jsonb)]])
  local about = assert(connect().functions.describe(collection("pointed", { "id" }, { "a.c" })))
  tap.equal({ #about.fields, about.refused["a.b"]:match "^a point in a name" }, { 2, "a point in a name" })
end)

tap.test("a table without a primary key has no key that the mapping does not name", function()
  assert(db:query "create table keyless (id int, name text)")
  local call = connect().functions
  local about = assert(call.describe(collection("keyless", {}, { "name" })))
  tap.equal({ #about.key, table.concat(about.warnings):find("no primary key: name the key", 1, true) ~= nil }, { 0, true })
  tap.equal(#assert(call.describe(collection("keyless", { "id" }, { "name" }))).key, 0)
end)

tap.test("values of few systems: what a read tells, a write puts there as it was", function()
  assert(db:query [[create table strange (id int primary key, doc jsonb not null, free jsonb, list int[], moods feeling[], grid numeric[], day date, n numeric)]])
  assert(db:query [[insert into strange values (1, 'null', 'null', '[0:1]={5,6}', '[3:3]={fine}', '{{1.5,NaN},{NULL,3}}', '-infinity', 'Infinity')]])
  local names = { "doc", "free", "list", "moods", "grid", "day", "n" }
  local call, rows = connect().functions, collection("strange", { "id" }, names)
  local read = assert(call.read(rows, array { "1" }))[1]
  tap.equal(json.encode(read.fields.grid), '[[1.5,"NaN"],[null,3]]')
  tap.equal({ read.fields.list, read.fields.moods, read.fields.day, read.fields.n, read.fields.doc, read.fields.free },
    { "[0:1]={5,6}", "[3:3]={fine}", "-infinity", "Infinity", null, null })
  assert(db:query "insert into strange (id, doc) values (2, '{}')")
  tap.equal(json.encode(assert(call.update(rows, "2", read.fields)).fields), json.encode(read.fields))
  tap.equal(json.encode(assert(call.create(rows, array { { values = read.fields, key = "3" } }))[1].record.fields), json.encode(read.fields))
  local stored = db:query "select string_agg((s.doc, s.free, s.list, s.moods, s.grid, s.day, s.n)::text, ' ' order by id) as t from strange s where id > 1"[1].t
  tap.equal(stored, ('(null,,"[0:1]={5,6}",[3:3]={fine},"{{1.5,NaN},{NULL,3}}",-infinity,Infinity) '):rep(2):sub(1, -2))
end)

tap.test("a document that cannot be read is no text: its row fails for itself, and no other", function()
  assert(db:query "create table odd_documents (id int primary key, doc json, name text)")
  assert(db:query([[insert into odd_documents values (1, '{}', 'a'), (2, '{"a":"\ud800"}', 'b'), (3, '"{"', 'c')]]))
  local call, rows = connect().functions, collection("odd_documents", { "id" }, { "doc", "name" })
  local listed = {}
  for i, record in ipairs(assert(call.list(rows, nil, 10)).records) do listed[i] = record.fields["$unread"] or record.fields.name end
  tap.equal(listed, { "a", true, "c" })
  fails("invalid", "the row 2 of .*doc.* holds JSON that is not read here: ", call.read(rows, array { "1", "2" }))
  tap.equal(#assert(call.read(rows, array { "1", "3" })), 2)
  fails("invalid", "the row 2 of", call.find(rows, array { array { object { field = "name", value = "b" } } }))
end)

tap.test("what a column does not keep of a second or of a number is described", function()
  assert(db:query "create table coarse (id int primary key, a timestamp(0), b timestamptz(3), c time(2), d timestamp, e real, f double precision, g time(1)[])")
  local types = {}
  for _, field in ipairs(assert(connect().functions.describe(collection("coarse", { "id" }, { "a" }))).fields) do types[field.name] = field.type end
  tap.equal({ types.a.resolution, types.b.resolution, types.c.resolution, types.d.resolution, types.e.form, types.f.form or false, types.g.of.resolution },
    { 1, 0.001, 0.01, 0.000001, "single", false, 0.1 })
end)

tap.test("a policy that begins to hide rows is noticed before they count as deleted", function()
  assert(db:query "create table shown_once (id int primary key, name text)")
  assert(db:query "insert into shown_once values (1, 'a'), (2, 'b')")
  assert(db:query "create role looker login password 'looker'")
  assert(db:query "grant select on shown_once to looker")
  local call, rows = connect({ url = url:gsub("postgres:practice@", "looker:looker@") }).functions, collection("shown_once", { "id" }, { "name" })
  tap.equal({ assert(call.describe(rows)).absence_proves_delete, #assert(call.read(rows, array { "1", "3" })) }, { nil, 1 })
  assert(db:query "alter table shown_once enable row level security")
  fails("invalid", "row%-level security hides rows of", call.read(rows, array { "1" }))
  tap.equal(assert(call.describe(rows)).absence_proves_delete, false)
  tap.equal(#assert(call.read(rows, array { "1" })), 0)
  assert(db:query "alter table shown_once disable row level security")
  tap.equal(assert(call.describe(rows)).absence_proves_delete, nil)
  local first = assert(call.list(rows, nil, 1))
  tap.equal(#first.records, 1)
  assert(db:query "alter table shown_once enable row level security")
  fails("invalid", "row%-level security hides rows of", call.list(rows, first.cursor, 1))
  assert(db:query "drop owned by looker")
  assert(db:query "drop role looker")
end)

tap.test("a server is known by when it began, whatever the zone of the session", function()
  local function server(options) return assert(connect({ url = url .. (options or "") }).functions.test()).server end
  tap.ok(tostring(server()):find "^%d%d%d%d%-%d%d%-%d%dT[%d:.]+Z$", server())
  assert(db:query "alter role postgres set timezone = 'Asia/Tokyo'")
  local there = server()
  assert(db:query "alter role postgres reset timezone")
  tap.equal(there, server())
end)

tap.test("a table that a crash empties, one of another server and one that is shown in part are told", function()
  assert(db:query "create unlogged table volatile (id int primary key, name text)")
  local call = connect().functions
  local function told(one, from)
    local about = assert((from or call).describe(one))
    return { about.absence_proves_delete, table.concat(about.warnings, "\n") }
  end
  local logical = connect({ url = url, changes = "logical" }).functions
  local volatile = collection("volatile", { "id" }, { "name" })
  tap.equal({ told(volatile)[1], (told(volatile)[2]:find("an unlogged table", 1, true)) }, { false, 1 })
  tap.ok(told(volatile, logical)[2]:find("the log tells nothing of an unlogged table", 1, true), told(volatile, logical)[2])
  fails("invalid", "the log tells nothing of it", logical.install(volatile, { apply = true }))

  assert(db:query "create extension postgres_fdw")
  assert(db:query("create server elsewhere foreign data wrapper postgres_fdw options (host '127.0.0.1', port '" .. url:match ":(%d+)/" .. "', dbname 'postgres')"))
  assert(db:query "create user mapping for postgres server elsewhere options (user 'postgres', password 'practice')")
  assert(db:query "create foreign table far (id int, name text, stamp int) server elsewhere options (table_name 'near')")
  assert(db:query "create table near (id int primary key, name text, stamp int default 1)")
  assert(db:query "insert into near values (1, 'a')")
  local far = collection("far", { "id" }, { "name" }, { version = "stamp" })
  tap.equal({ told(far)[1], (told(far)[2]:find("a table of another server", 1, true)) }, { false, 1 })
  fails("invalid", "is a table of another server, and the version", call.list(collection("far", { "id" }, { "name" }), nil, 5))
  fails("invalid", "its changes cannot be noted", call.install(far, {}))
  local row = assert(call.read(far, array { "1" }))[1]
  assert(db:query "update near set stamp = 2")
  fails("stale", "changed", call.update(far, "1", { name = "b" }, row.version))

  assert(db:query "create role peeping login password 'peeping'")
  assert(db:query "grant select (id, name), insert (id, name), update (name) on near to peeping")
  local part = connect { url = url:gsub("postgres:practice@", "peeping:peeping@") }.functions
  tap.equal(told(collection("near", { "id" }, { "name" }), part)[2], "this user may read some columns only, and not the version of a row (xmin): grant select on the whole table, or name a `version` column")
  local unguarded = collection("near", { "id" }, { "name" }, { version = false })
  tap.equal({ told(unguarded, part)[2], assert(part.update(unguarded, "1", { name = "c" })).fields.name }, { "", "c" })
  assert(db:query "drop owned by peeping")
  assert(db:query "drop role peeping")
  assert(db:query "drop extension postgres_fdw cascade")
end)

tap.test("row-level security is noticed: what is hidden was not deleted, what is refused is said", function()
  assert(db:query "create table guarded (id int primary key, owner text, updated_at timestamptz default now())")
  assert(db:query "alter table guarded enable row level security")
  assert(db:query "create policy own on guarded using (owner = current_user) with check (owner = current_user)")
  assert(db:query "create role clerk login password 'clerk'")
  assert(db:query "grant select, insert, update, delete on guarded to clerk")
  assert(db:query "insert into guarded values (1, 'clerk'), (2, 'boss')")
  local side = connect { url = url:gsub("postgres:practice@", "clerk:clerk@") }
  local call, rows = side.functions, collection("guarded", { "id" }, { "id", "owner" })
  local about = assert(call.describe(rows))
  tap.equal(about.absence_proves_delete, false)
  tap.ok(table.concat(about.warnings):find "row%-level security")
  tap.equal(#assert(call.list(rows, nil, 10)).records, 1)
  fails("not_found", "2", call.update(rows, "2", { owner = "clerk" }))
  fails("denied", "^42501", call.update(rows, "1", { owner = "boss" }))
  local made = assert(call.create(rows, array { { values = { owner = "clerk" }, key = "3" }, { values = { owner = "boss" }, key = "4" } }))
  tap.equal({ made[1].record.key, made[2].error.code }, { "3", "denied" })
  tap.ok(assert(call.test()).site:find "/clerk$")
  tap.equal(assert(connect().functions.describe(rows)).absence_proves_delete, nil)
end)

tap.test("a view is read, and written without a guard where none was named", function()
  assert(db:query "create table below (id int primary key, name text, stamp timestamptz default now())")
  assert(db:query "create view above as select * from below")
  assert(db:query "insert into below values (1, 'a')")
  local call = connect().functions
  fails("invalid", "is a view, and the version of its rows is not named", call.list(collection("above", { "id" }, { "name" }), nil, 5))
  local above = collection("above", { "id" }, { "name" }, { version = false })
  tap.equal(assert(call.describe(above)).absence_proves_delete, false)
  tap.equal(assert(call.update(above, "1", { name = "b" })).fields.name, "b")
  local stamped = collection("above", { "id" }, { "name" }, { version = "stamp" })
  local row = assert(call.read(stamped, array { "1" }))[1]
  assert(db:query "update below set stamp = now()")
  fails("stale", "changed", call.update(stamped, "1", { name = "c" }, row.version))
end)

tap.test("a partitioned table is written like another where its keys are given", function()
  assert(db:query "create table parted (id int primary key, name text) partition by range (id)")
  assert(db:query "create table parted_low partition of parted for values from (0) to (100)")
  assert(db:query "insert into parted values (1, 'there')")
  local call, some = connect().functions, collection("parted", { "id" }, { "id", "name" })
  local made = assert(call.create(some, array { { values = { name = "new" }, key = "2" }, { values = { name = "taken" }, key = "1" } }))
  tap.equal({ made[1].record.fields.name, made[2].error.code }, { "new", "stale" })
  tap.equal(made[1].record.version, assert(call.read(some, array { "2" }))[1].version)
  tap.equal(assert(call.update(some, "2", { name = "newer" }, made[1].record.version)).fields.name, "newer")
  fails("stale", "changed", call.update(some, "2", { name = "x" }, made[1].record.version))
  tap.equal(assert(call.create(some, array { { values = { name = "no key" } } }))[1].error.code, "invalid")
end)

tap.test("what triggers do before the write is in the answer", function()
  assert(db:query "create table shouted (id int primary key, name text)")
  assert(db:query "create function shout() returns trigger language plpgsql as $$ begin new.name = upper(new.name); return new; end $$")
  assert(db:query "create trigger shout before insert or update on shouted for each row execute function shout()")
  local call, rows = connect().functions, collection("shouted", { "id" }, { "name" })
  local made = assert(call.create(rows, array { { values = { name = "hello" }, key = "7" } }))[1].record
  tap.equal({ made.key, made.fields.name }, { "7", "HELLO" })
end)

tap.test("a row that a trigger keeps out in silence is refused, and no other", function()
  assert(db:query "create function keep_out() returns trigger language plpgsql as $$ begin if new.name = 'out' then return null; end if; return new; end $$")
  for _, key in ipairs { "int primary key", "int generated always as identity primary key" } do
    assert(db:query "drop table if exists choosy")
    assert(db:query(("create table choosy (id %s, name text, code text unique)"):format(key)))
    assert(db:query "create trigger keep_out before insert on choosy for each row execute function keep_out()")
    assert(db:query(("insert into choosy (%sname, code) values (%s'there', 'taken')"):format(key:find "identity" and "" or "id, ", key:find "identity" and "" or "9, ")))
    local call, rows, entries = connect().functions, collection("choosy", { "id" }, { "name" }), array {}
    for i, one in ipairs { { "in", "a" }, { "out", "b" }, { "in", "taken" }, { "in", "c" }, { "in", "d" } } do
      entries[i] = { values = { name = one[1], code = one[2] }, key = not key:find "identity" and (i == 5 and "9" or tostring(i)) or nil }
    end
    local got = {}
    for i, outcome in ipairs(assert(call.create(rows, entries))) do got[i] = outcome.error and outcome.error.code or outcome.record.fields.name end
    tap.equal(got, { "in", "invalid", "stale", "in", key:find "identity" and "in" or "stale" }, key)
    fails("invalid", "no row was made, and nothing was refused", nil, assert(call.create(rows, array { entries[2] }))[1].error)
    tap.equal(db:query("select count(*)::int as n from choosy")[1].n, key:find "identity" and 4 or 3, key)
  end
end)

tap.test("a count that takes longer than a statement may is not known; a row without a key is not counted", function()
  assert(db:query "create view slow_ones as select g as id from generate_series(1, 3) g where pg_sleep(5) is not null")
  local total, err = connect({ url = url, statement_timeout = 2 }).functions.count(collection("slow_ones", { "id" }, { "id" }, { version = false }))
  tap.equal({ total, err }, { nil, nil })
  assert(db:query "create table half_keyed (code text unique)")
  assert(db:query "insert into half_keyed values ('a'), ('b'), (null)")
  tap.equal(assert(connect().functions.count(collection("half_keyed", { "code" }, { "code" }))), 2)
end)

tap.test("of a view what cannot be written is read-only; one may show the version of its rows", function()
  assert(db:query "create table beneath (id int primary key, name text, updated_at timestamptz default now())")
  assert(db:query "create view over_it as select id, name, upper(name) as loud, updated_at from beneath")
  local call = connect().functions
  local function read_only(name)
    local list = {}
    for _, field in ipairs(assert(call.describe(collection(name, { "id" }, { "name" }))).fields) do list[#list + 1] = field.read_only and field.name or nil end
    return list
  end
  tap.equal(read_only "over_it", { "loud" })
  assert(db:query "create function set_beneath() returns trigger language plpgsql as $$ begin return new; end $$")
  assert(db:query "create trigger instead instead of update on over_it for each row execute function set_beneath()")
  tap.equal(read_only "over_it", {})
  assert(db:query "create view versioned as select *, xmin from beneath")
  tap.equal(assert(call.read(collection("versioned", { "id" }, { "name" }), json.array { "1" })), {})
end)

tap.test("what other tables add to one that they inherit from is told of; a type that was renamed is found the next time", function()
  assert(db:query "create type pace as enum ('slow', 'fast')")
  assert(db:query "create table base (id int primary key, pace pace)")
  assert(db:query("insert into base values (1, 'slow')", {}, { write = true }))
  local call, rows = connect().functions, collection("base", { "id" }, { "pace" }, { modified = false })
  local function told() return table.concat(assert(call.describe(rows)).warnings, "\n"):find("inherit from it", 1, true) ~= nil end
  tap.equal(told(), false)
  assert(db:query "alter type pace rename to tempo")
  call.update(rows, "1", { pace = "fast" })
  tap.equal(assert(call.update(rows, "1", { pace = "fast" })).fields.pace, "fast")
  assert(db:query "create table more () inherits (base)")
  tap.equal(told(), true)
end)

tap.test("bytes that are no UTF-8 in a database that takes any keep their row from being read, and no other", function()
  assert(db:query "create database any_bytes encoding 'SQL_ASCII' template template0 lc_collate 'C' lc_ctype 'C'")
  local there = url:gsub("/[^/?]*%f[?%z]", "/any_bytes")
  local bytes = assert(require("tidewire.sql").postgres { url = there })
  assert(bytes:query "create table notes (id int primary key, name text)")
  assert(bytes:query "insert into notes values (1, 'plain'), (2, convert_from('\\xe9', 'SQL_ASCII'))")
  assert(bytes:query "insert into notes select n, 'more ' || n from generate_series(3, 9) n")
  local call, notes = connect({ url = there }).functions, collection("notes", { "id" }, { "name" }, { modified = false })
  local function shown(records)
    local list = {}
    for i, record in ipairs(records) do list[i] = record.key .. " " .. (record.fields["$unread"] and "unread" or record.fields.name) end
    return list
  end
  local page = assert(call.list(notes, nil, 3))
  tap.equal({ shown(page.records), page.records[2].version ~= nil }, { { "1 plain", "2 unread", "3 more 3" }, true })
  tap.equal(#assert(call.list(notes, page.cursor, 10)).records, 6)
  local changed = assert(call.changes(notes, { whole = true }, 4))
  tap.equal({ shown(changed.records), changed.more }, { { "1 plain", "2 unread", "3 more 3", "4 more 4" }, true })
  local read, err = call.read(notes, json.array { "2" })
  fails("invalid", "22021: ", read, err)
  tap.ok(tostring(err.hint):find "another encoding", err.hint)
  assert(call.install(notes, { apply = true }))
  local cursor = assert(call.start(notes))
  assert(bytes:query "update notes set id = id where id in (2, 5)")
  changed = assert(call.changes(notes, cursor, 10))
  tap.equal(shown(changed.records), { "2 unread", "5 more 5" })
  assert(bytes:query("update notes set name = 'mended' where id = 2", {}, { write = true }))
  tap.equal(assert(call.read(notes, json.array { "1" }))[1].fields.name, "plain")
end)

tap.test("a key that is no UTF-8 keeps its own row from being read, and no other, on pages, by the outbox and by the log", function()
  local there = url:gsub("/[^/?]*%f[?%z]", "/any_bytes")
  local bytes = assert(require("tidewire.sql").postgres { url = there })
  local bad = "convert_from('\\x62e9', 'SQL_ASCII')"
  local marked = "\239\191\189\\x62e9"
  for n, kind in ipairs { "text", "char(3)" } do
    local pad = kind == "text" and "" or "20"
    local one, two, three = kind == "text" and "a" or "a  ", marked .. pad, kind == "text" and "c" or "c  "
    for _, how in ipairs { "auto", "logical" } do
      local name = "named_" .. how .. n
      assert(bytes:query(("create table %s (k %s primary key, name text)"):format(name, kind)))
      local call, rows = connect({ url = there, changes = how }).functions, collection(name, { "k" }, { "name" }, { modified = false })
      assert(call.install(rows, { apply = true }))
      assert(bytes:query(("insert into %s values ('a', 'one'), (%s, 'two'), ('c', 'three')"):format(name, bad)))
      local cursor, listed, after = assert(call.start(rows)), {}, nil
      repeat
        local page = assert(call.list(rows, after, 1))
        for _, record in ipairs(page.records) do listed[#listed + 1] = { record.key, record.fields["$unread"] or record.fields.name } end
        after = page.cursor
      until not after
      tap.equal(listed, { { one, "one" }, { two, true }, { three, "three" } }, name)
      tap.equal(#assert(call.list(rows, nil, 10)).records, 3)
      fails("invalid", "^22021: ", call.read(rows, array { two }))
      tap.equal(assert(call.read(rows, array { one, "�\\x99" }))[1].fields.name, "one")
      assert(bytes:query(("update %s set name = name || '!'"):format(name)))
      local changed, told = assert(call.changes(rows, cursor, 10)), {}
      for _, record in ipairs(changed.records) do told[record.key] = record.fields["$unread"] or record.fields.name end
      tap.equal(told, { [one] = "one!", [two] = true, [three] = "three!" }, name)
      assert(bytes:query(("delete from %s where k <> 'a'"):format(name)))
      local gone = assert(call.changes(rows, changed.cursor, 10)).deleted
      table.sort(gone)
      tap.equal({ gone, #assert(call.read(rows, array { two })) }, { { three, two }, 0 }, name)
      assert(call.uninstall(rows, { apply = true }))
    end
  end
end)

tap.test("a row that is found and cannot be read was found", function()
  local there = url:gsub("/[^/?]*%f[?%z]", "/any_bytes")
  local bytes = assert(require("tidewire.sql").postgres { url = there })
  assert(bytes:query "create table sought (id int primary key, code text, name text)")
  assert(bytes:query "insert into sought values (1, 'A', convert_from('\\xe9', 'SQL_ASCII')), (2, 'B', 'b')")
  local call, rows = connect({ url = there }).functions, collection("sought", { "id" }, { "name" })
  fails("invalid", "^22021: ", call.find(rows, array { array { { field = "code", value = "A" } } }))
  tap.equal(assert(call.find(rows, array { array { { field = "code", value = "B" } } }))[1][1].key, "2")
end)

return require "live" "postgres"
