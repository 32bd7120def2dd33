-- Polled by a time column: no triggers of ours, no notifications.
return mapping {
  left = c.table "teams", right = d.table "teams",
  on = { poll = "every 1s" },
  key = { left = "code", right = "code", assigned_by = "left" },
  match = { by.fields { "name" } },
  fields = { { "name", "name" } },
}
