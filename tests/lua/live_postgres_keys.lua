-- Keys of every type, whoever writes them, and times that nobody keeps: `tidewire lua live_postgres_keys.lua --profile io -- URL`.
local url = ...
local tap = require "tap"
local decimal = require "tidewire.decimal"
local json = require "tidewire.json"
local task = require "tidewire.task"
local case = require "live_postgres_case"(url)

local array = json.array
local db, connect, collection, drained = case.db, case.connect, case.collection, case.drained

-- A column of every type that a key can have: the type, a value that stays, one that is deleted, one that moves and where to.
local types = {
  { "timestamptz", "2024-01-01 12:00:00.5+00", "2024-01-01 13:00:00+00", "2024-07-01 14:00:00+00", "infinity" },
  { "timestamp", "2024-01-01 12:00:00", "2024-01-01 13:00:00.25", "0044-03-15 00:00:00 BC", "2024-07-01 14:00:00" },
  { "date", "2024-01-02", "2024-02-01", "0044-03-15 BC", "2024-02-03" },
  { "time", "12:00", "13:00:00.5", "14:00", "15:00" },
  { "timetz", "12:00+00", "13:00:00.5+02", "14:00+00", "15:00+00" },
  { "interval", "1 day", "-1 day 2 hours", "1 year -3 mons", "1 mon" },
  { "numeric(10,2)", "1", "1.5", "2.25", "-3" },
  { "numeric", "1.50", "1.0", "2.5", "2.50" },
  { "boolean", nil, "t", "f", nil },
  { "bytea", "\\x00", "\\x5c78ff", "a\\\\b", "\\x4142" },
  { "float8", "0.1", "1.00000000000000022", "6.02e100", "1e-300" },
  { "float4", "0.1", "1.0000001", "1e20", "3" },
  { "uuid", "00112233-4455-6677-8899-aabbccddeeff", "A0112233-4455-6677-8899-AABBCCDDEEFF", "b0112233-4455-6677-8899-aabbccddeeff", "c0112233-4455-6677-8899-aabbccddeeff" },
  { "char(5)", "ab", "cd", "ef ", "g" },
  { "varchar(9)", "ab ", " cd", "ef\"\\", "ü" },
  { "bit(12)", "000000000101", "100000000101", "000000000111", "000000001111" },
  { "inet", "10.0.0.1", "10.0.0.0/8", "::1", "fe80::1" },
  { "tstzrange", "[2024-01-01 00:00+00,)", "[2024-03-04 00:00+00,2024-05-06 00:00+00)", "empty", "(,2024-01-01 00:00+00]" },
  { "int", "1", "2", "3", "4" },
  { "key_mood", "ok", "sad", "it's", nil },
}

-- How sessions of applications may be set.
local sessions = {
  "set timezone = 'Europe/Berlin'; set datestyle = 'SQL, DMY'; set intervalstyle = 'sql_standard'; set bytea_output = 'escape'; set extra_float_digits = -10; set search_path = pg_catalog",
  "set timezone = 'America/St_Johns'; set datestyle = 'German'; set intervalstyle = 'iso_8601'; set extra_float_digits = 0",
}

local function as_application(session, text)
  local statements = {}
  for one in session:gmatch "[^;]+" do statements[#statements + 1] = { (one:gsub("^%s*set ", "set local ")) } end
  statements[#statements + 1] = { text }
  assert(db:transaction(statements, { write = true }))
end

local function count(map)
  local n = 0
  for _ in pairs(map) do n = n + 1 end
  return n
end

local function literal(text) return "'" .. text:gsub("'", "''") .. "'" end

-- One table for each type, keyed by it alone, or by a text and it; `prepare` makes what tells of changes.
local function each_key(how, prepare)
  for n, about in ipairs(types) do
    for _, parts in ipairs { 1, 2 } do
      local name = ("keyed_%s_%d_%d"):format(how, n, parts)
      local key = parts == 1 and { "k" } or { "device", "k" }
      assert(db:query(("create table %s (device text default 'd', k %s, name text, primary key (%s))"):format(name, about[1], table.concat(key, ", "))))
      for i, label in ipairs { "stays", "goes", "moves" } do
        if about[i + 1] then assert(db:query(("insert into %s (k, name) values (%s, %s)"):format(name, literal(about[i + 1]), literal(label)))) end
      end
      local call, rows = connect({ url = url, changes = how }).functions, collection(name, key, { "name" }, { modified = false })
      prepare(call, rows, name)
      local keys = {}
      for _, record in ipairs(assert(call.list(rows, nil, 10)).records) do keys[record.fields.name] = record.key end
      local cursor = assert(call.start(rows))
      local session, place = sessions[n % 2 + 1], "public." .. name
      as_application(session, ("delete from %s where name = 'goes'"):format(place))
      if about[5] then as_application(session, ("update %s set k = %s where name = 'moves'"):format(place, literal(about[5]))) end
      local seen, wanted = {}, about[5] and 3 or 1
      for _ = 1, 200 do
        seen, cursor = drained(call, rows, cursor, seen)
        if count(seen) >= wanted then break end
        task.sleep(0.01)      -- the log is read as far as it was flushed
      end
      tap.equal(seen[keys.goes], "gone", how .. " " .. about[1] .. ": the deletion of " .. keys.goes .. ": " .. json.encode(seen))
      if about[5] then
        local there = assert(call.list(rows, nil, 10)).records
        local now
        for _, record in ipairs(there) do now = record.fields.name == "moves" and record.key or now end
        tap.equal({ seen[keys.moves], seen[now] }, { "gone", "moves" }, how .. " " .. about[1] .. ": " .. keys.moves .. " became " .. tostring(now) .. ": " .. json.encode(seen))
      end
      assert(call.uninstall(rows, { apply = true }))
    end
  end
end

assert(db:query "create type key_mood as enum ('ok', 'sad', 'it''s')")

tap.test("the outbox spells keys as they are read, whatever the writer's session is set to", function()
  each_key("auto", function(call, rows) assert(call.install(rows, { apply = true })) end)
end)

tap.test("so does the log", function()
  each_key("logical", function(call, rows) assert(call.install(rows, { apply = true })) end)
end)

-- As versions before this one made it.
local former = [[
create or replace function tidewire.note() returns trigger language plpgsql security definer set search_path = pg_catalog as $note$
declare
  place text := tg_argv[0];
  before jsonb;
  after jsonb;
begin
  if tg_op <> 'INSERT' then
    select jsonb_agg(to_jsonb(old) -> name order by n) into before from unnest(tg_argv) with ordinality a(name, n) where n > 1;
  end if;
  if tg_op <> 'DELETE' then
    select jsonb_agg(to_jsonb(new) -> name order by n) into after from unnest(tg_argv) with ordinality a(name, n) where n > 1;
  end if;
  if before is not null and before is distinct from after then
    insert into tidewire.outbox ("table", op, key) values (place, 'DELETE', before);
  end if;
  if after is not null then
    insert into tidewire.outbox ("table", op, key) values (place, tg_op, after);
  end if;
  perform pg_notify('tidewire', place);
  return null;
end $note$]]

tap.test("what a former version's outbox notes is understood, and install puts the new function in its place", function()
  assert(db:query "create table former (device text, at timestamptz, amount numeric(10,2), name text, primary key (device, at, amount))")
  assert(db:query "insert into former values ('d', '2024-01-01 12:00+00', 1.5, 'goes'), ('d', '2024-01-01 12:00+00', 2, 'goes later')")
  local call, rows = connect().functions, collection("former", { "device", "at", "amount" }, { "name" }, { modified = false })
  assert(call.install(rows, { apply = true }))
  assert(db:query(former))
  local function warned() return table.concat(assert(call.describe(rows)).warnings, "\n"):find("former version", 1, true) ~= nil end
  tap.equal(warned(), true)
  local keys, cursor = {}, assert(call.start(rows))
  for _, record in ipairs(assert(call.list(rows, nil, 10)).records) do keys[record.fields.name] = record.key end
  as_application(sessions[1], "delete from public.former where name = 'goes'")
  local seen, after = drained(call, rows, cursor)
  tap.equal(seen, { [keys.goes] = "gone" })
  local plan = assert(call.install(rows, { apply = true }))
  tap.equal({ #plan.steps, plan.steps[1].sql:find("function tidewire.note", 1, true) ~= nil, warned() }, { 1, true, false })
  as_application(sessions[1], "delete from public.former where name = 'goes later'")
  tap.equal(drained(call, rows, after), { [keys["goes later"]] = "gone" })
  tap.equal(#assert(call.install(rows, {})).steps, 0)
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("a note that the key's present type cannot be holds up none of the others", function()
  assert(db:query "create table retyped (k text primary key, name text)")
  assert(db:query "insert into retyped values ('x', 'a'), ('1', 'b'), ('2', 'c')")
  local call, rows = connect().functions, collection("retyped", { "k" }, { "name" }, { modified = false })
  assert(call.install(rows, { apply = true }))
  local cursor = assert(call.start(rows))
  assert(db:query "delete from retyped where k in ('x', '1')")
  assert(db:query "alter table retyped alter column k type numeric(10,2) using k::numeric")
  tap.equal(drained(connect().functions, rows, cursor), { ["1"] = "gone" })
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("what can be no key says why", function()
  assert(db:query "create type key_pair as (a int, b text)")
  assert(db:query "create table odd (a jsonb, b int[], c key_pair, d json, e tstzrange, name text, primary key (a, b, c, e))")
  local why = {}
  for _, field in ipairs(assert(connect().functions.describe(collection("odd", array {}, { "name" }))).fields) do why[field.name] = field.no_key or "fine" end
  tap.equal(why, { a = "JSON has many spellings of one value", b = "a list is no single value", c = "a row type is no single value",
    d = "JSON has many spellings of one value", e = "fine", name = "fine" })
end)

tap.test("a row is made under a key that is given in another spelling than it is read in", function()
  assert(db:query "create table spelled (k numeric(10,2), at timestamp, name text, primary key (k, at))")
  local call, rows = connect().functions, collection("spelled", { "k", "at" }, { "name" })
  local dec = decimal.dec
  local entries = array {}
  for n = 1, 3 do entries[n] = { values = { k = dec(n .. ".5"), at = "2024-01-01T00:00:00Z", name = "n" .. n } } end
  local first = assert(call.create(rows, array { entries[2] }))
  tap.equal({ first[1].record and first[1].record.fields.name, first[1].error }, { "n2" })
  local made = assert(call.create(rows, entries))
  tap.equal({ made[1].record and made[1].record.fields.name, made[2].error and made[2].error.code, made[3].record and made[3].record.fields.name }, { "n1", "stale", "n3" })
end)

tap.test("a table that was dropped and made anew is published again", function()
  local call, rows = connect({ url = url, changes = "logical" }).functions, collection("anew", { "id" }, { "name" }, { modified = false })
  for turn = 1, 2 do
    assert(db:query "drop table if exists anew")
    assert(db:query "create table anew (id int primary key, name text)")
    if turn == 2 then case.fails("invalid", "no publication .* of the table", call.start(rows)) end
    assert(call.install(rows, { apply = true }))
    tap.equal(#assert(call.install(rows, {})).steps, 0)
    local cursor, seen = assert(call.start(rows)), {}
    assert(db:query "insert into anew values (1, 'one')")
    for _ = 1, 200 do
      seen, cursor = drained(call, rows, cursor, seen)
      if seen["1"] then break end
      task.sleep(0.01)
    end
    tap.equal(seen, { ["1"] = "one" })
  end
  assert(call.uninstall(rows, { apply = true }))
end)

-- Times ---------------------------------------------------------------------------------------------------------------

local function warnings(call, rows) return table.concat(assert(call.describe(rows)).warnings, "\n") end

tap.test("a time column that no trigger keeps is said, and install proposes what keeps it", function()
  for n, kind in ipairs { "timestamptz", "timestamp" } do
    local name = "unkept_" .. n
    assert(db:query(("create table %s (id int primary key, name text, updated_at %s default now())"):format(name, kind)))
    assert(db:query(("insert into %s values (1, 'a', '2020-01-01 00:00:00')"):format(name)))
    local call, rows = connect().functions, collection(name, { "id" }, { "name" })
    tap.ok(warnings(call, rows):find('no trigger keeps "updated_at"', 1, true), warnings(call, rows))
    assert(call.install(rows, { apply = true }))
    tap.equal({ warnings(call, rows), #assert(call.install(rows, {})).steps }, { "", 0 })
    as_application(sessions[1], ("update public.%s set name = 'b'"):format(name))
    local row = assert(db:query(("select abs(extract(epoch from (updated_at - clock_timestamp() at time zone 'UTC')))::int as off from %s"):format(name)))[1]
    if kind == "timestamptz" then row = assert(db:query(("select abs(extract(epoch from (updated_at - clock_timestamp())))::int as off from %s"):format(name)))[1] end
    tap.equal(row.off < 60, true, kind .. " is off by " .. tostring(row.off))
    -- A time that the statement itself sets stands.
    assert(db:query(("update %s set updated_at = '2021-01-01 00:00:00'"):format(name)))
    tap.equal(db:query(("select extract(year from updated_at)::int as y from %s"):format(name))[1].y, 2021)
    assert(call.uninstall(rows, { apply = true }))
  end
end)

tap.test("one that a trigger of the table seems to set is left alone", function()
  assert(db:query "create function stamps() returns trigger language plpgsql as $$ begin NEW.Updated_At = now(); return new; end $$")
  assert(db:query "create function stamps_by_name() returns trigger language plpgsql as $$ begin new := jsonb_populate_record(new, jsonb_build_object(tg_argv[0], now())); return new; end $$")
  assert(db:query "create function stamps_elsewhere(r anyelement) returns anyelement language plpgsql as $$ begin return r; end $$")
  assert(db:query "create function stamps_whole() returns trigger language plpgsql as $$ begin new = stamps_elsewhere(new); return new; end $$")
  assert(db:query "create function other() returns trigger language plpgsql as $$ begin new.name = lower(new.name); return new; end $$")
  local triggers = {
    { "before update on %s for each row execute function stamps()", true }, { "before insert or update of name on %s for each row execute function stamps_by_name('updated_at')", true },
    { "before update on %s for each row execute function stamps_whole()", true }, { "before update on %s for each row execute function other()", false },
    { "before insert on %s for each row execute function stamps()", false }, { "after update on %s for each row execute function stamps()", false },
  }
  for n, one in ipairs(triggers) do
    local name = "own_" .. n
    assert(db:query(("create table %s (id int primary key, name text, updated_at timestamptz default now())"):format(name)))
    assert(db:query("create trigger mine " .. one[1]:format(name)))
    local call, rows = connect().functions, collection(name, { "id" }, { "name" })
    tap.equal(warnings(call, rows):find("no trigger keeps", 1, true) == nil, one[2], one[1])
    local touches = false
    for _, step in ipairs(assert(call.install(rows, {})).steps) do touches = touches or (step.sql or ""):find "tidewire_touch" ~= nil end
    tap.equal(touches, not one[2], one[1])
  end
end)

return require "live" "postgres keys"
