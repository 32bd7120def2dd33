-- profile: io
-- The Notion connector against answers as Notion gives them.

local tap = require "tap"
local fake_http = require "fake_http"
local host = require "tidewire.host.connector"
local json = require "tidewire.json"
local case = require "notion_case"

local null, array = json.null, json.array
local source_id, database_id, page_id, other_id, minute, schema, schema_path, query_path, one_path = case.source_id, case.database_id, case.page_id, case.other_id, case.minute, case.schema, case.schema_path, case.query_path, case.one_path
local of, connect, runs, page, results, refused, value, at, first = case.of, case.connect, case.runs, case.page, case.results, case.refused, case.value, case.at, case.first

tap.test("every request says who asks, and for which version", function()
  local call, http = connect({ { "GET /v1/users/me", { body = { object = "user", id = "u", name = "Bot", bot = { workspace_id = "w" } } } } }, { version = "2026-03-11" })
  tap.equal(call.test().site, "w")
  tap.equal(http.requests[1].headers.Authorization, "Bearer secret_x")
  tap.equal(http.requests[1].headers["Notion-Version"], "2026-03-11")
  call = connect { { "GET /v1/users/me", { body = {} } } }
  tap.equal(tap.fails("unavailable", call.test()).hint, "does `url` name Notion's API?")
end)

tap.test("in the trash is gone, out of reach is not", function()
  local call = connect { { one_path, { body = page(page_id, {}, { in_trash = true }) } } }
  tap.equal(#call.read(of "Name", array { page_id }), 0)
  tap.equal(call.trash(of "Name", page_id).deleted_at, minute)
  tap.fails("not_found", call.delete(of "Name", page_id))
  call = connect { { one_path, refused(404, "object_not_found", "Could not find page") } }
  tap.fails("invalid", call.read(of "Name", array { page_id }))
  call = connect { { one_path, { body = page(page_id, {}, { parent = { type = "data_source_id", data_source_id = other_id } }) } } }
  tap.equal(tap.fails("invalid", call.read(of "Name", array { page_id })).message:find "moved" ~= nil, true)
end)

tap.test("each refusal has its code", function()
  local cases = {
    invalid = { refused(400, "validation_error"), refused(400, "missing_version") },
    denied = { refused(401, "unauthorized"), refused(403, "restricted_resource") },
    not_found = { refused(404, "object_not_found") },
    stale = { refused(409, "conflict_error") },
    throttled = { refused(429, "rate_limited", "m", { ["retry-after"] = "7" }), refused(529, "service_overload", "m", { ["retry-after"] = "7" }) },
    unknown = { refused(500, "internal_server_error"), refused(503, "service_unavailable"), refused(504, "gateway_timeout"), { status = 502, body = "<html>" }, { fails = "unknown" }, { body = "{" } },
    unavailable = { { status = 403, headers = { ["cf-ray"] = "1" }, body = "<html>" }, { fails = "unavailable" } },
  }
  for code, answers in pairs(cases) do
    for i, answer in ipairs(answers) do
      local call = connect { { "PATCH /v1/pages/" .. page_id, answer } }
      local err = tap.fails(code, call.update(of "Name", page_id, { Name = "x" }))
      if code == "throttled" then tap.equal(err.retry_after, 7, code .. " " .. i) end
    end
  end
end)

tap.test("what is unknown of a write is unavailable of a read, and a clash of saves stales no create", function()
  for _, answer in ipairs { refused(503, "service_unavailable"), refused(409, "conflict_error"), { status = 502, body = "<html>" }, { fails = "unknown" } } do
    local call = connect { { query_path, answer } }
    tap.fails("unavailable", call.list(of "Name", null, 5))
  end
  local call = connect { { "POST /v1/pages", refused(409, "conflict_error") } }
  tap.equal(call.create(of "Name", array { { values = { Name = "x" } } })[1].error.code, "unavailable")
end)

tap.test("a write to a page that was restored a moment ago is tried again, to one in the trash is not", function()
  local archived = refused(400, "validation_error", "Can't edit block that is archived. You must unarchive the block before editing.")
  local call = connect { { "PATCH /v1/pages/" .. page_id, archived }, { one_path, { body = page(page_id) } } }
  tap.fails("unavailable", call.update(of "Name", page_id, { Name = "x" }))
  call = connect { { "PATCH /v1/pages/" .. page_id, archived }, { one_path, { body = page(page_id, {}, { in_trash = true }) } } }
  tap.fails("not_found", call.update(of "Name", page_id, { Name = "x" }))
end)

tap.test("a property that was renamed is an error that says so", function()
  local renamed = json.decode(json.encode(schema))
  renamed.properties.Mass, renamed.properties.Weight = renamed.properties.Weight, nil
  local http = fake_http.new { { (schema_path:gsub("%-", "%%-")), { body = schema }, { body = renamed } }, { (one_path:gsub("%-", "%%-")), { body = page(page_id) } } }
  local side = host(function() return require "connectors.notion" end, { name = "vault", config = { token = "x" }, http = http })
  local err = tap.fails("invalid", side.functions.read(of "Weight", array { page_id }))
  tap.equal(err.message:find "'Mass'" ~= nil, true)
end)

-- A connection whose data source is each of `schemas` in turn, with the page as it is given.
local function changing(schemas, properties)
  local answers, shown = {}, { body = page(page_id, properties) }
  for i, one in ipairs(schemas) do answers[i] = { body = one } end
  local http = fake_http.new { { (schema_path:gsub("%-", "%%-")), unpack(answers) }, { (one_path:gsub("%-", "%%-")), function() return shown end }, { (query_path:gsub("%-", "%%-")), function() return results { shown.body } end },
    { "PATCH .*", function() return shown end } }
  local call = host(function() return require "connectors.notion" end, { name = "vault", config = { token = "x" }, http = http }).functions
  return call, http, function(given) shown = { body = page(page_id, given) } end
end

tap.test("a property that gave its name to another one is neither read nor written, and the mapping stands still", function()
  local other = json.decode(json.encode(schema))
  other.properties["Old weight"], other.properties.Weight = other.properties.Weight, { id = "new_", name = "?", type = "number", number = {} }
  local call, http, show = changing({ schema, other }, { Weight = value("number", 5) })
  tap.equal(call.read(of "Weight", array { page_id })[1].fields.Weight, 5)
  show { Weight = value("number", null, { id = "new_" }), ["Old weight"] = value("number", 5, { id = "wght" }) }
  tap.fails("invalid", call.read(of "Weight", array { page_id }))
  tap.fails("invalid", call.list(of "Weight", null, 5))
  local described = call.describe(of "Weight")
  for _, field in ipairs(described.fields) do tap.ok(field.name ~= "Weight", "a mapping may name it still") end
  tap.equal(described.warnings, { "the property 'Weight' is now called 'Old weight', and another one is called 'Weight'" })
  tap.equal(described.refused, { Weight = described.warnings[1] .. ": nothing of it is read or written; if the new one is meant: tidewire check --accept vault" })
  for _ = 1, 2 do
    tap.fails("invalid", call.read(of "Weight", array { page_id }))
    tap.fails("invalid", call.update(of "Weight", page_id, { Weight = 6 }))
    tap.fails("invalid", call.create(of "Weight", array { { values = { Weight = 6 } } }))
  end
  tap.equal(#http.asked "PATCH .*" + #http.asked "POST /v1/pages", 0)
  tap.equal(call.read(of "Old weight", array { page_id })[1].fields["Old weight"], 5)
  -- Another process begins, and a person takes the new one.
  call = changing({ other }, { Weight = value("number", null, { id = "new_" }), ["Old weight"] = value("number", 5, { id = "wght" }) })
  tap.equal(call.describe(of "Weight").refused.Weight, described.refused.Weight)
  tap.fails("invalid", call.read(of "Weight", array { page_id }))
  tap.ok(call.accept())
  tap.equal(call.read(of "Weight", array { page_id })[1].fields.Weight, null)
  tap.ok(call.accept())
  other.properties["Old weight"] = nil
  call, http, show = changing({ schema, other }, { Weight = value("number", 5) })
  call.read(of "Weight", array { page_id })
  show { Weight = value("number", null, { id = "new_" }) }
  tap.fails("invalid", call.read(of "Weight", array { page_id }))
  tap.ok(call.describe(of "Weight").warnings[1]:find("was removed, and another one", 1, true))
  tap.equal(#http.asked "PATCH .*", 0)
  tap.ok(call.accept())
end)

tap.test("a property of another type is read again when the mapping knows it", function()
  local other = json.decode(json.encode(schema))
  other.properties.Weight = { id = "wght", name = "?", type = "rich_text", rich_text = {} }
  local call, _, show = changing({ schema, other }, { Weight = value("number", 5) })
  call.read(of "Weight", array { page_id })
  show { Weight = value("rich_text", array {}) }
  for _ = 1, 2 do
    tap.ok(tap.fails("invalid", call.read(of "Weight", array { page_id })).message:find("'Weight' is of the type rich_text now, and was number", 1, true))
    tap.fails("invalid", call.list(of "Weight", null, 5))
  end
  for _, field in ipairs(call.describe(of "Weight").fields) do
    if field.name == "Weight" then tap.equal(field.type.kind, "text") end
  end
  tap.equal(call.read(of "Weight", array { page_id })[1].fields.Weight, null)
end)

tap.test("a page that is shown without its content is a right that lacks, of a read as of a list", function()
  local bare = { object = "page", id = page_id }
  local call = connect { { one_path, { body = bare } }, { query_path, results { bare } } }
  tap.ok(tap.fails("denied", call.read(of "Name", array { page_id })).hint:find("read content", 1, true))
  tap.fails("denied", call.list(of "Name", null, 5))
end)

tap.test("a number that Notion gave is searched for as a number", function()
  local call, http = connect { { query_path, results { page(page_id, { Number = value("unique_id", { prefix = "DEC", number = 12 }) }), page(other_id, { Number = value("unique_id", { prefix = "OLD", number = 12 }) }) } } }
  local found = call.find(of "Number", array { array { { field = "Number", value = "DEC-12" } } })
  tap.equal({ #found[1], found[1][1].key }, { 1, page_id })
  tap.equal(http.asked "POST .*"[1].json.filter["or"][1]["and"][1], { property = "num_", unique_id = { equals = 12 } })
end)

tap.test("a property, of files too, is described with the names that it had before", function()
  local before = { properties = { Name = { id = "title", type = "title", title = {} }, Scan = { id = "sc", type = "files", files = {} }, Old = { id = "o", type = "number", number = {} } } }
  local after = { properties = { Name = before.properties.Name, Document = before.properties.Scan, Scan = nil } }
  local function described(answer)
    local http = fake_http.new { { (schema_path:gsub("%-", "%%-")), { body = answer } } }
    local side = host(function() return require "connectors.notion" end, { name = "vault", config = { token = "x" }, http = http })
    local by_name = {}
    for _, field in ipairs(side.functions.describe(of "Name").fields) do by_name[field.name] = field end
    return by_name
  end
  tap.equal(described(before).Scan.former, nil)
  tap.equal(described(after).Document.former, { "Scan" })
  tap.equal(described(after).Name.former, nil)
end)

tap.test("people are ids of users whom no collection holds, and are drafted as no pair; tags are names", function()
  local http = fake_http.new { { (schema_path:gsub("%-", "%%-")), { body = { properties = { Name = { id = "title", type = "title", title = {} }, Owner = { id = "o", type = "people", people = {} },
    Tags = { id = "t", type = "multi_select", multi_select = { options = array {} } } } } } } }
  local side, by_name = host(function() return require "connectors.notion" end, { name = "vault", config = { token = "x" }, http = http }), {}
  for _, field in ipairs(side.functions.describe(of "Name").fields) do by_name[field.name] = field end
  tap.equal({ by_name.Owner.drafted, by_name.Owner.read_only, by_name.Tags.drafted }, { false, false })
end)

tap.test("a search asks for at least the rows it means and looks at each", function()
  local function named(id, name) return page(id, { Name = value("title", runs(name)), Weight = value("number", 5), Total = value("rollup", { type = "number", number = 1 }) }) end
  local call, http = connect { { query_path, results { named(page_id, "Ada"), named(other_id, "ADA") } } }
  local exact = call.find(of "Name", array { array { { field = "Name", value = "Ada" } }, array { { field = "Name", value = "nobody" } } })
  tap.equal({ #exact[1], #exact[2] }, { 1, 0 })
  tap.equal(#http.asked(query_path:gsub("%-", "%%-"))[1].json.filter["or"], 2)
  tap.equal(#call.find(of "Name", array { array { { field = "Name", value = "ada", fold = true } } })[1], 2)
  local pair = call.find(of("Name", "Weight"), array { array { { field = "Name", value = "ada", fold = true }, { field = "Weight", value = 1 } } })
  tap.equal(#pair[1], 0)
  local filter = http.asked(query_path:gsub("%-", "%%-"))[3].json.filter["or"]
  tap.equal({ #filter, #filter[1]["and"] }, { 3, 2 })
  tap.fails("invalid", call.find(of "Total", array { array { { field = "Total", value = 1 } } }))
end)

tap.test("an option that there is not is found nowhere, and not asked for", function()
  local more = json.decode(json.encode(schema))
  more.properties.Kind.select.options = array { { name = "Big" }, { name = "New" } }
  local found = page(page_id, { Kind = value("select", { name = "New" }) })
  local http = fake_http.new { { (schema_path:gsub("%-", "%%-")), { body = schema }, { body = more } }, { (query_path:gsub("%-", "%%-")), results { found } } }
  local call = host(function() return require "connectors.notion" end, { name = "vault", config = { token = "x" }, http = http }).functions
  local function kind(name) return array { { field = "Kind", value = name } } end
  local answers = call.find(of "Kind", array { kind "New", kind "Never" })
  tap.equal({ #answers[1], #answers[2] }, { 1, 0 })
  tap.equal(#http.asked "POST .*"[1].json.filter["or"], 1)
  tap.equal(#call.find(of "Kind", array { kind "Never" })[1], 0)
  tap.equal(#http.asked "POST .*", 1)
end)

tap.test("a page is found by its id, without a search", function()
  local call, http = connect { { one_path, { body = page(page_id) } }, { "GET /v1/pages/" .. other_id, refused(404, "object_not_found") } }
  local function by_id(id) return array { { field = "id", value = id } } end
  local found = call.find(of "Name", array { by_id(page_id), by_id "no id", by_id(other_id), by_id(page_id:gsub("-", ""):upper()) })
  tap.equal({ #found[1], #found[2], #found[3], found[4][1].key }, { 1, 0, 0, page_id })
  tap.equal(#http.asked "POST .*", 0)
end)

tap.test("a webhook is proved by the token of its subscription and names what changed", function()
  local side = select(3, connect({}, { verification_token = "secret_t" }))
  tap.equal({ side.proof.kind, side.proof.prefix, side.proof.header, side.proof.secret }, { "hmac-sha256", "sha256=", "X-Notion-Signature", "verification_token" })
  local unknown = select(3, connect {}).proof
  tap.equal({ unknown.kind, unknown.handshake.member }, { "none", "verification_token" })
  tap.equal(side.payload.collection[1], "data.parent.data_source_id")
end)

tap.test("install tells what to click until the token is known", function()
  local call = connect {}
  local found = call.install(of "Name", { address = "https://sync.example.org/webhook/vault" })
  tap.equal({ #found.steps, found.applied, found.steps[1].todo:find("https://sync.example.org/webhook/vault", 1, true) ~= nil }, { 2, false, true })
  tap.fails("invalid", call.install(of "Name", { apply = true }))
  tap.equal(#connect({}, { verification_token = "t" }).install(of "Name", { apply = true }).steps, 0)
  tap.equal(#call.uninstall(of "Name", {}).steps, 1)
end)

tap.test("the older version speaks of databases", function()
  local old_page = page(page_id, {}, { parent = { type = "database_id", database_id = database_id }, in_trash = nil, archived = false })
  local call, http = connect({ { "GET /v1/databases/" .. database_id, { body = schema } }, { one_path, { body = old_page } }, { "PATCH .*", { body = old_page } },
    { "POST /v1/databases/" .. database_id .. "/query", results { old_page } }, { "POST /v1/pages", { body = old_page } } }, { version = "2022-06-28" })
  local rows = { name = database_id, word = "database", key = array { "id" }, fields = array { "Name" }, options = {} }
  tap.equal(#call.list(rows, null, 5).records, 1)
  tap.equal(#call.read(rows, array { page_id }), 1)
  tap.ok(call.create(rows, array { { values = { Name = "x" } } })[1].record)
  tap.equal(http.asked "POST /v1/pages"[1].json.parent, { database_id = database_id })
  tap.equal(call.delete(rows, page_id), true)
  tap.equal(http.asked "PATCH .*"[1].json, { archived = true })
  tap.fails("invalid", call.list(of "Name", null, 5))
end)

tap.test("a database of several data sources asks which", function()
  local call = connect { { "GET /v1/databases/" .. database_id, { body = { id = database_id, data_sources = array { { id = source_id, name = "A" }, { id = other_id, name = "B" } } } } } }
  local err = tap.fails("invalid", call.describe { name = database_id, word = "database", key = array { "id" }, fields = array {}, options = {} })
  tap.equal(err.hint:find(other_id, 1, true) ~= nil, true)
end)

tap.test("describe tells types, options, references and what cannot be written", function()
  local found = connect({}).describe(of "Name")
  local by_name = {}
  for _, field in ipairs(found.fields) do by_name[field.name] = field end
  tap.equal(found.key, array { "id" })
  tap.equal(by_name.Name.type.empty, "null")
  tap.equal(by_name.Kind.type.options, array { "Big" })
  tap.equal({ by_name.Linked.type.kind, by_name.Linked.references }, { "set", source_id })
  tap.equal({ by_name.Due.type.kind, by_name["Due.end"].type.kind }, { "date", "date" })
  tap.equal({ by_name.Total.read_only, by_name.Number.read_only, by_name.Weight.read_only, by_name.id.read_only }, { true, true, false, true })
  tap.equal(#found.warnings, 0)
  local wrong = of "Name"
  wrong.options = { times = array { "Weight" } }
  tap.fails("invalid", connect({}).describe(wrong))
end)

tap.test("an answer that says it is complete is whole, of a search as of a list", function()
  local complete = { request_status = { type = "complete" } }
  local call = connect { { query_path, results({ at(1, first) }, nil, complete), results({}, nil, complete) } }
  tap.equal(#assert(call.find(of "Name", array { array { { field = "Name", value = "nobody" } } }))[1], 0)
end)
