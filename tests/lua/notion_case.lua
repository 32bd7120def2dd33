-- What tests of the Notion connector share: a data source, its pages as Notion tells them, and connections to it.

local json = require "tidewire.json"
local fake_http = require "fake_http"
local host = require "tidewire.host.connector"

local null, array, object = json.null, json.array, json.object

local source_id, database_id = "da7a0000-0000-4000-8000-000000000002", "da7a0000-0000-4000-8000-000000000001"
local page_id, other_id = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
local minute = "2026-11-20T21:50:00.000Z"

local function property(id, kind, config) return { id = id, name = "?", type = kind, [kind] = config or object {} } end

local schema = { object = "data_source", id = source_id, properties = {
  Name = property("title", "title"), Notes = property("n%3Ct", "rich_text"), Weight = property("wght", "number"), Kind = property("kind", "select", { options = array { { name = "Big" } } }),
  Tags = property("tags", "multi_select", { options = array {} }), State = property("stat", "status", { options = array { { name = "Open" } } }), Due = property("due_", "date"), Final = property("fin_", "checkbox"),
  Mail = property("mail", "email"), Who = property("who_", "people"), Papers = property("file", "files"), Linked = property("link", "relation", { data_source_id = source_id }),
  Number = property("num_", "unique_id"), Double = property("form", "formula"), Total = property("roll", "rollup"), Made = property("made", "created_time"),
} }
local schema_path, query_path = "GET /v1/data_sources/" .. source_id, "POST /v1/data_sources/" .. source_id .. "/query"
local one_path = "GET /v1/pages/" .. page_id

local function of(...) return { name = source_id, word = "data_source", key = array { "id" }, fields = array { ... }, options = {} } end

local function connect(routes, options)
  table.insert(routes, 1, { (schema_path:gsub("%-", "%%-")), { body = schema } })
  for i = 2, #routes do routes[i][1] = routes[i][1]:gsub("%-", "%%-") end
  local http = fake_http.new(routes)
  local config = { token = "secret_x" }
  for name, value in pairs(options or {}) do config[name] = value end
  local side = host(function() return require "connectors.notion" end, { name = "vault", config = config, http = http })
  return side.functions, http, side
end

local function runs(text) return array { { type = "text", text = { content = text, link = null }, plain_text = text, href = null } } end

local function page(id, properties, more)
  local all = { Name = { id = "title", type = "title", title = runs "Item" } }
  for name, value in pairs(properties or {}) do
    if value.id == "x" and schema.properties[name] then value.id = schema.properties[name].id end
    all[name] = value
  end
  local one = { object = "page", id = id, created_time = minute, last_edited_time = minute, in_trash = false, properties = all,
    created_by = { object = "user", id = "u" }, last_edited_by = { object = "user", id = "u" }, parent = { type = "data_source_id", data_source_id = source_id }, url = "https://notion.so/x" }
  for name, value in pairs(more or {}) do one[name] = value end
  return one
end

local function results(rows, cursor, more)
  local body = { object = "list", results = array(rows), has_more = cursor ~= nil, next_cursor = cursor or null }
  for name, value in pairs(more or {}) do body[name] = value end
  return { body = body }
end

local function refused(status, code, message, headers)
  return { status = status, headers = headers or { ["x-notion-request-id"] = "r" }, body = { object = "error", status = status, code = code, message = message or "m", request_id = "r" } }
end

local function value(kind, content, more)
  local one = { id = "x", type = kind, [kind] = content }
  for name, extra in pairs(more or {}) do one[name] = extra end
  return one
end

local function read(name, given, collection)
  local call = connect { { one_path, { body = page(page_id, { [name:match "^[^.]+"] = given }) } } }
  local found, err = call.read(collection or of(name), array { page_id })
  if not found then return nil, err end
  return found[1].fields[name:match "^[^.]+"]
end

local function at(id, stamp, more)
  local changes = { last_edited_time = stamp, created_time = stamp }
  for name, one in pairs(more or {}) do changes[name] = one end
  return page(("%08d-0000-4000-8000-000000000000"):format(id), {}, changes)
end
local first, second = "2026-11-20T21:50:00.000Z", "2026-11-20T21:51:00.000Z"

return {
  source_id = source_id, database_id = database_id, page_id = page_id, other_id = other_id, minute = minute, schema = schema, schema_path = schema_path, query_path = query_path,
  one_path = one_path, of = of, connect = connect, runs = runs, page = page, results = results, refused = refused, value = value,
  read = read, at = at, first = first, second = second,
}
