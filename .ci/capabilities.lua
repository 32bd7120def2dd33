-- What each shipped connector declares of itself, as a table of Markdown: tidewire lua .ci/capabilities.lua --profile io -- KIND...
-- A connector whose options are required has a sample of them here.

local connector = require "tidewire.host.connector"
local text = require "tidewire.text"

local samples = {
  frappe = { url = "https://erp.example.org", api_key = "k", api_secret = "s" },
  http = { url = "https://crm.example.org", collections = { contacts = { path = "/contacts" } } },
  mysql = { host = "db.example.org", database = "shop", user = "u", password = "p" },
  neon = { url = "postgres://u:p@ep-cool-1.eu-central-1.aws.neon.tech/app" },
  notion = { token = "t" },
  odoo = { url = "https://erp.example.org", api_key = "k", login = "u", database = "d" },
  postgres = { host = "db.example.org", database = "app", user = "u", password = "p" },
  supabase = { url = "https://x.supabase.co", key = "sb_secret_x" },
  wordpress = { url = "https://blog.example.org", user = "u", password = "p" },
}

local rows = { "guarded_writes", "guarded_deletes", "version_covers", "ordered_versions", "payload", "answer", "bulk_read", "bulk_find", "bulk_create",
  "bulk_update", "client_keys", "incarnation", "absence_proves_delete", "settle", "time_resolution", "overlap", "delete_events", "poll_deletes", "listens", "page_reads" }
local functions = { "count", "trash", "install", "listen", "download", "upload" }

local function shown(value)
  if value == true then return "yes" end
  if value == nil or value == false then return "·" end
  if type(value) == "number" then return value < 1 and (("%.6f"):format(value):gsub("0+$", "")) or text.of(value) end
  return tostring(value)
end

local function line(cells) return "| " .. table.concat(cells, " | ") .. " |" end

local kinds, declared = { ... }, {}
for _, kind in ipairs(kinds) do
  local able = connector(function() return require("connectors." .. kind) end, { name = kind, config = samples[kind] or {} })
  declared[kind] = able
end

local lines, head, rule = {}, { "" }, { "---" }
for _, kind in ipairs(kinds) do head[#head + 1], rule[#rule + 1] = kind, "---" end
lines[1], lines[2] = line(head), "|" .. table.concat(rule, "|") .. "|"
for _, name in ipairs(rows) do
  local cells = { "`" .. name .. "`" }
  for _, kind in ipairs(kinds) do
    local value = declared[kind].capabilities[name]
    if name:find "^bulk_" and value == nil then value = 1 end
    cells[#cells + 1] = shown(value)
  end
  lines[#lines + 1] = line(cells)
end
for _, name in ipairs(functions) do
  local cells = { "`" .. name .. "`" }
  for _, kind in ipairs(kinds) do cells[#cells + 1] = shown(declared[kind].functions[name] ~= nil) end
  lines[#lines + 1] = line(cells)
end
local verbs = { "verbs" }
for _, kind in ipairs(kinds) do
  local names = { unpack(declared[kind].verbs) }
  table.sort(names)
  verbs[#verbs + 1] = #names == 0 and "·" or "`" .. table.concat(names, "`, `") .. "`"
end
lines[#lines + 1] = line(verbs)
return table.concat(lines, "\n")
