--- Mappings for tests: a file with ends, keys and match, to which a test adds what it is about.

local tap = require "tap"
local host = require "tidewire.host.mapping"

local M = {}

--- A described field.
function M.field(name, kind, more)
  local one = { name = name, type = { kind = kind or "text" } }
  for key, value in pairs(more or {}) do one[key] = value end
  return one
end

--- What the host chunk is told.
function M.argument(more)
  local base = {
    name = "employees",
    connections = {
      erp = { kind = "frappe", verbs = { "submit", "cancel" }, owners = { dynamic_link = { list = "links", column = "link_name", of = "link_doctype" } }, collections = { doctype = {} }, capabilities = { client_keys = false } },
      app = { kind = "supabase", collections = { table = {} }, capabilities = { client_keys = true } },
      ["local"] = { kind = "memory", collections = { table = {} } },
    },
    mappings = { "departments" },
  }
  for key, value in pairs(more or {}) do base[key] = value end
  return base
end

--- The first plan of a file and its whole answer; the file is a mapping with `content(e)` besides its ends, keys and match.
function M.load(content, more)
  local result = host(function(e)
    local m = { left = e.erp.doctype "Employee", right = e.app.table "employees", key = { left = "name", right = "id" },
      match = { e.by.fields { { "email", "email" } } }, on = { webhook = true } }
    for key, value in pairs(content(e)) do m[key] = value end
    return e.mapping(m)
  end, M.argument(more))
  return result.mappings[1], result
end

--- True where one of the warnings has this text.
function M.warned(result, text)
  for _, warning in ipairs(result.warnings) do
    if warning:find(text, 1, true) then return true end
  end
  return false
end

--- The compiled field of one row.
function M.row(build, more)
  return M.load(function(e) return { fields = { build(e) } } end, more).fields[1]
end

--- The mapping is refused with a message in which `pattern` is found.
function M.refused(content, pattern, more)
  tap.raises(function() M.load(content, more) end, pattern)
end

return M
