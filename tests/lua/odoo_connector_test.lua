-- profile: io
-- The Odoo connector against answers as Odoo 18 and 19 give them: its two ways, failures, searches, description, verbs.

local tap = require "tap"
local fake_http = require "fake_http"
local json = require "tidewire.json"
local case = require "odoo_case"

local null, array = json.null, json.array
local partners, fields, raised, open, newer, older, row, rows = case.partners, case.fields, case.raised, case.open, case.newer, case.older, case.row, case.rows

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

tap.test("Odoo Online tells its version in its own words", function()
  local call, http = open(fake_http.new { { "GET /json/version", { status = 404, body = "<html>" } }, { "POST /jsonrpc", function(seen)
    local method = seen.json.params.method
    return { body = { jsonrpc = "2.0", id = 1, result = method == "version" and { server_version = "saas~18.4", server_version_info = array { "saas~18", 4 } } or method == "authenticate" and 7 or array {} } }
  end }, { "POST /json/2/.*", { body = "[]" } } })
  call.list(partners, null, 5)
  tap.equal(#http.asked "POST /json/2/.*", 0)
  call, http = open(fake_http.new { { "GET /json/version", { body = { version_info = array { "saas~19", 1 }, version = "saas~19.1" } } }, { "POST /jsonrpc", { body = { jsonrpc = "2.0", id = 1, result = { server_version = "saas~19.1", server_version_info = array { "saas~19", 1 } } } } },
    { "POST /json/2/.*fields_get", { body = fields } }, { "POST /json/2/.*", { body = "[]" } } })
  tap.ok(call.list(partners, null, 5))
  tap.equal(#http.asked "POST /json/2/.*search_read", 1)
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
    unavailable = { "odoo.exceptions.LockError", "psycopg2.errors.SerializationFailure", "psycopg2.errors.DeadlockDetected" },
    unknown = { "psycopg2.OperationalError", "psycopg2.InterfaceError", "psycopg2.errors.AdminShutdown" },      -- perhaps while it committed
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
  call = newer { read = function() return raised "psycopg2.OperationalError" end }
  tap.fails("unavailable", call.read(partners, array { "1" }))
  call = newer { read = function() return { http = true, status = 404, body = "<html>" } end }
  tap.equal(tap.fails("unavailable", call.read(partners, array { "1" })).hint, "does `url` name the server, and `database` one of its databases?")
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

tap.test("a server that does not tell its database's id is not another one", function()
  local said = { array { { id = 1, value = "u-1" } }, { http = true, status = 502, body = "<html>" }, raised("odoo.exceptions.AccessError") }
  local call = newer { context_get = function() return { uid = 7 } end, read = rows { id = 7, login = "bot", company_ids = array { 1 } },
    search_read = function(_, model) return model == "ir.config_parameter" and table.remove(said, 1) or array { { id = 7, login = "bot", company_ids = array { 1 } } } end }
  tap.equal(call.test().site, "erp.example.org/main/u-1")
  tap.fails("unavailable", call.test())
  -- Who may not read it is told so each time: address and name must do.
  tap.equal(call.test().site, "erp.example.org/main/")
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
  local err = tap.fails("blocked", call.update(partners, "1", { country_id = 3 }))
  tap.equal(err.message:find("res.country(3,)", 1, true) ~= nil, true)
  call = newer { create = function() return raised("odoo.exceptions.MissingError", "Record does not exist or has been deleted.\n(Record: res.country(3,), User: 2)") end }
  tap.equal(call.create(partners, { { values = { country_id = 3 } } })[1].error.code, "blocked")
  call = newer { write = function() return raised("odoo.exceptions.MissingError", "m") end, read = function() return there end }
  there = array {}
  tap.fails("not_found", call.update(partners, "1", { country_id = 3 }))
end)

tap.test("another record in the way is told from a value that is wrong", function()
  local said = "Another model is using the record you are trying to delete.\n\nThe troublemaker is: 'Stock Move' (stock.move)"
  local call = newer { write = function() return raised("odoo.exceptions.ValidationError", "Barcode(s) already assigned") end,
    unlink = function() return raised("odoo.exceptions.ValidationError", said) end }
  local err = tap.fails("blocked", call.update(partners, "1", { name = "x" }))
  tap.equal(err.hint:find("swap", 1, true) ~= nil, true)
  tap.fails("blocked", call.delete(partners, "1"))
  call = newer { write = function() return raised("odoo.exceptions.ValidationError", "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n- Delete: another model requires the record being deleted.") end,
    unlink = function() return raised("odoo.exceptions.UserError", "You can not delete a confirmed order.") end }
  tap.fails("invalid", call.update(partners, "1", { name = "x" }))
  tap.fails("invalid", call.delete(partners, "1"))
end)

tap.test("a category that others lie below is not deleted with them", function()
  local tree = { id = { type = "integer" }, name = { type = "char" }, parent_path = { type = "char" }, parent_id = { type = "many2one", relation = "product.category" } }
  local categories, gone = { name = "product.category", word = "model", key = array { "id" }, fields = array { "name" } }, {}
  local below
  for _, way in ipairs { newer, older } do
    below = 2
    local call = way { fields_get = function() return tree end, search_read = rows {}, search_count = function(arguments)
      tap.equal((arguments.kwargs or arguments).domain, { { "parent_id", "=", 7 } })
      return below
    end, unlink = function() gone[#gone + 1] = 7 return true end }
    local err = tap.fails("blocked", call.delete(categories, "7"))
    tap.ok(err.message:find("2 records of product.category lie below it", 1, true), err.message)
    below = 0
    tap.equal(call.delete(categories, "7"), true)
  end
  tap.equal(#gone, 2)
  local call = newer { fields_get = function() return tree end, search_count = function() return { http = true, status = 502, body = "<html>" } end }
  tap.fails("unavailable", call.delete(categories, "7"))
end)

tap.test("a department that others lie below is deleted, since Odoo sets those free; asked once, and again where it was not told", function()
  local tree = { id = { type = "integer" }, parent_path = { type = "char" }, parent_id = { type = "many2one", relation = "hr.department" } }
  local departments, asked = { name = "hr.department", word = "model", key = array { "id" }, fields = array { "id" } }, 0
  local said
  local function department()
    return newer { fields_get = function() return tree end, search_count = function() return 2 end, unlink = function() return true end, search_read = function(arguments, model)
      asked = asked + 1
      tap.equal({ model, arguments.domain }, { "ir.model.fields", { { "model", "=", "hr.department" }, { "name", "=", "parent_id" } } })
      return said()
    end }
  end
  local call = department()
  said = function() return { http = true, status = 502, body = "<html>" } end
  tap.fails("unavailable", call.delete(departments, "7"))
  for _, untold in ipairs { function() return raised("odoo.exceptions.AccessError", "You are not allowed to access 'Fields'") end, function() return array {} end,
    function() return array { { id = 1, on_delete = false } } end } do
    said = untold
    tap.fails("blocked", call.delete(departments, "7"))
  end
  said = function() return array { { id = 1, on_delete = "set null" } } end
  for _ = 1, 2 do tap.equal(call.delete(departments, "7"), true) end
  tap.equal(asked, 5)
  call, said = department(), function() return array { { id = 1, on_delete = "cascade" } } end
  for _ = 1, 2 do tap.fails("blocked", call.delete(departments, "7")) end
  tap.equal(asked, 6)
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

tap.test("fields are described by their types", function()
  local asked
  local described = newer({ default_get = function(arguments)
    asked = arguments.fields
    return { name = "New", active = true }
  end }).describe({ name = "res.partner", key = array { "id" }, fields = array { "debit" } })
  local by_name = {}
  for _, field in ipairs(described.fields) do by_name[field.name] = field end
  tap.equal(by_name.name.type, { kind = "text", empty = "null" })
  tap.equal(by_name.name.required, true)
  tap.equal(by_name.name.default, "New")
  table.sort(asked)
  tap.equal({ asked, by_name.active.default }, { { "active", "name" }, true })
  tap.equal(by_name.active.type, { kind = "bool", form = "01", null_is_false = true })
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

tap.test("what Odoo makes along with a new record is not required", function()
  local template = { id = { type = "integer" }, name = { type = "char", required = true }, list_price = { type = "float" }, uom_id = { type = "many2one", relation = "uom.uom", required = true } }
  local variant = { id = { type = "integer" }, default_code = { type = "char", store = true }, product_tmpl_id = { type = "many2one", relation = "product.template", required = true, store = true } }
  for name in pairs(template) do
    variant[name] = variant[name] or { type = template[name].type, relation = template[name].relation, required = template[name].required, store = false, related = "product_tmpl_id." .. name }
  end
  local order = { id = { type = "integer" }, state = { type = "selection" }, partner_id = { type = "many2one", relation = "res.partner", required = true } }
  local line = { id = { type = "integer" }, state = { type = "selection", store = false, related = "order_id.state" }, order_id = { type = "many2one", relation = "sale.order", required = true, store = true },
    name = { type = "text", required = true, store = true, related = false, depends = array { "product_id" } },
    note = { type = "text", required = true, store = true, related = false, depends = array {} } }
  local models = { ["product.template"] = template, ["product.product"] = variant, ["sale.order"] = order, ["sale.order.line"] = line }
  local call = newer { fields_get = function(_, model) return models[model] end, default_get = function() return {} end }
  local function required(model)
    local set = {}
    for _, field in ipairs(call.describe({ name = model, key = array { "id" }, fields = array {} }).fields) do set[field.name] = field.required end
    return set
  end
  tap.equal(required "product.product", { name = true, uom_id = true })
  tap.equal(required "sale.order.line", { order_id = true, note = true })
end)

tap.test("a model without write_date tells no times of edits", function()
  local function told(shown)
    return newer({ fields_get = function() return shown end, default_get = function() return {} end }).describe({ name = "x_report", key = array { "id" }, fields = array {} }).tells_times
  end
  tap.equal({ told { id = fields.id, name = fields.name }, told(fields) }, { false })
end)

tap.test("a field that a template has of its only variant is told", function()
  local template = { id = { type = "integer" }, name = { type = "char", depends = array { "display_name" } }, product_variant_ids = { type = "one2many", relation = "product.product", relation_field = "product_tmpl_id" },
    default_code = { type = "char", store = true, depends = array { "product_variant_ids.default_code" } }, barcode = { type = "char", store = false, depends = array { "product_variant_ids.barcode" } },
    count = { type = "integer", readonly = true, depends = array { "product_variant_ids.count" } }, write_date = { type = "datetime" } }
  local call = newer { fields_get = function() return template end }
  local warnings = call.describe({ name = "product.template", key = array { "id" }, fields = array { "name", "default_code", "barcode", "count" } }).warnings
  tap.equal(#warnings, 2)
  for i, name in ipairs { "default_code", "barcode" } do tap.ok(warnings[i]:find("^'" .. name .. "' is that of the only record of 'product_variant_ids'"), warnings[i]) end
  tap.equal(#call.describe({ name = "product.template", key = array { "id" }, fields = array { "name" } }).warnings, 0)
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
  tap.equal(#found.warnings, 1)
end)

tap.test("texts that another language of the user would change are told, where there is one", function()
  local count = 2
  local script = { search_count = function(_, model) return model == "res.lang" and count or 0 end, search_read = rows { id = 7, login = "bot", company_ids = array { 1 }, value = "u" } }
  tap.ok(newer(script).test().warnings[1]:find("several languages", 1, true))
  tap.equal(#newer(script, { lang = "de_DE" }).test().warnings, 0)
  count = 1
  tap.equal(#newer(script).test().warnings, 0)
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

tap.test("a step that the user may not take with an order is no reason to pause the connection", function()
  local orders, may = { name = "purchase.order", key = array { "id" }, fields = array { "name" } }, true
  local call = newer { button_confirm = function() return raised("odoo.exceptions.AccessError", "Only a manager may approve this") end, has_access = function() return may end }
  tap.equal(tap.fails("invalid", call.verbs.confirm(orders, "4")).message, "AccessError: Only a manager may approve this")
  may = false
  tap.fails("denied", call.verbs.confirm(orders, "4"))
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

tap.test("a record that a rule keeps from being written is no reason to pause the connection, a right that was taken away is", function()
  local may, asked = true, {}
  local script = { read = function() return array { row(1) } end, search_count = function() return 0 end,
    has_access = function(arguments) asked[#asked + 1] = arguments.operation return may end, check_access_rights = function() return may end }
  for _, method in ipairs { "write", "unlink", "create" } do script[method] = function() return raised("odoo.exceptions.AccessError", "Due to security restrictions") end end
  for _, way in ipairs { newer, older } do
    may = true
    local call = way(script)
    tap.equal(tap.fails("invalid", call.update(partners, "1", { name = "x" })).hint:find "record rule" ~= nil, true)
    tap.fails("invalid", call.delete(partners, "1"))
    tap.equal(call.create(partners, { { values = { name = "x" } } })[1].error.code, "invalid")
    may = false
    tap.fails("denied", call.update(partners, "1", { name = "x" }))
    tap.fails("denied", call.delete(partners, "1"))
    tap.equal(call.create(partners, { { values = { name = "x" } } })[1].error.code, "denied")
  end
  tap.equal({ asked[1], asked[2], asked[3] }, { "write", "unlink", "create" })
end)
