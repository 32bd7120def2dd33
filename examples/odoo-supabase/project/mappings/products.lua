-- A row of the app is a variant, because orders and transfers speak of variants. What variants share (name, price, category)
-- is their template's: Odoo shows it on each variant and writes it through.
local t = require "tidewire.transform"

return mapping {
  left  = erp.model "product.product",
  right = app.table "products",
  key   = { left = "id", right = "id" },
  match = { by.fields { { "default_code", "sku" } }, by.fields { { "barcode", "barcode" } } },
  scope = { left = { default_code = not_null } },
  fields = {
    { "default_code",     "sku", required = true },
    { "barcode",          "barcode" },
    { "name",             "name" },
    { "product_tmpl_id",  "template_id", only = "to_right", type = { left = "int", right = "int" } },
    { "categ_id",         "category_id", t.ref "categories" },
    { "type",             "kind", t.enum { consu = "goods", service = "service", combo = "combo" } },
    { "list_price",       "price", t.decimal(2), conflict = "erp_wins" },
    { "standard_price",   "cost", only = "to_right" },
    { "weight",           "weight" },
    { "description_sale", "description", conflict = "app_wins" },
    { "sale_ok",          "for_sale" },
    { "active",           "active" },
    { "qty_available",    "on_hand", only = "to_right" },        -- computed: moves no write_date, so sweeps bring it
  },
  deletes = { to_left = "soft", to_right = "soft", soft = { left = { "active", false }, right = { "active", false } } },
  tests = {
    { left = { default_code = "C-1", type = "consu", list_price = 12.5 }, right = { sku = "C-1", kind = "goods", price = 12.5 } },
    { base = { list_price = 1 }, left = { list_price = 2 }, right = { price = 3 }, changed = { left = "10:00", right = "10:05" }, wins = "erp" },
  },
}
