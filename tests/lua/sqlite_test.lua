-- profile: practice
local tap = require "tap"
local sqlite = require "tidewire.sqlite"
local decimal = require "tidewire.decimal"
local json = require "tidewire.json"

local test, equal = tap.test, tap.equal

test("sqlite: rows go in and come out", function()
  local db = assert(sqlite.open ":memory:")
  assert(db:exec "create table t (id integer primary key, name text, big integer, bytes blob)")
  local changes, id = db:run("insert into t (name, big, bytes) values (?, ?, x'00ff')", "Ada", decimal.dec "9223372036854775807")
  equal({ changes, id }, { 1, 1 })
  db:run("insert into t (name) values (?)", json.null)
  local rows = assert(db:query("select * from t order by id"))
  equal(#rows, 2)
  equal({ rows[1].id, rows[1].name, rows[1].bytes }, { 1, "Ada", "\0\255" })
  equal(rows[1].big == decimal.dec "9223372036854775807", true)
  equal(rows[2], { id = 2 })
  equal(#db:query("select * from t where name = ?", "Bob"), 0)
  equal(json.encode(db:query "select 1 where 0"), "[]")
  db:close()
end)

test("sqlite: mistakes are errors, not ends", function()
  local db = assert(sqlite.open ":memory:")
  tap.ok(select(2, db:query "select * from nowhere").message:find "nowhere")
  tap.ok(select(2, db:exec "this is no sql"))
  tap.raises(function() db:query("select ?", {}) end, "a parameter is a table")
  tap.raises(function() db.query({}, "select 1") end, "bad argument")
  db:close()
  db:close()
  tap.raises(function() db:exec "select 1" end, "is closed")
  equal(tostring(db), "sqlite database")
  tap.raises(function() getmetatable(db).__gc(db) end, "attempt to index")
end)
