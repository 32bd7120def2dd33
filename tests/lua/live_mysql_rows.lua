-- Rows below records: whose one was that is gone: `tidewire lua live_mysql_rows.lua --profile io -- PORT`.
local port = ...
local tap = require "tap"
local host = require "tidewire.host.connector"
local json = require "tidewire.json"
local sql = require "tidewire.sql"
local task = require "tidewire.task"

local array, object = json.array, json.object
local config = { port = tonumber(port), user = "practice", password = "practice", database = "practice" }
local db = sql.mysql(config)

local function connect(more)
  local own = {}
  for _, list in ipairs { config, more or {} } do
    for name, value in pairs(list) do own[name] = value end
  end
  return host(function() return require "connectors.mysql" end, { name = "subject", config = own }).functions
end

local function lines(name, parents)
  return { name = name, key = array { "id" }, fields = array { "name" }, options = object {}, parents = parents and array(parents) or nil }
end

-- What changes tell from `cursor` on: the parents by column, sorted, the keys that are gone; the cursor after it.
local function told(call, rows, cursor)
  task.sleep(1.2)      -- the outbox is read a second behind
  local seen, gone = {}, {}
  repeat
    local page = assert(call.changes(rows, cursor, 50))
    cursor = page.cursor
    for column, keys in pairs(page.parents or {}) do
      seen[column] = seen[column] or {}
      for _, key in ipairs(keys) do table.insert(seen[column], key) end
    end
    for _, key in ipairs(page.deleted) do gone[#gone + 1] = key end
  until not page.more
  for _, keys in pairs(seen) do table.sort(keys) end
  return seen, cursor, gone
end

local function warned(call, rows) return table.concat(assert(call.describe(rows)).warnings, "\n"):match "[^\n]*not tell whose[^\n]*" end

local function triggers(name)
  return #db:query("select 1 from information_schema.triggers where event_object_schema = 'practice' and event_object_table = ? and trigger_name like 'tidewire%'", { name })
end

tap.test("a row that is deleted or moved by itself tells whose it was", function()
  assert(db:query "create table `order's lines` (id int primary key, order_id int, `the product's` decimal(10,2), name varchar(20)) engine = InnoDB")
  assert(db:query "insert into `order's lines` values (1, 10, 1.5, 'a'), (2, 10, 2, 'b'), (3, null, null, 'c')")
  local call, rows = connect(), lines("order's lines", { "order_id" })
  tap.ok(warned(call, rows):find "install` makes an outbox", tostring(warned(call, rows)))
  tap.equal(assert(call.describe(rows)).poll_deletes, false)
  assert(call.install(rows, { apply = true }))
  tap.equal({ assert(call.describe(rows)).poll_deletes, assert(connect({ changes = "poll" }).describe(rows)).poll_deletes }, { true, false })
  tap.equal({ #assert(call.install(rows, {})).steps, warned(call, rows), triggers "order's lines" }, { 0, nil, 5 })
  tap.equal(#assert(call.read(rows, array {})), 0)
  local start = assert(call.start(rows))
  assert(db:query("delete from `order's lines` where id = 1", {}, { write = true }))
  local seen, cursor, gone = told(call, rows, start)
  tap.equal({ seen, gone }, { { order_id = { "10" } }, { "1" } })
  assert(db:query("update `order's lines` set order_id = 11 where id = 2", {}, { write = true }))
  assert(db:query("update `order's lines` set order_id = 12 where id = 3", {}, { write = true }))
  assert(db:query("update `order's lines` set name = 'edited' where id = 3", {}, { write = true }))
  seen, cursor = told(call, rows, cursor)
  tap.equal(seen, { order_id = { "10" } })
  -- A second mapping names another column: both are told.
  local of_product = lines("order's lines", { "the product's" })
  tap.ok(warned(call, of_product):find("the outbox does not tell .* run `tidewire install` again"), tostring(warned(call, of_product)))
  assert(call.install(of_product, { apply = true }))
  for _, one in ipairs { rows, of_product } do tap.equal({ #assert(call.install(one, {})).steps, warned(call, one) }, { 0 }) end
  assert(db:query("delete from `order's lines` where id = 2", {}, { write = true }))
  tap.equal((told(call, rows, cursor)), { order_id = { "11" }, ["the product's"] = { "2" } })
  assert(call.uninstall(rows, { apply = true }))
  tap.equal(triggers "order's lines", 0)
end)

tap.test("what a foreign key does to rows is told by nothing, and check and install name it", function()
  assert(db:query "create table boxes (id int primary key) engine = InnoDB")
  assert(db:query [[create table boxed (id int primary key, box_id int, colour_id int, name varchar(20),
    constraint of_box foreign key (box_id) references boxes (id) on delete cascade on update restrict,
    constraint of_colour foreign key (colour_id) references boxes (id) on delete restrict on update cascade) engine = InnoDB]])
  local call, rows = connect(), lines "boxed"
  local function silent() return table.concat(assert(call.describe(rows)).warnings, "\n") end
  tap.ok(silent():find("`boxes` does to rows here (`box_id`, on delete cascade) fires no trigger", 1, true), silent())
  tap.ok(silent():find("`boxes` does to rows here (`colour_id`, on update cascade) fires no trigger", 1, true), silent())
  local plan = assert(call.install(rows, { apply = true }))
  tap.ok(plan.steps[#plan.steps].title:find("not noted: what `boxes` does", 1, true), plan.steps[#plan.steps].title)
  tap.equal(#assert(call.install(rows, {})).steps, 0)
  -- Of rows below a box its own deletion is told.
  rows.parents = array { "box_id" }
  tap.equal(silent():find("on delete cascade", 1, true), nil)
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("an outbox that is there already is completed, and polls say that they do not tell it", function()
  assert(db:query "create table later_lines (id int primary key, order_id binary(2), name varchar(20)) engine = InnoDB")
  local call, plain, rows = connect(), lines "later_lines", lines("later_lines", { "order_id" })
  assert(call.install(plain, { apply = true }))
  tap.equal({ warned(call, plain), triggers "later_lines" }, { nil, 3 })
  tap.ok(warned(call, rows):find("run `tidewire install` again", 1, true), tostring(warned(call, rows)))
  assert(call.install(rows, { apply = true }))
  tap.equal({ warned(call, rows), triggers "later_lines", #assert(call.install(plain, {})).steps }, { nil, 5, 0 })
  local cursor = assert(call.start(rows))
  assert(db:query("insert into later_lines values (1, x'00ff', 'a')", {}, { write = true }))
  assert(db:query("delete from later_lines", {}, { write = true }))
  tap.equal((told(call, rows, cursor)), { order_id = { "\\x00ff" } })
  tap.equal(warned(connect { changes = "poll" }, rows), "polls do not tell whose row was deleted or moved away by itself (its old `order_id`): a sweep finds it")
  local plan, err = call.install(lines("later_lines", { "order" }), {})
  tap.equal({ plan, err and err.code }, { nil, "invalid" })
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("where another source of changes takes over, what was deleted before that is looked for, once", function()
  assert(db:query "create table handed (id int primary key, name varchar(20), updated_at timestamp(6) default current_timestamp(6) on update current_timestamp(6)) engine = InnoDB")
  assert(db:query "insert into handed (id, name) values (1, 'a'), (2, 'b')")
  local call, rows = connect(), lines "handed"
  local cursor = assert(call.start(rows))
  local function asked()
    local count = 0
    repeat
      local page = assert(call.changes(rows, cursor, 50))
      count, cursor = count + (page.sweep and 1 or 0), page.cursor
    until not page.more
    return count
  end
  assert(call.install(rows, { apply = true }))
  assert(db:query "delete from handed where id = 1")
  tap.equal({ asked(), cursor.outbox ~= nil, asked() }, { 1, true, 0 })
  assert(db:query "delete from handed where id = 2")
  assert(call.uninstall(rows, { apply = true }))
  tap.equal({ asked(), cursor.mark ~= nil, asked() }, { 1, true, 0 })
end)

return require "live" "mysql rows"
