-- tidewire.sql and the postgres connector on a real server: `tidewire lua live_postgres.lua --profile io -- URL POOLER_URL CA_FILE SILENT_PORT`.
local url, pooler, ca, silent = ...
local tap = require "tap"
local dec = require("tidewire.decimal").dec
local host = require "tidewire.host.connector"
local json = require "tidewire.json"
local sql = require "tidewire.sql"
local task = require "tidewire.task"

local null, array, object = json.null, json.array, json.object
local db = assert(sql.postgres { url = url })

local function fails(code, pattern, value, err)
  tap.equal(value, nil)
  tap.equal(err and err.code, code)
  tap.ok(tostring(err and err.message):find(pattern), tostring(err and err.message) .. " has no " .. pattern)
end

local function connect(config)
  return host(function() return require "connectors.postgres" end, { name = "subject", config = config or { url = url } })
end

local function collection(name, key, fields, options)
  return { name = name, key = array(key), fields = array(fields), options = object(options or {}) }
end

-- tidewire.sql ------------------------------------------------------------------------------------------------------

tap.test("values come with their digits, null as null", function()
  local rows, count = db:query([[select 9007199254740993::bigint as big, 12.50::numeric as price, 'NaN'::numeric as none, null as nothing,
    array[1.50, null]::numeric[] as list, '{"a": 1.10}'::jsonb as doc, '\x00ff'::bytea as bytes, $1 || '✓' as text]], { "ü" })
  tap.equal(count, 1)
  local row = rows[1]
  tap.equal(row.big == dec "9007199254740993" and row.price == dec "12.5" and tostring(row.price), "12.50")
  tap.equal({ row.none, row.nothing, row.bytes, row.text }, { "NaN", null, "\\x00ff", "ü✓" })
  tap.equal(json.encode { row.list, row.doc }, [=[[[1.50,null],{"a":1.10}]]=])
end)

tap.test("what is refused says why by the database's own code, the column named, the row kept to itself", function()
  assert(db:query "create table refused (id int primary key, name text not null, qty int check (qty > 0))")
  fails("invalid", "^42601: ", db:query "selec 1")
  fails("invalid", '^23502: .*"name"', db:query("insert into refused values (1, $1, 2)", { null }, { write = true }))
  local _, err = db:query("insert into refused values (77777, 'secret', -5)", {}, { write = true })
  tap.equal(err.message:find "23514" ~= nil and err.message:find "secret" == nil, true)
  assert(db:query("insert into refused values (1, 'a', 1)", {}, { write = true }))
  fails("invalid", "^23505: .*Key %(id%)", db:query("insert into refused values (1, 'b', 1)", {}, { write = true }))
  fails("invalid", "zero byte", db:query("select $1::text", { "a\0b" }))
  tap.equal(db:query("select 1 as ok")[1].ok, 1)
end)

tap.test("a transaction is all or nothing", function()
  assert(db:query "create table both_or_none (id int primary key)")
  fails("invalid", "^23505", db:transaction({ { "insert into both_or_none values (1)" }, { "insert into both_or_none values ($1)", { 1 } } }, { write = true }))
  tap.equal(db:query("select count(*)::int as n from both_or_none")[1].n, 0)
  local rows, counts = db:transaction({ { "insert into both_or_none values (1), (2)" }, { "select * from both_or_none order by id" } }, { write = true })
  tap.equal({ counts[1], rows[2][2].id }, { 2, 2 })
end)

tap.test("a constraint that is checked at the commit is refused there", function()
  assert(db:query "create table deferred (id int, constraint once unique (id) deferrable initially deferred)")
  fails("invalid", "^23505", db:query("insert into deferred values (1), (1)", {}, { write = true }))
  tap.equal(db:query("select count(*)::int as n from deferred")[1].n, 0)
end)

tap.test("a session that the server ends leaves a write unknown and a read unavailable; the next call has a new one", function()
  local doomed = assert(sql.postgres { url = url, limit = 1 })
  fails("unknown", "57P01", doomed:query("select pg_terminate_backend(pg_backend_pid())", {}, { write = true }))
  fails("unavailable", "57P01", doomed:query "select pg_terminate_backend(pg_backend_pid())")
  local pid = doomed:query("select pg_backend_pid() as pid")[1].pid
  assert(db:query("select pg_terminate_backend($1)", { pid }))
  while #db:query("select 1 from pg_stat_activity where pid = $1", { pid }) > 0 do task.sleep(0.01) end
  task.sleep(0.05)
  tap.equal(doomed:query("select 1 as ok")[1].ok, 1)
end)

tap.test("COPY is refused, and what comes after it goes on in another session", function()
  for _, statement in ipairs { "copy pg_class to stdout", "copy refused from stdin" } do
    fails("invalid", "COPY cannot be used", db:query(statement))
    tap.equal(assert(db:query "select 1 as one")[1].one, 1)
  end
end)

tap.test("a statement that takes too long is ended by the server, direct and through a pooler; a client's deadline is not a proof", function()
  local slow = assert(sql.postgres { url = url, statement_timeout = 0.2 })
  fails("unavailable", "^57014", slow:query("select pg_sleep(20)", {}, { write = true }))
  local pooled = assert(sql.postgres { url = pooler, pooled = true, statement_timeout = 0.2 })
  fails("unavailable", "^57014", pooled:query("select pg_sleep(20)", {}, { write = true }))
  fails("unknown", "time limit", db:query("select pg_sleep(20)", {}, { write = true, timeout = 0.2 }))
  fails("unavailable", "time limit", db:query("select pg_sleep(20)", {}, { timeout = 0.2 }))
end)

tap.test("through a pooler a session option is refused with what to do", function()
  local _, err = assert(sql.postgres { url = pooler }):query "select 1"
  tap.equal({ err.code, err.hint }, { "unavailable", "a pooler answers here: say pooled = true" })
  tap.equal(assert(sql.postgres { url = pooler, pooled = true }):query("select 1 as ok")[1].ok, 1)
end)

tap.test("many at once share a few sessions", function()
  local few = assert(sql.postgres { url = url, limit = 2 })
  local work = {}
  for i = 1, 20 do work[i] = function() return few:query("select $1::int as n, pg_backend_pid() as pid", { i }) end end
  local pids, count = {}, 0
  for i, rows in ipairs(assert(task.all(work))) do
    tap.equal(rows[1].n, i)
    if not pids[rows[1].pid] then pids[rows[1].pid], count = true, count + 1 end
  end
  tap.equal(count <= 2, true)
end)

tap.test("a listener hears what is said after it connected, and says when it was cut off", function()
  local listener = db:listen { "Some channel" }
  tap.equal(#assert(listener:wait(20)), 0)
  assert(db:query [[notify "Some channel", 'one']])
  tap.equal(listener:wait(20), array { "one" })
  tap.equal(listener:wait(0.05), array {})
  assert(db:query "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%'")
  local heard, err = listener:wait(20)
  if not heard then
    tap.equal(err.code, "unavailable")
    heard = assert(listener:wait(20))
  end
  tap.equal(#heard, 0)
  assert(db:query [[notify "Some channel", 'two']])
  tap.equal(listener:wait(20), array { "two" })
  listener:close()
end)

tap.test("a listener that is closed tells who waits", function()
  local listener = db:listen { "Some channel" }
  assert(listener:wait(20))
  local answers = assert(task.all {
    function() return (select(2, listener:wait(200)) or {}).code or "heard" end,
    function() listener:close() return true end,
  })
  tap.equal(answers[1], "cancelled")
end)

tap.test("what is said while nobody waits is kept up to a limit; beyond it the next wait begins anew", function()
  local listener = db:listen { "Some channel" }
  assert(listener:wait(20))
  assert(db:query [[select pg_notify('Some channel', i || repeat('x', 4000)) from generate_series(1, 2000) i]])
  -- More than a socket holds: once the server has none left, we have read most of it.
  repeat task.sleep(0.02) until db:query "select (pg_notification_queue_usage() = 0)::int as read"[1].read == 1
  tap.equal(#assert(listener:wait(20)), 0)
  assert(db:query [[notify "Some channel", 'after']])
  tap.equal(listener:wait(20), array { "after" })
  listener:close()
end)

tap.test("a connection that was replaced hears nothing more", function()
  local connection = connect()
  local function listening() return db:query "select count(*)::int as n from pg_stat_activity where query like 'listen%'"[1].n end
  while listening() > 0 do task.sleep(0.02) end
  assert(connection.functions.listen(array { collection("both_or_none", { "id" }, { "id" }) }))
  tap.equal(listening(), 1)
  connection.functions.unlisten()
  while listening() > 0 do task.sleep(0.02) end
end)

tap.test("who cannot be reached or does not let us in says so", function()
  fails("denied", "password", assert(sql.postgres { url = url:gsub(":[^:@]*@", ":nobody@") }):query "select 1")
  fails("unavailable", "refused", assert(sql.postgres { host = "127.0.0.1", port = "1", user = "x" }):query "select 1")
  fails("unavailable", "not found", assert(sql.postgres { host = "no.such.host.invalid", user = "x" }):query "select 1")
  fails("invalid", "address", sql.postgres { url = "mysql://x" })
end)

tap.test("a server that accepts and says nothing is given up", function()
  fails("unavailable", "no answer within", assert(sql.postgres { host = "127.0.0.1", port = silent, user = "x", connect_timeout = 0.2 }):query "select 1")
end)

tap.test("a certificate is believed only for its name and from an authority that is trusted", function()
  local named = url:gsub("127.0.0.1", "localhost")
  local function encrypted(options) return assert(sql.postgres(options)):query "select ssl from pg_stat_ssl where pid = pg_backend_pid()" end
  tap.equal(encrypted { url = url, sslmode = "require" }[1].ssl, true)
  tap.equal(encrypted { url = named, sslmode = "verify-full", ca = ca }[1].ssl, true)
  tap.equal(encrypted { url = url, sslmode = "disable" }[1].ssl, false)
  fails("unavailable", "certificate", encrypted { url = named, sslmode = "verify-full" })
  fails("unavailable", "certificate", encrypted { url = url, sslmode = "verify-full", ca = ca })
  fails("unavailable", "SSL", assert(sql.postgres { url = pooler, pooled = true, sslmode = "require" }):query "select 1")
end)

-- The connector ------------------------------------------------------------------------------------------------------

assert(db:query "create type feeling as enum ('so so', 'fine')")
assert(db:query "create domain positive as int check (value > 0)")
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
  tap.equal({ kinds.feelings.type.of.options[1], kinds.dom.type.kind, kinds.nums.type.of.kind, kinds.twice.read_only, kinds.ch.type.trim, kinds.ts.type.form },
    { "so so", "int", "decimal", true, "right", "local" })
end)

tap.test("a large object and a file of the storage are told as files", function()
  assert(db:query [[create schema storage]])
  assert(db:query [[create table storage.objects (id int primary key)]])
  assert(db:query [[create table pictured (id int primary key, large oid, stored int references storage.objects, plain int)]])
  local files = {}
  for _, field in ipairs(assert(connect().functions.describe(collection("pictured", { "id" }, { "id", "large" }))).fields) do files[field.name] = field.file end
  tap.equal(files, { large = true, stored = true })
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
  fails("invalid", "xmin", call.list(collection("above", { "id" }, { "name" }), nil, 5))
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

tap.test("an outbox row waits for transactions that began before it, and polls hand over to an outbox made later", function()
  assert(db:query "create table told (id int primary key, name text, updated_at timestamptz default now())")
  local call, rows = connect().functions, collection("told", { "id" }, { "name" })
  local cursor = assert(call.start(rows))
  assert(db:query "insert into told values (1, 'before the outbox')")
  assert(call.install(rows, { apply = true }))
  local seen = {}
  local function drain()
    local turns = 0
    repeat
      local page = assert(call.changes(rows, cursor, 10))
      for _, record in ipairs(page.records) do seen[record.key] = record.fields.name end
      for _, key in ipairs(page.deleted) do seen[key] = "gone" end
      cursor, turns = page.cursor, turns + 1
    until not page.more or turns > 20
  end
  drain()
  tap.equal({ seen["1"], cursor.outbox ~= nil }, { "before the outbox", true })
  local work = assert(task.all {
    function() return db:transaction({ { "insert into told values (2, 'slow')" }, { "select pg_sleep(0.5)" } }, { write = true }) end,
    function()
      while #db:query "select 1 from pg_stat_activity where query like 'select pg_sleep(0.5)%'" == 0 do task.sleep(0.01) end
      assert(db:query("insert into told values (3, 'quick')", {}, { write = true }))
      drain()
      return { seen["3"] or "held back" }
    end })
  tap.equal(work[2][1], "held back")
  drain()
  tap.equal({ seen["2"], seen["3"] }, { "slow", "quick" })
  assert(db:query("update told set id = 4 where id = 3"))
  assert(db:query("delete from told where id = 1"))
  drain()
  tap.equal({ seen["1"], seen["3"], seen["4"] }, { "gone", "gone", "quick" })
end)

-- All that changes tell from `cursor` on, by key ("gone" of a deletion), and the cursor after it.
local function drained(call, rows, cursor, seen)
  seen = seen or {}
  local turns = 0
  repeat
    local page = assert(call.changes(rows, cursor, 50))
    for _, record in ipairs(page.records) do seen[record.key] = record.fields.name end
    for _, key in ipairs(page.deleted) do seen[key] = "gone" end
    cursor, turns = page.cursor, turns + 1
  until not page.more or turns > 50
  return seen, cursor
end

local function edit_partitions(name)
  assert(db:query("insert into " .. name .. " values (3, 'new'), (150, 'far')"))
  assert(db:query("update " .. name .. " set name = 'edited' where id = 1"))
  assert(db:query("delete from " .. name .. " where id = 2"))
end

tap.test("changes of partitions are told under the table's name, by the outbox and by the log", function()
  for _, how in ipairs { "auto", "logical" } do
    local name = "split_" .. how
    assert(db:query("create table " .. name .. " (id int primary key, name text) partition by range (id)"))
    assert(db:query("create table " .. name .. "_low partition of " .. name .. " for values from (0) to (100)"))
    assert(db:query("create table " .. name .. "_high partition of " .. name .. " for values from (100) to (200)"))
    assert(db:query("insert into " .. name .. " values (1, 'there'), (2, 'going')"))
    local call, rows = connect({ url = url, changes = how }).functions, collection(name, { "id" }, { "id", "name" })
    assert(call.install(rows, { apply = true }))
    tap.equal(#assert(call.install(rows, {})).steps, 0)
    local cursor = assert(call.start(rows))
    edit_partitions(name)
    local seen = drained(call, rows, cursor)
    tap.equal({ seen["1"], seen["2"], seen["3"], seen["150"] }, { "edited", "gone", "new", "far" })
    assert(call.uninstall(rows, { apply = true }))
  end
end)

tap.test("a count that takes longer than a statement may is not known; a row without a key is not counted", function()
  assert(db:query "create view slow_ones as select g as id from generate_series(1, 3) g where pg_sleep(5) is not null")
  local total, err = connect({ url = url, statement_timeout = 0.2 }).functions.count(collection("slow_ones", { "id" }, { "id" }, { version = false }))
  tap.equal({ total, err }, { nil, nil })
  assert(db:query "create table half_keyed (code text unique)")
  assert(db:query "insert into half_keyed values ('a'), ('b'), (null)")
  tap.equal(assert(connect().functions.count(collection("half_keyed", { "code" }, { "code" }))), 2)
end)

tap.test("an outbox that notes another key is not believed: install says so, and polls go on", function()
  assert(db:query "create table two_keys (id int primary key, code text unique not null, name text, updated_at timestamptz default clock_timestamp())")
  local call = connect().functions
  local by_id, by_code = collection("two_keys", { "id" }, { "name" }), collection("two_keys", { "code" }, { "name" })
  assert(call.install(by_id, { apply = true }))
  fails("invalid", "notes another key than code", call.install(by_code, { apply = true }))
  local cursor = assert(call.start(by_code))
  tap.equal(cursor.outbox, nil)
  assert(db:query "insert into two_keys values (7, 'C-7', 'seven')")
  local seen = drained(call, by_code, cursor)
  tap.equal({ seen["C-7"], seen["7"] }, { "seven" })
  tap.equal(assert(call.start(by_id)).outbox ~= nil, true)
  assert(call.uninstall(by_id, { apply = true }))
  tap.equal(#assert(call.install(by_code, {})).steps > 0, true)
  -- One whose arguments are of another make is made anew.
  assert(call.install(by_code, { apply = true }))
  assert(db:query "drop trigger tidewire_outbox on two_keys")
  assert(db:query "create trigger tidewire_outbox after insert or update or delete on two_keys for each row execute function tidewire.note('code')")
  tap.equal(assert(call.start(by_code)).outbox, nil)
  assert(call.install(by_code, { apply = true }))
  tap.equal(assert(call.start(by_code)).outbox ~= nil, true)
  assert(call.uninstall(by_code, { apply = true }))
end)

tap.test("a stamp ahead of the clock hides nothing of what comes after the last poll", function()
  assert(db:query "create table ahead (id int primary key, name text, updated_at timestamptz default clock_timestamp())")
  assert(db:query "insert into ahead values (1, 'of tomorrow', now() + interval '1 day')")
  local call, rows = connect({ url = url, changes = "poll", overlap = 1 }).functions, collection("ahead", { "id" }, { "name" })
  local _, cursor = drained(call, rows, assert(call.start(rows)))
  assert(db:query "insert into ahead values (2, 'now')")
  task.sleep(2.5)
  tap.equal(drained(call, rows, cursor)["2"], "now")
end)

tap.test("a slot that nobody reads and that makes the server keep its log is named", function()
  assert(db:query "create table unread (id int primary key)")
  local call = connect { url = url, changes = "logical", modified = "" }.functions
  local rows = collection("unread", { "id" }, { "id" })
  assert(call.install(rows, { apply = true }))
  local slot = assert(call.start(rows)).slot
  assert(db:query "alter system set max_wal_size = '32MB'")
  assert(db:query "select pg_reload_conf()")
  local said
  for i = 1, 8 do
    assert(db:query("insert into unread values ($1)", { i }))
    assert(db:query "select pg_switch_wal()")
    said = table.concat(assert(connect().functions.test()).warnings, "\n")
    if said:find(slot, 1, true) then break end
  end
  assert(db:query "alter system reset max_wal_size")
  assert(db:query "select pg_reload_conf()")
  tap.ok(said:find("select pg_drop_replication_slot('" .. slot .. "')", 1, true), said)
  assert(call.uninstall(rows, { apply = true }))
  tap.equal(assert(connect().functions.test()).warnings, array {})
end)

tap.test("a slot whose log the server threw away is replaced, and all is read again", function()
  assert(db:query "create table thrown (id int primary key, name text)")
  local call = connect { url = url, changes = "logical", modified = "" }.functions
  local rows = collection("thrown", { "id" }, { "id", "name" })
  assert(call.install(rows, { apply = true }))
  local cursor = assert(call.start(rows))
  assert(db:query "alter system set max_slot_wal_keep_size = '1MB'")
  assert(db:query "select pg_reload_conf()")
  assert(db:query "insert into thrown values (1, 'while it was thrown away')")
  local lost = false
  for _ = 1, 20 do
    assert(db:query "select pg_switch_wal()")
    assert(db:query "insert into thrown values (2, 'x') on conflict (id) do update set name = excluded.name || 'x'")
    assert(db:query "checkpoint")
    lost = #db:query("select 1 from pg_replication_slots where slot_name = $1 and wal_status = 'lost'", { cursor.slot }) == 1
    if lost then break end
  end
  assert(db:query "alter system reset max_slot_wal_keep_size")
  assert(db:query "select pg_reload_conf()")
  tap.equal(lost, true, "the slot was not thrown away: this proves nothing")
  local seen, after = drained(call, rows, cursor)
  tap.equal({ seen["1"], after.slot ~= nil and after.slot ~= cursor.slot }, { "while it was thrown away", true })
  tap.equal(#db:query("select 1 from pg_replication_slots where slot_name = $1", { cursor.slot }), 0)
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("the log is read through a slot: changes, moved keys and deletions, a page again that was not kept, all again when the slot is lost", function()
  assert(db:query "create table logged (id int primary key, name text, big text)")
  local call = connect { url = url, changes = "logical", modified = "" }.functions
  local rows = collection("logged", { "id" }, { "id", "name" })
  fails("invalid", "no publication", call.start(rows))
  assert(call.install(rows, { apply = true }))
  local cursor, seen, turns = assert(call.start(rows)), {}, 0
  local function page(from)
    local answer = assert(call.changes(rows, from, 50))
    for _, record in ipairs(answer.records) do seen[record.key] = record.fields.name end
    for _, key in ipairs(answer.deleted) do seen[key] = "gone" end
    return answer
  end
  local function drain()
    repeat
      local answer = page(cursor)
      cursor, turns = answer.cursor, turns + 1
    until not answer.more or turns > 100
  end
  assert(db:query "insert into logged select n, 'ü ' || n, repeat('x', 5000) from generate_series(1, 120) n")
  assert(db:query "update logged set name = 'changed' where id = 7")
  page(cursor)
  tap.equal({ seen["1"], seen["120"] }, { "ü 1", "ü 120" })
  seen = {}
  drain()
  tap.equal({ seen["1"], seen["7"], seen["120"] }, { "ü 1", "changed", "ü 120" })
  seen = {}
  assert(db:query "update logged set id = 1000 where id = 8")
  assert(db:query "delete from logged where id = 9")
  assert(db:transaction { { "insert into logged values (2000, 'undone')" }, { "select 1" } })
  drain()
  tap.equal({ seen["8"], seen["1000"], seen["9"], seen["2000"], seen["1"] }, { "gone", "ü 8", "gone", "undone", nil })
  assert(db:query("select pg_drop_replication_slot($1)", { cursor.slot }))
  assert(db:query "update logged set name = 'while it was lost' where id = 1")
  seen = {}
  drain()
  tap.equal({ seen["1"], seen["2"], cursor.slot ~= nil }, { "while it was lost", "ü 2", true })
  assert(call.uninstall(rows, { apply = true }))
  tap.equal(#db:query "select 1 from pg_replication_slots", 0)
end)

return require "live" "postgres"
