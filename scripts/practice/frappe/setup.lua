-- A new site: its users, its settings and what a fixture file brings.

local auth = require "practice.frappe.auth"
local controllers = require "practice.frappe.controllers"
local documents = require "practice.frappe.documents"
local json = require "tidewire.json"
local practice = require "tidewire.practice"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"

local M = {}

M.practice_user = "practice@example.com"

local function add_user(email, name, roles)
  local rows = {}
  for i, role in ipairs(roles) do rows[i] = { role = role } end
  local doc = documents.insert(documents.new("User", { email = email, first_name = name, roles = json.array(rows), send_welcome_email = 0 }))
  return doc.name
end

local function add_builtin_users()
  for _, role in ipairs { "Administrator", "System Manager", "All", "Guest", "Desk User" } do
    documents.insert(documents.new("Role", { role_name = role }))
  end
  add_user("Administrator", "Administrator", { "Administrator", "System Manager" })
  store.run("UPDATE tabUser SET name = 'Administrator', email = 'admin@example.com' WHERE name_key = 'administrator'")
  store.run("UPDATE \"tabHas Role\" SET parent = 'Administrator' WHERE parent = 'administrator'")
  add_user("Guest", "Guest", { "Guest" })
  store.run("UPDATE tabUser SET name = 'Guest', email = 'guest@example.com' WHERE name_key = 'guest'")
  add_user(M.practice_user, "Practice", { "System Manager" })
end

local function add_settings()
  local before = documents.load(schema.get "System Settings", "System Settings")
  local doc = documents.copy(before)
  doc.time_zone = site.zone
  documents.save(doc, before)
end

--- Runs `step` as Administrator in a transaction of its own; failures end the program with a readable line.
local function committed(step)
  local state = site.begin "Administrator"
  store.exec "BEGIN"
  local ok, failure = pcall(step)
  if not ok then
    store.exec "ROLLBACK"
    local messages = {}
    for i, entry in ipairs(state.messages) do messages[i] = entry.message end
    local text = type(failure) == "table" and ("%s: %s %s"):format(tostring(failure.class), tostring(failure.message or ""), table.concat(messages, "; ")) or tostring(failure)
    error("practice frappe: " .. text, 0)
  end
  store.exec "COMMIT"
  site.request = nil
end

local function insert_all(list, doctype)
  for _, data in ipairs(list or {}) do
    documents.insert(documents.new(doctype or data.doctype, data), { keep_name = data.name ~= nil })
  end
end

--- `source` is a file, or the JSON itself.
local function load_fixture(source)
  local text, path = source, "--fixture"
  if not source:find "^%s*{" then
    path = source
    text = assert(practice.read(source))
  end
  local fixture, problem = json.decode(text)
  if not fixture then error(("practice frappe: %s: %s"):format(path, tostring(problem)), 0) end
  committed(function()
    insert_all(fixture.doctypes, "DocType")
    insert_all(fixture.custom_fields, "Custom Field")
    insert_all(fixture.documents)
  end)
end

--- Opens the database and fills it when it is new; a fixture is read only then.
function M.run()
  local fresh = store.open(site.options.db or ":memory:")
  if fresh then
    committed(function() schema.bootstrap(site.now()) end)
    schema.open()
    committed(function()
      add_builtin_users()
      add_settings()
    end)
  else
    schema.open()
  end
  controllers.apply_settings()
  auth.set_keys(M.practice_user, site.api_key, site.api_secret)
  if site.options.fixture and fresh then load_fixture(site.options.fixture) end
  site.webhooks_stale = true
end

return M
