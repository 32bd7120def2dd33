local t = require "tidewire.transform"

-- What an editor writes in WordPress, and a shop's prices beside it.
return mapping {
  left = blog.post_type("post", { meta = { price = "number", sku = "string" } }), right = app.table "articles",
  on = { poll = "every 2s" },
  key = { left = "id", right = "id" },
  match = { by.fields { "slug" } },
  fields = {
    same { "title", "slug" },
    { "content.raw", "body" },
    { "status", "state", t.enum { publish = "live", draft = "draft", pending = "waiting", private = "hidden", future = "planned" } },
    { "categories", "categories", t.list(t.ref "categories") },
    { "meta.price", "price" },
    { "meta.sku", "sku", conflict = "manual" },
    { "date_gmt", "published", only = "to_right" },
  },
  deletes = { to_left = "delete", to_right = "delete" },
}
