-- Office to site: a post for each article that is not withdrawn. What an editor changes in wp-admin of these fields is put back; the text is the editor's.
local t = require "tidewire.transform"

return mapping {
  left  = office.table "catalogue",
  right = site.post_type("post", { meta = { price = "number", sku = "string" } }),
  direction = "office_to_site",
  enforce = true,
  on    = { left = { poll = "every 5m" }, right = { webhook = true, poll = "every 10m" } },
  scope = { left = { withdrawn_at = null }, leave = "delete" },     -- withdrawn: into the trash
  brake = "80%",                                                    -- the first step of the chain asks already
  key   = { left = "item_no", right = "id" },
  match = { by.fields { "slug" } },
  fields = {
    same { "slug", "title" },
    { "state",       "status", t.enum { live = "publish", soon = "draft", gone = "private" } },
    { "price_cents", "meta.price", t.flip(t.minor "EUR") },
    { "item_no",     "meta.sku" },
  },
  deletes = { to_right = "delete" },
  tests = {
    { left = { item_no = "LAMP-1", title = "Desk lamp", price_cents = 4990, state = "soon" }, right = { title = "Desk lamp", status = "draft", ["meta.price"] = 49.9 } },
  },
}
