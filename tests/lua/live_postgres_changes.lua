-- How the postgres connector learns of changes: outbox, polls, the log: `tidewire lua live_postgres_changes.lua --profile io -- URL`.
local url = ...
local tap = require "tap"
local json = require "tidewire.json"
local sql = require "tidewire.sql"
local task = require "tidewire.task"
local case = require "live_postgres_case"(url)

local array = json.array
local db, fails, connect, collection, drained = case.db, case.fails, case.connect, case.collection, case.drained

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
  local holder = assert(sql.postgres { url = url, limit = 1 })
  assert(holder:query "select pg_advisory_lock(7001)")
  local work = assert(task.all {
    -- It ends when the other says so, however long that takes.
    function() return db:transaction({ { "insert into told values (2, 'slow')" }, { "select pg_advisory_xact_lock(7001)" } }, { write = true }) end,
    function()
      while #db:query "select 1 from pg_stat_activity where query like 'select pg_advisory_xact_lock(7001)%' and wait_event = 'advisory'" == 0 do task.sleep(0.01) end
      assert(db:query("insert into told values (3, 'quick')", {}, { write = true }))
      drain()
      assert(holder:query "select pg_advisory_unlock(7001)")
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

-- How often the pages from `cursor` on ask for a sweep, the cursor after them, and their last record.
local function sweeps(call, rows, cursor)
  local asked, turns, last = 0, 0, nil
  repeat
    local page = assert(call.changes(rows, cursor, 1))
    asked, cursor, turns, last = asked + (page.sweep and 1 or 0), page.cursor, turns + 1, page.records[#page.records] or last
  until not page.more or turns > 20
  return asked, cursor, last
end

tap.test("where another source of changes takes over, what was deleted before that is looked for, once", function()
  for _, how in ipairs { "auto", "logical" } do
    local name = "handed_" .. how
    assert(db:query("create table " .. name .. " (id int primary key, name text, updated_at timestamptz default now())"))
    assert(db:query("insert into " .. name .. " values (1, 'a'), (2, 'b'), (3, 'c')"))
    local rows = collection(name, { "id" }, { "name" })
    local cursor = assert(connect().functions.start(rows))
    local call = connect({ url = url, changes = how }).functions
    assert(call.install(rows, { apply = true }))
    assert(db:query("delete from " .. name .. " where id = 1"))
    local asked
    asked, cursor = sweeps(call, rows, cursor)
    tap.equal({ asked, (cursor.outbox or cursor.slot) ~= nil }, { 1, true }, how)
    asked, cursor = sweeps(call, rows, cursor)
    tap.equal(asked, 0, how .. ", once")
    assert(db:query("delete from " .. name .. " where id = 2"))
    assert(call.uninstall(rows, { apply = true }))
    local polls = connect().functions
    asked, cursor = sweeps(polls, rows, cursor)
    tap.equal({ asked, cursor.mark ~= nil }, { 1, true }, how .. ", back to polls")
    tap.equal((sweeps(polls, rows, cursor)), 0, how .. ", back to polls, once")
  end
end)

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

tap.test("a table that is emptied is told, which rows it had is not: a sweep is asked for, by the outbox and by the log", function()
  for _, how in ipairs { "auto", "logical" } do
    local name = "emptied_" .. how
    assert(db:query("create table " .. name .. " (id int primary key, name text)"))
    assert(db:query("create table " .. name .. "_below (id int primary key, above int references " .. name .. ")"))
    local call = connect({ url = url, changes = how }).functions
    local rows, below = collection(name, { "id" }, { "id", "name" }), collection(name .. "_below", { "id" }, { "id", "above" })
    for _, one in ipairs { rows, below } do
      assert(call.install(one, { apply = true }))
      tap.equal(#assert(call.install(one, {})).steps, 0)
    end
    assert(db:query("insert into " .. name .. " values (1, 'a'), (2, 'b')"))
    local cursors = { assert(call.start(rows)), assert(call.start(below)) }
    assert(db:query("update " .. name .. " set name = 'c' where id = 1"))
    assert(db:query("truncate " .. name .. " cascade"))
    assert(db:query("insert into " .. name .. " values (3, 'after')"))
    local page = assert(call.changes(rows, cursors[1], 50))
    tap.equal({ page.sweep, #page.records, page.records[1].key, page.deleted }, { true, 1, "3", {} }, how)
    tap.equal(assert(call.changes(rows, page.cursor, 50)).sweep, nil, how .. ", once")
    tap.equal(assert(call.changes(below, cursors[2], 50)).sweep, true, how .. ", by cascade")
    for _, one in ipairs { rows, below } do assert(call.uninstall(one, { apply = true })) end
    tap.equal(#db:query("select 1 from pg_trigger where tgname like 'tidewire%' and tgname <> 'tidewire_touch' and tgrelid = '" .. name .. "'::regclass"), 0)
  end
end)

tap.test("an outbox of a former version does not tell that, which check says and install mends", function()
  assert(db:query "create table formerly (id int primary key, name text)")
  local call, rows = connect().functions, collection("formerly", { "id" }, { "name" })
  assert(call.install(rows, { apply = true }))
  local function warned() return table.concat(assert(call.describe(rows)).warnings, "\n"):find("emptied %(truncate%).*`tidewire install` again") ~= nil end
  tap.equal(warned(), false)
  assert(db:query "drop trigger tidewire_emptied on formerly")
  tap.equal(warned(), true)
  assert(call.install(rows, { apply = true }))
  tap.equal(warned(), false)
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("a trigger is replaced by one statement, so that no row passes between two", function()
  assert(db:query "create table swapped (id int primary key, order_id int, name text)")
  local call, rows = connect().functions, collection("swapped", { "id" }, { "name" })
  assert(call.install(rows, { apply = true }))
  rows.parents = array { "order_id" }
  assert(call.install(rows, { apply = true }))
  rows.parents = array { "order_id", "name" }
  local plan = assert(call.install(rows, {}))
  for _, step in ipairs(plan.steps) do tap.equal(step.sql:find "^drop", nil) end
  assert(call.install(rows, { apply = true }))
  tap.equal(#assert(call.install(rows, {})).steps, 0)
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("a transaction that is longer than a page comes in pages, each of its rows once", function()
  assert(db:query "create table mass (id int primary key, name text)")
  assert(db:query "insert into mass select n, 'n' || n from generate_series(1, 500) n")
  local call, rows = connect({ url = url, changes = "logical" }).functions, collection("mass", { "id" }, { "name" }, { modified = false })
  assert(call.install(rows, { apply = true }))
  local cursor, seen, most, twice = assert(call.start(rows)), {}, 0, 0
  assert(db:query("update mass set name = name || 'x'", {}, { write = true }))
  assert(db:query("update mass set name = 'last' where id = 7", {}, { write = true }))
  assert(db:query("delete from mass where id = 8", {}, { write = true }))
  local turns = 0
  repeat
    local page = assert(call.changes(rows, cursor, 10))
    for _, record in ipairs(page.records) do
      twice = twice + (seen[record.key] and 1 or 0)
      seen[record.key] = record.fields.name
    end
    for _, key in ipairs(page.deleted) do seen[key] = "gone" end
    cursor, most, turns = page.cursor, math.max(most, #page.records), turns + 1
  until not page.more or turns > 100
  local count = 0
  for _ in pairs(seen) do count = count + 1 end
  tap.equal({ count, seen["7"], seen["8"], seen["500"], most <= 40, twice <= 2, cursor.within }, { 500, "last", "gone", "n500x", true, true })
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("of a table with many partitions a long transaction comes to its end, and nothing of it is passed over", function()
  assert(db:query "create table split (id int primary key, name text) partition by range (id)")
  assert(db:query "do $$ begin for n in 0..59 loop execute format('create table split_%s partition of split for values from (%s) to (%s)', n, n, n + 1); end loop; end $$")
  assert(db:query "insert into split select n, 'n' from generate_series(0, 59) n")
  local call, rows = connect({ url = url, changes = "logical" }).functions, collection("split", { "id" }, { "name" }, { modified = false })
  assert(call.install(rows, { apply = true }))
  local cursor, seen, turns = assert(call.start(rows)), {}, 0
  assert(db:query("update split set name = 'x'", {}, { write = true }))
  repeat
    local page = assert(call.changes(rows, cursor, 3))
    for _, record in ipairs(page.records) do seen[#seen + 1] = record.key end
    cursor, turns = page.cursor, turns + 1
  until not page.more or turns > 60
  tap.equal({ #seen, turns <= 60, cursor.within }, { 60, true, nil })
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("a log that takes longer to read than a statement may is read all the same", function()
  assert(db:query "create table much (id int primary key, name text)")
  local rows = collection("much", { "id" }, { "name" }, { modified = false })
  local call = connect({ url = url, changes = "logical", statement_timeout = 20 }).functions
  assert(call.install(rows, { apply = true }))
  local cursor = assert(call.start(rows))
  assert(db:query("insert into much select n, repeat('x', 200) from generate_series(1, 40000) n", {}, { write = true }))
  assert(db:query("delete from much where id > 3", {}, { write = true }))
  -- A busy machine may be late with any other statement, but not each time.
  local impatient = connect({ url = url, changes = "logical", statement_timeout = 0.06 }).functions
  local page, err
  for _ = 1, 10 do
    page, err = impatient.changes(rows, cursor, 1)
    if page then break end
  end
  tap.equal({ page and page.records[1].key, page and page.more, err and err.message }, { "1", true })
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("an install that has to wait for an open transaction gives up before it keeps the writers waiting", function()
  assert(db:query "create table busy (id int primary key, name text)")
  local call, rows = connect().functions, collection("busy", { "id" }, { "name" })
  local done = assert(task.all {
    function() return { (db:transaction({ { "insert into busy values (1, 'a')" }, { "select pg_sleep(9)" } }, { write = true })) == nil } end,
    function()
      while #db:query "select 1 from pg_stat_activity where query like 'select pg_sleep(9)%'" == 0 do task.sleep(0.01) end
      local plan, err = call.install(rows, { apply = true })
      local waits = #db:query "select 1 from pg_stat_activity where query like 'select pg_sleep(9)%' and state = 'active'"
      db:query "select pg_cancel_backend(pid) from pg_stat_activity where query like 'select pg_sleep(9)%'"
      return { plan == nil, err and err.message:sub(1, 5), err and tostring(err.hint):find("still open", 1, true) ~= nil, waits }
    end })
  tap.equal(done[2], { true, "55P03", true, 1 })
end)

tap.test("whichever function is that of a former version is told of and renewed; a trigger that is switched off, or tells of less, is none", function()
  assert(db:query "create table aged (id int primary key, order_id int, name text, updated_at timestamptz)")
  local call, rows = connect().functions, collection("aged", { "id" }, { "name" })
  rows.parents = array { "order_id" }
  assert(call.install(rows, { apply = true }))
  local function warned() return table.concat(assert(call.describe(rows)).warnings, "\n"):find("former version: run `tidewire install` again", 1, true) ~= nil end
  local function renewed() return { #assert(call.install(rows, { apply = true })).steps, warned(), #assert(call.install(rows, {})).steps } end
  tap.equal(warned(), false)
  for _, name in ipairs { "note", "note_emptied", "note_parents", "touch" } do
    assert(db:query("do $$ begin execute replace(pg_get_functiondef('tidewire." .. name .. "'::regproc), 'begin', 'begin  -- formerly'); end $$"))
    tap.equal({ name, warned() }, { name, true })
    tap.equal({ name, renewed() }, { name, { 1, false, 0 } })
  end
  assert(db:query "alter function tidewire.note_parents() reset extra_float_digits")
  tap.equal({ warned(), renewed() }, { true, { 1, false, 0 } })

  local function notes() return assert(call.start(rows)).outbox ~= nil end
  for _, text in ipairs { "alter table aged disable trigger tidewire_outbox", "drop trigger tidewire_outbox on aged; create trigger tidewire_outbox after insert on aged for each row execute function tidewire.note('public.aged', 'id')" } do
    for statement in (text .. ";"):gmatch "%s*([^;]+);" do assert(db:query(statement)) end
    call = connect().functions
    tap.equal({ text, notes() }, { text, false })
    assert(call.install(rows, { apply = true }))
    tap.equal({ notes(), #assert(call.install(rows, {})).steps }, { true, 0 })
  end
  assert(db:query "alter table aged disable trigger tidewire_outbox")
  assert(call.uninstall(rows, { apply = true }))
  tap.equal(#db:query "select 1 from pg_trigger where tgname like 'tidewire%' and tgname <> 'tidewire_touch' and tgrelid = 'aged'::regclass", 0)
end)

tap.test("the time column that install adds knows nothing of the rows that are there, and polls read what is edited from then on", function()
  assert(db:query "create table timeless (id int primary key, name text)")
  assert(db:query "insert into timeless values (1, 'there'), (2, 'there too')")
  local rows = collection("timeless", { "id" }, { "name" })
  assert(connect().functions.install(rows, { apply = true }))
  local polls = connect({ url = url, changes = "poll", overlap = 0 }).functions
  local there = assert(polls.read(rows, array { "1", "2" }))
  tap.equal({ there[1].modified == nil, there[2].modified == nil }, { true, true })
  local cursor = assert(polls.start(rows))
  assert(db:query("update timeless set name = 'edited' where id = 1", {}, { write = true }))
  assert(db:query("insert into timeless values (3, 'new')", {}, { write = true }))
  local seen = drained(polls, rows, cursor)
  tap.equal({ seen["1"], seen["2"] == nil, seen["3"] }, { "edited", true, "new" })
  local stamped = assert(polls.read(rows, array { "1", "3" }))
  tap.equal({ stamped[1].modified ~= nil, stamped[2].modified ~= nil }, { true, true })
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
  tap.equal(assert(call.uninstall(by_id, { apply = true, used_by = { "other" } })).steps[1].title, "left as it is: other uses it too")
  tap.equal(assert(call.start(by_id)).outbox ~= nil, true)
  -- What notes another key serves neither.
  assert(call.uninstall(by_code, { apply = true, used_by = { "other" } }))
  tap.equal(assert(call.start(by_id)).outbox, nil)
  assert(call.install(by_id, { apply = true }))
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

tap.test("uninstall says what it leaves, since a time that nobody keeps would be believed", function()
  assert(db:query "create table left_over (id int primary key, name text)")
  assert(db:query "create table kept_time (id int primary key, name text, updated_at timestamptz)")
  assert(db:query "create function keeps_time() returns trigger language plpgsql as $$ begin new.updated_at = now(); return new; end $$")
  assert(db:query "create trigger mine before update on kept_time for each row execute function keeps_time()")
  local call, rows, own = connect().functions, collection("left_over", { "id" }, { "name" }), collection("kept_time", { "id" }, { "name" })
  for _, one in ipairs { rows, own } do assert(call.install(one, { apply = true })) end
  local function todos(plan)
    local list = {}
    for _, step in ipairs(plan.steps) do list[#list + 1] = step.todo end
    return list
  end
  tap.equal(todos(assert(call.uninstall(own, { apply = true }))), {})
  local plan = assert(call.uninstall(rows, { apply = true }))
  tap.equal(#todos(plan), 1)
  local text = todos(plan)[1]
  tap.ok(text:find('drop trigger tidewire_touch on "public"."left_over"', 1, true), text)
  assert(db:query "insert into left_over values (1, 'a')")
  tap.equal(assert(db:query "select count(*)::int as c from pg_trigger where tgname like 'tidewire%' and tgrelid = 'left_over'::regclass")[1].c, 1)
  for statement in text:match("drop .*$"):gmatch "drop [^;]+" do assert(db:query(statement)) end
  tap.equal(assert(call.uninstall(rows, {})).steps, {})
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

tap.test("a row whose time is infinite stops no poll, and is told too", function()
  assert(db:query "create table endless (id int primary key, name text, updated_at timestamptz default clock_timestamp())")
  local call, rows = connect({ url = url, changes = "poll", overlap = 1 }).functions, collection("endless", { "id" }, { "name" })
  local cursor = assert(call.start(rows))
  assert(db:query "insert into endless values (1, 'for ever', 'infinity'), (2, 'never', '-infinity'), (3, 'far', '20000-01-01')")
  assert(db:query "insert into endless values (4, 'now')")
  local seen
  seen, cursor = drained(call, rows, cursor)
  tap.equal({ seen["1"], seen["3"], seen["4"] }, { "for ever", "far", "now" })
  assert(db:query "insert into endless values (5, 'later')")
  assert(db:query "update endless set name = 'for ever and a day' where id = 1")
  tap.equal(drained(call, rows, cursor), { ["1"] = "for ever and a day", ["5"] = "later" })
  tap.equal(assert(call.read(rows, array { "1" }))[1].modified, nil)
  -- A poll that begins when such a row is the newest.
  cursor = assert(call.start(rows))
  assert(db:query "insert into endless values (6, 'latest')")
  tap.equal(drained(call, rows, cursor)["6"], "latest")
end)

tap.test("what another server's log brings here is noted too; an outbox of a former version says that it does not", function()
  assert(db:query "create table brought (id int primary key, order_id int, name text)")
  local call, rows = connect().functions, collection("brought", { "id" }, { "name" })
  rows.parents = array { "order_id" }
  assert(call.install(rows, { apply = true }))
  local function applied(text) assert(db:transaction({ { "set local session_replication_role = replica" }, { text } }, { write = true })) end
  local cursor = assert(call.start(rows))
  applied "insert into brought values (1, 7, 'by a subscription')"
  applied "truncate brought"
  tap.equal(assert(call.changes(rows, cursor, 10)).sweep, true)
  local function deaf() return select(2, table.concat(assert(call.describe(rows)).warnings, "\n"):gsub("what a subscription brings here does not fire", "")) end
  assert(db:query "create subscription brings connection 'host=127.0.0.1 port=1' publication none with (connect = false, slot_name = none)")
  assert(db:query "insert into pg_subscription_rel select oid, 'brought'::regclass, 'r' from pg_subscription")
  tap.equal(deaf(), 0)
  for _, name in ipairs { "tidewire_outbox", "tidewire_parents", "tidewire_emptied" } do assert(db:query("alter table brought enable trigger " .. name)) end
  tap.equal(deaf(), 3)
  assert(call.install(rows, { apply = true }))
  tap.equal({ deaf(), #assert(call.install(rows, {})).steps }, { 0, 0 })
  assert(db:query "delete from pg_subscription_rel")
  assert(db:query "drop subscription brings")
  assert(call.uninstall(rows, { apply = true }))
end)

tap.test("tables whose names are one where they are joined have a publication each, and one that an earlier version made for a table stays its own", function()
  assert(db:query "create schema joined")
  assert(db:query "create schema joined_up")
  local function published() return assert(db:query "select p.pubname as name, r.prrelid::regclass::text as what from pg_publication p left join pg_publication_rel r on r.prpubid = p.oid where pubname like 'tidewire\\_joined%' order by 1, 2") end
  local call, left, right = connect({ url = url, changes = "logical", modified = "" }).functions, collection("joined.up_c", { "id" }, { "name" }), collection("joined_up.c", { "id" }, { "name" })
  for _, name in ipairs { "joined.up_c", "joined_up.c" } do assert(db:query("create table " .. name .. " (id int primary key, name text)")) end
  for _, rows in ipairs { left, right } do assert(call.install(rows, { apply = true })) end
  local apart = published()
  tap.equal({ #apart, apart[1].name, apart[1].what, apart[2].what }, { 2, "tidewire_joined_up_c", "joined.up_c", "joined_up.c" })
  assert(call.uninstall(left, { apply = true }))
  tap.equal({ #published(), published()[1].what }, { 1, "joined_up.c" })
  assert(call.uninstall(right, { apply = true }))
  tap.equal(#published(), 0)

  assert(db:query "create publication tidewire_joined_up_c for table joined_up.c, joined.up_c with (publish_via_partition_root = true)")
  for _, rows in ipairs { left, right } do
    tap.equal(#assert(call.install(rows, {})).steps, 0)
    local cursor = assert(call.start(rows))
    assert(db:query("insert into " .. rows.name .. " values (1, 'new')", {}, { write = true }))
    tap.equal(drained(call, rows, cursor)["1"], "new")
  end
  assert(call.uninstall(left, { apply = true }))
  tap.equal({ #published(), published()[1].what }, { 1, "joined_up.c" })
  assert(call.uninstall(right, { apply = true }))
  tap.equal(#published(), 0)
end)

tap.test("a table that is published no more, or of which the log tells less, is said, and read once as a whole afterwards", function()
  assert(db:query "create table unsaid (id int primary key, name text)")
  assert(db:query "create table unsaid_code (id int primary key, code text not null unique, name text)")
  local call, rows = connect({ url = url, changes = "logical", modified = "" }).functions, collection("unsaid", { "id" }, { "name" })
  local function warned(one) return table.concat(assert(call.describe(one or rows)).warnings, "\n") end
  tap.ok(warned():find("nothing of the table is published", 1, true), warned())
  assert(call.install(rows, { apply = true }))
  tap.equal(warned(), "")
  for _, text in ipairs { "drop publication tidewire_public_unsaid", "alter publication tidewire_public_unsaid drop table unsaid", "alter publication tidewire_public_unsaid set (publish = 'insert')" } do
    local cursor = assert(call.start(rows))
    assert(db:query(text))
    assert(db:query("insert into unsaid select coalesce(max(id), 0) + 1, 'meanwhile' from unsaid", {}, { write = true }))
    fails("invalid", "there is no publication", call.changes(rows, cursor, 10))
    fails("invalid", "there is no publication", call.changes(rows, cursor, 10))
    assert(call.install(rows, { apply = true }))
    tap.equal({ text, warned(), #assert(call.install(rows, {})).steps }, { text, "", 0 })
    local asked, _, last = sweeps(call, rows, cursor)
    tap.equal({ last and last.fields.name, asked }, { "meanwhile", 1 }, text)
    assert(db:query "select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active")
  end
  for _, identity in ipairs { "nothing", "using index unsaid_code_code_key" } do
    assert(db:query("alter table unsaid_code replica identity " .. identity))
    local coded = collection("unsaid_code", { "id" }, { "name" })
    assert(db:query "drop publication if exists tidewire_public_unsaid_code")
    assert(db:query "create publication tidewire_public_unsaid_code for table unsaid_code with (publish_via_partition_root = true)")
    tap.ok(warned(coded):find("does not carry the key of a row that is deleted", 1, true), warned(coded))
    assert(call.install(coded, { apply = true }))
    tap.equal(warned(coded), "")
  end
  assert(call.uninstall(rows, { apply = true }))
  assert(call.uninstall(collection("unsaid_code", { "id" }, { "name" }), { apply = true }))
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
