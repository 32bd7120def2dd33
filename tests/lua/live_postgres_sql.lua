-- tidewire.sql on a real PostgreSQL: `tidewire lua live_postgres_sql.lua --profile io -- URL POOLER_URL CA_FILE SILENT_PORT`.
local url, pooler, ca, silent = ...
local tap = require "tap"
local dec = require("tidewire.decimal").dec
local json = require "tidewire.json"
local sql = require "tidewire.sql"
local task = require "tidewire.task"
local case = require "live_postgres_case"(url)

local null, array = json.null, json.array
local db, fails, connect, collection = case.db, case.fails, case.connect, case.collection

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

tap.test("an answer larger than is asked for is refused while it comes, and of a write nobody knows", function()
  local endless = "select generate_series(1, 200000000) as n, repeat('x', 1000) as wide"
  local _, err = db:query(endless, {}, { max_bytes = 100000 })
  tap.equal({ err.code, err.message }, { "invalid", "the answer is larger than 100000 bytes: " .. endless })
  tap.ok(err.hint:find "fewer rows", err.hint)
  fails("invalid", "larger than 67108864 bytes", db:transaction { { "select 1" }, { endless } })
  assert(db:query "create table returned_wide (id int)")
  fails("unknown", "larger than 5000 bytes", db:query("insert into returned_wide select n from generate_series(1, 1000) n returning repeat('x', 100)", {}, { write = true, max_bytes = 5000 }))
  tap.equal(#assert(db:query("select repeat('x', 1000) as wide from generate_series(1, 50)", {}, { max_bytes = 100000 })), 50)
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

tap.test("a parameter of an address that there is not is named, unless it may be a part of a password", function()
  local function told(address) return select(2, sql.postgres { url = address }).message end
  tap.equal(told "postgresql://u:p@127.0.0.1/x?sslmod=require", "the PostgreSQL address has an unknown parameter 'sslmod' (did you mean 'sslmode'?)")
  tap.equal(told "postgresql://u:p@127.0.0.1/x?word=x@y", "this is no PostgreSQL address")
end)

return require "live" "postgres"
