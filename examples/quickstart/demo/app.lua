-- The right side: a Supabase project, spoken to over its REST API with the secret key.

local json = require "tidewire.json"
local url = require "tidewire.url"
local api = require "demo.api"

local array = json.array
local M = {}

local stamps = { { name = "updated_at", type = "timestamptz", nullable = false, default = "now()" } }
local touch = array { { kind = "touch", column = "updated_at" } }

-- What a migration would create: keys of its own, unique codes, real foreign keys, updated_at by trigger.
local tables = array {
  { name = "countries", primary_key = array { "id" }, triggers = touch, columns = array {
    { name = "id", type = "bigint", identity = true }, { name = "code", type = "text", nullable = false, unique = true },
    { name = "name", type = "text", nullable = false }, { name = "official_name", type = "text" }, { name = "alpha_3", type = "text" },
    { name = "iso_number", type = "integer" }, { name = "flag", type = "text" }, { name = "status", type = "text" },
    { name = "names", type = "jsonb" }, { name = "remark", type = "text" }, stamps[1] } },
  { name = "subdivisions", primary_key = array { "id" }, triggers = touch, columns = array {
    { name = "id", type = "bigint", identity = true }, { name = "code", type = "text", nullable = false, unique = true },
    { name = "name", type = "text", nullable = false }, { name = "kind", type = "text" },
    { name = "country_id", type = "bigint", references = "countries(id)" },
    { name = "parent_id", type = "bigint", references = "subdivisions(id)" }, { name = "note", type = "text" }, stamps[1] } },
}

--- A project at `base`. Writes through it are counted in `writes`.
function M.at(base)
  local call = api.client(base, { headers = { apikey = "sb_secret_practice" } })
  local project = { base = base, writes = 0 }

  local function rows_of(name, code) return ("/rest/v1/%s?code=eq.%s"):format(name, url.encode(code)) end

  function project.define() call("POST", "/practice/tables", { tables = tables }) end

  --- Database webhooks, as the dashboard sets them up: a fixed header proves the sender.
  function project.tell(address, secret)
    for _, one in ipairs(tables) do
      call("POST", "/practice/webhooks", { table = one.name, url = address .. "/webhook/app", timeout = 5,
        headers = { ["x-app-secret"] = secret } })
    end
  end

  function project.insert(name, row)
    call("POST", "/rest/v1/" .. name, row)
    project.writes = project.writes + 1
  end

  function project.edit(name, code, values)
    call("PATCH", rows_of(name, code), values)
    project.writes = project.writes + 1
  end

  function project.delete(name, code)
    call("DELETE", rows_of(name, code))
    project.writes = project.writes + 1
  end

  function project.get(name, code)
    return call("GET", rows_of(name, code))[1]
  end

  --- Every row, page by page to the empty one, in order of id.
  function project.all(name, seen)
    local found, after = {}, 0
    repeat
      local rows = call("GET", ("/rest/v1/%s?order=id&limit=1000&id=gt.%d"):format(name, after))
      for _, row in ipairs(rows) do
        found[#found + 1] = row
        after = row.id
      end
      if seen then seen(#found) end
    until #rows == 0
    return found
  end

  function project.forget_counts()
    call("DELETE", "/practice/stats")
    project.writes = 0
  end

  --- Rows written since the counts were forgotten, by anybody, and webhooks sent; `idle` once none is to be sent.
  function project.counts()
    local stats = call("GET", "/practice/stats")
    local written = 0
    for _, one in ipairs(tables) do written = written + (stats.rows_written[one.name] or 0) end
    return { written = written, webhooks = stats.webhooks_sent,
      idle = stats.webhooks_queued == stats.webhooks_sent }
  end

  return project
end

return M
