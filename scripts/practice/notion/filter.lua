-- Filters and sorts of a query.
local json = require "tidewire.json"
local text = require "tidewire.text"
local time = require "tidewire.time"
local errors = require "practice.notion.errors"
local schema = require "practice.notion.schema"
local times = require "practice.notion.times"
local values = require "practice.notion.values"

local M = {}

local function is_empty(value)
  return value == nil or value == "" or type(value) == "table" and #value == 0
end

local function number_of(value)
  return type(value) == "userdata" and value:number() or value
end

-- What each operator asks of a value; `asked` is what the request says, `fold` puts texts into the form compared.
local common = {
  is_empty = function(value) return is_empty(value) end,
  is_not_empty = function(value) return not is_empty(value) end,
}

local function any_of(asked, test)
  if type(asked) ~= "table" then return test(asked) end
  for _, one in ipairs(asked) do
    if test(one) then return true end
  end
  return false
end

local texts = {
  equals = function(value, asked, fold) return any_of(asked, function(one) return fold(value or "") == fold(one) end) end,
  does_not_equal = function(value, asked, fold) return not any_of(asked, function(one) return fold(value or "") == fold(one) end) end,
  contains = function(value, asked, fold) return fold(value or ""):find(fold(asked), 1, true) ~= nil end,
  does_not_contain = function(value, asked, fold) return fold(value or ""):find(fold(asked), 1, true) == nil end,
  starts_with = function(value, asked, fold) return fold(value or ""):sub(1, #fold(asked)) == fold(asked) end,
  ends_with = function(value, asked, fold) return asked == "" or fold(value or ""):sub(-#fold(asked)) == fold(asked) end,
}

local options = {
  equals = function(value, asked) return any_of(asked, function(one) return value == one end) end,
  does_not_equal = function(value, asked) return not any_of(asked, function(one) return value == one end) end,
}

local numbers = {
  equals = function(value, asked) return value == number_of(asked) end,
  does_not_equal = function(value, asked) return value ~= number_of(asked) end,
  greater_than = function(value, asked) return value ~= nil and value > number_of(asked) end,
  less_than = function(value, asked) return value ~= nil and value < number_of(asked) end,
  greater_than_or_equal_to = function(value, asked) return value ~= nil and value >= number_of(asked) end,
  less_than_or_equal_to = function(value, asked) return value ~= nil and value <= number_of(asked) end,
}

local function has(list, asked)
  return any_of(asked, function(one)
    for _, item in ipairs(list or {}) do
      if item == one then return true end
    end
    return false
  end)
end
local lists = {
  contains = function(value, asked) return has(value, asked) end,
  does_not_contain = function(value, asked) return not has(value, asked) end,
}

local booleans = {
  equals = function(value, asked) return (value == true) == asked end,
  does_not_equal = function(value, asked) return (value == true) ~= asked end,
}

local day = 86400
local function dated(test)
  return function(value, asked, _, now)
    local moment, wanted = times.seconds(value), times.seconds(times.resolve(asked, now))
    if not wanted then errors.should("body.filter", "a valid ISO 8601 date string", asked) end
    return moment ~= nil and test(moment, wanted, times.is_day(times.resolve(asked, now)))
  end
end
local function within(from, to)
  return function(value, _, _, now)
    local moment, here = times.seconds(value), times.seconds(now)
    return moment ~= nil and moment >= here + from * day and moment <= here + to * day
  end
end
local dates = {
  equals = dated(function(moment, wanted, whole) return whole and moment >= wanted and moment < wanted + day or moment == wanted end),
  before = dated(function(moment, wanted) return moment < wanted end),
  after = dated(function(moment, wanted, whole) return moment > wanted + (whole and day - 0.001 or 0) end),
  on_or_before = dated(function(moment, wanted, whole) return moment <= wanted + (whole and day - 0.001 or 0) end),
  on_or_after = dated(function(moment, wanted) return moment >= wanted end),
  past_week = within(-7, 0), past_month = within(-30, 0), past_year = within(-365, 0), next_week = within(0, 7),
  next_month = within(0, 30), next_year = within(0, 365), this_week = within(-7, 7),
}

-- The word a condition stands under, and its operators, by type of property.
local by_type = {
  title = texts, rich_text = texts, url = texts, email = texts, phone_number = texts, number = numbers, unique_id = numbers,
  checkbox = booleans, select = options, status = options, multi_select = lists, people = lists, relation = lists,
  created_by = lists, last_edited_by = lists, files = {}, date = dates, created_time = dates, last_edited_time = dates,
}
local no_emptiness = { checkbox = true, unique_id = true }

local function compile(state, word, condition, value_of, at)
  local set = by_type[word]
  if not set then errors.should(at .. "." .. word, "not present", word) end
  if type(condition) ~= "table" then errors.should(at .. "." .. word, "an object", condition) end
  local name, asked = next(condition)
  local test = name and (set[name] or not no_emptiness[word] and common[name])
  if not test then errors.should(at .. "." .. word, "an object with a known operator", condition) end
  if set == texts and name ~= "is_empty" and name ~= "is_not_empty" and type(asked) ~= "string" then errors.should(at, "a string", asked) end
  local fold = state.case_sensitive and function(one) return one end or text.fold
  return function(page, now) return test(value_of(page), asked, fold, now) end
end

local function timestamp(state, filter, at)
  local word = filter.timestamp
  local field = ({ created_time = "created", last_edited_time = "edited" })[word]
  if not field then errors.should(at .. ".timestamp", '"created_time" or "last_edited_time"', word) end
  local function value_of(page)
    return state.exact_times and page[field] or times.minute(page[field])
  end
  return compile(state, word, filter[word], value_of, at)
end

-- A formula is filtered under the kind of its result.
local function formula(state, filter, value_of, at)
  local kind, condition = next(filter.formula or {})
  local word = ({ string = "rich_text", number = "number", checkbox = "checkbox", date = "date" })[kind]
  return compile(state, word or tostring(kind), condition, value_of, at)
end

local optioned = { select = true, status = true, multi_select = true }

-- An option has to be one of the property's.
local function check_option(property, condition)
  if not optioned[property.type] or type(condition) ~= "table" then return end
  for name, asked in pairs(condition) do
    for _, word in ipairs(name:find "empty" and {} or type(asked) == "table" and asked or { asked }) do
      local known = false
      for _, option in ipairs(property.config.options) do known = known or option.name == word end
      if not known then errors.validation('%s option "%s" not found for property "%s".', property.type, tostring(word), property.name) end
    end
  end
end

local function property_filter(state, source, filter, at)
  local property = schema.find(source, filter.property)
  if not property then errors.validation("Could not find property with name or id: %s", tostring(filter.property)) end
  local function value_of(page) return values.comparable(state, page, property) end
  if property.type == "formula" and filter.formula then return formula(state, filter, value_of, at) end
  for word, condition in pairs(filter) do
    if word ~= "property" and word ~= "type" then
      if word ~= property.type then
        errors.validation("database property %s does not match filter %s", property.type, word)
      end
      check_option(property, condition)
      return compile(state, word, condition, value_of, at)
    end
  end
  errors.should(at, "a property filter", filter)
end

--- A function of a page and the time that says whether it passes. At most two groups lie within each other.
function M.compile(state, source, filter, at, depth)
  for _, word in ipairs { "and", "or" } do
    if filter[word] then
      if (depth or 0) >= 2 then errors.validation("body failed validation: %s nests filters too deeply.", at) end
      if not json.is_array(filter[word]) or #filter[word] > 100 then errors.should(at .. "." .. word, "an array of at most 100", filter[word]) end
      local parts = {}
      for i, part in ipairs(filter[word]) do parts[i] = M.compile(state, source, part, ("%s.%s[%d]"):format(at, word, i - 1), (depth or 0) + 1) end
      return function(page, now)
        for _, part in ipairs(parts) do
          if part(page, now) ~= (word == "and") then return word == "or" end
        end
        return word == "and"
      end
    end
  end
  if filter.timestamp then return timestamp(state, filter, at) end
  return property_filter(state, source, filter, at)
end

local function sort_value(value)
  if type(value) == "boolean" then return value and 1 or 0 end
  if type(value) == "table" then return table.concat(value, ",") end
  return value
end

local function compare(a, b)
  if a == b then return 0 end
  if a == nil then return 1 end
  if b == nil then return -1 end
  if type(a) ~= type(b) then a, b = tostring(a), tostring(b) end
  return a < b and -1 or 1
end

--- Sorts pages by `sorts`; what is equal stands in the order of `tie(page)`.
function M.sort(state, source, pages, sorts, tie)
  local keys = {}
  for i, sort in ipairs(sorts) do
    local property = sort.property and schema.find(source, sort.property)
    if sort.property and not property then errors.validation("Could not find sort property with name or id: %s", sort.property) end
    if sort.direction and sort.direction ~= "ascending" and sort.direction ~= "descending" then
      errors.should("body.sorts[" .. i - 1 .. "].direction", '"ascending" or "descending"', sort.direction)
    end
    local field = ({ created_time = "created", last_edited_time = "edited" })[sort.timestamp]
    if not property and not field then errors.should("body.sorts[" .. i - 1 .. "]", "a property or timestamp sort", sort) end
    keys[i] = { down = sort.direction == "descending", value = function(page)
      if field then return times.minute(page[field]) end
      return sort_value(values.comparable(state, page, property))
    end }
  end
  local known = {}
  for _, page in ipairs(pages) do
    local row = { tie = tie(page) }
    for i, key in ipairs(keys) do row[i] = key.value(page) end
    known[page] = row
  end
  table.sort(pages, function(a, b)
    for i, key in ipairs(keys) do
      local order = compare(known[a][i], known[b][i])
      if order ~= 0 then
        if key.down then return order > 0 end
        return order < 0
      end
    end
    return known[a].tie < known[b].tie
  end)
end

--- The present moment as filters use it.
function M.now(state) return time.add(state.clock.utc(), 0) end

return M
