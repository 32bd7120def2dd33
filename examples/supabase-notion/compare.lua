-- Reads both sides completely and compares them, without Tidewire's own code: tidewire lua compare.lua --profile practice --
-- APP VAULT PAIRS. Rows that are marked as archived and pages in the trash are no pairs.

local http = require "tidewire.http"
local json = require "tidewire.json"
local text = require "tidewire.text"

local app, vault, wanted = ...
local source = "dec15105-0000-4000-8000-000000000002"

local function call(method, url, headers, body)
  headers["Content-Type"] = "application/json"
  local answer, err = http.request { method = method, url = url, headers = headers, body = body and json.encode(body) }
  if not answer or answer.status ~= 200 then error(url .. ": " .. tostring(err or answer.body), 0) end
  return json.decode(answer.body)
end

local function number(value) return type(value) == "userdata" and value ~= json.null and value:number() or value end

local function plain(runs)
  local out = {}
  for i, run in ipairs(runs) do out[i] = run.plain_text end
  return table.concat(out)
end

local function tags(options)
  local names = {}
  for i, option in ipairs(options) do names[i] = option.name end
  return table.concat(names, ", ")
end

-- What a decision says, as one line.
local function line(...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = text.of(number((select(i, ...)))) end
  return table.concat(parts, " | ")
end

local rows, pages, differing = {}, 0, 0
for _, row in ipairs(call("GET", app .. "/rest/v1/decisions?archived_at=is.null", { apikey = "sb_secret_practice" })) do
  rows[row.title] = line(row.context, row.decision, row.status, row.decided_on, row.tags, row.owner_email, row.confidence, row.final)
end
local list = call("POST", vault .. "/v1/data_sources/" .. source .. "/query",
  { Authorization = "Bearer secret_practice", ["Notion-Version"] = "2025-09-03" }, json.object {})
for _, page in ipairs(list.results) do
  local p = page.properties
  local says = line(plain(p.Context.rich_text), plain(p.Decision.rich_text), p.Status.status.name:lower(), p["Decided on"].date.start,
    tags(p.Tags.multi_select), p.Owner.email, p.Confidence.number, p.Final.checkbox)
  pages = pages + 1
  local name = plain(p.Name.title)
  if rows[name] ~= says then
    differing = differing + 1
    require("tidewire.practice").write(("   %s\n      app:    %s\n      Notion: %s\n"):format(name, tostring(rows[name]), says))
  end
  rows[name] = nil
end
if next(rows) then differing = differing + 1 end
require("tidewire.practice").write(("   compared: %d decisions, %s\n"):format(pages, differing == 0 and "all equal" or differing .. " differ"))
return differing == 0 and pages == tonumber(wanted)
