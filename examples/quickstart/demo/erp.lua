-- The left side: a Frappe site, spoken to as any client of its REST API does.

local json = require "tidewire.json"
local url = require "tidewire.url"
local api = require "demo.api"

local array = json.array
local M = {}

local function field(name, kind, more)
  local definition = { fieldname = name, fieldtype = kind, label = (name:gsub("_", " "):gsub("^%l", string.upper)) }
  for key, value in pairs(more or {}) do definition[key] = value end
  return definition
end

local permissions = array { { role = "System Manager", read = 1, write = 1, create = 1, delete = 1 } }

local doctypes = {
  { name = "Country Code", module = "Core", custom = 1, autoname = "field:code", permissions = permissions, fields = array {
    field("code", "Data", { reqd = 1, unique = 1 }), field("country_name", "Data", { reqd = 1 }), field("official_name", "Data"),
    field("alpha_3", "Data"), field("numeric_code", "Data"), field("flag", "Data"),
    field("status", "Select", { options = "In Use\nWithdrawn", default = "In Use" }), field("names", "JSON"),
    field("remark", "Small Text") } },
  { name = "Subdivision", module = "Core", custom = 1, autoname = "field:code", permissions = permissions, fields = array {
    field("code", "Data", { reqd = 1, unique = 1 }), field("subdivision_name", "Data", { reqd = 1 }), field("subdivision_type", "Data"),
    field("country", "Link", { options = "Country Code", reqd = 1 }),
    field("parent_subdivision", "Link", { options = "Subdivision" }), field("note", "Small Text") } },
}

local columns = {
  ["Country Code"] = array { "name", "code", "country_name", "official_name", "alpha_3", "numeric_code", "flag", "status", "names", "remark" },
  Subdivision = array { "name", "code", "subdivision_name", "subdivision_type", "country", "parent_subdivision", "note" },
}

--- A site at `base`. Writes through it are counted in `writes`.
function M.at(base)
  local call = api.client(base, { headers = { Authorization = "token practice-key:practice-secret" } })
  local site = { base = base, writes = 0 }

  local function path(doctype, name)
    return "/api/resource/" .. url.encode(doctype) .. (name and "/" .. url.encode(name) or "")
  end

  function site.define()
    for _, definition in ipairs(doctypes) do call("POST", path "DocType", definition) end
  end

  --- Webhooks as an administrator sets them up: signed, one per event, what happened in the URL.
  function site.tell(address, secret)
    for _, definition in ipairs(doctypes) do
      for _, event in ipairs { "after_insert", "on_change", "on_trash" } do
        call("POST", path "Webhook", { name = definition.name .. " " .. event, webhook_doctype = definition.name, webhook_docevent = event,
          request_url = address .. "/webhook/erp?event=" .. event, request_method = "POST", enabled = 1,
          enable_security = 1, webhook_secret = secret,
          webhook_data = array { { fieldname = "doctype", key = "doctype" }, { fieldname = "name", key = "name" } } })
      end
    end
  end

  --- Up to 200 documents in one request.
  function site.insert_many(documents)
    call("POST", "/api/method/frappe.client.insert_many", { docs = array(documents) })
    site.writes = site.writes + #documents
  end

  function site.insert(doctype, values)
    call("POST", path(doctype), values)
    site.writes = site.writes + 1
  end

  function site.edit(doctype, name, values)
    call("PUT", path(doctype, name), values)
    site.writes = site.writes + 1
  end

  function site.delete(doctype, name)
    call("DELETE", path(doctype, name))
    site.writes = site.writes + 1
  end

  function site.get(doctype, name)
    return call("GET", path(doctype, name)).data
  end

  function site.count(doctype)
    return call("GET", "/api/method/frappe.client.get_count?doctype=" .. url.encode(doctype)).message
  end

  --- Every document by name, page by page. `seen` hears of the progress.
  function site.all(doctype, seen)
    local found, count, after = {}, 0, nil
    repeat
      local rows = call("POST", "/api/method/frappe.client.get_list", { doctype = doctype, fields = columns[doctype], order_by = "name asc",
        limit_page_length = 500, filters = after and array { array { "name", ">", after } } or array {} }).message
      for _, row in ipairs(rows) do
        found[row.name], after = row, row.name
        count = count + 1
      end
      if seen then seen(count) end
    until #rows == 0
    return found, count
  end

  --- Keeps webhooks back while edits are made, so that nobody hears of the first before the second is there.
  function site.quiet(quiet) call("POST", "/practice/quiet", { quiet = quiet }) end

  function site.forget_counts()
    call("DELETE", "/practice/stats")
    site.writes = 0
  end

  --- Documents written since the counts were forgotten, by anybody, and webhooks sent; nil while some are still to be sent.
  function site.counts()
    local stats = call("GET", "/practice/stats")
    local written = 0
    for doctype in pairs(columns) do
      for _, count in pairs(stats.writes[doctype] or {}) do written = written + count end
    end
    local hooks = stats.webhooks
    local sent = stats.webhooks_waiting == 0 and hooks.queued == hooks.delivered + hooks.given_up + hooks.dropped
    return { written = written, webhooks = hooks.delivered, idle = sent }
  end

  return site
end

return M
