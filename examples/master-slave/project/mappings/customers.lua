-- Shop and office, both ways: each field has a rule for when both changed it.
local t = require "tidewire.transform"

return mapping {
  left  = shop.table "customers",
  right = office.table "customers",
  on    = { left = { webhook = true, poll = "every 15m" }, right = { poll = "every 5m" } },
  key   = { left = "id", right = "id" },
  match = { by.fields { { "email", "mail", fold = true } } },
  fields = {
    { "email",        "mail" },
    { { "first_name", "last_name" }, "full_name", t.names, conflict = "source_wins" },     -- the left: the shop
    { "phone",        "phone",       conflict = "target_wins" },                           -- the right: the office
    { "preferences",  "preferences", conflict = "merge" },
    { "credit_limit", "credit",      conflict = "manual" },
    { "discount",     "rebate", t.percent, conflict = "webhook" },
  },
  judge = { url = "http://127.0.0.1:8765/decide", timeout = "10s", fallback = "manual" },
}
