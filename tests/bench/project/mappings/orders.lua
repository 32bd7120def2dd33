local t = require "tidewire.transform"

return mapping {
  left  = connection("erp").doctype "Bench Order",
  right = connection("app").table "orders",
  on    = { webhook = true },                 -- no poll: every call of a run belongs to a change
  key   = { left = "name", right = "id" },
  match = { by.fields { { "code", "code" } } },
  fields = {
    same { "code", "customer", "city", "country", "email", "phone" },
    { "title",    "title" },
    { "note",     "note" },
    { "quantity", "quantity" },
    { "rate",     "price" },
    { "paid",     "paid" },
    { "due_date", "due_on", t.date },
    { "status",   "status", t.enum { Open = "open", Closed = "closed" } },
  },
}
