-- The tree of product categories: a category refers to its parent, through this mapping's own links.
local t = require "tidewire.transform"

return mapping {
  left  = erp.model "product.category",
  right = app.table "categories",
  key   = { left = "id", right = "id" },
  -- "All / Office / Chairs" is unique; a category that is new in the app has no path yet and is known by name and parent.
  match = { by.fields { { "complete_name", "path" } }, by.fields { "name", "parent_id" } },
  fields = {
    { "name",          "name", t.trim },
    { "parent_id",     "parent_id", t.ref "categories" },
    { "complete_name", "path", only = "to_right" },              -- Odoo composes it
  },
}
