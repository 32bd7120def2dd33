-- Nobody tells here: both sides have an outbox and are asked every second, the right one through a pooler.
return mapping {
  left = shop.table "orders", right = app.table "orders",
  on = { poll = "every 1s" },
  key = { left = "id", right = "id" },
  match = { by.fields { "code" } },
  fields = { same { "code", "customer", "total", "paid", "placed", "big" }, { "due", "due", null = "clear" } },
  deletes = { to_right = "delete", to_left = "delete" },
}
