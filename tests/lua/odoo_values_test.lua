-- profile: io
-- Values of Odoo as the connector reads and writes them, ids of lists among them.

local tap = require "tap"
local dec = require("tidewire.decimal").dec
local json = require "tidewire.json"
local case = require "odoo_case"

local null, array, object = json.null, json.array, json.object
local partners, fields, raised, newer, row, rows = case.partners, case.fields, case.raised, case.newer, case.row, case.rows

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
  for said, utc in pairs { ["2024-05-01T10:11:12+02:00"] = "2024-05-01 08:11:12", ["2024-05-01 10:11:12"] = "2024-05-01 10:11:12", ["2024-05-01"] = "2024-05-01" } do
    call.update(all, "1", { seen = said })
    tap.equal(sent, { seen = utc })
  end
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
