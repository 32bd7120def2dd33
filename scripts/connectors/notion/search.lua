--- Searching: pages by their id, and by what they hold.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local filters = require "connectors.notion.filters"
local pages = require "connectors.notion.pages"
local sources = require "connectors.notion.source"
local windows = require "connectors.notion.windows"

local array = json.array
local fail, given = connector.fail, connector.given

local M = {}

-- The pages that queries name by their id; one out of reach is none that could be linked.
local function by_id(conn, shape, queries)
  return connector.each(queries, 3, function(query)
    local id = query[1].value
    local page, err = pages.get(conn, shape, type(id) == "string" and sources.dashed(id) or "")
    if page == nil and err.code ~= "invalid" then return nil, err end
    if not page then return array {} end
    local record
    record, err = pages.record(conn, shape, page)
    return record and array { record }, err
  end)
end

local function all_pages(conn, shape, body, queries)
  local answers = array {}
  for i = 1, #queries do answers[i] = array {} end
  if #body.filter["or"] == 0 then return answers end
  repeat
    local answer, err = windows.query(conn, shape, body)
    if not answer then return nil, err end
    local records
    records, err = pages.records(conn, shape, windows.living(answer.results))
    if not records then return nil, err end
    local full = connector.deal(queries, records, answers)
    body.start_cursor = not full and answer.has_more and given(answer.next_cursor) or nil
    if windows.is_incomplete(answer) and not full then
      return fail("invalid", "too many rows are like the one searched for", "match by fields that are nearly unique")
    end
  until not body.start_cursor
  return answers
end

local function without_hopeless(shape, queries)
  local list = {}
  for _, query in ipairs(queries) do
    if not filters.is_hopeless(shape, query) then list[#list + 1] = query end
  end
  return list
end

-- The queries that are worth asking. Options are known by the schema, which is read again before one is held for unknown.
local function hopeful(conn, collection, shape, queries)
  local list = without_hopeless(shape, queries)
  if #list == #queries then return list end
  local source, err = sources.of(conn, collection, true)
  if not source then return nil, err end
  shape.source = source
  return without_hopeless(shape, queries)
end

function M.find(conn, collection, queries)
  local asked = {}
  for i, part in ipairs(queries[1] or {}) do asked[i] = part.field end
  local shape, err = sources.plan(conn, collection, asked)
  if not shape then return nil, err end
  if #asked == 1 and asked[1] == "id" and not shape.source.by_name.id then return by_id(conn, shape, queries) end
  local list
  list, err = hopeful(conn, collection, shape, queries)
  if not list then return nil, err end
  local parts = array {}
  for _, query in ipairs(list) do
    local some = filters.of_query(shape, query)
    if not some then return fail("invalid", "Notion cannot be searched by " .. table.concat(asked, ", "), "match by text, numbers or options") end
    for _, one in ipairs(some) do parts[#parts + 1] = one end
  end
  return all_pages(conn, shape, json.object { filter = { ["or"] = parts }, page_size = 100 }, queries)
end

return M
