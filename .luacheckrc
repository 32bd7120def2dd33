-- luacheck's view of the Lua we ship. The words of MAPPING files are read-only globals there and nowhere else.
std = "luajit"
max_line_length = false
codes = true
unused_args = false

-- What a sandboxed script does not have.
not_globals = {
  "collectgarbage", "debug", "dofile", "ffi", "gcinfo", "getfenv", "io", "jit", "load", "loadfile", "loadstring",
  "module", "newproxy", "package", "print", "setfenv",
}

-- What functions may say, in shipped scripts as in a user's.
local values = { "dead", "dec", "link", "now", "null", "skip", "wait" }
-- What the tables of a project are written in; connectors are words of its project file.
local words = {
  "all", "at_least", "at_most", "by", "connection", "env", "environment", "fn", "group", "join", "less_than", "mail", "mapping", "more_than", "none_of", "not_equal", "not_null", "one_of", "part", "post",
  "project", "rows", "same", "secret", "use", "via",
}
local connectors = {
  "csv", "frappe", "http", "memory", "mongo", "mongodb", "mysql", "neon", "notion", "odoo", "postgres", "rest", "sqlite", "supabase", "wordpress",
}

local dsl = { read_globals = {} }
for _, list in ipairs({ values, words, connectors }) do
  for _, word in ipairs(list) do
    table.insert(dsl.read_globals, word)
  end
end

files["scripts"] = { read_globals = values }
files["scripts/new"] = dsl
files["examples"] = dsl
files["tests"] = dsl
files["tests/lua"] = { ignore = { "221" } }      -- what a test breaks on purpose
files["scripts/new/mappings"] = { read_globals = { "app", "erp" } }   -- the connections of its tidewire.lua
files["tests/scenario"] = { ignore = { "113" } } -- connections of projects whose tidewire.lua a test writes
exclude_files = { "tests/bench/intake.lua" }     -- wrk's own Lua
-- Annotations for editors: functions without bodies.
files["scripts/meta"] = { ignore = { "1..", "2.." } }
