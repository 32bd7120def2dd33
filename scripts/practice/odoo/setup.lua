-- What is in the database: the models, what a new one holds, and fixtures.
--
-- A fixture: { models = { name = { description, order, rec_name, unique, fields = { name = { type, string, ... } } } },
-- users = { { login, password, key, rights = { model or "*" = "rwcd" }, companies = {ids} } },
-- records = { { model, xmlid, values } } }. A value "@module.name" stands for the record of that external id, also in lists.

local errors = require "practice.odoo.errors"
local json = require "tidewire.json"
local practice = require "tidewire.practice"
local registry = require "practice.odoo.registry"
local rights = require "practice.odoo.rights"
local site = require "practice.odoo.site"
local store = require "practice.odoo.store"
local values = require "practice.odoo.values"
local write = require "practice.odoo.write"

local M = {}

local function create(name, vals, xmlid)
  local id = write.create(registry.get(name), { vals })[1]
  if xmlid then
    local module, short = xmlid:match "^([^.]+)%.(.+)$"
    write.create(registry.get "ir.model.data", { { module = module, name = short, model = name, res_id = id } })
  end
  return id
end

local function committed(step)
  site.begin(1).su = true
  store.exec "BEGIN"
  local ok, failure = pcall(step)
  if not ok then
    store.exec "ROLLBACK"
    error("practice odoo: " .. errors.of(failure).exception .. ": " .. errors.of(failure).message, 0)
  end
  store.exec "COMMIT"
  site.env = nil
end

-- Secrets -------------------------------------------------------------------------------------------------------------

--- Sets a user's password or adds an API key.
function M.set_secret(uid, kind, secret, expires)
  if kind == "password" then store.run("DELETE FROM secrets WHERE user = ?1 AND kind = 'password'", uid) end
  store.run("INSERT INTO secrets (user, kind, secret, expires) VALUES (?1, ?2, ?3, ?4)", uid, kind, secret, expires or json.null)
end

function M.drop_keys(uid) store.run("DELETE FROM secrets WHERE user = ?1 AND kind = 'key'", uid) end

local function add_user(spec)
  local id = create("res.users", { name = spec.name or spec.login, login = spec.login, company_id = (spec.companies or { 1 })[1] })
  for _, company in ipairs(spec.companies or { 1 }) do store.link(registry.get("res.users").fields.company_ids, id, company) end
  if spec.password then M.set_secret(id, "password", spec.password) end
  if spec.key then M.set_secret(id, "key", spec.key) end
  rights.limited[id] = spec.rights
  return id
end

-- Fixtures ------------------------------------------------------------------------------------------------------------

local function resolved(value)
  if type(value) == "table" and not require("practice.shared.python").is_dec(value) then
    for key, item in pairs(value) do value[key] = resolved(item) end
    return value
  end
  if type(value) ~= "string" or not value:find "^@[%w_]+%.[%w_]+$" then return value end
  local module, name = value:match "^@([^.]+)%.(.+)$"
  local row = store.query("SELECT res_id FROM ir_model_data WHERE module = ?1 AND name = ?2", module, name)[1]
  return row and row.res_id or error("no external id " .. value:sub(2), 0)
end

local function declare(name, spec)
  local fields = {}
  for field_name, given in pairs(spec.fields) do
    fields[field_name] = require("practice.odoo.fields")[given.type](given.string or field_name)(given)
  end
  spec.fields, spec.description = fields, spec.description or name
  store.create_table(registry.define(name, spec))
end

--- Loads a fixture: its text, or a file's. Of one that an existing database was made with, only the models are declared.
function M.load(source, only_models)
  local text = source:find "^%s*{" and source or assert(practice.read(source))
  local fixture, problem = json.decode(text)
  if not fixture then error("practice odoo: --fixture: " .. tostring(problem), 0) end
  fixture = values.plain(fixture)
  for name, spec in pairs(fixture.models or {}) do declare(name, spec) end
  if only_models then return end
  committed(function()
    for _, user in ipairs(fixture.users or {}) do add_user(user) end
    for _, record in ipairs(fixture.records or {}) do create(record.model, resolved(record.values), record.xmlid) end
  end)
end

-- A new database ------------------------------------------------------------------------------------------------------

local function first_records()
  create("res.currency", { name = "EUR", symbol = "€" }, "base.EUR")
  create("res.company", { name = "Practice Company" }, "base.main_company")
  create("res.users", { name = "OdooBot", login = "__system__", active = false })
  add_user { name = "Administrator", login = "admin", password = "admin" }
  if site.login ~= "admin" then add_user { login = site.login, password = site.password, key = site.api_key } else
    M.set_secret(2, "password", site.password)
    M.set_secret(2, "key", site.api_key)
  end
  create("res.country", { name = "Germany", code = "DE" }, "base.de")
  create("res.country", { name = "France", code = "FR" }, "base.fr")
  create("uom.uom", { name = "Units" }, "uom.product_uom_unit")
  create("uom.uom", { name = "Dozens", factor = 12 }, "uom.product_uom_dozen")
  create("product.category", { name = "All" }, "product.product_category_all")
  create("ir.config_parameter", { key = "database.uuid", value = require("tidewire.hash").id() })
end

local function first_links()
  for _, model in pairs(registry.all()) do
    for _, name in ipairs(registry.field_names(model)) do
      local field = model.fields[name]
      if field.type == "many2one" then
        create("ir.model.fields", { name = name, model = model.name, ttype = field.type, relation = field.to, on_delete = field.ondelete or field.required and "restrict" or "set null" })
      end
    end
  end
end

-- A database made before it kept them gets them too.
local function list_models()
  local model, listed = registry.get "ir.model", {}
  for _, row in ipairs(store.query("SELECT model FROM ir_model")) do listed[row.model] = true end
  local names = {}
  for name in pairs(registry.all()) do
    if not listed[name] then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do write.create(model, { { name = registry.get(name).description, model = name, state = "base" } }) end
end

local function first_stock()
  local partners = create("stock.location", { name = "Partners", usage = "view" }, "stock.stock_location_locations_partner")
  create("stock.location", { name = "Vendors", usage = "supplier", location_id = partners }, "stock.stock_location_suppliers")
  create("stock.location", { name = "Customers", usage = "customer", location_id = partners }, "stock.stock_location_customers")
  create("stock.location", { name = "Inventory adjustment", usage = "inventory" }, "stock.location_inventory")
  create("stock.warehouse", { name = "Practice Company", code = "WH" }, "stock.warehouse0")
end

--- Declares the models, opens the database and fills it where it is new; records of a fixture are made only then.
function M.run()
  for _, name in ipairs { "base", "product", "stock", "orders" } do require("practice.odoo.models." .. name) end
  registry.finish()
  local fresh = store.open(site.options.db or ":memory:")
  if fresh then
    committed(function()
      first_records()
      first_stock()
      first_links()
    end)
  end
  if site.options.fixture then M.load(site.options.fixture, not fresh) end
  committed(list_models)
end

return M
