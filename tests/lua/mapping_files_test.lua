-- `file = true`: rows whose files are copied.

local tap = require "tap"
local case = require "mapping_case"

local test, equal = tap.test, tap.equal
local field = case.field

local both = { download = true, upload = true }
local described = {
  left = { key = { "name" }, fields = { field("name"), field("email", "text", { unique = true }), field("image", "text", { file = true }), field("scan", "text", { file = true, read_only = true }), field("code", "int") } },
  right = { key = { "id" }, fields = { field("id", "uuid"), field("email", "text", { unique = true }), field("photo_url"), field("scan_url"), field("media", "int", { file = true, required = true }) } },
}

-- The connections' connectors, each with what it can do with files.
local function can(left, right)
  local argument = case.argument { describe = described }
  argument.connections.erp.files, argument.connections.app.files = left, right
  return { describe = described, connections = argument.connections }
end

local function row(build, left, right) return case.row(build, can(left or both, right or both)) end
local function refused(build, pattern, left, right)
  case.refused(function(e) return { fields = { build(e) } } end, pattern, can(left or both, right or both))
end

test("a row of files is compared by what is in them, whatever the systems call the field", function()
  local one = row(function() return { "image", "media", file = true, redact = true } end)
  equal(one.file, true)
  equal(one.kind, "copy")
  equal(one.left_type, { kind = "file" })
  equal(one.right_type, { kind = "file", required = true })
  equal(one.redact, true)
end)

test("a text column holds a file where the row says so", function()
  equal(row(function() return { "image", "photo_url", file = true } end).right_type, { kind = "file" })
end)

test("a field that was renamed is told with its new name", function()
  local now = case.argument { describe = described }
  now.describe = { left = { key = { "name" }, fields = { field("name"), field("email", "text", { unique = true }), field("image", "text", { file = true, former = { "photo", "picture" } }) } }, right = described.right }
  case.refused(function() return { fields = { { "photo", "photo_url", file = true } } } end, "'photo' is no field of .*, which is now called 'image'", { describe = now.describe, connections = can(both, both).connections })
end)

test("a connector without the verb for it is named, with what it lacks", function()
  refused(function() return { "image", "photo_url", file = true } end, "the connector of app %(supabase%) cannot upload files", both, { download = true, upload = false })
  refused(function() return { "image", "photo_url", file = true } end, "the connector of erp %(frappe%) cannot download files", { download = false, upload = false }, both)
end)

test("a side that is never written needs no upload", function()
  equal(row(function() return { "scan", "scan_url", file = true, only = "to_right" } end, { download = true, upload = false }, both).file, true)
end)

test("a file is copied as it is", function()
  refused(function() return { "image", "photo_url", require("tidewire.transform").trim, file = true } end, "takes no transform")
  refused(function() return { "image", "photo_url", file = true, default = "x" } end, "takes no default")
  refused(function() return { "image", "photo_url", file = true, type = "text" } end, "takes no type")
  refused(function() return { "image", "photo_url", file = "yes" } end, "file")
end)

-- A list of rows on the left; on the right the column `papers`, or the table that the rows name.
local function with_rows(more)
  local argument = can(both, (more or {}).able or both)
  argument.describe = { left = { key = { "name" }, fields = { field("name"), field("email", "text", { unique = true }), field("papers", "rows", { type = { kind = "rows", fields = { field("scan", "text", { file = true }), field("title") } } }) } },
    right = { key = { "id" }, fields = { field("id", "uuid"), field("email", "text", { unique = true }), field("papers", "json", more and more.papers) } },
    further = { ["app.table papers"] = { key = { "id" }, fields = { field("id", "uuid"), field("employee"), field("title"), field("scan", "binary", { file = "content" }) } } } }
  return argument
end

test("files of rows are copied, of a list and of a table with a foreign key, whose connector is told which columns they are", function()
  local plan = case.load(function(e) return { fields = { e.rows { left = "papers", right = "papers", key = { "title" }, fields = { { "scan", "scan", file = true } } } } } end, with_rows())
  equal({ plan.fields[1].rows[2].file, plan.fields[1].rows[2].left_type }, { true, { kind = "file" } })
  plan = case.load(function(e)
    return { fields = { e.rows { left = "papers", right = e.app.table("papers", { parent = "employee" }), key = { "title" }, fields = { { "scan", "scan", file = true } } } } }
  end, with_rows())
  equal(plan.further[1].files, { "scan" })
  equal({ plan.left.files, plan.right.files }, {})
end)

test("a file tells no row from another, and a text that holds JSON names none", function()
  case.refused(function(e) return { fields = { e.rows { left = "papers", right = "papers", key = { { "scan", "scan", file = true } }, fields = {} } } } end, "tells no row from another", with_rows())
  case.refused(function(e) return { fields = { e.rows { left = "papers", right = "papers", key = { "title" }, fields = { { "scan", "scan", file = true } } } } } end, "JSON in a text",
    with_rows { papers = { type = { kind = "json", form = "text" } } })
end)

test("files of a part are copied, and those of its collection are the part's", function()
  local argument = can(both, both)
  argument.describe = { left = described.left, right = described.right, further = { ["erp.doctype Address"] = { key = { "name" }, fields = { field("name"), field("employee"), field("plan", "text", { file = true }) } } } }
  local plan = case.load(function(e)
    return { left = e.join { e.erp.doctype "Employee", address = e.part { e.erp.doctype "Address", owner = "employee" } }, fields = { { "address.plan", "photo_url", file = true } } }
  end, argument)
  equal(plan.fields[1].file, true)
  equal({ plan.further[1].files, plan.left.files, plan.right.files }, { { "plan" }, nil, { "photo_url" } })
end)

test("a connector whose files belong to their records copies those of fields that hold or name one", function()
  local own = { download = true, upload = true, shared = false }
  local function of(more)
    local argument = can(own, both)
    argument.describe = { left = { key = { "name" }, fields = { field("name"), field("email", "text", { unique = true }), field("photo", "text", more) } }, right = described.right }
    return argument
  end
  local function build() return { fields = { { "photo", "photo_url", file = true } } } end
  case.refused(build, "'photo' of erp.doctype \"Employee\" is text", of {})
  equal(case.load(build, of { file = "content", type = { kind = "binary", form = "base64" } }).left.files, { "photo" })
  case.refused(build, "does not reach", of { file = "elsewhere" })
  case.refused(build, "holds a list", of { file = true, type = { kind = "set" } })
  case.refused(build, "holds the bytes themselves", of { type = { kind = "binary" } })
end)

test("two files make no third", function()
  refused(function() return { "image", "photo_url", file = true, conflict = "merge" } end, "makes one value of two")
  equal(row(function() return { "image", "photo_url", file = true, conflict = "nonempty" } end).strategy, "nonempty")
end)

test("nothing is looked for by what is in a file", function()
  case.refused(function(e) return { fields = { { "image", "photo_url", file = true } }, match = { e.by.fields { { "image", "photo_url" } } } } end, "match cannot go by it", can(both, both))
  case.refused(function() return { fields = { { "image", "photo_url", file = true } }, scope = { left = { image = "x" } } } end, "scope cannot go by it", can(both, both))
end)

test("a row on a described file says that it is not copied, and how it would be where that can be", function()
  local _, result = case.load(function() return { fields = { { "image", "photo_url" } } } end, can(both, both))
  equal(case.warned(result, "the file itself is not copied. Say file = true to copy it"), true)
  _, result = case.load(function() return { fields = { { "image", "photo_url" } } } end, can(both, { download = false, upload = false }))
  equal(case.warned(result, "the file itself is not copied"), true)
  equal(case.warned(result, "Say file = true"), false)
  _, result = case.load(function() return { fields = { { "image", "photo_url", file = true } } } end, can(both, both))
  equal(case.warned(result, "is not copied"), false)
end)
