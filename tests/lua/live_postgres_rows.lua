-- Rows below records: whose one was that is gone: `tidewire lua live_postgres_rows.lua --profile io -- URL`.
local url = ...
local tap = require "tap"
local json = require "tidewire.json"
local task = require "tidewire.task"
local case = require "live_postgres_case"(url)

local array = json.array
local db, connect, drained = case.db, case.connect, case.drained

local function lines(name, parents)
  local rows = case.collection(name, { "id" }, { "name" }, { modified = false })
  rows.parents = parents and array(parents) or nil
  return rows
end

-- The parents that changes tell from `cursor` on until one is told, sorted, by column; and the cursor after them.
local function told(call, rows, cursor)
  local seen = {}
  for _ = 1, 200 do
    local page = assert(call.changes(rows, cursor, 50))
    cursor = page.cursor
    for column, keys in pairs(page.parents or {}) do
      seen[column] = seen[column] or {}
      for _, key in ipairs(keys) do table.insert(seen[column], key) end
    end
    if next(seen) and not page.more then break end
    task.sleep(0.01)      -- the log is read as far as it was flushed
  end
  for _, keys in pairs(seen) do table.sort(keys) end
  return seen, cursor
end

local function warned(call, rows) return table.concat(assert(call.describe(rows)).warnings, "\n"):match "[^\n]*not tell whose[^\n]*" end

local function count(text) return assert(db:query("select count(*)::int as n from " .. text))[1].n end

tap.test("a row that is deleted or moved by itself tells whose it was, by the outbox and by the log", function()
  for _, how in ipairs { "auto", "logical" } do
    local name = "lines_" .. how
    assert(db:query(("create table %s (id int primary key, order_id int, name text)"):format(name)))
    assert(db:query(("insert into %s values (1, 10, 'a'), (2, 10, 'b'), (3, null, 'c')"):format(name)))
    local call, rows = connect({ url = url, changes = how }).functions, lines(name, { "order_id" })
    tap.ok(warned(call, rows), how .. " is warned of before")
    tap.equal(assert(call.describe(rows)).poll_deletes, how == "logical", how)
    assert(call.install(rows, { apply = true }))
    tap.equal({ assert(call.describe(rows)).poll_deletes, assert(connect({ url = url, changes = "poll" }).functions.describe(rows)).poll_deletes }, { true, false }, how)
    tap.equal({ #assert(call.install(rows, {})).steps, warned(call, rows) }, { 0 })
    local start = assert(call.start(rows))
    assert(db:query(("delete from %s where id = 1"):format(name)))
    local seen, cursor = told(call, rows, start)
    tap.equal(seen, { order_id = { "10" } }, how)
    assert(db:query(("update %s set order_id = 11 where id = 2"):format(name)))
    seen, cursor = told(call, rows, cursor)
    tap.equal(seen, { order_id = { "10" } }, how)
    -- One that was nobody's, an edit and a new row take nothing away from anybody.
    assert(db:query(("update %s set order_id = 12 where id = 3"):format(name)))
    assert(db:query(("update %s set name = 'edited' where id = 2"):format(name)))
    assert(db:query(("insert into %s values (4, 13, 'd')"):format(name)))
    assert(db:query(("delete from %s where id = 4"):format(name)))
    tap.equal(told(call, rows, cursor), { order_id = { "13" } }, how)
    local plan = assert(call.uninstall(rows, { apply = true }))
    tap.equal((plan.steps[#plan.steps].todo or ""):find("replica identity default", 1, true) ~= nil, how == "logical")
    tap.equal(count("pg_trigger where tgname like 'tidewire%' and tgrelid = '" .. name .. "'::regclass"), 0)
  end
  -- The function goes with the last outbox.
  tap.equal(count "pg_proc where proname = 'note_parents'" == 0, count "pg_trigger where tgname = 'tidewire_outbox'" == 0)
end)

tap.test("an outbox that is there already is completed, its own triggers left as they are", function()
  assert(db:query "create table later (id int primary key, order_id uuid, product numeric(10,2), name text)")
  local call, plain, rows = connect().functions, lines "later", lines("later", { "order_id" })
  assert(call.install(plain, { apply = true }))
  tap.equal({ warned(call, plain) }, {})
  tap.ok(warned(call, rows):find("the outbox does not tell .* %(its old \"order_id\"%).* run `tidewire install` again"), warned(call, rows))
  local before = count "pg_trigger where tgname = 'tidewire_outbox' and tgrelid = 'later'::regclass"
  assert(call.install(rows, { apply = true }))
  tap.equal({ before, count "pg_trigger where tgname = 'tidewire_outbox' and tgrelid = 'later'::regclass" }, { 1, 1 })
  -- Rows of two mappings: both are told, and what was told before is told still.
  local of_product = lines("later", { "product" })
  tap.ok(warned(call, of_product))
  assert(call.install(of_product, { apply = true }))
  for _, one in ipairs { plain, rows, of_product, lines("later", { "product", "order_id" }) } do
    tap.equal({ #assert(call.install(one, {})).steps, warned(call, one) }, { 0 })
  end
  local cursor = assert(call.start(rows))
  assert(db:query "insert into later values (1, 'A0112233-4455-6677-8899-AABBCCDDEEFF', 1.5, 'a')")
  assert(db:query "delete from later")
  local seen = told(call, rows, cursor)
  tap.equal(seen, { order_id = { "a0112233-4455-6677-8899-aabbccddeeff" }, product = { "1.50" } })
  -- Whoever reads the outbox without knowing of rows sees the same as before.
  tap.equal((drained(call, plain, cursor)), { ["1"] = "gone" })
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("whose a row was is told as that record's key is read, in whatever letters the row named it", function()
  assert(db:query "create collation any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
  assert(db:query "create table cased (code text collate any_case primary key)")
  assert(db:query "create table cased_lines (id int primary key, of_case text collate any_case references cased, name text)")
  assert(db:query "insert into cased values ('ABC')")
  assert(db:query "insert into cased_lines values (1, 'abc', 'a')")
  local call, rows = connect().functions, lines("cased_lines", { "of_case" })
  assert(call.install(rows, { apply = true }))
  local cursor = assert(call.start(rows))
  assert(db:query "delete from cased_lines")
  tap.equal(told(call, rows, cursor), { of_case = { "ABC" } })
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("the log of a partitioned table carries old rows whole in each partition", function()
  assert(db:query "create table split_lines (id int, order_id int, name text, primary key (id)) partition by range (id)")
  assert(db:query "create table split_lines_1 partition of split_lines for values from (0) to (100)")
  assert(db:query "insert into split_lines values (1, 7, 'a')")
  local call, rows = connect({ url = url, changes = "logical" }).functions, lines("split_lines", { "order_id" })
  assert(call.install(rows, { apply = true }))
  tap.equal({ #assert(call.install(rows, {})).steps, warned(call, rows) }, { 0 })
  local cursor = assert(call.start(rows))
  assert(db:query "delete from split_lines")
  tap.equal(told(call, rows, cursor), { order_id = { "7" } })
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("polls say that they do not tell it", function()
  assert(db:query "create table polled_lines (id int primary key, order_id int, name text)")
  local rows = lines("polled_lines", { "order_id" })
  local said = warned(connect({ url = url, changes = "poll" }).functions, rows)
  tap.equal({ said, warned(connect({ url = url, changes = "poll" }).functions, lines "polled_lines") },
    { 'polls do not tell whose row was deleted or moved away by itself (its old "order_id"): a sweep finds it' })
end)

return require "live" "postgres rows"
