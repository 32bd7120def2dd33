-- Office to Neon: what the analysts count. Their notes are their own.
local t = require "tidewire.transform"

return mapping {
  left  = office.table "catalogue",
  right = reports.table "items",
  direction = "office_to_reports",
  enforce = true,
  on    = { left = { poll = "every 5m" }, right = { poll = "every 5s" } },     -- a poll wakes a compute that sleeps
  key   = { left = "item_no", right = "item_no", assigned_by = "left" },
  fields = {
    same { "title", "state", "withdrawn_at" },
    { "price_cents", "price", t.flip(t.minor "EUR") },
  },
}
