-- Keys of every type, whoever writes them, and times that nobody keeps: `tidewire lua live_mysql_keys.lua --profile io -- PORT`.
local port = ...
local tap = require "tap"
local host = require "tidewire.host.connector"
local json = require "tidewire.json"
local sql = require "tidewire.sql"
local task = require "tidewire.task"

local array, object = json.array, json.object
local config = { port = tonumber(port), user = "practice", password = "practice", database = "practice" }
local db = sql.mysql(config)

local function connect() return host(function() return require "connectors.mysql" end, { name = "subject", config = config }).functions end

local function collection(name, key, fields, options)
  return { name = name, key = array(key), fields = array(fields), options = object(options or {}) }
end

local function drained(call, rows, cursor, seen)
  seen = seen or {}
  repeat
    local page = assert(call.changes(rows, cursor, 50))
    for _, record in ipairs(page.records) do seen[record.key] = record.fields.name end
    for _, key in ipairs(page.deleted) do seen[key] = "gone" end
    cursor = page.cursor
  until not page.more
  return seen, cursor
end

-- How many rows there are on pages of one.
local function listed(call, rows)
  local count, cursor = 0, nil
  repeat
    local page = assert(call.list(rows, cursor, 1))
    count, cursor = count + #page.records, page.cursor
  until not cursor
  return count
end

-- A type that a key can have: a value that stays, one that is deleted, one that moves and where to, as literals.
local types = {
  { "binary(16)", "unhex('00112233445566778899aabbccddeeff')", "unhex('ff112233445566778899aabbccddee5c')", "unhex('41414141')", "unhex('88998899')" },
  { "varbinary(20)", "x'00'", "x'5c7827'", "'AAAA'", "x'fffe'" },
  { "bit(12)", "5", "2049", "7", "4095" },
  { "bit(64)", "5", "x'ffffffffffffffff'", "x'8000000000000000'", "0" },
  { "decimal(10,2)", "1", "1.5", "2.25", "-3" },
  { "decimal(30,10)", "1", "12345678901234567890.0123456789", "0.0000000001", "-3" },
  { "datetime", "'2024-01-01 12:00:00'", "'2024-01-01 13:00:00'", "'2024-07-01 14:00:00'", "'0099-01-01 00:00:00'" },
  { "datetime(3)", "'2024-01-01 12:00:00'", "'2024-01-01 13:00:00.25'", "'2024-07-01 14:00:00.999'", "'2024-07-02 14:00:00'" },
  { "timestamp", "'2024-01-01 12:00:00'", "'2024-01-01 13:00:00'", "'2024-07-01 14:00:00'", "'2037-07-02 14:00:00'" },
  { "timestamp(6)", "'2024-01-01 12:00:00'", "'2024-01-01 13:00:00.25'", "'2024-07-01 14:00:00.999999'", "'2024-07-02 14:00:00'" },
  { "date", "'2024-01-01'", "'2024-01-02'", "'1000-01-03'", "'2024-01-04'" },
  { "time", "'12:00:00'", "'-01:30:00'", "'838:59:59'", "'00:00:00'" },
  { "time(2)", "'12:00:00'", "'-01:30:00.25'", "'13:00:00.5'", "'00:00:00'" },
  { "year", "2024", "1999", "2001", "2002" },
  { "enum('ok','ü','it''s')", "'ok'", "'ü'", "'it''s'", nil },
  { "set('a','b')", "'a'", "'a,b'", "'b'", "''" },
  { "float", "0.1", "1234567.9", "3.5", "-1e-7" },
  { "double", "0.1", "6.02e100", "1.0000000000000002", "-1e-300" },
  { "bigint unsigned", "1", "18446744073709551615", "3", "9223372036854775808" },
  { "int zerofill", "1", "42", "3", "4" },
  { "tinyint(1)", "1", "0", "2", "3" },
  { "char(9)", "'ab'", "'cd  '", "'ü'", "'e\"f'" },
  { "varchar(9)", "'ab '", "' cd'", "'it''s\\\\'", "'🙂'" },
  { "varchar(9) character set latin1", "'ab'", "'ü'", "'ö'", "'é '" },
  { "varchar(9) character set ucs2", "'ab'", "'€'", "'ö'", "'日本'" },
  { "varchar(9) collate utf8mb4_general_ci", "'Ab'", "'Cd'", "'Ef'", "'eF'" },
  { "varchar(9) collate utf8mb4_bin", "'Ab'", "'Cd'", "'Ef'", "'eF'" },
  { "uuid", "'00112233-4455-6677-8899-aabbccddeeff'", "'10112233-4455-6677-8899-AABBCCDDEEFF'", "'20112233-4455-6677-8899-aabbccddeeff'", "'30112233-4455-6677-8899-aabbccddeeff'" },
}

-- How sessions of applications may be set.
local sessions = {
  { "set time_zone = '+05:30'", "set sql_mode = ''", "set names latin1" },
  { "set time_zone = '-03:30'", "set sql_mode = 'PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES,ANSI_QUOTES'" },
}

-- The session's texts are in utf8mb4 all the same, since the client that sends them writes so.
local function as_application(session, text, after)
  local statements = {}
  for i, one in ipairs(session) do statements[i] = { one } end
  if session[3] then statements[#statements + 1] = { "set character_set_client = utf8mb4" } end
  statements[#statements + 1] = { text }
  statements[#statements + 1] = { after or "set time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'" }
  statements[#statements + 1] = { "set names utf8mb4" }
  assert(db:transaction(statements, { write = true }))
end

-- A table for each type, keyed by it alone, or by a text and it, with its outbox; `visit(one)`.
local function each_key(visit)
  for n, about in ipairs(types) do
    for _, parts in ipairs { 1, 2 } do
      local name = ("keyed_%d_%d"):format(n, parts)
      local key = parts == 1 and { "k" } or { "device", "k" }
      assert(db:query(("create table %s (device varchar(9) default 'd', k %s, name varchar(9), primary key (%s)) default charset = utf8mb4"):format(name, about[1], table.concat(key, ", "))))
      visit { about = about, name = name, title = about[1] .. " in " .. parts, rows = collection(name, key, { "name" }), session = sessions[n % 2 + 1] }
    end
  end
end

tap.test("the outbox spells keys as they are read, whatever the writer's session is set to, and no write fails for it", function()
  local call, all = connect(), {}
  each_key(function(one)
    assert(call.install(one.rows, { apply = true }))
    tap.equal(#assert(call.install(one.rows, {})).steps, 0, one.title)
    one.cursor = assert(call.start(one.rows))
    tap.equal(one.cursor.outbox ~= nil, true, one.title)
    for i, label in ipairs { "stays", "goes", "moves" } do
      as_application({}, ("insert into %s (k, name) values (%s, '%s')"):format(one.name, one.about[i + 1], label))
    end
    all[#all + 1] = one
  end)
  for _, one in ipairs(all) do
    one.keys = {}
    for _, record in ipairs(assert(call.list(one.rows, nil, 10)).records) do one.keys[record.fields.name] = record.key end
    tap.equal(listed(call, one.rows), 3, one.title .. ": on pages")
  end
  task.sleep(1.2)
  for _, one in ipairs(all) do
    local seen
    seen, one.cursor = drained(call, one.rows, one.cursor)
    tap.equal(seen, { [one.keys.stays] = "stays", [one.keys.goes] = "goes", [one.keys.moves] = "moves" }, one.title .. ": inserted")
    as_application(one.session, ("delete from %s where name = 'goes'"):format(one.name))
    -- What is written in the session's own zone is put there in UTC, to be the moment that is meant.
    if one.about[5] then as_application({ unpack(one.session, 2) }, ("update %s set k = %s where name = 'moves'"):format(one.name, one.about[5])) end
  end
  task.sleep(1.2)
  for _, one in ipairs(all) do
    local wanted = { [one.keys.goes] = "gone" }
    if one.about[5] then
      wanted[one.keys.moves] = "gone"
      for _, record in ipairs(assert(call.list(one.rows, nil, 10)).records) do
        if record.fields.name == "moves" then wanted[record.key] = "moves" end
      end
    end
    local seen = drained(call, one.rows, one.cursor)
    tap.equal(seen, wanted, one.title .. ": " .. json.encode(seen) .. " where there should be " .. json.encode(wanted))
    assert(call.uninstall(one.rows, { apply = true }))
  end
end)

-- As versions before this one made it, their names cut after 40 letters.
local function install_former(name, key)
  local function list(row)
    local parts = {}
    for n, one in ipairs(key) do parts[n] = row .. ".`" .. one .. "`" end
    return "json_array(" .. table.concat(parts, ", ") .. ")"
  end
  local function note(op, row)
    return ("insert into `practice`.`tidewire_outbox` (at, tbl, op, `keys`) values (utc_timestamp(6), '%s', '%s', %s)"):format(name, op, list(row))
  end
  local moved = {}
  for n, one in ipairs(key) do moved[n] = ("old.`%s` <=> new.`%s`"):format(one, one) end
  local bodies = { insert = note("INSERT", "new"), delete = note("DELETE", "old"),
    update = "begin if not (" .. table.concat(moved, " and ") .. ") then " .. note("DELETE", "old") .. "; end if; " .. note("UPDATE", "new") .. "; end" }
  for event, text in pairs(bodies) do
    assert(db:query(("create trigger `tidewire_%s_%s` after %s on `%s` for each row %s"):format(event, name:sub(1, 40), event, name, text)))
  end
end

local function warnings(call, rows) return table.concat(assert(call.describe(rows)).warnings, "\n") end

local function trigger_count(name)
  return db:query("select count(*) as n from information_schema.triggers where event_object_table = ? and event_object_schema = 'practice'", { name })[1].n
end

tap.test("a former version's triggers are understood, told of, and replaced without a gap", function()
  assert(db:query "create table former (id int, at datetime(2), name varchar(9), primary key (id, at))")
  assert(db:query "insert into former values (1, '2024-01-01 12:00:00.5', 'goes'), (2, '2024-01-01 12:00:00.5', 'later')")
  install_former("former", { "id", "at" })
  local call, rows = connect(), collection("former", { "id", "at" }, { "name" })
  tap.ok(warnings(call, rows):find("former version", 1, true), warnings(call, rows))
  local cursor, keys = assert(call.start(rows)), {}
  tap.equal(cursor.outbox ~= nil, true)
  for _, record in ipairs(assert(call.list(rows, nil, 10)).records) do keys[record.fields.name] = record.key end
  as_application(sessions[1], "delete from former where name = 'goes'")
  -- As MySQL writes a time into a list.
  assert(db:query("insert into tidewire_outbox (at, tbl, op, `keys`) values (utc_timestamp(6), 'former', 'DELETE', ?)", { '[9, "2024-01-01 12:00:00.500000"]' }, { write = true }))
  local plan = assert(call.install(rows, { apply = true }))
  local order = {}
  for i, step in ipairs(plan.steps) do order[i] = step.sql:match "^%w+" end
  tap.equal(order, { "create", "create", "create", "drop", "drop", "drop" })
  tap.equal({ warnings(call, rows), trigger_count "former", #assert(call.install(rows, {})).steps }, { "", 3, 0 })
  as_application(sessions[2], "delete from former where name = 'later'")
  task.sleep(1.2)
  tap.equal(drained(call, rows, cursor), { [keys.goes] = "gone", [keys.later] = "gone", ['[9,"2024-01-01 12:00:00.50"]'] = "gone" })
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("former triggers on bytes, which refuse the application's rows, go with the next install", function()
  assert(db:query "create table refusing (id binary(4) primary key, name varchar(9))")
  install_former("refusing", { "id" })
  local call, rows = connect(), collection("refusing", { "id" }, { "name" })
  tap.equal((db:query("insert into refusing values (x'88998899', 'a')", {}, { write = true })), nil)
  assert(call.install(rows, { apply = true }))
  local cursor = assert(call.start(rows))
  assert(db:query("insert into refusing values (x'88998899', 'a')", {}, { write = true }))
  task.sleep(1.2)
  tap.equal(drained(call, rows, cursor), { ["\\x88998899"] = "a" })
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("a key that becomes another type fails no statement: the table is polled until its outbox is made anew", function()
  assert(db:query "create table retyped (id int primary key, name varchar(9))")
  local call, rows = connect(), collection("retyped", { "id" }, { "name" })
  assert(call.install(rows, { apply = true }))
  assert(db:query "alter table retyped modify id varbinary(9)")
  assert(db:query("insert into retyped values (x'88998899', 'a')", {}, { write = true }))
  call = connect()
  call.describe(rows)
  tap.equal(assert(call.start(rows)).outbox, nil)
  assert(call.install(rows, { apply = true }))
  tap.equal({ trigger_count "retyped", #assert(call.install(rows, {})).steps, assert(call.start(rows)).outbox ~= nil }, { 3, 0, true })
  assert(call.uninstall(rows, { apply = true }))
  tap.equal(trigger_count "retyped", 0)
end)

tap.test("an installation that was interrupted is completed by the next", function()
  assert(db:query "create table interrupted (id int primary key, name varchar(9))")
  local call, rows = connect(), collection("interrupted", { "id" }, { "name" })
  for _, event in ipairs { "insert", "update", "delete" } do
    assert(call.install(rows, { apply = true }))
    assert(db:query("drop trigger tidewire_note_" .. event .. "_interrupted"))
    tap.equal(#assert(connect().install(rows, { apply = true })).steps, 1)
    tap.equal(trigger_count "interrupted", 3)
  end
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("tables whose names begin alike have triggers of their own", function()
  local long, call = ("ü"):rep(10) .. ("n"):rep(30), connect()
  for _, last in ipairs { "", "a", "b", ("x"):rep(24) } do
    assert(db:query("create table `" .. long .. last .. "` (id int primary key, name varchar(9))"))
    assert(call.install(collection(long .. last, { "id" }, { "name" }), { apply = true }))
    tap.equal(trigger_count(long .. last), 3)
  end
  for _, last in ipairs { "", "a", "b", ("x"):rep(24) } do
    assert(call.uninstall(collection(long .. last, { "id" }, { "name" }), { apply = true }))
    tap.equal(trigger_count(long .. last), 0)
  end
end)

tap.test("a time column that nothing keeps is said, and install makes what keeps it", function()
  for n, kind in ipairs { "datetime(3)", "timestamp(3)" } do
    local name = "unkept_" .. n
    assert(db:query(("create table %s (id int primary key, name varchar(9), updated_at %s null default current_timestamp(3))"):format(name, kind)))
    assert(db:query(("insert into %s values (1, 'a', '2020-01-01')"):format(name)))
    local call, rows = connect(), collection(name, { "id" }, { "name" })
    tap.ok(warnings(call, rows):find("nothing keeps `updated_at`", 1, true), warnings(call, rows))
    assert(call.install(rows, { apply = true }))
    tap.equal({ warnings(call, rows), #assert(call.install(rows, {})).steps }, { "", 0 })
    as_application(sessions[1], ("update %s set name = 'b'"):format(name))
    tap.equal(db:query(("select abs(timestampdiff(second, updated_at, utc_timestamp(3))) < 60 as near from %s"):format(name))[1].near, 1)
    assert(db:query(("update %s set updated_at = '2021-01-01'"):format(name), {}, { write = true }))
    tap.equal(db:query(("select year(updated_at) as y from %s"):format(name))[1].y, 2021)
    local plan = assert(call.uninstall(rows, { apply = true }))
    tap.ok(plan.steps[#plan.steps].todo:find("drop trigger if exists `practice`.`tidewire_touch_" .. name .. "`", 1, true))
    tap.equal(trigger_count(name), 1)
  end
end)

tap.test("one that the column itself keeps, or a trigger, is left alone", function()
  assert(db:query "create table kept_1 (id int primary key, name varchar(9), updated_at timestamp default current_timestamp on update current_timestamp)")
  assert(db:query "create table kept_2 (id int primary key, name varchar(9), updated_at datetime)")
  assert(db:query "create trigger mine before update on kept_2 for each row set NEW.Updated_At = utc_timestamp()")
  for n = 1, 2 do
    local call, rows = connect(), collection("kept_" .. n, { "id" }, { "name" })
    tap.equal(warnings(call, rows), "")
    for _, step in ipairs(assert(call.install(rows, {})).steps) do tap.equal(step.sql:find("touch", 1, true), nil) end
  end
end)

tap.test("a double keeps its digits, however large or small it is", function()
  assert(db:query "create table doubles (id int primary key, name varchar(9), d double, f float)")
  local call, rows, values = connect(), collection("doubles", { "id" }, { "name", "d", "f" }), {}
  local decimal = require "tidewire.decimal"
  for i, text in ipairs { "6.02e100", "1.6e-90", "1e308", "1.79e308", "1e-300", "1.2345678901234567e-60", "-1.5e70", "0.1" } do
    -- As the engine sends it: without an exponent.
    local digits, exponent = text:match "^(.-)e(.*)$"
    local whole, fraction = (digits or text):gsub("^%-", ""):match "^(%d+)%.?(%d*)$"
    local plain = text
    if exponent and tonumber(exponent) > 0 then plain = whole .. fraction .. ("0"):rep(tonumber(exponent) - #fraction) end
    if exponent and tonumber(exponent) < 0 then plain = "0." .. ("0"):rep(-tonumber(exponent) - 1) .. whole .. fraction end
    if text:find "^%-" and exponent then plain = "-" .. plain end
    values[i] = tonumber(text)
    local made = assert(call.create(rows, array { { values = { id = i, d = decimal.dec(plain) } } }))[1]
    tap.equal(made.record and tonumber(tostring(made.record.fields.d)), values[i], text .. ": " .. tostring(made.record and made.record.fields.d))
    local again = assert(call.update(rows, tostring(i), { d = decimal.dec(plain) }))
    tap.equal(tonumber(tostring(again.fields.d)), values[i], text)
  end
  assert(db:query "create table wide (id int primary key, n decimal(65,0))")
  local made = assert(call.create(collection("wide", { "id" }, { "n" }), array { { values = { id = 1, n = decimal.dec("1" .. ("0"):rep(70)) } } }))[1]
  tap.equal(made.error and made.error.code, "invalid")
end)

return require "live" "mysql keys"
