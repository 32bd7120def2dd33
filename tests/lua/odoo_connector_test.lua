-- profile: io
-- The Odoo connector against answers as Odoo 18 and 19 give them.

local tap = require "tap"
local json = require "tidewire.json"
local dec = require("tidewire.decimal").dec
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

tap.test("JSON-2 is spoken with version 19 and a key, JSON-RPC else", function()
  local call, http = newer { read = rows(row(1)) }
  tap.equal(#call.read(partners, array { "1" }), 1)
  local asked = http.asked "POST /json/2/res%.partner/read"[1]
  tap.equal(asked.headers.Authorization, "Bearer k1")
  tap.equal(asked.headers["X-Odoo-Database"], "main")
  tap.equal(asked.json.context.active_test, false)
  tap.equal(asked.json.ids[1], 1)
  call, http = older { read = rows(row(1)) }
  tap.equal(#call.read(partners, array { "1" }), 1)
  call.read(partners, array { "1" })
  tap.equal(#http.asked "GET .*", 1)
  tap.equal(#http.asked "POST /jsonrpc", 5)           -- version, authenticate, fields_get, read, read
  call, http = newer({ read = rows(row(1)) }, { api_key = null, password = "p" })
  call.read(partners, array { "1" })
  tap.equal(#http.asked "POST /json/2/.*", 0)         -- a password is no key
  tap.equal(#http.asked "POST /jsonrpc", 3)
end)

tap.test("arguments stand where JSON-RPC wants them", function()
  local seen = {}
  local function keep(name, result)
    return function(arguments)
      seen[name] = arguments
      return result
    end
  end
  local call = older { write = keep("write", true), create = keep("create", array { 4 }), read = rows(row(4)), search_read = keep("list", array {}) }
  call.update(partners, "4", { name = "x" })
  tap.equal(seen.write.args, { { 4 }, { name = "x" } })
  call.create(partners, array { { values = { name = "y" } } })
  tap.equal(seen.create.args, { { { name = "y" } } })
  tap.equal(seen.create.kwargs.context.active_test, false)
  call.list(partners, null, 10)
  tap.equal(seen.list.kwargs.order, "id asc")
end)

tap.test("companies and language go into the context", function()
  local call, http = newer({}, { company = 3, lang = "de_DE" })
  call.list(partners, null, 5)
  local context = http.asked "POST .*search_read"[1].json.context
  tap.equal(context.allowed_company_ids, { 3 })
  tap.equal(context.lang, "de_DE")
end)

tap.test("false is nothing, except of booleans and numbers, and a many2one is its id", function()
  local all = { name = "res.partner", key = array { "id" }, fields = array { "name", "active", "color", "credit_limit", "country_id", "category_id", "child_ids", "date", "type" } }
  local call = newer { read = rows(row(1, { name = false, active = false, color = 0, credit_limit = dec "0.1", country_id = array { 5, "France" },
    category_id = array { 3, 2 }, child_ids = array {}, date = false, type = false })) }
  local record = call.read(all, array { "1" })[1]
  tap.equal(record.fields, { name = null, active = false, color = 0, credit_limit = dec "0.1", country_id = 5, category_id = { 2, 3 }, child_ids = {}, date = null, type = null })
  tap.equal(record.key, "1")
  tap.equal(record.modified, "2026-11-20T22:01:35Z")
end)

tap.test("values go as Odoo takes them", function()
  local sent
  local all = { name = "res.partner", key = array { "id" }, fields = array { "name" } }
  local call = newer { read = rows(row(1)), write = function(arguments)
    sent = arguments.vals
    return true
  end }
  call.update(all, "1", { name = null, active = 0, country_id = "5", date = "2024-05-01T10:00:00Z", seen = "2024-05-01T10:11:12.000013Z", color = 4,
    credit_limit = dec "1.50", category_id = array { "3", 2 }, child_ids = array { { name = "New" }, { id = 9, name = "Old" } } })
  tap.equal(sent, { name = false, active = false, country_id = 5, date = "2024-05-01", seen = "2024-05-01 10:11:12", color = 4, credit_limit = dec "1.5",
    category_id = { { 6, 0, { 2, 3 } } }, child_ids = { { 0, 0, { name = "New" } }, { 1, 9, { name = "Old" } } } })
  call.update(all, "1", { category_id = null, child_ids = array { array { 2, 4, 0 } } })
  tap.equal(sent, { category_id = { { 6, 0, {} } }, child_ids = { { 2, 4, 0 } } })
end)

tap.test("ids of a many2many are a set, whatever they are written as", function()
  local sent
  local call = newer { read = rows(row(1)), write = function(arguments)
    sent = arguments.vals.category_id
    return true
  end }
  call.update(partners, "1", { category_id = array { "12", 2, dec "12", 2 } })
  tap.equal(sent, { { 6, 0, { 2, 12 } } })
  for _, bad in ipairs { array { "x" }, array { 0 }, array { 2, { name = "New" } }, array { null }, "2" } do
    local err = tap.fails("invalid", call.update(partners, "1", { category_id = bad }))
    tap.equal(err.message:find "^category_id: " ~= nil, true)
  end
end)

-- A model whose child_ids are linked by `link`, where 7, 8 and 9 are linked to record 1.
local function linked_by(link, script)
  return newer {
    fields_get = function(_, model) return model == "res.partner" and fields or { parent_id = link } end,
    read = function(arguments)
      if script.unreadable then return { http = true, status = 502, body = "<html>" } end
      if arguments.ids[1] ~= 1 then return array {} end
      return array { row(1, { child_ids = array { 9, 7, 8 } }) }
    end,
    write = function(arguments)
      script.sent = arguments.vals.child_ids
      return arguments.ids[1] == 1 or raised "odoo.exceptions.MissingError"
    end,
    create = function(arguments)
      script.sent = arguments.vals_list[1].child_ids
      return array { 1 }
    end,
  }
end

local parents = { name = "res.partner", word = "model", key = array { "id" }, options = object {}, fields = array { "child_ids" } }
local function child_link(more)
  local field = { type = "many2one", relation = "res.partner" }
  for name, value in pairs(more or {}) do field[name] = value end
  return { name = "res.partner", type = "one2many", relation = "x.child", relation_field = "parent_id" }, field
end

tap.test("ids of a one2many are links: what it lets go is emptied of its link and never deleted", function()
  local field, link = child_link()
  local script, before = {}, fields.child_ids
  fields.child_ids = field
  local call = linked_by(link, script)
  tap.equal(call.update(parents, "1", { child_ids = array { "8", 5, 8 } }).fields.child_ids, { 7, 8, 9 })
  tap.equal(script.sent, { { 1, 7, { parent_id = false } }, { 1, 9, { parent_id = false } }, { 4, 5, 0 } })
  call.update(parents, "1", { child_ids = null })
  tap.equal(#script.sent, 3)
  call.update(parents, "1", { child_ids = array { 7, 8, 9 } })
  tap.equal(script.sent, {})
  tap.fails("not_found", call.update(parents, "2", { child_ids = array { 7 } }))
  call.create(parents, array { { values = { child_ids = array { 4, "3" } } } })
  tap.equal(script.sent, { { 4, 3, 0 }, { 4, 4, 0 } })
  script.sent, script.unreadable = nil, true
  tap.fails("unavailable", call.update(parents, "1", { child_ids = array { 7 } }))
  tap.equal(script.sent, nil)
  fields.child_ids = before
end)

tap.test("a one2many whose records cannot be without their link takes no ids, and is described so", function()
  local before = fields.child_ids
  for _, more in ipairs { { required = true }, { readonly = true }, { type = "many2one_reference" } } do
    local field, link = child_link(more)
    fields.child_ids = field
    local script = {}
    local call = linked_by(link, script)
    local err = tap.fails("invalid", call.update(parents, "1", { child_ids = array { 7 } }))
    tap.equal(err.message:find "^child_ids: " ~= nil, true)
    tap.equal(script.sent, nil)
    local described = call.describe(parents)
    local about
    for _, one in ipairs(described.fields) do if one.name == "child_ids" then about = one end end
    tap.equal({ about.read_only, about.all, type(about.because) }, { true, false, "string" })
    if more.required then tap.equal(about.because:find 'rows { left = CONNECTION.model%("x.child", { parent = "parent_id" }%)' ~= nil, true) end
  end
  fields.child_ids = child_link()
  local described = linked_by(select(2, child_link()), {}).describe(parents)
  for _, one in ipairs(described.fields) do
    if one.name == "child_ids" then tap.equal({ one.read_only, one.type }, { nil, { kind = "set", of = { kind = "int" }, to = "x.child" } }) end
  end
  tap.equal(described.warnings[1]:find "^'child_ids' is a list of ids" ~= nil, true)
  fields.child_ids = before
end)

tap.test("a value or a field that cannot be is named before anything is sent", function()
  local call, http = newer()
  local _, err = call.update(partners, "1", { country_id = "France" })
  tap.equal(err.code, "invalid")
  tap.equal(err.message:find "^country_id" ~= nil, true)
  _, err = call.update(partners, "1", { nam = "x" })
  tap.equal(err.message:find "did you mean 'name'" ~= nil, true)
  _, err = call.read({ name = "res.partner", key = array { "id" }, fields = array { "fax" } }, array { "1" })
  tap.equal(err.code, "invalid")
  tap.equal(#http.asked "POST .*write", 0)
end)

tap.test("a field that was renamed there is named once Odoo complained of it", function()
  local renamed = false
  local call = newer { fields_get = function()
    return { id = fields.id, write_date = fields.write_date, country_id = fields.country_id, [renamed and "full_name" or "name"] = fields.name }
  end, read = function() return renamed and raised("builtins.ValueError", "Invalid field 'name' on 'res.partner'") or array { row(1) } end }
  tap.equal(#call.read(partners, array { "1" }), 1)
  renamed = true
  tap.fails("invalid", call.read(partners, array { "1" }))
  local err = tap.fails("invalid", call.read(partners, array { "1" }))
  tap.equal(err.message:find "^res.partner has no field 'name'" ~= nil, true)
end)

tap.test("each failure has its code, over both ways", function()
  local cases = {
    denied = { "odoo.exceptions.AccessDenied", "odoo.exceptions.AccessError", "odoo.http.SessionExpiredException", "werkzeug.exceptions.Unauthorized" },
    not_found = { "odoo.exceptions.MissingError" },
    unavailable = { "odoo.exceptions.LockError", "psycopg2.errors.SerializationFailure", "psycopg2.errors.DeadlockDetected", "psycopg2.OperationalError" },
    invalid = { "odoo.exceptions.ValidationError", "odoo.exceptions.UserError", "builtins.ValueError", "builtins.KeyError", "psycopg2.errors.NumericValueOutOfRange" },
  }
  for code, names in pairs(cases) do
    for _, name in ipairs(names) do
      for _, way in ipairs { newer, older } do
        local call = way { write = function() return raised(name) end }
        tap.equal(select(2, call.update(partners, "1", { name = "x" })).code, code, name)
      end
    end
  end
  local call = older { write = function() return raised("psycopg2.OperationalError", 'FATAL:  database "x" does not exist') end }
  tap.equal(select(2, call.update(partners, "1", { name = "x" })).code, "invalid")
end)

tap.test("a wrong secret is denied although JSON-RPC answers it with false", function()
  local call = open(fake_http.new { { "GET /json/version", { status = 404, body = "<html>" } }, { "POST /jsonrpc", function(seen)
    return { body = { jsonrpc = "2.0", id = 1, result = seen.json.params.method == "version" and { server_version = "18.0", server_version_info = array { 18 } } or false } }
  end } })
  tap.fails("denied", call.read(partners, array { "1" }))
end)

tap.test("what a proxy says is unknown of a write and unavailable of a read", function()
  for _, answer in ipairs { { status = 502, body = "<html>" }, { body = "<html>login" }, { body = "tru" }, { fails = "unknown" } } do
    answer.http = true
    local call = newer { write = function() return answer end, read = function() return answer end }
    tap.fails("unknown", call.update(partners, "1", { name = "x" }))
    tap.fails("unavailable", call.read(partners, array { "1" }))
  end
  local limited = newer { read = function() return { http = true, status = 429, headers = { ["retry-after"] = "7" }, body = "<html>" } end }
  tap.equal(tap.fails("throttled", limited.read(partners, array { "1" })).retry_after, 7)
end)

tap.test("a method without a result is a success", function()
  local call = older { unlink = function() return nil end }
  tap.equal(call.delete(partners, "1"), true)
end)

tap.test("keys that are no ids are not there, and are asked for all the same", function()
  local call, http = newer { search_count = function() return 0 end }
  tap.equal(#call.read(partners, array { "HR-1", "0", "9999999999" }), 0)
  tap.equal(#http.asked "POST .*search_count", 1)
  tap.fails("not_found", call.update(partners, "HR-1", { name = "x" }))
  call = newer { search_count = function() return raised "werkzeug.exceptions.Unauthorized" end }
  tap.fails("denied", call.read(partners, array { "HR-1" }))
end)

tap.test("a write is followed by a read, without which its outcome is unknown", function()
  local name = "before"
  local call = newer { write = function(arguments)
    name = arguments.vals.name:upper()
    return true
  end, read = function() return array { row(1, { name = name }) } end }
  tap.equal(call.update(partners, "1", { name = "x" }).fields.name, "X")
  call = newer { read = function() return { http = true, status = 503, body = "" } end }
  tap.fails("unknown", call.update(partners, "1", { name = "x" }))
  call = newer()
  tap.fails("not_found", call.update(partners, "1", { name = "x" }))
end)

tap.test("a record that a value refers to may be missing, which is not the record itself", function()
  local there = array { row(1) }
  local call = newer { write = function() return raised("odoo.exceptions.MissingError", "Record does not exist or has been deleted.\n(Record: res.country(3,), User: 2)") end,
    read = function() return there end }
  local err = tap.fails("invalid", call.update(partners, "1", { country_id = 3 }))
  tap.equal(err.message:find("res.country(3,)", 1, true) ~= nil, true)
  there = array {}
  tap.fails("not_found", call.update(partners, "1", { country_id = 3 }))
end)

tap.test("one bad record of several is found by trying each", function()
  local calls = 0
  local call = newer { create = function(arguments)
    calls = calls + 1
    local ids = array {}
    for i, vals in ipairs(arguments.vals_list) do
      if vals.name == "bad" then return raised("odoo.exceptions.ValidationError", "no") end
      if vals.name == "taken" then return raised("odoo.exceptions.ValidationError", "Barcode(s) already assigned") end
      ids[i] = 10 + calls
    end
    return ids
  end, read = function(arguments) return array { row(arguments.ids[1]) } end }
  local outcomes = call.create(partners, array { { values = { name = "a" } }, { values = { name = "bad" } }, { values = { name = "taken" } }, { values = { country_id = "x" } } })
  tap.equal(outcomes[1].record.key, "12")
  tap.equal(outcomes[2].error.code, "invalid")
  tap.equal(outcomes[3].error.code, "stale")
  tap.equal(outcomes[4].error.message:find "country_id" ~= nil, true)
  tap.equal(calls, 4)
end)

tap.test("a scope means the same with empty texts and with nothing", function()
  local call, http = newer()
  call.list({ name = "res.partner", key = array { "id" }, fields = array { "name" }, scope = { name = null, comment = { op = "not_in", value = array { "a", null } },
    country_id = { op = "in", value = array { "5", null } }, seen = { op = ">", value = "2024-05-01T00:00:00Z" }, type = { op = "!=", value = "other" } } }, { after = 9 }, 5)
  tap.equal(http.asked "POST .*search_read"[1].json.domain, { { "comment", "not in", { "a", false, "" } }, { "country_id", "in", { 5, false } },
    { "name", "in", { false, "" } }, { "seen", ">", "2024-05-01 00:00:00" }, { "type", "!=", "other" }, { "id", ">", 9 } })
end)

tap.test("a count has the domain of the list, archived records too", function()
  for _, connected in ipairs { newer, older } do
    local asked
    local call = connected { search_count = function(arguments) asked = arguments.kwargs or arguments return 12 end }
    tap.equal(call.count { name = "res.partner", key = array { "id" }, fields = array { "name" }, scope = { type = "contact" } }, 12)
    tap.equal(asked.domain, { { "type", "=", "contact" } })
    tap.equal(asked.context.active_test, false)
  end
  local call = newer { search_count = function() return array {} end }
  tap.equal(select(2, call.count(partners)).code, "unavailable")
end)

tap.test("a search asks for all queries at once and looks through what it found", function()
  local call, http = newer { search_read = rows(row(1, { name = "ADA" }), row(2, { name = "50% off" }), row(3, { name = "50x off" })) }
  local answers = call.find(partners, array { array { { field = "name", value = "ada", fold = true }, { field = "country_id", value = "5" } },
    array { { field = "name", value = "50% OFF", fold = true }, { field = "country_id", value = 5 } } })
  tap.equal(#answers[1], 1)
  tap.equal(answers[1][1].key, "1")
  tap.equal(#answers[2], 1)
  tap.equal(answers[2][1].key, "2")
  tap.equal(http.asked "POST .*search_read"[1].json.domain, { { "id", ">", 0 }, "|", "&", { "name", "=ilike", "%ada%" }, { "country_id", "=", 5 },
    "&", { "name", "=ilike", "%50\\% OFF%" }, { "country_id", "=", 5 } })
end)

-- Polls ---------------------------------------------------------------------------------------------------------------

-- A model whose records are `records`, searched as a poll does.
local function polled(records)
  local asked = {}
  local function search(arguments)
    asked[#asked + 1] = arguments
    local found, first, limit = array {}, arguments.order == "write_date desc", arguments.limit
    local from, to, after = "", "9", 0
    if not first then after, from, to = arguments.domain[1][3], arguments.domain[3][3], arguments.domain[4][3] end
    table.sort(records, function(a, b)
      if first then return a.write_date > b.write_date end
      return a.id < b.id
    end)
    for _, one in ipairs(records) do
      local fits = one.write_date >= from and one.write_date < to and one.id > after
      if fits and #found < limit then found[#found + 1] = one end
    end
    return found
  end
  return newer { search_read = search }, asked
end

local function keys_of(page)
  local keys = {}
  for i, record in ipairs(page.records) do keys[i] = record.key end
  return table.concat(keys, " ")
end

tap.test("a poll reads a window of whole seconds by id, that ends where it began", function()
  local records = { row(1, { write_date = "2026-11-20 10:00:00" }), row(2, { write_date = "2026-11-20 10:04:59" }), row(3, { write_date = "2026-11-20 10:05:00" }) }
  local call, asked = polled(records)
  local cursor = call.start(partners)
  local page = call.changes(partners, cursor, 2)
  tap.equal(keys_of(page), "1 2")
  tap.equal(page.more, true)
  tap.equal(asked[#asked].domain, { { "id", ">", 0 }, "&", { "write_date", ">=", "2026-11-20 10:00:00" }, { "write_date", "<", "2026-11-20 10:05:01" } })
  -- 1 is changed after its page was read: it is beyond this window and comes with the next.
  records[1].write_date, records[1].name = "2026-11-20 10:20:00", "later"
  page = call.changes(partners, page.cursor, 2)
  tap.equal(keys_of(page), "3")
  tap.equal(page.more, false)
  tap.equal(page.cursor.mark, "2026-11-20 10:05:00")
  page = call.changes(partners, page.cursor, 10)
  tap.equal(keys_of(page), "1")
end)

tap.test("a record committed late, with a stamp of before, is seen in the overlap, and the others once", function()
  local records = { row(1, { write_date = "2026-11-20 10:05:00" }) }
  local call = polled(records)
  local page = call.changes(partners, call.start(partners), 10)
  tap.equal(keys_of(page), "1")
  records[#records + 1] = row(2, { write_date = "2026-11-20 10:00:30" })
  page = call.changes(partners, page.cursor, 10)
  tap.equal(keys_of(page), "2")
  page = call.changes(partners, page.cursor, 10)
  tap.equal(keys_of(page), "")
end)

tap.test("a stamp ahead of the server's clock hides nothing of what comes after the last poll", function()
  local clock, asked = "10:00:00", {}
  local call = open(fake_http.new { { "GET /json/version", { body = { version_info = array { 19, 0 }, version = "19.0" } } }, { "POST /json/2/.*", function(seen)
    local answer = array {}
    if seen.path:find "fields_get" then answer = fields
    else
      asked[#asked + 1] = seen.json
      if seen.json.order == "write_date desc" then answer = array { row(1, { write_date = "2026-11-20 11:00:00" }) } end
    end
    return { body = answer, headers = { date = "Fri, 20 Nov 2026 " .. clock .. " GMT" } }
  end } })
  local cursor = call.changes(partners, call.start(partners), 10).cursor
  clock = "10:09:00"
  call.read(partners, array { "1" })
  call.changes(partners, cursor, 10)
  tap.equal(asked[#asked].domain[3][3]:sub(1, 16), "2026-11-20 09:55")
end)

tap.test("two edits within one second are two versions", function()
  local records = { row(1, { name = "first" }) }
  local call = polled(records)
  local page = call.changes(partners, call.start(partners), 10)
  local version = page.records[1].version
  records[1].name = "second"
  page = call.changes(partners, page.cursor, 10)
  tap.equal(page.records[1].fields.name, "second")
  tap.equal(page.records[1].version ~= version, true)
end)

tap.test("a variant is read when its template moved, and the mark goes on with it", function()
  local variants = { name = "product.product", key = array { "id" }, fields = array { "default_code", "name" } }
  local variant = { id = 4, default_code = "C", name = "Chair", product_tmpl_id = array { 2, "Chair" }, write_date = "2026-11-20 09:00:00" }
  local template, asked = "2026-11-20 10:05:00", {}
  local call = newer { fields_get = function()
    return { id = { type = "integer" }, default_code = { type = "char", store = true, related = false }, write_date = { type = "datetime", store = true },
      name = { type = "char", store = false, related = "product_tmpl_id.name" }, product_tmpl_id = { type = "many2one", relation = "product.template", store = true } }
  end, search_read = function(arguments, model)
    asked[#asked + 1] = arguments
    if model == "product.template" then return array { { id = 2, write_date = template } } end
    return array { variant }
  end }
  local page = call.changes(variants, call.start(variants), 10)
  tap.equal(keys_of(page), "4")
  tap.equal(page.records[1].fields, { default_code = "C", name = "Chair" })
  tap.equal(page.cursor.mark, template)
  tap.equal(asked[5].domain, { { "id", ">", 0 }, "|", "&", { "write_date", ">=", "2026-11-20 10:00:00" }, { "write_date", "<", "2026-11-20 10:05:01" },
    "&", { "product_tmpl_id.write_date", ">=", "2026-11-20 10:00:00" }, { "product_tmpl_id.write_date", "<", "2026-11-20 10:05:01" } })
  tap.equal(keys_of(call.changes(variants, page.cursor, 10)), "")
  variant.name, template = "Better chair", "2026-11-20 10:06:00"
  page = call.changes(variants, page.cursor, 10)
  tap.equal(page.records[1].fields.name, "Better chair")
  tap.equal(page.cursor.mark, template)
end)

tap.test("a model without write_date cannot be polled, and says so", function()
  local call = newer { fields_get = function() return { id = { type = "integer" }, name = { type = "char" } } end }
  local err = tap.fails("invalid", call.start({ name = "report.x", key = array { "id" }, fields = array { "name" } }))
  tap.equal(err.hint:find "sweep" ~= nil, true)
end)

-- What it tells -------------------------------------------------------------------------------------------------------

tap.test("fields are described by their types", function()
  local asked
  local described = newer({ default_get = function(arguments)
    asked = arguments.fields
    return { name = "New" }
  end }).describe({ name = "res.partner", key = array { "id" }, fields = array { "debit" } })
  local by_name = {}
  for _, field in ipairs(described.fields) do by_name[field.name] = field end
  tap.equal(by_name.name.type, { kind = "text", empty = "null" })
  tap.equal(by_name.name.required, true)
  tap.equal(by_name.name.default, "New")
  tap.equal(asked, { "name" })
  tap.equal(by_name.active.type, { kind = "bool", form = "01" })
  tap.equal(by_name.credit_limit.type, { kind = "decimal", scale = 2, form = "number", zero_is_null = true })
  tap.equal(by_name.ratio.type, { kind = "float", zero_is_null = true })
  tap.equal(by_name.seen.type, { kind = "datetime", form = "local", zone = "UTC", resolution = 1 })
  tap.equal(by_name.country_id.type, { kind = "reference", to = "res.country" })
  tap.equal(by_name.country_id.references, "res.country")
  tap.equal({ by_name.photo_id.file, by_name.country_id.file }, { true })
  tap.equal(by_name.type.type, { kind = "enum", options = { "contact", "other" } })
  tap.equal(by_name.write_date.read_only, true)
  tap.equal(described.warnings[1]:find "^'debit' is computed" ~= nil, true)
end)

tap.test("it tells who it is, and what tells this database from another", function()
  local call = newer { context_get = function() return { uid = 7 } end, search_read = function(_, model)
    if model == "res.users" then return array { { id = 7, login = "bot", company_ids = array { 1, 2 } } } end
    return array { { id = 1, value = "uuid-1" } }
  end }
  local found = call.test()
  tap.equal(found.user, "bot")
  tap.equal(found.version, "19.0")
  tap.equal(found.site, "erp.example.org/main/uuid-1")
  tap.equal(found.warnings[1]:find "several companies" ~= nil, true)
end)

tap.test("what is to be clicked for webhooks is shown, and the secret is not", function()
  local call = newer({}, { webhook = { header = "X-From-Odoo", secret = "s3cret" } })
  local shown = call.install(partners, { address = "https://sync.example.org/webhook/erp" })
  tap.equal(#shown.steps, 3)
  tap.equal(shown.steps[2].todo:find("https://sync.example.org/webhook/erp?event=unlink", 1, true) ~= nil, true)
  tap.equal(json.encode(shown):find "s3cret", nil)
  tap.equal(#call.install(partners, {}).steps, 0)
  tap.fails("invalid", call.install(partners, { apply = true }))
  tap.fails("invalid", newer().install(partners, { address = "https://sync.example.org/webhook/erp" }))
end)

tap.test("orders and transfers are moved by Odoo's own steps, and the record is the answer", function()
  local orders = { name = "sale.order", key = array { "id" }, fields = array { "name" } }
  local called
  local script = { action_confirm = function(arguments, model)
    called = model .. " " .. arguments.ids[1]
    return true
  end, read = rows(row(4, { name = "S00004" })), button_validate = function()
    return { type = "ir.actions.act_window", name = "Create Backorder?", res_model = "stock.backorder.confirmation" }
  end }
  local call = newer(script)
  tap.equal(call.verbs.confirm(orders, "4").fields.name, "S00004")
  tap.equal(called, "sale.order 4")
  tap.fails("invalid", call.verbs.validate(orders, "4"))
  local err = tap.fails("invalid", call.verbs.validate({ name = "stock.picking", key = array { "id" }, fields = array {} }, "4"))
  tap.equal(err.message:find "Create Backorder" ~= nil, true)
  script.action_confirm = function() return raised("odoo.exceptions.UserError", "Some orders are not in a state requiring confirmation.") end
  tap.fails("invalid", call.verbs.confirm(orders, "4"))
end)

tap.test("a confirmed sale is cancelled without the question that Odoo 16 to 18 would put", function()
  local context
  local call = newer { action_cancel = function(arguments)
    context = arguments.context
    return true
  end, read = rows(row(4, { name = "S00004" })) }
  call.verbs.cancel({ name = "sale.order", key = array { "id" }, fields = array { "name" } }, "4")
  tap.equal({ context.disable_cancel_warning, context.active_test }, { true, false })
end)

tap.test("a record that a rule hides is no reason to pause the connection, a model that may not be read is", function()
  local may = true
  local call = newer { read = function() return raised "odoo.exceptions.AccessError" end,
    search_count = function() return may and 0 or raised "odoo.exceptions.AccessError" end }
  tap.equal(tap.fails("invalid", call.read(partners, array { "1", "2" })).hint:find "record rule" ~= nil, true)
  may = false
  tap.fails("denied", call.read(partners, array { "1", "2" }))
end)
