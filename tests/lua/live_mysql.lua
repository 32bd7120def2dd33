-- tidewire.sql and the mysql connector on a real server: `tidewire lua live_mysql.lua --profile io -- PORT`.
local port = ...
local tap = require "tap"
local dec = require("tidewire.decimal").dec
local host = require "tidewire.host.connector"
local json = require "tidewire.json"
local sql = require "tidewire.sql"
local task = require "tidewire.task"

local null, array, object = json.null, json.array, json.object
local config = { port = tonumber(port), user = "practice", password = "practice", database = "practice" }
local db = sql.mysql(config)

local function fails(code, pattern, value, err)
  tap.equal(value, nil)
  tap.equal(err and err.code, code)
  tap.ok(tostring(err and err.message):find(pattern), tostring(err and err.message) .. " has no " .. pattern)
end

local function connect() return host(function() return require "connectors.mysql" end, { name = "subject", config = config }).functions end

local function collection(name, key, fields, options)
  return { name = name, key = array(key), fields = array(fields), options = object(options or {}) }
end

tap.test("values come with their digits, null as null, bytes as bytes", function()
  local rows, count = db:query("select 18446744073709551615 as big, 12.50 as price, null as nothing, x'00ff' as bytes, concat(?, '✓🙂') as text, ? as n", { "it's \\ ü", dec "1.10" })
  tap.equal(count, 1)
  tap.equal({ tostring(rows[1].big), tostring(rows[1].price), rows[1].nothing, rows[1].bytes, rows[1].text, tostring(rows[1].n) },
    { "18446744073709551615", "12.50", null, "\\x00ff", "it's \\ ü✓🙂", "1.10" })
end)

tap.test("a transaction is all or nothing, and what is refused says why", function()
  assert(db:query "create table once (id int primary key, qty tinyint) engine = InnoDB")
  fails("invalid", "^1062: ", db:transaction({ { "insert into once values (1, 1)" }, { "insert into once values (?, 1)", { 1 } } }, { write = true }))
  tap.equal(db:query("select count(*) as n from once")[1].n, 0)
  fails("invalid", "^1264: .*'qty'", db:query("insert into once values (1, 999)", {}, { write = true }))
  local rows, counts = db:transaction({ { "insert into once values (1, 1), (2, 1)" }, { "update once set qty = 1" }, { "select * from once" } }, { write = true })
  tap.equal({ counts[1], counts[2], #rows[3] }, { 2, 2, 2 })
end)

tap.test("an answer larger than is asked for is refused while it comes, and of a write nobody knows", function()
  local endless = "select seq, repeat('x', 1000) as wide from seq_1_to_200000000"
  local _, err = db:query(endless, {}, { max_bytes = 100000 })
  tap.equal({ err.code, err.message }, { "invalid", "the answer is larger than 100000 bytes: " .. endless })
  fails("invalid", "larger than 67108864 bytes", db:transaction { { "select 1" }, { endless } })
  assert(db:query "create table returned_wide (id int) engine = InnoDB")
  fails("unknown", "larger than 5000 bytes", db:query("insert into returned_wide select seq from seq_1_to_1000 returning repeat('x', 100)", {}, { write = true, max_bytes = 5000 }))
  tap.equal(#assert(db:query("select repeat('x', 1000) as wide from seq_1_to_50", {}, { max_bytes = 100000 })), 50)
end)

tap.test("a row that is in the way of another is told from a value that is wrong", function()
  assert(db:query "create table depts (id int primary key, name varchar(9) unique) engine = InnoDB")
  assert(db:query "create table emps (id int primary key, dept int, age int, foreign key (dept) references depts (id), check (age > 0)) engine = InnoDB")
  assert(db:query "insert into depts values (1, 'a'), (2, 'b')")
  assert(db:query "insert into emps values (1, 1, 5)")
  local call, depts, emps = connect(), collection("depts", { "id" }, { "name" }), collection("emps", { "id" }, { "dept", "age" })
  fails("blocked", "^1451: ", call.delete(depts, "1"))
  fails("blocked", "^1452: ", call.update(emps, "1", { dept = 9 }))
  fails("blocked", "^1062: ", call.update(depts, "2", { name = "a" }))
  fails("invalid", "^4025: ", call.update(emps, "1", { age = -1 }))
  local outcomes = assert(call.create(emps, array { { values = { dept = 9 }, key = "2" }, { values = { dept = 2 }, key = "3" } }))
  tap.equal({ outcomes[1].error.code, outcomes[2].record.key }, { "blocked", "3" })
  outcomes = assert(call.create(depts, array { { values = { name = "b" }, key = "5" } }))
  tap.equal(outcomes[1].error.code, "stale")
  assert(call.update(emps, "1", { dept = null }))
  tap.equal(call.delete(depts, "1"), true)
end)

tap.test("a session that the server ends leaves a write unknown, a read unavailable, an unfinished transaction undone", function()
  local doomed = sql.mysql { port = config.port, user = "practice", password = "practice", database = "practice", limit = 1 }
  fails("unknown", "^%d+: ", doomed:query("kill connection_id()", {}, { write = true }))
  fails("unavailable", "^%d+: ", doomed:query "kill connection_id()")
  fails("unavailable", "^%d+: ", doomed:transaction({ { "insert into once values (3, 1)" }, { "kill connection_id()" } }, { write = true }))
  tap.equal(doomed:query("select count(*) as n from once where id = 3")[1].n, 0)
end)

tap.test("who cannot be reached or does not let us in says so", function()
  fails("denied", "^no connection: 1045", sql.mysql { port = config.port, user = "practice", password = "nobody" }:query "select 1")
  fails("unavailable", "^no connection: 20", sql.mysql { port = 1, user = "x" }:query "select 1")
  fails("unknown", "time limit", db:query("select sleep(20)", {}, { write = true, timeout = 0.2 }))
  local slow = sql.mysql { port = config.port, user = "practice", password = "practice", database = "practice", statement_timeout = 0.2 }
  fails("unavailable", "^1969", slow:query("update once set qty = 1 where sleep(20) = 0", {}, { write = true }))
end)

tap.test("a column with a point in its name is left out, and said why", function()
  assert(db:query "create table pointed (id int primary key, `a.b` text)")
  local about = assert(connect().describe(collection("pointed", { "id" }, {})))
  tap.equal({ #about.fields, about.refused["a.b"]:match "^a point in a name" }, { 1, "a point in a name" })
end)

tap.test("a table without a primary key has no key that the mapping does not name", function()
  assert(db:query "create table keyless (id int, name text)")
  local about = assert(connect().describe(collection("keyless", {}, { "name" })))
  tap.equal({ #about.key, table.concat(about.warnings):find("no primary key: name the key", 1, true) ~= nil }, { 0, true })
end)

tap.test("the JSON null is written where a document may not be null", function()
  assert(db:query "create table documents (id int primary key, doc json not null, free json)")
  local call, rows = connect(), collection("documents", { "id" }, { "doc", "free" })
  assert(assert(call.create(rows, array { { values = { doc = null, free = null }, key = "1" } }))[1].record)
  assert(call.update(rows, "1", { doc = object { a = null } }))
  local record = assert(call.update(rows, "1", { doc = null }))
  tap.equal({ record.fields.doc, record.fields.free }, { null, null })
  tap.equal(db:query("select concat(doc, ifnull(free, ' none')) as t from documents")[1].t, "null none")
end)

tap.test("a document that cannot be read is no text: its row fails for itself, and no other", function()
  assert(db:query "create table odd_documents (id int primary key, doc json, name text)")
  assert(db:query("insert into odd_documents values (1, '{}', 'a'), (2, concat('{\"a\":1', repeat('0', 400), '}'), 'b'), (3, '\"{\"', 'c')"))
  local call, rows = connect(), collection("odd_documents", { "id" }, { "doc", "name" })
  local listed = {}
  for i, record in ipairs(assert(call.list(rows, nil, 10)).records) do listed[i] = record.fields["$unread"] or record.fields.name end
  tap.equal(listed, { "a", true, "c" })
  fails("invalid", "the row 2 of .*doc.* holds JSON that is not read here: ", call.read(rows, array { "1", "2" }))
  tap.equal(#assert(call.read(rows, array { "1", "3" })), 2)
  fails("invalid", "the row 2 of", call.find(rows, array { array { object { field = "name", value = "b" } } }))
end)

tap.test("old tables: dates of zeros are null, letters without case stay apart, a value too long is refused", function()
  assert(db:query [[create table old (id int auto_increment primary key, born date, seen datetime, name varchar(5), small enum('a', 'b'), n decimal(20, 4), flag tinyint(1),
    raw blob, doc longtext) default charset = utf8mb4 collate utf8mb4_general_ci]])
  assert(db:transaction({ { "set sql_mode = ''" }, { "insert into old (born, seen, name) values ('0000-00-00', '0000-00-00 00:00:00', 'Ab')" } }, { write = true }))
  local call, rows = connect(), collection("old", { "id" }, { "born", "seen", "name", "small", "n", "flag", "raw", "doc" })
  local row = assert(call.list(rows, nil, 5)).records[1]
  tap.equal({ row.fields.born, row.fields.seen, row.fields.name }, { null, null, "Ab" })
  fails("invalid", "^1406: .*'name'", call.update(rows, row.key, { name = "too long" }, row.version))
  fails("invalid", "^1265: ", call.update(rows, row.key, { small = "c" }, row.version))
  local found = assert(call.find(rows, array { array { { field = "name", value = "AB" } }, array { { field = "name", value = "Ab" } } }))
  tap.equal({ #found[1], #found[2] }, { 0, 1 })
  tap.equal(row.fields.flag, null)
  for _, field in ipairs(assert(call.describe(rows)).fields) do
    if field.name == "flag" then tap.equal(field.type, { kind = "bool", form = "01", numbers = true }) end
  end
  local after = assert(call.update(rows, row.key, { n = dec "1234567890123456.7891", flag = true, raw = "\\x00ff27", doc = object { a = 1 } }, row.version))
  tap.equal({ tostring(after.fields.n), after.fields.flag, after.fields.raw, after.fields.doc }, { "1234567890123456.7891", 1, "\\x00ff27", '{"a":1}' })
  fails("stale", "changed", call.update(rows, row.key, { name = "x" }, row.version))
end)

tap.test("a row that is not there under the key that it was made with is told", function()
  assert(db:query "create table renamed (id int primary key, name varchar(9))")
  assert(db:query "create trigger renames before insert on renamed for each row set new.id = if(new.name = 'other', new.id + 1000, new.id)")
  local outcomes = assert(connect().create(collection("renamed", { "id" }, { "name" }), array { { values = { name = "a" }, key = "1" }, { values = { name = "other" }, key = "2" } }))
  tap.equal({ outcomes[1].record.key, outcomes[2].error.code }, { "1", "invalid" })
end)

tap.test("JSON that MariaDB keeps as checked text is a value with parts, not a text", function()
  assert(db:query "create table papers (id int auto_increment primary key, `odd ``name` json, plain longtext, loose longtext check (json_valid(plain)))")
  local call, rows = connect(), collection("papers", { "id" }, { "odd `name", "plain", "loose" })
  local kinds = {}
  for _, field in ipairs(assert(call.describe(rows)).fields) do kinds[field.name] = field.type.kind end
  tap.equal({ kinds["odd `name"], kinds.plain, kinds.loose }, { "json", "json", "text" })
  local value = object { price = dec "12.50", sizes = array { 1, "x" }, none = null, empty = object {} }
  local made = assert(call.create(rows, array { { values = { ["odd `name"] = value, plain = "a word", loose = "{}" } } }))[1].record
  tap.equal({ made.fields["odd `name"], made.fields.plain, made.fields.loose }, { value, "a word", "{}" })
  tap.equal(assert(call.update(rows, made.key, { ["odd `name"] = array { true } }, made.version)).fields["odd `name"], array { true })
  tap.equal(db:query("select plain as p from papers")[1].p, '"a word"')
  tap.equal(assert(call.update(rows, made.key, { plain = null })).fields.plain, null)
end)

tap.test("a count that takes longer than a statement may is not known", function()
  assert(db:query "create view slow_ones as select id from old where sleep(5) = 0")
  local quick = { statement_timeout = 0.2 }
  for name, value in pairs(config) do quick[name] = value end
  local call = host(function() return require "connectors.mysql" end, { name = "subject", config = quick }).functions
  local total, err = call.count(collection("slow_ones", { "id" }, { "id" }, { version = false }))
  tap.equal({ total, err }, { nil, nil })
  tap.equal(assert(connect().count(collection("old", { "id" }, { "id" }))), 1)
end)

tap.test("a bit is a boolean, more of them a number", function()
  assert(db:query "create table switches (id int primary key, lit bit(1) not null default 0, maybe bit(1), mask bit(12), large bit(64))")
  assert(db:query "insert into switches values (1, b'1', null, b'100000000001', x'ffffffffffffffff'), (2, b'0', b'1', null, 1)")
  local call, rows, kinds = connect(), collection("switches", { "id" }, { "lit", "maybe", "mask", "large" }), {}
  for _, field in ipairs(assert(call.describe(rows)).fields) do kinds[field.name] = field.type end
  tap.equal(kinds.lit, { kind = "bool", form = "01", null_is_false = true })
  tap.equal({ kinds.maybe, kinds.mask, kinds.large }, { { kind = "bool", form = "01" }, { kind = "int" }, { kind = "int" } })
  local records = assert(call.list(rows, nil, 10)).records
  tap.equal(json.encode { records[1].fields, records[2].fields }, '[{"large":18446744073709551615,"lit":1,"mask":2049,"maybe":null},{"large":1,"lit":0,"mask":null,"maybe":1}]')
  local after = assert(call.update(rows, "2", { lit = 1, maybe = false, mask = 5, large = dec "18446744073709551614" }, records[2].version))
  tap.equal(json.encode(after.fields), '{"large":18446744073709551614,"lit":1,"mask":5,"maybe":0}')
  fails("invalid", "^1406: ", call.update(rows, "2", { mask = 4096 }))
  local function found(scope)
    local page = assert(call.list({ name = "switches", key = array { "id" }, fields = array { "lit" }, options = object {}, scope = scope }, nil, 10))
    return #page.records
  end
  tap.equal({ found(object { lit = 1 }), found(object { mask = object { op = "in", value = array { 2049, null } } }), found(object { maybe = object { op = "is_null" } }) }, { 2, 1, 1 })
  tap.equal({ #assert(call.find(rows, array { array { { field = "mask", value = 2049 } } }))[1], #assert(call.find(rows, array { array { { field = "lit", value = true } } }))[1] }, { 1, 2 })
end)

tap.test("an install that has to wait for an open transaction gives up before it keeps the writers waiting", function()
  assert(db:query "create table busy (id int primary key, name varchar(9)) engine = InnoDB")
  local call, rows, holder = connect(), collection("busy", { "id" }, { "name" }), sql.mysql(config)
  local done = assert(task.all {
    function() return { (holder:transaction({ { "insert into busy values (1, 'a')" }, { "select sleep(20)" } }, { write = true })) == nil } end,
    function()
      local function asleep() return db:query "select max(id) as id from information_schema.processlist where info = 'select sleep(20)'"[1].id end
      while asleep() == null do task.sleep(0.01) end
      local plan, err = call.install(rows, { apply = true })
      local still = asleep()
      if still ~= null then assert(db:query("kill query " .. tostring(still))) end
      return { plan == nil, err and err.message:sub(1, 5), err and tostring(err.hint):find("still open", 1, true) ~= nil, still ~= null }
    end })
  tap.equal(done[2], { true, "1205:", true, true })
  assert(call.install(rows, { apply = true }))
  tap.equal(#assert(call.install(rows, {})).steps, 0)
end)

tap.test("of rows that share a key none is written, and check says that nothing keeps it from coming twice; nor is one in memory taken for deleted", function()
  assert(db:query "create table shared_key (code varchar(9), name varchar(9)) engine = InnoDB")
  assert(db:query "insert into shared_key values ('a', 'one'), ('a', 'two'), ('b', 'three')")
  local call, rows = connect(), collection("shared_key", { "code" }, { "name" })
  local function told(one) local about = assert(call.describe(one)) return { table.concat(about.warnings, "\n"), about.absence_proves_delete } end
  tap.ok(told(rows)[1]:find("nothing keeps its key (code) from coming twice", 1, true), told(rows)[1])
  fails("invalid", "several rows of .* have the key a", call.update(rows, "a", { name = "x" }))
  fails("invalid", "several rows of .* have the key a", call.delete(rows, "a"))
  tap.equal(assert(call.update(rows, "b", { name = "x" })).fields.name, "x")
  tap.equal(assert(call.delete(rows, "b")), true)
  fails("not_found", "b", call.delete(rows, "b"))
  assert(db:query "delete from shared_key where name = 'two'")
  assert(db:query "create unique index only_one on shared_key (code)")
  tap.equal(told(rows)[1]:find("coming twice", 1, true), nil)
  assert(db:query "create table fleeting (id int primary key, name varchar(9)) engine = MEMORY")
  local about = told(collection("fleeting", { "id" }, { "name" }))
  tap.equal({ about[2], about[1]:find("a table in memory", 1, true) ~= nil }, { false, true })
end)

tap.test("a reference in letters of another case is read as the key that it names", function()
  for n, collation in ipairs { "utf8mb4_general_ci", "utf8mb4_bin" } do
    local parents, children = "owners_" .. n, "owned_" .. n
    assert(db:query(("create table %s (code varchar(9) primary key, owner varchar(9)) engine = InnoDB default charset = utf8mb4 collate %s"):format(parents, collation)))
    assert(db:query(("create table %s (id int primary key, owner varchar(9), code varchar(9), foreign key (owner) references %s (code)) engine = InnoDB default charset = utf8mb4 collate %s"):format(children, parents, collation)))
    assert(db:query(("insert into %s values ('ABC', 'x'), ('d', 'y')"):format(parents)))
    assert(db:query(("insert into %s values (1, '%s', 'abc'), (2, null, null)"):format(children, n == 1 and "abc" or "ABC")))
    local call, rows = connect(), collection(children, { "id" }, { "owner", "code" })
    local row = assert(call.read(rows, array { "1" }))[1]
    tap.equal({ row.fields.owner, row.fields.code, assert(call.read(rows, array { "2" }))[1].fields.owner }, { "ABC", "abc", null }, collation)
    tap.equal(assert(call.update(rows, "1", { owner = n == 1 and "D" or "d" }, row.version)).fields.owner, "d", collation)
    tap.equal(assert(call.create(rows, array { { values = { owner = n == 1 and "D" or "d" }, key = "3" } }))[1].record.fields.owner, "d", collation)
    tap.equal(#assert(call.find(rows, array { array { { field = "id", value = 1 } } }))[1], 1)
  end
end)

tap.test("a float keeps the digits that single precision has, in its value and in the guard", function()
  assert(db:query "create table singles (id int primary key, name varchar(9), f float, d double)")
  assert(db:query "insert into singles values (1, 'a', 0.1, 0.1), (2, 'b', 1234567.9, 1234567.89), (3, 'c', -1.5e-7, 3), (4, 'd', null, null), (5, 'e', 16777217, 0)")
  local call, rows = connect(), collection("singles", { "id" }, { "name", "f", "d" })
  local got = {}
  for _, record in ipairs(assert(call.list(rows, nil, 10)).records) do got[record.key] = record end
  tap.equal({ tostring(got["1"].fields.f), tostring(got["2"].fields.f), tostring(got["2"].fields.d), got["4"].fields.f }, { "0.1", "1234567.9", "1234567.89", null })
  tap.equal({ got["3"].fields.f == dec "-0.00000015", tonumber(tostring(got["5"].fields.f)) }, { true, 16777216 })
  local before = got["2"].version
  assert(db:query "update singles set f = 1234568.1 where id = 2")
  fails("stale", "changed", call.update(rows, "2", { name = "x" }, before))
end)

tap.test("an enum's options are read whole", function()
  assert(db:query [[create table words (id int primary key, w enum('plain', 'a, b', 'it''s', ''))]])
  for _, field in ipairs(assert(connect().describe(collection("words", { "id" }, { "w" }))).fields) do
    if field.name == "w" then tap.equal(field.type.options, { "plain", "a, b", "it's", "" }) end
  end
end)

tap.test("an outbox that notes another key is not believed, one whose triggers are hidden is said, and old rows of it go", function()
  assert(db:query "create table two_keys (id int primary key, code varchar(9) unique not null, name varchar(20)) engine = InnoDB")
  local call = connect()
  local by_id, by_code = collection("two_keys", { "id" }, { "name" }), collection("two_keys", { "code" }, { "name" })
  assert(call.install(by_id, { apply = true }))
  fails("invalid", "notes another key than code", call.install(by_code, { apply = true }))
  tap.equal({ assert(call.start(by_id)).outbox ~= nil, assert(call.start(by_code)).outbox }, { true })
  local cursor = assert(call.start(by_code))
  assert(db:query "insert into two_keys values (7, 'C-7', 'seven')")
  tap.equal(assert(call.changes(by_code, cursor, 10)).records[1].key, "C-7")
  local function warned()
    local found = false
    for _, warning in ipairs(assert(call.describe(by_id)).warnings) do found = found or warning:find "who has TRIGGER" ~= nil end
    return found
  end
  tap.equal(warned(), false)
  cursor = assert(call.start(by_id))
  assert(db:query "update tidewire_outbox set at = utc_timestamp(6) - interval 8 day")
  cursor = { outbox = db:query("select max(seq) as seq from tidewire_outbox where tbl = 'two_keys'")[1].seq, at = cursor.at }
  assert(call.changes(by_id, cursor, 10))
  tap.equal(#db:query "select 1 from tidewire_outbox where tbl = 'two_keys'", 0)
  tap.equal(assert(call.uninstall(by_id, { apply = true, used_by = { "other" } })).steps[1].title, "left as it is: other uses it too")
  assert(call.uninstall(by_id, { apply = true }))
  tap.equal(warned(), false)
  -- As a user sees it to whom MySQL does not show the triggers.
  assert(db:query "insert into tidewire_outbox (at, tbl, op, `keys`) values (utc_timestamp(6), 'two_keys', 'INSERT', '[1]')")
  tap.equal(warned(), true)
end)

tap.test("the outbox is read in order: a later number with an earlier time does not pass over those before it", function()
  assert(db:query "create table in_turn (id int primary key, name varchar(20)) engine = InnoDB")
  local call, rows = connect(), collection("in_turn", { "id" }, { "name" })
  assert(call.install(rows, { apply = true }))
  assert(db:query "insert into in_turn values (1, 'quick'), (2, 'held up')")
  local from = { outbox = db:query("select max(seq) as seq from tidewire_outbox")[1].seq, at = assert(call.start(rows)).at }
  -- The second statement began long before it got its number: it waited for a lock.
  assert(db:query "insert into tidewire_outbox (at, tbl, op, `keys`) values (utc_timestamp(6), 'in_turn', 'UPDATE', '[1]'), (utc_timestamp(6) - interval 5 second, 'in_turn', 'UPDATE', '[2]')")
  local first = assert(call.changes(rows, from, 10))
  tap.equal({ #first.records, first.cursor.outbox, first.more }, { 0, from.outbox, false })
  task.sleep(1.2)
  tap.equal(#assert(call.changes(rows, first.cursor, 10)).records, 2)
  -- A clock that was put back holds nobody up.
  assert(db:query "insert into tidewire_outbox (at, tbl, op, `keys`) values (utc_timestamp(6) + interval 1 hour, 'in_turn', 'UPDATE', '[1]')")
  tap.equal(#assert(call.changes(rows, first.cursor, 10)).records, 2)
end)

tap.test("a note bears the time when it is written, not that when its statement began", function()
  assert(db:query "insert into in_turn select 3, sleep(1.5)")
  tap.equal(db:query("select at > utc_timestamp(6) - interval 1 second as young from tidewire_outbox order by seq desc limit 1")[1].young, 1)
end)

tap.test("a version column guards instead, and keys of two parts work", function()
  assert(db:query [[create table parts (a int, b varchar(10), name varchar(20), v timestamp(6) not null default current_timestamp(6) on update current_timestamp(6), primary key (a, b))]])
  local call, rows = connect(), collection("parts", { "a", "b" }, { "a", "b", "name" }, { version = "v" })
  local made = assert(call.create(rows, array { { values = { a = 1, b = "x,\"y", name = "one" } } }))[1].record
  tap.equal(made.key, [==[[1,"x,\"y"]]==])
  local after = assert(call.update(rows, made.key, { name = "two" }, made.version))
  fails("stale", "changed", call.delete(rows, made.key, made.version))
  tap.equal(assert(call.delete(rows, made.key, after.version)), true)
  fails("not_found", "no row", call.delete(rows, made.key, after.version))
end)

tap.test("a transaction that commits late is not passed over by the outbox", function()
  assert(db:query "create table told (id int primary key, name varchar(20)) engine = InnoDB")
  local call, rows = connect(), collection("told", { "id" }, { "name" })
  assert(call.install(rows, { apply = true }))
  local cursor, seen = assert(call.start(rows)), {}
  local function drain()
    repeat
      local page = assert(call.changes(rows, cursor, 10))
      for _, record in ipairs(page.records) do seen[record.key] = record.fields.name end
      for _, key in ipairs(page.deleted) do seen[key] = "gone" end
      cursor = page.cursor
    until not page.more
  end
  assert(task.all {
    function() return db:transaction({ { "insert into told values (2, 'slow')" }, { "select sleep(2.5)" } }, { write = true }) end,
    function()
      while #db:query "select 1 from information_schema.processlist where info like 'select sleep(2.5)%'" == 0 do task.sleep(0.01) end
      assert(db:query("insert into told values (3, 'quick')", {}, { write = true }))
      task.sleep(1.2)
      drain()
      return true
    end })
  drain()
  tap.equal({ seen["2"], seen["3"] }, { "slow", "quick" })
  assert(db:query("delete from told where id = 2", {}, { write = true }))
  assert(db:query("update told set id = 5 where id = 3", {}, { write = true }))
  task.sleep(1.2)
  drain()
  tap.equal({ seen["2"], seen["3"], seen["5"] }, { "gone", "gone", "quick" })
end)

tap.test("a place to begin is behind no transaction that is still open: what it noted is there for the load that follows", function()
  assert(db:query "create table begun (id int primary key, name varchar(20)) engine = InnoDB")
  local call, rows = connect(), collection("begun", { "id" }, { "name" })
  assert(call.install(rows, { apply = true }))
  local note = "insert into tidewire_outbox (at, tbl, op, `keys`) values (utc_timestamp(6) - interval 5 minute, 'begun', 'INSERT', '[%d]')"
  local cursor, seen
  assert(task.all {
    function() return db:transaction({ { "insert into begun values (2, 'slow')" }, { note:format(2) }, { "select sleep(2.4)" } }, { write = true }) end,
    function()
      while #db:query "select 1 from information_schema.processlist where info like 'select sleep(2.4)%'" == 0 do task.sleep(0.01) end
      assert(db:query(note:format(3), {}, { write = true }))
      cursor = assert(call.start(rows))
      seen = db:query "select count(*) as n from begun where id = 2"[1].n
      return true
    end })
  tap.equal({ cursor.outbox == db:query("select max(seq) as seq from tidewire_outbox where `keys` = '[3]'")[1].seq, seen }, { true, 1 })
end)

return require "live" "mysql"
