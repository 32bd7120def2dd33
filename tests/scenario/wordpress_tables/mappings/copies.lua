-- Prices and texts of posts that are there; what is new on the right stays there.
return mapping {
  left = blog.post_type("post", { meta = { price = "number" } }), right = app.table "copies",
  on = { poll = "every 2s" },
  scope = { left = { status = "publish" } },
  key = { left = "id", right = "id" },
  match = { by.fields { "slug" } },
  fields = {
    { "title", "title" }, { "content", "body" }, { "slug", "slug", only = "to_right" }, { "meta.price", "price" },
  },
}
