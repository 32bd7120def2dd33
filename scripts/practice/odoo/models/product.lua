-- Products: what templates and their variants share, the tree of categories.
--
-- The barcode, cost and reference of a template are those of its variant where it has exactly one.

local fields = require "practice.odoo.fields"
local define = require("practice.odoo.registry").define
local registry = require "practice.odoo.registry"
local site = require "practice.odoo.site"
local store = require "practice.odoo.store"
local tree = require "practice.odoo.tree"

local char, text, boolean, float, monetary = fields.char, fields.text, fields.boolean, fields.float, fields.monetary
local integer, selection, many2one, one2many, many2many = fields.integer, fields.selection, fields.many2one, fields.one2many, fields.many2many

local function writing() return require "practice.odoo.write" end

define("product.category", { description = "Product Category", order = "complete_name, id", rec_name = "complete_name", separator = " / ",
  hooks = tree.hooks("product.category", "parent_id"), fields = {
    name = char "Name" { required = true }, complete_name = char "Complete Name" { readonly = true }, parent_path = char "Parent Path" { readonly = true },
    parent_id = many2one "Parent Category" { to = "product.category", ondelete = "cascade" },
    child_id = one2many "Child Categories" { to = "product.category", inverse_name = "parent_id" },
    product_count = integer "# Products" { readonly = true, store = false, compute = function(row)
      return #store.ids_where(registry.get "product.template", "categ_id", row.id)
    end } } })

local function variants_of(template_id)
  return store.ids_where(registry.get "product.product", "product_tmpl_id", template_id)
end

local function only_variant(template_id)
  local ids = variants_of(template_id)
  return #ids == 1 and store.row(registry.get "product.product", ids[1]) or nil
end

-- A field of a template that is its variant's; setting it stamps both.
local function of_variant(kind, label, name, more)
  local field = more or {}
  field.store, field.search, field.depends = false, "product_variant_ids." .. name, { "product_variant_ids." .. name }
  field.compute = function(row) return (only_variant(row.id) or {})[name] end
  field.inverse = function(id, value)
    local variant = only_variant(id)
    if variant then writing().write(registry.get "product.product", { variant.id }, { [name] = value }) end
  end
  return kind(label)(field)
end

local function on_hand(product_ids)
  local total = 0
  for _, product in ipairs(product_ids) do
    local sum = store.query([[SELECT sum(q.quantity) AS n FROM stock_quant q JOIN stock_location l ON l.id = q.location_id
      WHERE q.product_id = ?1 AND l.usage = 'internal']], product)[1].n
    total = total + (sum or 0)
  end
  return total
end

local kinds = { { "consu", "Goods" }, { "service", "Service" }, { "combo", "Combo" } }

local function template_fields()
  local all = {
    name = char "Name" { required = true, translate = true }, active = boolean "Active" { default = true },
    default_code = of_variant(char, "Internal Reference", "default_code"), barcode = of_variant(char, "Barcode", "barcode"),
    standard_price = of_variant(float, "Cost", "standard_price", { digits = 2, company_dependent = true }),
    list_price = float "Sales Price" { default = 1 }, weight = of_variant(float, "Weight", "weight", { digits = 2 }),
    volume = of_variant(float, "Volume", "volume", { digits = 2 }),
    categ_id = many2one "Product Category" { to = "product.category", ondelete = "restrict" },
    uom_id = many2one "Unit" { to = "uom.uom", required = true, ondelete = "restrict", default = 1 },
    sale_ok = boolean "Sales" { default = true }, purchase_ok = boolean "Purchase" { default = true },
    description_sale = text "Sales Description" { translate = true }, taxes_id = many2many "Sales Taxes" { to = "account.tax" },
    currency_id = many2one "Currency" { to = "res.currency", store = false, readonly = true, compute = function() return 1 end },
    company_id = many2one "Company" { to = "res.company" }, image_1920 = fields.binary "Image" {},
    product_variant_ids = one2many "Products" { to = "product.product", inverse_name = "product_tmpl_id" },
    product_variant_id = many2one "Product" { to = "product.product", store = false, readonly = true,
      compute = function(row) return variants_of(row.id)[1] end },
    product_variant_count = integer "# Product Variants" { store = false, readonly = true, compute = function(row) return #variants_of(row.id) end },
    qty_available = float "Quantity On Hand" { store = false, readonly = true, compute = function(row) return on_hand(variants_of(row.id)) end },
  }
  if site.major <= 17 then
    all.detailed_type = selection "Product Type" { default = "consu", selection = { { "consu", "Consumable" }, { "service", "Service" }, { "product", "Storable Product" } } }
    all.type = selection "Type" { readonly = true, store = false, compute = function(row) return row.detailed_type end,
      selection = all.detailed_type.selection }
  else
    all.type = selection "Product Type" { required = true, default = "consu", selection = kinds }
    all.is_storable = boolean "Track Inventory" {}
  end
  return all
end

-- A template gets its variant, and the values that are its variant's.
local function make_variants(ids, list, how)
  if how.child then return end
  local model = registry.get "product.template"
  for i, id in ipairs(ids) do
    writing().create(registry.get "product.product", { { product_tmpl_id = id } })
    for name, value in pairs(list[i]) do
      if model.fields[name].inverse then model.fields[name].inverse(id, value) end
    end
  end
end

-- Archiving a template archives its variants, a new price stamps them; its name and texts do not. A variant's own `active`
-- leaves the template alone.
local function variants_follow(ids, vals)
  for _, id in ipairs(ids) do
    if vals.active ~= nil then writing().write(registry.get "product.product", variants_of(id), { active = vals.active })
    elseif vals.list_price ~= nil then
      for _, variant in ipairs(variants_of(id)) do writing().touch(registry.get "product.product", variant) end
    end
  end
end

local code_and_name = function(row)
  local template = store.row(registry.get "product.template", row.product_tmpl_id or row.id)
  local name = template and template.name or ""
  if row.product_tmpl_id and row.default_code then return "[" .. row.default_code .. "] " .. name end
  return name
end

define("product.template", { description = "Product", order = "name, id", display_name = code_and_name,
  hooks = { created = make_variants, written = variants_follow }, fields = template_fields() })

define("product.product", { description = "Product Variant", order = "default_code, name, id", inherits = { ["product.template"] = "product_tmpl_id" },
  display_name = code_and_name, unique = { { fields = { "barcode" }, message = "Barcode(s) already assigned:\n\n- Barcode already assigned to another product" } },
  hooks = { removed = function(row)
    if #variants_of(row.product_tmpl_id) == 0 then writing().remove(registry.get "product.template", row.product_tmpl_id) end
  end },
  fields = {
    product_tmpl_id = many2one "Product Template" { to = "product.template", required = true, ondelete = "cascade" },
    default_code = char "Internal Reference" {}, barcode = char "Barcode" {}, active = boolean "Active" { default = true },
    standard_price = float "Cost" { digits = 2, company_dependent = true }, weight = float "Weight" { digits = 2 }, volume = float "Volume" { digits = 2 },
    combination_indices = char "Combination Indices" {}, lst_price = monetary "Sales Price" { related = "product_tmpl_id.list_price", readonly = true },
    qty_available = float "Quantity On Hand" { store = false, readonly = true, compute = function(row) return on_hand { row.id } end } } })
