-- A Customer with its main Address and main Contact, three documents of ERPNext, is one row of the app.
local t = require "tidewire.transform"

return mapping {
  left = join {
    erp.doctype "Customer",
    address = part { erp.doctype "Address", owner = erp.dynamic_link "Customer", pick = { is_primary_address = 1 }, missing = "create",
                     values = { address_type = "Billing" } },
    contact = part { erp.doctype "Contact", owner = erp.dynamic_link "Customer", pick = { is_primary_contact = 1 }, missing = "create" },
  },
  right = app.table "customers",
  on    = { webhook = true, poll = "every 5m" },
  key   = { left = "name", right = "id" },
  match = { by.fields { "tax_id" }, by.fields { { "customer_name", "name", fold = true } } },
  fields = {
    { "customer_name",         "name", required = true },
    { "customer_type",         "kind", t.enum { Company = "company", Individual = "person" } },
    same { "tax_id" },
    { "address.address_line1", "street" },
    { "address.city",          "city" },
    { "address.pincode",       "postcode" },
    { "address.country",       "country" },
    { "contact.first_name",    "contact_first_name" },
    { "contact.last_name",     "contact_last_name" },
    { "contact.mobile_no",     "contact_phone", t.phone "GB" },
  },
  deletes = { root = "soft", to_right = "soft", soft = { left = { "disabled", 1 }, right = { "archived_at", now } }, address = "detach", contact = "detach" },
}
