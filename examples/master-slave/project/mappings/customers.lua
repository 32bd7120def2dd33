-- Customers, noticed only: what the branch changes stays as it is there, is counted as drift, and never comes back to the shop.
local t = require "tidewire.transform"

return mapping {
  left  = shop.table "customers",
  right = branch.table "people",
  direction = "shop_to_branch",
  on    = { left = { webhook = true }, right = { poll = "every 5s" } },
  key   = { left = "id", right = "id", assigned_by = "each" },
  match = { by.fields { { "email", "mail", fold = true } } },
  fields = {
    { "email", "mail" },
    { { "first_name", "last_name" }, "full_name", t.names },
  },
}
