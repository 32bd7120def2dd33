-- profile: io
-- What `install` does to the triggers of a table, against a server that carries out what it is told.

local tap = require "tap"
local catalog = require "connectors.mysql.catalog"
local db = require "connectors.mysql.db"
local install = require "connectors.mysql.install"
local notes = require "connectors.mysql.notes"

local columns = { { name = "id", kind = "int", type = "int" }, { name = "order_id", kind = "int", type = "int" }, { name = "box_id", kind = "int", type = "int" } }

-- The server: its table as the catalog tells it. `seen` is called after each statement.
local function served(seen)
  local about = { type = "BASE TABLE", name = "`shop`.`lines`", noticed = 1, columns = columns, by_name = {}, triggers = {}, parent_triggers = {}, before_update = {} }
  for _, column in ipairs(columns) do about.by_name[column.name] = column end
  catalog.table = function() return about end
  catalog.time_column = function() return nil end
  db.change_table = function(_, sql)
    local created, event, text = sql:match "^create trigger `shop`%.`([^`]+)` after (%l+) on `shop`%.`lines` for each row (.*)$"
    local dropped = sql:match "^drop trigger if exists `shop`%.`([^`]+)`$"
    if not created and not dropped then return nil, { code = "invalid", message = sql } end
    for _, list in ipairs { about.triggers, about.parent_triggers } do
      for n = #list, 1, -1 do
        if created and list[n].name == created then return nil, { code = "invalid", message = created .. " is there" } end
        if list[n].name == dropped then table.remove(list, n) end
      end
    end
    if created then
      local list = created:sub(1, #notes.parent_prefix) == notes.parent_prefix and about.parent_triggers or about.triggers
      list[#list + 1] = { name = created, event = event, timing = "after", text = text }
    end
    seen(about)
    return {}
  end
  return about
end

local function installed(parents)
  return install.install({ config = { database = "shop" }, state = {} }, { name = "lines", key = { "id" }, parents = parents }, { apply = true })
end

local function names(about)
  local list = {}
  for n, one in ipairs(about.parent_triggers) do list[n] = one.name end
  table.sort(list)
  return list
end

tap.test("triggers that tell one column more stand before those that tell less go", function()
  local told, fewest = false, 1
  local about = served(function(now) if told then fewest = math.min(fewest, #notes.told(now)) end end)
  local done, err = installed { "order_id" }
  tap.equal({ done and done.applied, err }, { true })
  tap.equal(notes.told(about), { "order_id" })
  tap.equal(names(about), { "tidewire_parent_delete_lines", "tidewire_parent_update_lines" })
  told = true

  installed { "box_id" }
  tap.equal(fewest, 1)
  tap.equal(notes.told(about), { "order_id", "box_id" })
  tap.equal(names(about), { "tidewire_parent_delete2_lines", "tidewire_parent_update2_lines" })
  tap.equal(#installed { "order_id", "box_id" }.steps, 0)
end)

-- How many of the three events some trigger that notes the key stands for.
local function noted(about)
  local events, count = {}, 0
  for _, one in ipairs(about.triggers) do events[one.event] = true end
  for _ in pairs(events) do count = count + 1 end
  return count
end

local function texts(about)
  local list = {}
  for _, triggers in ipairs { about.triggers, about.parent_triggers } do
    for _, one in ipairs(triggers) do list[#list + 1] = one.event .. " " .. one.text end
  end
  table.sort(list)
  return list
end

tap.test("triggers that say something else under the right name are told of, and renewed without a gap", function()
  local fewest, told = 3, 1
  local about = served(function(now) fewest, told = math.min(fewest, noted(now)), math.min(told, #notes.told(now)) end)
  fewest, told = 0, 0
  installed { "order_id" }
  local wanted, conn, here = texts(about), { config = { database = "shop" } }, { name = "lines", key = { "id" } }
  tap.equal({ #wanted, notes.outdated(conn, here, about, { "id" }) }, { 5, false })
  for _, triggers in ipairs { about.triggers, about.parent_triggers } do
    for _, one in ipairs(triggers) do one.text = one.text:gsub("timestampadd%b()", "utc_timestamp(6)") end    -- when the statement began
  end
  tap.equal({ notes.outdated(conn, here, about, { "id" }), notes.noted(about, { "id" }) }, { true, "now" })

  fewest, told = 3, 1
  installed {}
  tap.equal({ fewest, told }, { 3, 1 })
  tap.equal({ texts(about), notes.outdated(conn, here, about, { "id" }), #installed({ "order_id" }).steps }, { wanted, false, 0 })
end)

tap.test("a trigger is the same where the server lays its text out otherwise, or tells a quote once", function()
  local trigger = { event = "insert", text = "begin  insert into t\n values ('it's'); end " }
  tap.equal({ notes.same({ trigger }, { event = "insert", text = "begin insert into t values ('it''s'); end" }), notes.same({ trigger }, { event = "update", text = trigger.text }) }, { trigger })
end)

tap.test("an installation that was broken off between them is made good", function()
  local stop = math.huge
  local about = served(function(now)
    stop = stop - 1
    if stop == 0 then error { code = "unavailable", message = tostring(#now.parent_triggers) } end
  end)
  installed { "order_id" }
  stop = 1
  pcall(installed, { "box_id" })
  tap.equal(#about.parent_triggers, 3)
  tap.equal(notes.told(about), { "order_id" })

  stop = math.huge
  tap.equal(installed { "box_id" }.applied, true)
  tap.equal(notes.told(about), { "order_id", "box_id" })
  tap.equal(names(about), { "tidewire_parent_delete2_lines", "tidewire_parent_update2_lines" })
end)

tap.test("bits that a former version noted as bytes are the number that they are", function()
  tap.equal({ tostring(notes.spelled({ kind = "bit" }, "\\x0801")), tostring(notes.spelled({ kind = "bit" }, "\\xffffffffffffffff")), notes.spelled({ kind = "bit" }, 5) },
    { "2049", "18446744073709551615", 5 })
end)
