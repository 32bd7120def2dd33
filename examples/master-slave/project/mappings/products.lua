-- The shop's products in the branch's own words. What the branch changes of it is put back; its shelves are its own.
local t = require "tidewire.transform"

return mapping {
  left  = shop.table "products",
  right = branch.table "catalogue",
  direction = "shop_to_branch",
  enforce = true,                                    -- an edit of the copy is overwritten, not only noticed
  on    = { left = { webhook = true }, right = { poll = "every 5s" } },
  key   = { left = "id", right = "item_no", assigned_by = "each" },
  match = { by.fields { { "sku", "item_no" } } },
  fields = {
    { "sku",    "item_no" },
    { "name",   "title",       t.trim },
    { "price",  "price_cents", t.minor "EUR" },
    { "status", "state",       t.enum { ["on sale"] = "live", announced = "soon", discontinued = "gone" } },
    { "tags",   "labels",      t.csv },
  },
  deletes = { to_right = "soft", soft = { right = { "withdrawn_at", now } } },
  tests = {
    { left = { name = " Lamp ", price = "49.90", status = "announced" }, right = { title = "Lamp", price_cents = 4990, state = "soon" } },
  },
}
