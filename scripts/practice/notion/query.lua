-- Querying a data source: filters, sorts, cursors that count places of a list that lives, and the end after 10,000 rows.
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local practice = require "tidewire.practice"
local errors = require "practice.notion.errors"
local filter = require "practice.notion.filter"
local ids = require "practice.notion.ids"

local array = json.array

local M = {}

local function given(value)
  if value ~= json.null then return value end
end

--- The page size of a body or a query, 1 to 100.
function M.page_size(sent, at)
  local size = given(sent)
  if size == nil then return 100 end
  local number = tonumber(size)
  if not number or number < 1 or number % 1 ~= 0 then errors.should(at, "a number between 1 and 100", size) end
  if number > 100 then errors.validation("body failed validation: %s should be ≤ `100`, instead was `%s`.", at, tostring(size)) end
  return number
end

--- A cursor's place in the list called `name`; a new list where there is none.
function M.place(state, sent, name)
  local cursor = given(sent)
  if cursor == nil then return { name = name, at = 0, seed = hash.id() } end
  local id = ids.read(cursor)
  if not id then errors.should("body.start_cursor", "a valid uuid", cursor) end
  local place = state.cursors[id]
  if not place or place.name ~= name then errors.validation("The start_cursor provided is invalid: %s", cursor) end
  return place
end

--- The cursor of a later place of the same list.
function M.cursor(state, place, at)
  local id = ids.new()
  state.cursors[id] = { name = place.name, at = at, seed = place.seed }
  return id
end

--- One page of `list`: rows, and the cursor or null.
function M.slice(state, list, place, size)
  local rows = array {}
  for i = place.at + 1, math.min(place.at + size, #list) do rows[#rows + 1] = list[i] end
  local following = place.at + #rows
  return rows, following < #list and M.cursor(state, place, following) or json.null
end

local known = { filter = true, sorts = true, start_cursor = true, page_size = true, in_trash = true, archived = true, result_type = true }

local function check(state, it, body)
  for name in pairs(body) do
    if not known[name] then errors.should("body." .. name, "not present", body[name]) end
  end
  if body.archived ~= nil and it.version >= "2026-03-11" then errors.should("body.archived", "not present", body.archived) end
  if body.sorts ~= nil and not json.is_array(body.sorts) then errors.should("body.sorts", "an array", body.sorts) end
end

local function matching(state, source, body)
  local passes = body.filter and filter.compile(state, source, body.filter, "body.filter")
  local trashed = body.in_trash == true or body.archived == true
  local now, list = filter.now(state), {}
  for _, page in pairs(state.store.pages_of(source.id)) do
    if (page.in_trash == true) == trashed and not page.unshared and (not passes or passes(page, now)) then list[#list + 1] = page end
  end
  return list
end

--- rows, cursor and whether the limit of rows was met. Without sorts, and among equals, the order is nobody's promise.
function M.run(state, it, source, body)
  check(state, it, body)
  local size = M.page_size(body.page_size, "body.page_size")
  local name = hash.sha256(json.encode { source = source.id, filter = body.filter, sorts = body.sorts, trash = body.in_trash == true or body.archived == true })
  local place = M.place(state, body.start_cursor, name)
  local list = matching(state, source, body)
  filter.sort(state, source, list, body.sorts or {}, function(page) return hash.sha256(place.seed .. page.id) end)
  if state.short_pages > 0 and practice.random() < state.short_pages then size = math.max(1, math.floor(size / 2)) end
  size = math.min(size, state.max_rows - place.at)
  local rows, cursor = M.slice(state, list, place, size)
  local incomplete = place.at + #rows >= state.max_rows and #list > place.at + #rows
  return rows, incomplete and json.null or cursor, incomplete
end

return M
