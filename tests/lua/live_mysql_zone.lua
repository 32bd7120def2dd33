-- A server whose clock does not go by UTC: `tidewire lua live_mysql_zone.lua --profile io -- PORT`, its time_zone being -05:00.
local port = ...
local tap = require "tap"
local host = require "tidewire.host.connector"
local json = require "tidewire.json"
local sql = require "tidewire.sql"
local time = require "tidewire.time"

local array = json.array
local config = { port = tonumber(port), user = "practice", password = "practice", database = "practice" }
local db = sql.mysql(config)

tap.test("a key that the table does not have is an error of describe; a time column without a zone is told, one that has one is not", function()
  assert(db:query "create table local_times (id int primary key, at datetime, told timestamp)")
  local call = host(function() return require "connectors.mysql" end, { name = "subject", config = config }).functions
  local function described(key, modified)
    return call.describe { name = "local_times", key = array { key }, fields = array { "at" }, options = { modified = modified } }
  end
  local nothing, err = described("number", "at")
  tap.equal({ nothing or false, err.code, err.message:find("the key: .*local_times.* has no column `number`") ~= nil }, { false, "invalid", true })
  local function zone(modified)
    return table.concat(assert(described("id", modified)).warnings, "\n"):match "has no zone and counts as UTC, but the server goes by (%S+):"
  end
  tap.equal({ zone "at", zone "told" or false }, { "-05:00", false })
end)

local function there(options)
  local own = { zone = "America/New_York" }
  for _, list in ipairs { config, options or {} } do
    for name, value in pairs(list) do own[name] = value end
  end
  return host(function() return require "connectors.mysql" end, { name = "subject", config = own }).functions
end

local function close_to(iso, now) return math.abs(time.parse(iso) - time.parse(now)) < 60 end

tap.test("a zone that there is not is refused", function()
  tap.raises(function() there { zone = "America/NewYork" } end, "connection subject: 'zone' must be a time zone: no time zone 'America/NewYork'.*America/New_York")
  tap.raises(function() there { zone = 5 } end, "'zone' must be a time zone: an IANA name")
end)

tap.test("times without a zone go by the one of the connection, those with one stay, and no version moves by naming it", function()
  assert(db:query [[create table local_edits (id int primary key, name varchar(20), born date, met datetime(6), told timestamp(3) null, at datetime not null default current_timestamp on update current_timestamp)]])
  assert(db:query "insert into local_edits values (1, 'a', null, '2024-07-01 08:00:00.5', '2024-07-01 12:00:00.25', '2024-01-01 10:00:00')")
  local rows = { name = "local_edits", key = array { "id" }, fields = array { "name", "met", "told" }, options = { modified = "at" } }
  local call, before = there(), host(function() return require "connectors.mysql" end, { name = "subject", config = config }).functions
  local types = {}
  for _, field in ipairs(assert(call.describe(rows)).fields) do types[field.name] = field.type.zone end
  tap.equal({ types, table.concat(assert(call.describe(rows)).warnings, "\n"):find("zone", 1, true) or false, call.test().zone },
    { { born = "America/New_York", met = "America/New_York", told = "UTC", at = "America/New_York" }, false, "America/New_York" })
  local read = assert(call.read(rows, array { "1" }))[1]
  tap.equal({ read.modified, read.fields.met, read.fields.told }, { "2024-01-01T15:00:00Z", "2024-07-01 08:00:00.500000", "2024-07-01 12:00:00.250" })
  tap.equal({ assert(before.read(rows, array { "1" }))[1].version, assert(before.read(rows, array { "1" }))[1].modified }, { read.version, "2024-01-01T10:00:00.000000Z" })

  -- What the column and triggers set in our own writes shows the same clocks as the application's.
  local now = time.now()
  local written = assert(call.update(rows, "1", { name = "b", told = "2024-07-01 13:00:00.125" }, read.version))
  tap.ok(close_to(written.modified, now), written.modified .. " " .. now)
  tap.equal({ written.fields.told, tostring(db:query("select unix_timestamp(told) as s from local_edits")[1].s) }, { "2024-07-01 13:00:00.125", "1719838800.125" })
  local _, err = call.update(rows, "1", { name = "c" }, read.version)
  tap.equal(err.code, "stale")
  local made = assert(call.create(rows, array { { values = { name = "c", told = "2024-07-01 12:00:00" }, key = "2" } }))[1].record
  tap.ok(close_to(made.modified, now), made.modified)
  tap.equal(made.fields.told, "2024-07-01 12:00:00.000")
  local _, refused = call.update(rows, "2", { told = "no time" }, made.version)
  tap.equal({ refused.code, refused.message:match "^%d+" }, { "invalid", "1292" })
  tap.equal(assert(call.delete(rows, "2", made.version)), true)
end)

tap.test("polls tell what an application with a session of its own zone edits after us, and a key that is a timestamp is found", function()
  assert(db:query "create table local_polls (at_key timestamp(6) primary key, name varchar(20), at datetime not null default current_timestamp on update current_timestamp)")
  local rows = { name = "local_polls", key = array { "at_key" }, fields = array { "name" }, options = { modified = "at" } }
  local call = there { changes = "poll" }
  local made = assert(call.create(rows, array { { values = { name = "ours" }, key = "2024-07-01 12:00:00.500000" } }))[1].record
  tap.equal(made.key, "2024-07-01 12:00:00.500000")
  local page = assert(call.changes(rows, assert(call.start(rows)), 50))
  assert(db:transaction { { "set time_zone = '" .. ((time.to_local(time.now(), "America/New_York")):sub(12, 13) == (time.to_local(time.now(), "Etc/GMT+5")):sub(12, 13) and "-05:00" or "-04:00") .. "'" },
    { "insert into local_polls (at_key, name) values ('2024-07-02 10:00:00', 'theirs')" }, { "set time_zone = '+00:00'" } })
  local seen = {}
  for _ = 1, 4 do
    for _, record in ipairs(page.records) do seen[#seen + 1] = record.fields.name end
    page = assert(call.changes(rows, page.cursor, 50))
  end
  tap.equal(seen, { "ours", "theirs" })
  tap.equal(assert(call.update(rows, made.key, { name = "mine" }, made.version)).fields.name, "mine")
  tap.equal(assert(call.delete(rows, made.key)), true)
end)

tap.test("what install makes to keep a column does so in the zone, and takes the place of what does so in another", function()
  assert(db:query "create table local_touch (id int primary key, name varchar(20), updated_at datetime)")
  assert(db:query "insert into local_touch values (1, 'a', null)")
  local rows = { name = "local_touch", key = array { "id" }, fields = array { "name" }, options = {} }
  local plain, call = host(function() return require "connectors.mysql" end, { name = "subject", config = config }).functions, there()
  assert(plain.install(rows, { apply = true }))
  local function warned() return table.concat(assert(call.describe(rows)).warnings, "\n"):match "does so for another zone than (%S+):" end
  tap.equal(warned(), "America/New_York")
  assert(call.install(rows, { apply = true }))
  tap.equal({ warned() or false, #assert(call.install(rows, {})).steps }, { false, 0 })
  local record = assert(call.update(rows, "1", { name = "b" }))
  tap.ok(close_to(record.modified, time.now()), record.modified)
  assert(plain.install(rows, { apply = true }))
  tap.equal({ #assert(plain.install(rows, {})).steps, close_to(assert(plain.update(rows, "1", { name = "c" })).modified, time.now()) }, { 0, true })
end)

return require "live" "mysql zone"
