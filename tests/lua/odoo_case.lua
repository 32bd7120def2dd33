-- What tests of the Odoo connector share: a server that answers over either way, as Odoo 18 and 19 do, and connections to it.

local json = require "tidewire.json"
local fake_http = require "fake_http"
local host = require "tidewire.host.connector"

local null, array, object = json.null, json.array, json.object

local partners = { name = "res.partner", word = "model", key = array { "id" }, options = object {}, fields = array { "name", "country_id" } }

local fields = {
  id = { type = "integer", readonly = true }, name = { type = "char", required = true, string = "Name" }, comment = { type = "html" },
  active = { type = "boolean" }, credit_limit = { type = "float", digits = array { 16, 2 } }, ratio = { type = "float" },
  color = { type = "integer" }, date = { type = "date" }, seen = { type = "datetime" }, debit = { type = "monetary", readonly = true, store = false },
  type = { type = "selection", selection = array { array { "contact", "Contact" }, array { "other", "Other" } } },
  photo_id = { type = "many2one", relation = "ir.attachment" },
  country_id = { type = "many2one", relation = "res.country" }, category_id = { type = "many2many", relation = "res.partner.category" },
  child_ids = { type = "one2many", relation = "res.partner", relation_field = "parent_id" }, write_date = { type = "datetime", readonly = true },
}

-- What a server that knows no failures answers; `script` answers some of its methods otherwise, by name.
local function result_of(script, model, method, arguments, seen)
  local own = script[method]
  if own then return own(arguments, model, seen) end
  if method == "fields_get" then return fields end
  if method == "search_read" or method == "read" then return array {} end
  if method == "write" or method == "unlink" then return true end
end

local failure = {}
local function raised(name, message) return setmetatable({ name = name, message = message or "m" }, failure) end

local function json2(script)
  return function(seen)
    local model, method = seen.path:match "^/json/2/([^/]+)/([^/]+)$"
    local result = result_of(script, model, method, seen.json, seen)
    if type(result) == "table" and result.http then return result end
    if getmetatable(result) ~= failure then return { body = result == nil and "null" or json.encode(result) } end
    return { status = result.status or 422, body = { name = result.name, message = result.message, arguments = array {}, context = object {}, debug = "" } }
  end
end

local function jsonrpc(script)
  return function(seen)
    local params = seen.json.params
    if params.method == "version" then return { body = { jsonrpc = "2.0", id = 1, result = { server_version = "18.0", server_version_info = array { 18, 0 } } } } end
    if params.method == "authenticate" then return { body = { jsonrpc = "2.0", id = 1, result = script.uid or 7 } } end
    local args = params.args
    local result = result_of(script, args[4], args[5], { args = args[6], kwargs = args[7] }, seen)
    local answer = { jsonrpc = "2.0", id = 1, result = result }
    if getmetatable(result) == failure then
      answer = { jsonrpc = "2.0", id = 1, error = { code = 0, message = "Odoo Server Error", data = { name = result.name, message = result.message } } }
    end
    return { body = answer }
  end
end

local function open(http, options)
  local config = { url = "https://erp.example.org", database = "main", login = "bot", api_key = "k1" }
  for name, value in pairs(options or {}) do config[name] = value end
  for name, value in pairs(config) do config[name] = value ~= null and value or nil end
  local side = host(function() return require "connectors.odoo" end, { name = "erp", config = config, http = http })
  return side.functions, http, side
end

local function newer(script, options)
  return open(fake_http.new { { "GET /json/version", { body = { version_info = array { 19, 0 }, version = "19.0" } } },
    { "POST /json/2/.*", json2(script or {}) }, { "POST /jsonrpc", jsonrpc(script or {}) } }, options)
end

local function older(script, options)
  return open(fake_http.new { { "GET /json/version", { status = 404, body = "<html>" } }, { "POST /jsonrpc", jsonrpc(script or {}) } }, options)
end

local function row(id, more)
  local values = { id = id, name = "Ada", country_id = array { 5, "France" }, write_date = "2026-11-20 22:01:35" }
  for name, value in pairs(more or {}) do values[name] = value end
  return values
end

local function rows(...)
  local list = array { ... }
  return function() return list end
end

return {
  partners = partners, fields = fields, raised = raised, open = open, newer = newer, older = older, row = row, rows = rows,
}
