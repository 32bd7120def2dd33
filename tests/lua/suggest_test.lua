local tap = require "tap"
local json = require "tidewire.json"
local suggest = require "tidewire.suggest"
local write = require "tidewire.write"

local test, equal, ok = tap.test, tap.equal, tap.ok
local array = json.array

local function field(name, kind, more)
  local result = { name = name, type = type(kind) == "table" and kind or { kind = kind }, required = false, unique = false, read_only = false }
  for key, value in pairs(more or {}) do result[key] = value end
  return result
end

local function side(connection, word, collection, key, fields)
  return { connection = connection, word = word, collection = collection, describe = { key = array { key }, fields = array(fields), warnings = array {} } }
end

local function employee(more)
  local fields = {
    field("name", "text", { read_only = true, unique = true }), field("creation", "datetime", { read_only = true }),
    field("first_name", "text", { required = true }), field("cell_number", "text", { label = "Mobile" }), field("company_email", "text"),
    field("date_of_birth", "date"), field("status", { kind = "enum", options = array { "Active", "Left" } }),
    field("employee_name", "text", { read_only = true }), field("department", { kind = "reference", to = "Department" }, { references = "Department" }),
    field("education", { kind = "rows", to = "Employee Education" }),
  }
  for _, one in ipairs(more or {}) do fields[#fields + 1] = one end
  return side("erp", "doctype", "Employee", "name", fields)
end

local function table_of(more)
  local fields = {
    field("id", "int", { unique = true }), field("first_name", "text"), field("phone", "text"), field("email", "text", { unique = true }), field("birthday", "date"),
    field("status", { kind = "enum", options = array { "active", "left" } }), field("full_name", "text"), field("department_id", "int", { references = "departments" }),
    field("org", "text", { required = true }), field("updated_at", "datetime"),
  }
  for _, one in ipairs(more or {}) do fields[#fields + 1] = one end
  return side("app", "table", "employees", "id", fields)
end

local function pair_of(found, left)
  for _, one in ipairs(found.pairs) do
    if one.left == left then return one end
  end
end

test("fields are paired by name, by meaning and by type, each with its reason", function()
  local found = suggest.propose { left = employee(), right = table_of() }
  equal(pair_of(found, "first_name").reason, "same name")
  equal(pair_of(found, "cell_number").right, "phone")
  ok(pair_of(found, "cell_number").reason:find "both mean phone")
  equal(pair_of(found, "company_email").right, "email")
  equal(pair_of(found, "date_of_birth").right, "birthday")
  equal(pair_of(found, "education"), nil)
  equal(pair_of(found, "creation"), nil)
  equal(pair_of(found, "name"), nil)
end)

test("files that both sides name are copied where both connectors can", function()
  local function photos(connection, able)
    return { connection = connection, collection = "people", word = "doctype", files = able,
      describe = { key = { "name" }, fields = { { name = "photo", type = { kind = "text" }, file = true }, { name = "email", type = { kind = "text" }, unique = true } } } }
  end
  local can, cannot = { download = true, upload = true }, { download = true, upload = false }
  ok(suggest.propose({ left = photos("erp", can), right = photos("app", can) }).source:find('{ "photo", "photo", file = true }', 1, true))
  ok(not suggest.propose({ left = photos("erp", can), right = photos("app", cannot) }).source:find("file = true", 1, true))
  ok(not suggest.propose({ left = photos("erp", can), right = photos("app", nil) }).source:find("file = true", 1, true))
end)

test("options that are spelled differently are translated", function()
  local found = suggest.propose { left = employee(), right = table_of() }
  equal(pair_of(found, "status").transform, { enum = { Active = "active", Left = "left" } })
  ok(found.source:find('t.enum { Active = "active", Left = "left" }', 1, true))
  ok(found.source:find('local t = require "tidewire.transform"', 1, true))
  ok(found.source:find('on    = { poll = "every 5m" },', 1, true))
end)

test("what is computed on one side goes the other way only", function()
  local found = suggest.propose { left = employee(), right = table_of() }
  equal(pair_of(found, "employee_name").right, "full_name")
  equal(pair_of(found, "employee_name").only, "to_right")
end)

test("of fields that are as near, the one that can be written is taken", function()
  local left = side("erp", "model", "product.product", "id", { field("list_price", "float", { label = "Sales Price" }),
    field("lst_price", { kind = "decimal", form = "number" }, { label = "Sales Price", read_only = true }) })
  local right = side("app", "table", "products", "id", { field("price", { kind = "decimal", scale = 2 }) })
  local found = suggest.propose { left = left, right = right }
  equal({ #found.pairs, found.pairs[1].left, found.pairs[1].only }, { 1, "list_price" })
  equal(suggest.propose({ left = left, right = right, direction = "right_to_left" }).pairs[1].left, "list_price")
  equal(suggest.propose({ left = left, right = right, direction = "left_to_right" }).pairs[1].left, "lst_price")
  left.describe.fields[1].name = "offer"      -- what is called the same stays before what is only like it
  equal(suggest.propose({ left = left, right = side("app", "table", "products", "id", { field("lst_price", "decimal") }) }).pairs[1].left, "lst_price")
end)

test("a reference waits for the mapping of what it refers to, and goes through its links then", function()
  local without = suggest.propose { left = employee(), right = table_of() }
  local waits = pair_of(without, "department")
  equal(waits.waits, true)
  ok(without.source:find('\n    -- { "department", "department_id", t.ref "departments" },  once a mapping of Department and departments links what it refers to\n', 1, true), without.source)
  local with = suggest.propose { left = employee(), right = table_of(),
    mappings = { { name = "departments", left = { connection = "erp", collection = "Department" }, right = { connection = "app", collection = "departments" } } } }
  equal(pair_of(with, "department").transform, { ref = "departments" })
  ok(with.source:find('{ "department", "department_id", t.ref "departments" }', 1, true))
end)

test("a reference to a record of its own kind goes through the mapping itself", function()
  local found = suggest.propose { name = "people", left = employee { field("reports_to", { kind = "reference", to = "Employee" }, { references = "Employee" }) },
    right = table_of { field("manager_id", "int", { references = "employees" }) } }
  ok(found.source:find('{ "reports_to", "manager_id", t.ref("people", { optional = true }) }', 1, true))
end)

test("required fields without a partner come first and are told in the file", function()
  local found = suggest.propose { left = employee(), right = table_of() }
  equal(found.right_only[1].name, "org")
  equal(found.right_only[1].required, true)
  equal(found.unmatched_required[1], { side = "right", name = "org" })
  ok(found.source:find("-- org of the right side is required", 1, true))
  local one_way = suggest.propose { left = employee(), right = table_of(), direction = "right_to_left" }
  equal(#one_way.unmatched_required, 0)
end)

test("a constant answers a required field", function()
  local found = suggest.propose { left = employee(), right = table_of(), constants = { { side = "right", field = "org", value = "ACME" } } }
  ok(found.source:find('{ right = "org", value = "ACME", when = "create" }', 1, true))
  equal(#found.unmatched_required, 0)
end)

test("records know each other by what is unique, e-mail without regard to case", function()
  local found = suggest.propose { left = employee(), right = table_of() }
  equal(found.match, { left = "company_email", right = "email", fold = true })
  ok(found.source:find('match = { by.fields { { "company_email", "email", fold = true } } }', 1, true))
end)

test("a field that is named after another record's is no match unless it is unique", function()
  local function between(left_unique)
    return suggest.propose { left = side("a", "table", "a", "id", { field("owner_email", "text", { unique = left_unique }), field("subject", "text") }),
      right = side("b", "data_source", "b", "id", { field("Owner Email", "text"), field("Subject", "text") }) }
  end
  local found = between()
  equal(found.match, json.null)
  ok(found.source:find('  match = { by.fields { { "owner_email", "Owner Email", fold = true } } },    -- not unique anywhere: say what tells two records apart', 1, true), found.source)
  ok(found.source:find('  dry_run = true,      -- until `match` is right', 1, true), found.source)
  ok(found.warnings[1]:find "first contact")
  equal(between(true).match, { left = "owner_email", right = "Owner Email", fold = true })
  local own = suggest.propose { left = side("a", "table", "a", "id", { field("sku", "text") }), right = side("b", "table", "b", "id", { field("product_code", "text") }) }
  equal(own.match, { left = "sku", right = "product_code", fold = false })
end)

test("a key that who makes a record has to say is a row, and its parts are matched together", function()
  local function lines(connection, word, more)
    local fields = { field("sku", "text", { required = true }), field("store", "text", { required = true }), field("qty", "int"), field("shelf", "text") }
    for _, one in ipairs(more or {}) do fields[#fields + 1] = one end
    local made = side(connection, word, "stock", "sku", fields)
    made.describe.key = array { "sku", "store" }
    return made
  end
  local both = suggest.propose { left = lines("a", "table"), right = lines("b", "table") }
  ok(both.source:find('key   = { left = { "sku", "store" }, right = { "sku", "store" } },', 1, true), both.source)
  ok(both.source:find('match = { by.fields { { "sku", "sku" }, { "store", "store" } } },', 1, true), both.source)
  ok(both.source:find('{ "sku", "sku" },', 1, true) and both.source:find('{ "store", "store" },', 1, true) and not both.source:find("dry_run", 1, true), both.source)
  ok(suggest.propose({ left = lines("a", "table"), right = lines("b", "table"), match = both.match }).source:find('by.fields { { "sku", "sku" }, { "store", "store" } }', 1, true))
  local one_side = suggest.propose { left = lines("a", "table"), right = side("b", "table", "stock", "id", { field("id", "int", { unique = true }), field("sku", "text"), field("store", "text"), field("qty", "int") }) }
  ok(one_side.source:find('by.fields { { "sku", "sku" }, { "store", "store" } }', 1, true), one_side.source)
  local unique = suggest.propose { left = lines("a", "table", { field("code", "text", { unique = true }) }), right = lines("b", "table", { field("code", "text") }) }
  equal(unique.match, { left = "code", right = "code", fold = false })
  local made = suggest.propose { left = lines("a", "table"), right = side("b", "table", "stock", "sku", { field("sku", "uuid", { required = true, default = "gen_random_uuid()" }), field("qty", "int") }) }
  ok(made.source:find("-- sku of the left side is required there and has no partner", 1, true), made.source)
end)

test("of fields that may be meant by `match`, a name goes before the e-mail of another record", function()
  local found = suggest.propose { left = side("a", "data_source", "decisions", "id", { field("Name", "text"), field("Owner", "text") }),
    right = side("b", "table", "decisions", "id", { field("title", "text"), field("owner_email", "text") }) }
  ok(found.source:find('by.fields { { "Name", "title" } }', 1, true), found.source)
end)

test("of two of which one tells no times of edits none is the newest, and the draft says why", function()
  local function timeless(connection)
    local made = side(connection, "table", "items", "id", { field("code", "text", { unique = true }), field("name", "text") })
    made.describe.tells_times = false
    return made
  end
  local timed = side("b", "table", "items", "id", { field("code", "text", { unique = true }), field("name", "text"), field("updated_at", "datetime") })
  local function line(left, right, more)
    local argument = { left = left, right = right }
    for key, value in pairs(more or {}) do argument[key] = value end
    return suggest.propose(argument).source:match "\n  (conflict = [^\n]*)"
  end
  equal(line(timed, timed), 'conflict = "newest",')
  equal(line(timeless "a", timed), 'conflict = "left",    -- a "items": it tells no times of edits, by which "newest" goes; "manual" asks a person')
  ok(line(timed, timeless "a"):find('^conflict = "left",    %-%- a "items"'))
  ok(line(timeless "a", timeless "b"):find('a "items" and b "items": they tell', 1, true))
  ok(line(timeless "a", timed, { conflict = "newest" }):find('conflict = "newest",    -- a "items": it tells no times', 1, true))
  equal(line(timeless "a", timed, { conflict = "manual" }), 'conflict = "manual",')
  equal(line(timeless "a", timed, { direction = "left_to_right" }), 'conflict = "newest",')
end)

test("what its connector says nothing belongs to is no pair, and what a system likely computes is copied from there alone", function()
  local left = side("erp", "doctype", "Order", "name", { field("code", "text", { unique = true }), field("grand_total", "decimal", { drafted = "from" }), field("owners", { kind = "set", of = { kind = "text" } }, { drafted = false }) })
  local right = side("app", "table", "orders", "id", { field("code", "text", { unique = true }), field("total", "decimal"), field("owners", "text", { required = true }) })
  local found = suggest.propose { left = left, right = right }
  equal({ pair_of(found, "grand_total").only, pair_of(found, "owners") }, { "to_right" })
  ok(found.source:find('{ "grand_total", "total", only = "to_right" }', 1, true), found.source)
  ok(found.source:find("-- Without a partner, of erp \"Order\": owners", 1, true), found.source)
  ok(found.source:find('owners of the right side is required there and has no partner: { right = "owners", value', 1, true), found.source)
end)

test("a list and a text find each other on either side", function()
  for _, kind in ipairs { "list", "set" } do
    for _, kinds in ipairs { { kind, "text" }, { "text", kind } } do
      local found = suggest.propose { left = side("a", "table", "a", "id", { field("tags", kinds[1]) }), right = side("b", "table", "b", "id", { field("Tags", kinds[2]) }) }
      equal(pair_of(found, "tags").transform, { word = "csv" })
      ok(found.source:find('{ "tags", "Tags", t.csv }', 1, true), found.source)
    end
  end
end)

test("what a synchronisation or the system itself writes is no pair, and is told apart", function()
  local left = side("app", "table", "decisions", "id", { field("title", "text"), field("notion_page_id", "text", { unique = true }), field("checksum", "text"),
    field("notion_synced", "bool"), field("changed_on_server", "datetime", { kept = true }), field("twin", "text") })
  local right = side("notes", "data_source", "d1", "id", { field("Title", "text"), field("Page ID", "text"), field("Checksum", "text"), field("Synced", "bool"),
    field("Changed on server", "datetime"), field("Twin", "text") })
  local found = suggest.propose { left = left, right = right }
  local pairs_of = {}
  for i, one in ipairs(found.pairs) do pairs_of[i] = one.left end
  table.sort(pairs_of)
  equal(pairs_of, { "title", "twin" })
  ok(found.source:find('-- For `stamp`, not a row, of app "decisions": checksum, notion_page_id, notion_synced\n', 1, true), found.source)
  ok(found.source:find('-- For `stamp`, not a row, of notes "d1": Checksum, Synced\n', 1, true), found.source)
  -- What a mapping that runs stamps of a collection is known whatever it is called.
  found = suggest.propose { left = left, right = right, mappings = { { name = "other", left = { connection = "x", collection = "X" },
    right = { connection = "app", collection = "decisions", stamps = { "twin" } } } } }
  equal({ #found.pairs, found.pairs[1].left }, { 1, "title" })
end)

test("the key of a third system that both sides have travels", function()
  local left = side("app", "table", "a", "id", { field("odoo_id", "int"), field("erp_id", "text"), field("shop_id", "text") })
  local right = side("shop", "doctype", "B", "name", { field("odoo_id", "int"), field("shop_id", "text") })
  local found = suggest.propose { left = left, right = right }
  equal({ #found.pairs, found.pairs[1].left }, { 1, "odoo_id" })
  ok(found.source:find("of app \"a\": erp_id, shop_id\n", 1, true), found.source)
end)

test("where nothing is unique it is said", function()
  local found = suggest.propose { left = side("a", "doctype", "A", "name", { field("colour", "text") }), right = side("b", "table", "b", "id", { field("colour", "text") }) }
  equal(found.match, json.null)
  ok(found.warnings[1]:find "first contact")
end)

test("where all are new, the field that takes the other side's key is a stamp and no row", function()
  local found = suggest.propose { left = employee { field("app_id", "text") }, right = table_of { field("erp ref", "text") }, match = {}, stamp = { left = "app_id", right = "erp ref" } }
  ok(found.source:find('stamp = { left = { app_id = link.right_key }, right = { ["erp ref"] = link.left_key } },', 1, true), found.source)
  equal(found.source:find("match = ", 1, true), nil)
  equal(#found.warnings, 0)
  for _, one in ipairs(found.left_only) do ok(one.name ~= "app_id") end
  local neither = suggest.propose { left = employee(), right = table_of(), match = {} }
  ok(neither.source:find("or a `stamp` that takes the other side's key", 1, true))
end)

test("an exact name is never lost to a likeness", function()
  local left = side("a", "doctype", "A", "name", { field("mobile", "text"), field("phone", "text") })
  local right = side("b", "table", "b", "id", { field("phone", "text"), field("mobile", "text") })
  local found = suggest.propose { left = left, right = right }
  equal(pair_of(found, "mobile").right, "mobile")
  equal(pair_of(found, "phone").right, "phone")
end)

test("values that cannot become each other are no pair, whatever they are called", function()
  local found = suggest.propose { left = side("a", "doctype", "A", "name", { field("due", "date") }), right = side("b", "table", "b", "id", { field("due", "bool") }) }
  equal(#found.pairs, 0)
  equal(found.left_only[1].name, "due")
end)

test("a person's choice makes the text, with what is known of the fields", function()
  local found = suggest.propose { left = employee(), right = table_of(), name = "people", conflict = "left", direction = "both", match = {},
    fields = { { left = "employee_name", right = "full_name" }, { left = "cell_number", right = "phone", transform = "t.phone \"GB\"" } } }
  ok(found.source:find('{ "employee_name", "full_name", only = "to_right" }', 1, true))
  ok(found.source:find('{ "cell_number", "phone", t.phone "GB" }', 1, true))
  ok(found.source:find('conflict = "left"', 1, true))
  ok(not found.source:find("by.fields", 1, true))
  equal(found.name, "people")
end)

test("the name that is proposed is of no mapping yet", function()
  local function name_beside(...)
    local mappings = array {}
    for i, name in ipairs { ... } do mappings[i] = { name = name, left = { connection = "x", collection = "X" }, right = { connection = "y", collection = "Y" } } end
    return suggest.propose({ left = employee(), right = table_of(), mappings = mappings }).name
  end
  equal(name_beside(), "employees")
  equal(name_beside("departments"), "employees")
  equal(name_beside("employees"), "employees_2")
  equal(name_beside("employees", "employees_2"), "employees_3")
end)

test("names are the same however they are written", function()
  local found = suggest.propose { left = side("a", "x", "A", "id", { field("partnerName", "text"), field("custom_tax_id", "text"), field("Straße", "text") }),
    right = side("b", "y", "b", "id", { field("partner_name", "text"), field("vat_number", "text"), field("strasse_2", "text") }) }
  equal(pair_of(found, "partnerName").right, "partner_name")
  equal(pair_of(found, "custom_tax_id").right, "vat_number")
end)

test("a field may say again what its collection is", function()
  local found = suggest.propose { left = side("a", "doctype", "Customer", "name", { field("customer_group", "text"), field("customer_since", "date") }),
    right = side("b", "table", "customers", "id", { field("group", "text"), field("since", "date") }) }
  equal(pair_of(found, "customer_since").right, "since")
  equal(pair_of(found, "customer_group").right, "group")
end)

-- A customer as a shop and an office have it.
local function customer()
  return side("erp", "doctype", "Customer", "name", { field("name", "text"), field("customer_name", "text", { required = true }), field("customer_type", { kind = "enum", options = array { "Company", "Individual" } }),
    field("customer_group", { kind = "reference", to = "Customer Group" }, { references = "Customer Group" }), field("disabled", { kind = "bool", form = "01" }),
    field("tax_category", "text"), field("language", "text") })
end
local function customers(more)
  local fields = { field("id", "int"), field("name", "text", { required = true }), field("kind", { kind = "enum", options = array { "company", "individual" } }),
    field("group_id", "int", { references = "customer_groups", required = true }), field("active", "bool"), field("points", "int") }
  for _, one in ipairs(more or {}) do fields[#fields + 1] = one end
  return side("app", "table", "customers", "id", fields)
end

test("kinds, groups and opposite booleans find each other", function()
  local found = suggest.propose { left = customer(), right = customers() }
  equal(pair_of(found, "customer_type").right, "kind")
  equal({ pair_of(found, "customer_group").right, pair_of(found, "customer_group").waits }, { "group_id", true })
  equal({ pair_of(found, "disabled").right, pair_of(found, "disabled").transform }, { "active", { word = "invert" } })
  ok(found.source:find('{ "disabled", "active", t.invert },', 1, true), found.source)
  equal(#found.unmatched_required, 0)
end)

test("a collection's whole name may stand before its fields' names", function()
  local found = suggest.propose { left = side("erp", "doctype", "Customer Group", "name", { field("name", "text"), field("customer_group_name", "text"), field("is_group", "bool") }),
    right = side("app", "table", "public.customer_groups", "id", { field("id", "int"), field("name", "text", { required = true }) }) }
  equal(pair_of(found, "customer_group_name").right, "name")
  equal(#found.unmatched_required, 0)
  ok(not found.source:find("value = ...", 1, true))
end)

test("what is left over is listed for both sides", function()
  local found = suggest.propose { left = customer(), right = customers { field("colour", "text", { required = true }) } }
  ok(found.source:find('-- Without a partner, of erp "Customer": language, tax_category\n', 1, true), found.source)
  ok(found.source:find('-- Without a partner, of app "customers": points\n', 1, true), found.source)
  ok(found.source:find('{ right = "colour", value = ..., when = "create" }', 1, true), found.source)
  local many = {}
  for i = 1, 40 do many[i] = field("column_" .. i, "text") end
  local long = suggest.propose { left = side("erp", "doctype", "A", "name", many), right = side("app", "table", "b", "id", {}) }
  for line in long.source:gmatch "\n(    %-%-[^\n]+)" do ok(#line <= 110, line) end
  ok(long.source:find("column_9\n", 1, true))
end)

test("a required field whose likely partner is of another type is told so, not given a constant", function()
  local found = suggest.propose { left = side("a", "doctype", "A", "name", { field("due", "date") }), right = side("b", "table", "b", "id", { field("due", "bool", { required = true }) }) }
  ok(found.source:find('it is bool, and due, which may be meant, is date: { "due", "due", { to_right = ..., to_left = ... } }', 1, true), found.source)
  ok(not found.source:find("value = ...", 1, true))
end)

test("each row of the text says why it is there", function()
  local found = suggest.propose { left = employee(), right = table_of() }
  ok(found.source:find('{ "first_name", "first_name" }, +%-%- same name\n'))
end)

test("a value is written as an author would, and reads back", function()
  equal(write.value { a = 1, ["b c"] = true, ["end"] = "x\"y\n" }, '{ a = 1, ["b c"] = true, ["end"] = "x\\"y\\n" }')
  equal(write.value(array {}), "{}")
  equal(write.value { ["$secret"] = "ERP_KEY" }, 'secret "ERP_KEY"')
  equal(write.value(json.null), "null")
  equal(write.text "a\\b\1", '"a\\\\b\\001"')
end)

-- A table of Notion, whose dates hold a time of day where `times` names them.
local function vault()
  local marked = { times = { kind = "datetime", form = "instant" } }
  return side("vault", "data_source", "da7a", "id", { field("id", "text", { read_only = true }), field("Name", "text"),
    field("Seen", "date", { marked = marked }), field("Born", "date", { marked = marked }),
    field("Project", { kind = "set", of = { kind = "text" } }, { references = "9abc", marked = { single = { kind = "text" } } }) })
end

test("a date that meets a time is named among `times`, and a relation that meets a foreign key among `single`", function()
  local right = side("app", "table", "visits", "id", { field("id", "int"), field("name", "text"), field("seen", { kind = "datetime", form = "instant" }), field("born", "date"),
    field("project_id", "int", { references = "projects" }) })
  local mappings = { { name = "projects", left = { connection = "vault", collection = "9abc" }, right = { connection = "app", collection = "projects" } } }
  local found = suggest.propose { left = vault(), right = right, mappings = mappings }
  equal(pair_of(found, "Seen").transform, nil)
  ok(found.source:find('vault.data_source("da7a", { single = { "Project" }, times = { "Seen" } })', 1, true), found.source)
  ok(found.source:find('{ "Project", "project_id", t.ref "projects" }', 1, true), found.source)
  local turned = suggest.propose { left = right, right = vault() }
  ok(turned.source:find('right = vault.data_source("da7a", { times = { "Seen" } })', 1, true), turned.source)
  local chosen = suggest.propose { left = vault(), right = right, fields = array { { left = "Seen", right = "seen", transform = "t.date" } } }
  ok(chosen.source:find('vault.data_source "da7a"', 1, true), chosen.source)
end)

-- After the pattern of another mapping -----------------------------------------------------------------------------------

local pattern = [==[
-- How people travel.
local t = require "tidewire.transform"
local house = "GB, {not a table}"      -- a trap: } and ,

return mapping {
  left  = erp.doctype "Employee",
  right = app.table("employees", { version = "xmin" }),
  direction = "both",
  on    = { webhook = true, poll = "every 5m" },      -- as everything here
  key   = { left = "name", right = "id", assigned_by = "each" },
  match = { by.fields { { "company_email", "email", fold = true } } },
  scope = { left = { company = "ACME" } },
  fields = {
    same { "gender", "first_name" },
    -- With its country.
    { "cell_number", "phone", t.phone "GB", conflict = "left" },      -- told by the office
    { "company_email", "email", t.email },
    { { "first_name", "last_name" }, "full_name", t.names },
    group { { "salary_currency", "currency" }, { "ctc", "salary", t.decimal(2) }, conflict = "manual" },
    rows { left = "education", right = app.table("employee_education", { parent = "employee_id" }), key = { "school" }, fields = {} },
    { "status", "state", { to_right = function(value) return value == "Active, {or so" and 1 or 0 end } },
  },
  deletes = { to_right = "soft", soft = { right = { "archived_at", now } } },
  check = { { "phone", function(v) return v ~= "" end, "no phone" } },
  tests = { { left = { first_name = "Ada" }, right = { first_name = "Ada" } } },
  conflict = "newest",
}
]==]

local function contact()
  return side("erp", "doctype", "Contact", "name", { field("name", "text"), field("first_name", "text"), field("cell_number", "text"), field("gender", "text"), field("company_email", "text"),
    field("status", "text"), field("city", "text") })
end
local function contacts(more)
  local fields = { field("id", "int"), field("first_name", "text"), field("gender", "text"), field("phone", "text"), field("email", "text", { unique = true }), field("state", "int"), field("city", "text"),
    field("archived_at", "datetime") }
  for _, one in ipairs(more or {}) do fields[#fields + 1] = one end
  return side("app", "table", "contacts", "contact_id", fields)
end

test("a mapping after another's pattern keeps what its author wrote, with the ends, keys and fields of its own", function()
  local source = suggest.propose({ name = "contacts", left = contact(), right = contacts(), like = { name = "employees", text = pattern } }).source
  local function has(text) ok(source:find(text, 1, true), text .. "\nis not in\n" .. source) end
  has '-- How people travel.\nlocal t = require "tidewire.transform"\nlocal house = "GB, {not a table}"      -- a trap: } and ,\n\nreturn mapping {\n  dry_run = true,'
  has '  left = erp.doctype "Contact",\n  right = app.table("contacts", { version = "xmin" }),\n  direction = "both",\n  on    = { webhook = true, poll = "every 5m" },      -- as everything here\n'
  has '  key = { left = "name", right = "contact_id", assigned_by = "each" },\n  match = { by.fields { { "company_email", "email", fold = true } } },\n'
  has '  -- scope of \'employees\' names a field that is not here:\n  -- scope = { left = { company = "ACME" } },\n'
  has '    same { "gender", "first_name" },\n    -- With its country.\n    { "cell_number", "phone", t.phone "GB", conflict = "left" },      -- told by the office\n    { "company_email", "email", t.email },\n'
  has '    { "status", "state", { to_right = function(value) return value == "Active, {or so" and 1 or 0 end } },\n'
  has '    { "city", "city" },'
  has "    -- Of 'employees', which do not fit here: first_name + last_name > full_name; a group of { \"salary_currency\", \"currency\" }; rows { ... }\n  },\n"
  has '  deletes = { to_right = "soft", soft = { right = { "archived_at", now } } },\n  check = { { "phone", function(v) return v ~= "" end, "no phone" } },\n'
  has "  -- tests = { ... },      its own records: those of 'employees' are of other collections\n  conflict = \"newest\",\n}\n"
  equal({ source:find("Ada", 1, true), select(2, source:gsub('"first_name"', "")) }, { nil, 1 })
end)

test("of another connection the end is named anew, and what fits neither side is a comment", function()
  local right = side("shop", "route", "people", "id", { field("id", "int"), field("mail", "text", { unique = true }) })
  local source = suggest.propose({ name = "x", left = contact(), right = right, like = { name = "employees", text = pattern } }).source
  for _, text in ipairs { '  right = shop.route("people", { version = "xmin" }),\n', "  -- match of 'employees' names a field that is not here:\n", '  match = { by.fields { { "company_email", "mail", fold = true } } },\n',
    '{ "company_email", "mail" }', "  -- deletes of 'employees' names a field that is not here:\n", "  -- check of 'employees' names" } do
    ok(source:find(text, 1, true), text .. "\nis not in\n" .. source)
  end
end)

test("what is left of `use` and `all` stays short, and `t` is there where a row needs it", function()
  local short = 'return mapping {\n  use = "pair", left = erp.doctype "A", right = app.table "a", match = { by.fields { "city" } }, fields = { all { rows = true } },\n}\n'
  local source = suggest.propose({ name = "x", left = contact(), right = contacts(), like = { name = "a", text = short } }).source
  ok(source:find('use = "pair",\n  left = erp.doctype "Contact",\n  right = app.table "contacts",\n  match = { by.fields { "city" } },\n  fields = {\n    all { rows = true },\n', 1, true), source)
  equal({ source:find("{ \"city\",", 1, true), source:find("{ \"first_name\",", 1, true) }, {}, source)
  local tagged = side("b", "table", "b", "id", { field("tags", "list") })
  local other = side("a", "table", "a", "id", { field("tags", "text") })
  source = suggest.propose({ name = "x", left = other, right = tagged, like = { name = "a", text = 'return mapping { left = a.table "x", right = b.table "y", fields = {} }' } }).source
  ok(source:find('^local t = require "tidewire.transform"\n\nreturn mapping {\n.*{ "tags", "tags", t.csv },'), source)
end)

test("a file that makes its mappings by a program is no pattern, in words", function()
  for text, why in pairs {
    ["local list = {}\nfor i = 1, 2 do list[i] = mapping { left = 1 } end\nreturn list"] = "it makes its mappings by a program",
    ["return { mapping { left = a.b 'x' }, mapping { left = a.b 'y' } }"] = "it makes its mappings by a program",
    ["return mapping { left = ends.one, right = app.table 'x' }"] = "its left is no single collection",
    ["return mapping { left = join { erp.doctype 'A' }, right = app.table 'x' }"] = "its left is no single collection",
    ["return mapping { right = app.table 'x' }"] = "it has no left of its own",
    ["return mapping { right = app.table 'x', "] = "its table is not closed",
  } do
    local found = suggest.propose { left = contact(), right = contacts(), like = { name = "pair", text = text } }
    equal({ found.source, found.no_pattern }, { nil, why })
  end
end)
