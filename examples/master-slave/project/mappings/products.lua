-- Shop to office: the shop's products in the office's own words. What the office changes of them is put back; its shelves are its own.
local t = require "tidewire.transform"

return mapping {
  left  = shop.table "products",
  right = office.table "catalogue",
  direction = "shop_to_office",
  enforce = true,                                    -- an edit of the copy is overwritten, not only noticed
  on    = { left = { webhook = true, poll = "every 15m" }, right = { poll = "every 5m" } },
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
