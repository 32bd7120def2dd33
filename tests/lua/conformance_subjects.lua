--- The systems that tests/lua/connector_conformance.lua is run on, by kind.
---
--- `subjects.supabase { url, key }` needs the table of tests/support/conformance.sql (of a practice
--- server: conformance.json); `subjects.frappe { url, api_key,
--- api_secret }` a site whose user may add a DocType; `subjects.odoo { url, api_key, api_secret }`, whose secret is the API
--- to use, a server with the model of tests/support/conformance_odoo.json;
--- `subjects.notion { url, key, version }` the workspace of tests/support/notion.json.

local json = require "tidewire.json"
local dec = require("tidewire.decimal").dec
local hash = require "tidewire.hash"

local array, object, null = json.array, json.object, json.null

local M = {}

-- What one run makes is told from that of another.
local function tag() return hash.id():sub(-8) end

-- The same options, where nobody listens.
local function elsewhere(config)
  local other = {}
  for name, value in pairs(config) do other[name] = value end
  if other.url then other.url = other.url:gsub("127%.0%.0%.1:%d+", "127.0.0.1:9") else other.port = 9 end
  return other
end

-- The table of tests/support/conformance.sql, as every way to PostgreSQL shows it.
local function conformance_table(kind, config, broken)
  local run = tag()
  return {
    kind = kind, config = config, broken = broken, nowhere = elsewhere(config), long = { "name" }, wide = { "number", dec "9007199254740993" },
    collection = { name = "conformance", word = "table", key = array { "id" }, options = object {}, fields = array { "code", "name",
      "number", "price", "big", "ratio", "active", "born", "wake", "seen", "mood", "tags", "meta", "order", "odd name" } },
    make = function(n) return { code = run .. "-" .. n, name = "Item " .. n, number = n } end,
    label = "name", group = { field = "odd name", value = function(n) return "group, " .. run .. "-" .. n end },
    refused = { number = "many" }, absent = "00000000-0000-4000-8000-000000000000",
    forbidden = { { message = "42501: permission denied for table conformance",
      body = object { code = "42501", details = null, hint = null, message = "permission denied for table conformance" } } },
    faithful = {
      { "price", dec "12.50" }, { "price", dec "-0.01" }, { "big", dec "9223372036854775807" }, { "big", dec "-9007199254740993" },
      { "ratio", dec "0.1" }, { "active", false }, { "born", "2024-02-29" }, { "wake", "09:05:01.5" },
      { "seen", "2024-05-01T10:11:12.000013Z", "2024-05-01T10:11:12.000013+00:00" }, { "mood", "bad" },
      { "tags", array { "a,b", 'c"d' } }, { "order", "asc" },
    },
  }
end

function M.supabase(options)
  return conformance_table("supabase", { url = options.url, key = options.key }, { url = options.url, key = "sb_secret_nobody" })
end

--- `url` with a password; `key` = "outbox" where the triggers are to be installed first, "logical" where the log is read.
function M.postgres(options)
  local config = { url = options.url, pooled = options.api_key == "pooled" or nil }
  local broken = { url = options.url:gsub(":[^:@]*@", ":nobody@"), pooled = config.pooled }
  local subject = conformance_table("postgres", config, broken)
  subject.open = require("connectors.postgres.db").open
  subject.files = { { name = "photo", gone = true } }
  subject.faithful[9] = { "seen", "2024-05-01T10:11:12.000013Z" }
  if options.api_key == "logical" then config.changes = "logical" end
  if options.api_key == "outbox" or options.api_key == "logical" then subject.install = {} end
  return subject
end

function M.neon(options)
  local subject = M.postgres(options)
  subject.kind = "neon"
  return subject
end

--- The table of tests/support/conformance_mysql.sql. `url` is "PORT"; `key` as for postgres.
function M.mysql(options)
  local run = tag()
  local function config(password)
    return { port = tonumber(options.url), user = "practice", password = password, database = "practice" }
  end
  return {
    kind = "mysql", config = config "practice", broken = config "nobody", nowhere = elsewhere(config "practice"), long = { "life" },
    wide = { "number", dec "9007199254740993" }, open = require("connectors.mysql.db").open,
    install = options.api_key == "outbox" and {} or nil, lag = options.api_key == "outbox" and 1.2 or nil,
    collection = { name = "conformance", word = "table", key = array { "id" }, options = object {}, fields = array { "code", "name",
      "number", "price", "big", "ratio", "active", "born", "wake", "seen", "mood", "raw", "order", "odd name", "extra" } },
    make = function(n) return { code = run .. "-" .. n, name = "Item " .. n, number = n } end,
    files = { { name = "photo", gone = true } }, label = "name", group = { field = "odd name", value = function(n) return "group, " .. run .. "-" .. n end },
    refused = { number = "many" }, absent = "987654321", forbidden = { { message = "1142: SELECT command denied to user 'practice'@'%' for table `practice`.`conformance`" } },
    faithful = {
      { "extra", { colour = "green", sizes = array { 1, dec "2.50" }, none = array {} } }, { "extra", "[1]" }, { "extra", array { null, true } },
      { "price", dec "12.50" }, { "price", dec "-0.01" }, { "big", dec "9223372036854775807" }, { "big", dec "-9007199254740993" },
      { "ratio", dec "0.1" }, { "active", 0 }, { "born", "2024-02-29" }, { "wake", "09:05:01.500000" },
      { "seen", "2024-05-01 10:11:12.000013" }, { "mood", "bad" }, { "order", "asc" }, { "raw", "\\x00ff5c" },
    },
  }
end

local function rest(config, secret)
  local auth = {}
  for name, value in pairs(config.auth) do auth[name] = value end
  auth[auth.header and "secret" or "bearer"] = secret
  local result = {}
  for name, value in pairs(config) do result[name] = value end
  result.auth = auth
  return result
end

local forbidden = { { body = object { message = "not for you" } } }

--- A Frappe site or a PostgREST as a system that nobody has written a connector for. `api_secret` says which.
function M.http(options)
  if options.api_secret then
    local subject = M.frappe(options)
    local path = "/api/resource/TW%20Conformance"
    local config = { url = options.url, auth = { header = "Authorization", prefix = "token " }, collections = { [M.doctype.name] = { path = path, key = "name",
      list = "data", one = "data", update = "PUT", query = { { "fields", '["*"]' }, { "order_by", "name asc" } },
      page = { by = "offset", param = "limit_start", limit = "limit_page_length" }, filter = { "filters", '[["{field}","=",{json}]]' },
      version = "modified", fields = { code = "text", number = "int", price = "decimal" } } } }
    subject.install, subject.kind = nil, "http"
    subject.config, subject.broken = rest(config, options.api_key .. ":" .. options.api_secret), rest(config, options.api_key .. ":nobody")
    subject.nowhere, subject.open_ended, subject.uncounted = elsewhere(subject.config), true, true
    subject.collection.word, subject.collection.fields = "collection", array { "code", "label", "team", "number", "price" }
    subject.faithful = { { "price", dec "12.5" }, { "number", 2147483647 } }
    subject.forbidden = forbidden
    return subject
  end
  local subject = M.supabase(options)
  local config = { url = options.url .. "/rest/v1", auth = {}, headers = { apikey = options.key, Prefer = "return=representation, count=exact" },
    collections = { conformance = { path = "/conformance", count = { header = "Content-Range" }, item = "/conformance?id=eq.{key}", query = { { "order", "id" } }, since = { "updated_at", "gte.{time}" },
      modified = "updated_at", page = { by = "offset", param = "offset", limit = "limit" }, filter = { "{field}", "eq.{value}" } } } }
  subject.kind, subject.config, subject.broken = "http", rest(config, options.key), rest(config, "sb_secret_nobody")
  subject.broken.headers = { apikey = "sb_secret_nobody" }
  subject.nowhere, subject.open_ended, subject.forbidden = elsewhere(subject.config), true, forbidden
  subject.collection.word, subject.collection.fields = "collection", array { "code", "name", "number", "price", "big", "active", "born", "tags", "odd name" }
  subject.faithful = { { "price", dec "12.50" }, { "big", dec "9223372036854775807" }, { "active", false }, { "born", "2024-02-29" }, { "tags", array { "a,b", 'c"d' } } }
  return subject
end

local function field(name, kind, more)
  local definition = { fieldname = name, label = name, fieldtype = kind }
  for key, value in pairs(more or {}) do definition[key] = value end
  return definition
end

--- The DocType that the tests use, as POST /api/resource/DocType takes it.
M.doctype = {
  name = "TW Conformance", module = "Core", custom = 1, autoname = "hash", track_changes = 0,
  fields = array {
    field("code", "Data", { unique = 1 }), field("label", "Data"), field("team", "Data"), field("number", "Int"),
    field("price", "Currency"), field("ratio", "Float"), field("active", "Check"), field("born", "Date"), field("wake", "Time"),
    field("seen_time", "Datetime"), field("mood", "Select", { options = "\nok\nbad" }), field("bio", "Small Text"),
    field("life", "Long Text"), field("extra", "JSON"),
  },
  permissions = array { { role = "System Manager", read = 1, write = 1, create = 1, delete = 1 } },
}

local function add_doctype(options)
  local http = require "tidewire.http"
  local base, headers = options.url .. "/api/resource/DocType", { Accept = "application/json", ["Content-Type"] = "application/json",
    Authorization = "token " .. options.api_key .. ":" .. options.api_secret }
  local found = assert(http.request { method = "GET", url = base .. "/TW%20Conformance", headers = headers })
  if found.status == 200 then return end
  local made = assert(http.request { method = "POST", url = base, headers = headers, body = json.encode { data = M.doctype } })
  assert(made.status == 200, made.body)
end

function M.frappe(options)
  local run = tag()
  add_doctype(options)
  return {
    kind = "frappe", config = { url = options.url, api_key = options.api_key, api_secret = options.api_secret, webhook_secret = "w" },
    install = { address = "https://sync.example.org/webhook/erp" }, long = { "life" }, wide = { "number", dec "9007199254740993" },
    nowhere = elsewhere { url = options.url, api_key = options.api_key, api_secret = options.api_secret, webhook_secret = "w" },
    broken = { url = options.url, api_key = options.api_key, api_secret = "nobody" },
    collection = { name = M.doctype.name, word = "doctype", key = array { "name" }, options = object {}, fields = array { "code", "label",
      "team", "number", "price", "ratio", "active", "born", "wake", "seen_time", "mood", "bio", "life", "extra" } },
    make = function(n) return { code = run .. "-" .. n, label = "Item " .. n, number = n } end,
    label = "label", group = { field = "team", value = function(n) return "group, " .. run .. "-" .. n end },
    refused = { mood = "neither" }, absent = "no-such-name",
    forbidden = { { body = object { exc_type = "PermissionError", exception = "frappe.exceptions.PermissionError",
      _server_messages = json.encode(array { json.encode(object { message = "User sync@example.org does not have doctype access via role permission for document <b>TW Conformance</b>" }) }) } } },
    faithful = {
      { "price", dec "12.5" }, { "price", dec "1234.567891234" }, { "ratio", dec "-0.000000001" }, { "active", 1 }, { "active", 0 },
      { "born", "2024-02-29" }, { "wake", "09:05:01.5" }, { "wake", "23:59:59" }, { "mood", "bad" }, { "number", 2147483647 },
      { "seen_time", "2024-05-01 10:11:12.000013" }, { "seen_time", "2024-05-01 10:11:12" }, { "bio", ("é\n"):rep(2000) },
      { "extra", { colour = "green", sizes = array { 1, dec "2.50" }, none = array {} } }, { "extra", "[1]", array { 1 } },
    },
  }
end

-- What Odoo says to who has no right on a model.
local no_access = object { name = "odoo.exceptions.AccessError", arguments = array {}, context = object {}, debug = "Traceback (most recent call last):",
  message = "You are not allowed to access 'Conformance' (x_conformance) records.\n\nNo group currently allows this operation.\n\nContact your administrator to request access if necessary." }

function M.odoo(options)
  local run = tag()
  local config = { url = options.url, api_key = options.api_key, database = "practice", login = "practice", api = options.api_secret }
  local broken = {}
  for name, value in pairs(config) do broken[name] = value end
  broken.api_key = "nobody"
  return {
    kind = "odoo", config = config, broken = broken, nowhere = elsewhere(config), long = { "x_bio" }, wide = { "x_number", dec "9007199254740993" },
    collection = { name = "x_conformance", word = "model", key = array { "id" }, options = object {}, fields = array { "x_code", "x_name",
      "x_team", "x_number", "x_price", "x_ratio", "x_on", "x_born", "x_seen", "x_mood", "x_bio", "x_owner", "x_countries" } },
    make = function(n) return { x_code = run .. "-" .. n, x_name = "Item " .. n, x_number = n } end,
    files = { { name = "x_photo", gone = true }, { name = "x_stamp", gone = true }, { name = "x_paper" } }, label = "x_name", group = { field = "x_team", value = function(n) return "group, " .. run .. "-" .. n end },
    refused = { x_mood = "neither" }, absent = "2147483000",
    forbidden = { options.api_secret == "jsonrpc" and { status = 200, body = object { jsonrpc = "2.0", id = 1, error = object { code = 0, message = "Odoo Server Error", data = no_access } } }
      or { status = 403, body = no_access } },
    faithful = {
      { "x_price", dec "12.5" }, { "x_price", dec "0.125", dec "0.13" }, { "x_ratio", dec "0.1" }, { "x_ratio", dec "-0.000000001" },
      { "x_on", 1, true }, { "x_on", 0, false }, { "x_on", null, false }, { "x_number", 2147483647 }, { "x_number", null, 0 },
      { "x_born", "2024-02-29" }, { "x_born", null }, { "x_seen", "2024-05-01 10:11:12" },
      { "x_seen", "2024-05-01T10:11:12.500000Z", "2024-05-01 10:11:12" }, { "x_mood", "bad" }, { "x_bio", ("é\n"):rep(2000) },
      { "x_owner", "2", 2 }, { "x_owner", null }, { "x_countries", array { "2", 1 }, array { 1, 2 } }, { "x_countries", null, array {} },
    },
  }
end

-- A post, or with `plugin` a post with the meta that the plugin registers.
local function wordpress_post(kind, config, broken, plugin)
  local run = tag()
  local fields = array { "title", "content", "excerpt", "status", "slug", "date", "date_gmt", "author", "categories", "comment_status", "sticky", "modified_gmt", "id" }
  local subject = {
    kind = kind, config = config, broken = broken, nowhere = elsewhere(config), page = 60, long = { "content" }, wide = { "author", dec "9007199254740993" },
    collection = { name = "post", word = "post_type", key = array { "id" }, options = object {}, fields = fields },
    make = function(n) return { title = "Item " .. n, content = "<p>" .. run .. "-" .. n .. "</p>", status = "publish" } end,
    label = "title", group = { field = "excerpt", value = function(n) return "group, " .. run .. "-" .. n end },
    refused = { status = "nonsense" }, absent = "987654321",
    forbidden = { { body = object { code = "rest_forbidden_context", message = "Sorry, you are not allowed to edit posts in this post type.", data = object { status = 403 } } },
      { body = object { code = "rest_forbidden", message = "Sorry, you are not allowed to do that.", data = object { status = 403 } } } },
    faithful = {
      { "status", "draft" }, { "status", "private" }, { "date_gmt", "2024-05-01T10:11:12" }, { "date_gmt", "2024-05-01 10:11:12.000000", "2024-05-01T10:11:12" },
      { "author", "1" }, { "categories", array { "1" }, array { 1 } }, { "comment_status", "closed" }, { "sticky", true }, { "slug", "conformance-" .. run },
      { "content", " a \\\\ b\r\n\r\n<b>x</b> & &amp; 'q' ✓🙂  " }, { "content", ("é\n"):rep(20000) }, { "title", "a \\ b <i>c</i> & d" },
    },
  }
  if not plugin then return subject end
  subject.install = { address = "http://127.0.0.1:9/webhook/subject" }
  subject.collection.options = { meta = { price = "number", count = "integer", flags = "array", on = "boolean" } }
  for _, name in ipairs { "price", "count", "flags", "on", "code" } do fields[#fields + 1] = "meta." .. name end
  local function meta(changes)
    local all = object { price = 0, count = 0, flags = array {}, on = false, code = "" }
    for name, value in pairs(changes) do all[name] = value end
    return { "meta", object(changes), all }
  end
  for _, changes in ipairs { { price = dec "12.5" }, { price = dec "-0.01" }, { count = 2147483647 }, { flags = array { "a,b", "c" } }, { on = true }, { code = "✓ \\ 'x'" } } do
    subject.faithful[#subject.faithful + 1] = meta(changes)
  end
  local cleared = meta {}
  cleared[2] = object { on = null }
  subject.faithful[#subject.faithful + 1] = cleared
  return subject
end

-- Posts of a group, by PHP inside the site: one by one over its API they would take minutes.
local function posts_of(url)
  return function(group, count)
    local http = require "tidewire.http"
    local made = assert(http.request { method = "POST", url = url .. "/?practice", timeout = 300, body = ([[global $wpdb; $ids = [];
      for ($i = 0; $i < %d; $i++) {
        $wpdb->insert($wpdb->posts, ['post_title' => "Many $i", 'post_content' => "many $i", 'post_excerpt' => '%s', 'post_status' => 'publish', 'post_name' => "many-$i", 'post_author' => 1,
          'post_date' => '2024-05-01 10:11:12', 'post_date_gmt' => '2024-05-01 10:11:12', 'post_modified' => '2024-05-01 10:11:12', 'post_modified_gmt' => '2024-05-01 10:11:12',
          'to_ping' => '', 'pinged' => '', 'post_content_filtered' => '']);
        $ids[] = $wpdb->insert_id;
      }
      return $ids;]]):format(count, group) })
    return json.decode(made.body).result
  end
end

--- The same posts in the tables; `api_secret` the port of their database. The API makes and deletes them.
function M.wordpress_tables(options)
  local function config(password, port)
    return { tables = { host = "127.0.0.1", port = tonumber(port or options.api_secret), database = "practice", user = "practice", password = password }, settle = 1 }
  end
  local others = M.wordpress(options)
  local subject = wordpress_post("wordpress", config "practice", config "nobody")
  subject.others, subject.nowhere, subject.open = others, config("practice", 9), require("connectors.mysql.db").open
  subject.collection.fields = array { "title", "content", "excerpt", "status", "slug", "date_gmt", "author", "menu_order", "comment_status", "modified_gmt", "id" }
  subject.forbidden = { { message = "1142: SELECT command denied to user 'practice'@'%' for table `practice`.`wp_posts`" } }
  subject.make, subject.fill = others.make, others.fill
  local told = {}
  for _, one in ipairs(subject.faithful) do
    local there = one[1] ~= "categories" and one[1] ~= "sticky"
    told[#told + 1] = there and { one[1], one[2], one[1] == "date_gmt" and "2024-05-01 10:11:12" or one[3] } or nil
  end
  subject.faithful = array(told)
  return subject
end

--- `key` an application password of the user admin; `api_secret` = "plugin" where tidewire.php is among its plugins.
function M.wordpress(options)
  local function config(password) return { url = options.url, user = "admin", password = password, webhook_secret = "practice" } end
  local subject = wordpress_post("wordpress", config(options.key), config "nobody", options.api_secret == "plugin")
  subject.fill = posts_of(options.url)
  return subject
end

--- The data source of tests/support/notion.json, its database, and a user of the workspace.
M.notion_source, M.notion_database = "da7a0000-0000-4000-8000-000000000002", "da7a0000-0000-4000-8000-000000000001"
local notion_user = "b0700000-0000-4000-8000-000000000002"

-- A page that is gone: in Notion that is one in the trash, because nothing proves a deletion of one that cannot be reached.
local function trashed_page(options)
  local http = require "tidewire.http"
  local headers = { Authorization = "Bearer " .. options.key, ["Notion-Version"] = options.version, ["Content-Type"] = "application/json" }
  local parent = options.version < "2025-09-03" and { database_id = M.notion_database } or { data_source_id = M.notion_source }
  local made = assert(http.request { method = "POST", url = options.url .. "/v1/pages", headers = headers,
    body = json.encode { parent = parent, properties = object {} } })
  local id = json.decode(made.body).id
  assert(http.request { method = "DELETE", url = options.url .. "/v1/blocks/" .. id, headers = headers })
  return id
end

-- Pages of a group, made by the practice server itself. Its questions end at a thousand rows then, as those of Notion at ten
-- thousand; more of one minute nobody can read, so they are made in two halves minutes apart.
local function pages_of(options, source)
  local function tell(what, body)
    local http = require "tidewire.http"
    local answer = assert(http.request { method = "POST", url = options.url .. "/practice/" .. what, timeout = 300, body = json.encode(body), headers = { ["Content-Type"] = "application/json" } })
    assert(answer.status == 200, answer.body)
    return json.decode(answer.body)
  end
  return function(group, count)
    local ids = array {}
    local properties = { Notes = { rich_text = array { { text = { content = group } } } } }
    tell("settings", { max_rows = 1000 })
    for half = 0, 1 do
      tell("clock", { skew = half * 300 })
      for _, id in ipairs(tell("edit", { create = source, properties = properties, count = math.floor(count / 2) }).pages) do ids[#ids + 1] = id end
    end
    return ids
  end
end

function M.notion(options)
  local run, old = tag(), options.version and options.version < "2025-09-03"
  options.version = options.version or "2025-09-03"
  return {
    kind = "notion", config = { url = options.url, token = options.key, version = options.version },
    broken = { url = options.url, token = "nobody", version = options.version },
    nowhere = elsewhere { url = options.url, token = options.key, version = options.version }, long = { "Notes", refused = true },
    wide = { "Number", dec "9007199254740993" }, uncounted = true, many = 1600, fill = pages_of(options, M.notion_source),
    collection = { name = old and M.notion_database or M.notion_source, word = old and "database" or "data_source", key = array { "id" },
      options = { times = array { "Seen" } }, fields = array { "Name", "Notes", "Code", "Number", "Kind", "Tags", "State", "Born", "Seen",
        "Span.start", "Span.end", "Final", "Link", "Mail", "Phone", "Who", "Papers", "Linked", "Made", "Edited", "Author", "Editor",
        "Serial", "Double", "Total", "Checked", "id", "url" } },
    make = function(n) return { Name = "Item " .. n, Code = run .. "-" .. n, Number = n } end,
    files = not old and { { name = "Scan", by_name = true } } or nil, label = "Name", group = { field = "Notes", value = function(n) return "group, " .. run .. "-" .. n end },
    refused = { State = "Nobody" }, absent = trashed_page(options), page = 20,
    forbidden = { { body = object { object = "error", status = 403, code = "restricted_resource", message = "Insufficient permissions for this endpoint." } } },
    faithful = {
      { "Number", dec "12.5" }, { "Number", dec "-0.01" }, { "Number", dec "9007199254740992" }, { "Number", null },
      { "Kind", "Entirely new " .. run }, { "Kind", null }, { "State", "Done" }, { "Tags", array { "\"c\"", "a b" } }, { "Tags", array {} },
      { "Born", "2024-02-29" }, { "Born", null }, { "Seen", "2024-05-01T10:11:12.345Z" }, { "Final", true }, { "Final", false },
      { "Span", { start = "2024-05-01", ["end"] = "2024-05-03" }, { start = "2024-05-01", ["end"] = "2024-05-03", time_zone = null } },
      { "Link", "https://example.org/?a=b&c=d" }, { "Mail", "a@example.org" }, { "Phone", "+44 20 7946 0000" }, { "Who", array { notion_user } },
      { "Papers", array { { name = "Ä", url = "https://example.org/x" } } }, { "Notes", ("é🙂\n"):rep(1500) }, { "Checked", "verified" },
    },
  }
end

return M
