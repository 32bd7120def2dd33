-- Companies, users, partners, and what the system keeps for itself.

local attachments = require "practice.odoo.attachments"
local fields = require "practice.odoo.fields"
local define = require("practice.odoo.registry").define

local char, text, html, boolean, integer, float, date = fields.char, fields.text, fields.html, fields.boolean, fields.integer, fields.float, fields.date
local selection, many2one, one2many, many2many = fields.selection, fields.many2one, fields.one2many, fields.many2many
local binary = fields.binary

define("res.currency", { description = "Currency", fields = {
  name = char "Currency" { required = true }, symbol = char "Symbol" {}, decimal_places = integer "Decimal Places" { default = 2 },
  active = boolean "Active" { default = true } } })

define("res.country", { description = "Country", unique = { { fields = { "code" }, message = "The code of the country must be unique!" } }, fields = {
  name = char "Country Name" { required = true, translate = true }, code = char "Country Code" { required = true } } })

define("res.company", { description = "Companies", fields = {
  name = char "Company Name" { required = true }, currency_id = many2one "Currency" { to = "res.currency", default = 1 },
  partner_id = many2one "Partner" { to = "res.partner" }, active = boolean "Active" { default = true } } })

define("res.users", { description = "User", company_rule = false, fields = {
  name = char "Name" { required = true }, login = char "Login" { required = true }, active = boolean "Active" { default = true },
  lang = char "Language" { default = "en_US" }, tz = char "Timezone" {}, company_id = many2one "Company" { to = "res.company", default = 1 },
  company_ids = many2many "Companies" { to = "res.company" } } })

define("res.partner.category", { description = "Partner Tags", fields = {
  name = char "Name" { required = true, translate = true }, parent_id = many2one "Category" { to = "res.partner.category", ondelete = "cascade" },
  active = boolean "Active" { default = true } } })

define("res.partner", { description = "Contact", order = "name, id", fields = {
  name = char "Name" {}, active = boolean "Active" { default = true }, is_company = boolean "Is a Company" {}, ref = char "Reference" {},
  email = char "Email" {}, phone = char "Phone" {}, ["function"] = char "Job Position" {}, website = char "Website Link" {},
  street = char "Street" {}, city = char "City" {}, zip = char "Zip" {}, vat = char "Tax ID" {}, comment = html "Notes" {},
  type = selection "Address Type" { default = "contact", selection = { { "contact", "Contact" }, { "invoice", "Invoice Address" },
    { "delivery", "Delivery Address" }, { "other", "Other Address" } } },
  credit_limit = float "Credit Limit" {}, date = date "Date" {}, lang = char "Language" {},
  parent_id = many2one "Related Company" { to = "res.partner" }, child_ids = one2many "Contact" { to = "res.partner", inverse_name = "parent_id" },
  country_id = many2one "Country" { to = "res.country", ondelete = "restrict" }, company_id = many2one "Company" { to = "res.company" },
  user_id = many2one "Salesperson" { to = "res.users" },
  category_id = many2many "Tags" { to = "res.partner.category" },
  image_1920 = binary "Image" {} } })

define("ir.attachment", { description = "Attachment", order = "id desc", fields = {
  name = char "Name" { required = true }, description = text "Description" {}, type = selection "Type" { required = true, default = "binary",
    selection = { { "url", "URL" }, { "binary", "File" } } }, url = char "Url" {}, mimetype = char "Mime Type" {},
  res_model = char "Resource Model" {}, res_field = char "Resource Field" {}, res_id = integer "Resource ID" {},
  checksum = char "Checksum/SHA1" { readonly = true }, file_size = integer "File Size" { readonly = true },
  db_datas = binary "Database Data" { attachment = false },
  datas = binary "File Content (base64)" { store = false, attachment = false, compute = attachments.datas, inverse = attachments.set_datas } } })

define("account.tax", { description = "Tax", fields = {
  name = char "Tax Name" { required = true, translate = true }, amount = float "Amount" { digits = 4 },
  type_tax_use = selection "Tax Type" { default = "sale", selection = { { "sale", "Sales" }, { "purchase", "Purchases" }, { "none", "None" } } },
  active = boolean "Active" { default = true }, company_id = many2one "Company" { to = "res.company", default = 1 } } })

define("uom.uom", { description = "Product Unit of Measure", fields = {
  name = char "Unit Name" { required = true, translate = true }, factor = float "Ratio" { default = 1 }, active = boolean "Active" { default = true } } })

define("ir.config_parameter", { description = "System Parameter", rec_name = "key",
  unique = { { fields = { "key" }, message = "Key must be unique." } },
  fields = { key = char "Key" { required = true }, value = text "Value" { required = true } } })

-- A row per model that the database has: what a client may ask for.
define("ir.model", { description = "Models", order = "model", unique = { { fields = { "model" }, message = "Each model must have a unique name." } }, fields = {
  name = char "Model Description" { required = true, translate = true }, model = char "Model" { required = true, default = "x_" },
  state = selection "Type" { readonly = true, default = "manual", selection = { { "manual", "Custom Object" }, { "base", "Base Object" } } },
  transient = boolean "Transient Model" {} } })

-- Of each link what becomes of a record whose target is deleted; of other fields nothing is kept here.
define("ir.model.fields", { description = "Fields", fields = {
  name = char "Field Name" { required = true }, model = char "Model Name" { required = true }, ttype = char "Field Type" {}, relation = char "Related Model" {},
  on_delete = selection "On Delete" { selection = { { "cascade", "Cascade" }, { "set null", "Set NULL" }, { "restrict", "Restrict" } } } } })

define("ir.model.data", { description = "Model Data",
  unique = { { fields = { "module", "name" }, message = "The operation cannot be completed: duplicate key value violates unique constraint \"ir_model_data_module_name_uniq_index\"" } },
  display_name = function(row) return row.module .. "." .. row.name end,
  fields = {
    name = char "External Identifier" { required = true }, module = char "Module" { required = true, default = "" },
    model = char "Model Name" { required = true }, res_id = integer "Record ID" {}, noupdate = boolean "Non Updatable" {},
    complete_name = char "Complete ID" { readonly = true, store = false, compute = function(row) return row.module .. "." .. row.name end } } })
