return mapping {
  left = blog.taxonomy "category", right = app.table "categories",
  on = { poll = "every 2s" },
  key = { left = "id", right = "id" },
  match = { by.fields { "slug" } },
  fields = { same { "name", "slug", "description" } },
  deletes = { to_left = "delete", to_right = "delete" },
}
