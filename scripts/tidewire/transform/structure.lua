--- Conversions of words, lists, names and JSON.

local json = require "tidewire.json"
local outcome = require "tidewire.mapping.outcome"
local report = require "tidewire.host.report"
local values = require "tidewire.mapping.values"

local M = {}

local function sorted_words(map)
  local words = {}
  for word in pairs(map) do words[#words + 1] = tostring(word) end
  table.sort(words)
  return words
end

-- As the program reads a boolean of any system.
local yes_words = { ["1"] = true, ["true"] = true, yes = true, t = true, ["0"] = false, ["false"] = false, no = false, f = false }

-- A boolean's entry: [true] and [false] also of a system that writes 1 and 0, [1] and [0] also of one that writes true and false.
local function of_boolean(map, value)
  if type(value) ~= "boolean" and value ~= 0 and value ~= 1 then return nil end
  local truth = yes_words[tostring(value)]
  if map[truth] ~= nil then return map[truth] end
  return map[truth and 1 or 0]
end

--- Turns a word into the map's other one; a value that it does not have is dead, "'x' is not WHERE".
function M.towards(map, where)
  local known = sorted_words(map)
  return function(value)
    if values.empty(value) then return nil end
    local word = map[value]
    if word == nil then word = of_boolean(map, value) end
    if word ~= nil then return word end
    return outcome.dead(("'%s' is not %s, which has %s%s"):format(tostring(value), where, table.concat(known, ", "),
      report.suggest(value, known)))
  end
end

local function inverted(map, back)
  local result, lossy = {}, false
  for _, left in ipairs(report.names(map)) do
    local right = map[left]
    if type(right) == "table" or type(right) == "function" then error("t.enum takes plain values, not a " .. type(right), 0) end
    if result[right] ~= nil then
      lossy = true
      if back[right] == nil then
        error(("t.enum: both '%s' and '%s' become '%s'; say which comes back: t.enum({ ... }, { back = { %s = \"%s\" } })")
          :format(tostring(result[right]), tostring(left), tostring(right), tostring(right), tostring(left)), 0)
      end
    else
      result[right] = left
    end
  end
  for right, left in pairs(back) do result[right] = left end
  return result, lossy
end

-- Words of the table that a described side does not have, or the other way round, are slips.
local function compare_options(context, side, map)
  local type_of = context[side .. "_type"]
  if not type_of or type_of.kind ~= "enum" or type(type_of.options) ~= "table" then return end
  local has, options = {}, {}
  for _, option in ipairs(type_of.options) do
    has[option] = true
    if option ~= "" then options[#options + 1] = tostring(option) end
  end
  for _, word in ipairs(sorted_words(map)) do
    if not has[word] then
      context.warn(("t.enum names '%s', which is no option of the %s field%s"):format(word, side, report.suggest(word, options)))
    end
  end
  for _, option in ipairs(options) do
    if map[option] == nil then
      context.warn(("t.enum does not name '%s', an option of the %s field: such a record becomes a dead letter"):format(option, side))
    end
  end
end

function M.enum(map, options)
  for key in pairs(options) do
    if key ~= "back" then error(("unknown option '%s' of t.enum%s"):format(tostring(key), report.suggest(key, { "back" })), 0) end
  end
  local back, lossy = inverted(map, options.back or {})
  return {
    to_right = M.towards(map, "in t.enum"), to_left = M.towards(back, "in t.enum"), lossy = lossy,
    bind = function(context)
      compare_options(context, "left", map)
      compare_options(context, "right", back)
    end,
  }
end

local function truth_of(value)
  if type(value) == "boolean" then return value end
  return yes_words[tostring(value):lower()]
end

local function to_words(yes, no)
  return function(value)
    if value == nil then return nil end
    value = truth_of(value)
    if value == nil then return outcome.dead "neither true nor false" end
    if value then return yes end
    return no
  end
end

local function from_words(yes, no)
  return function(value)
    if values.empty(value) then return nil end
    if value == yes then return true end
    if value == no then return false end
    return outcome.dead(("'%s' is neither '%s' nor '%s'"):format(tostring(value), tostring(yes), tostring(no)))
  end
end

function M.bool(yes, no)
  local speak, read = to_words(yes, no), from_words(yes, no)
  return {
    to_right = speak, to_left = read,
    bind = function(context)
      local left, right = context.left_type, context.right_type
      local swapped = right and right.kind == "bool" or left and (left.kind == "text" or left.kind == "enum") and not right
      if swapped then return { to_right = read, to_left = speak, right_type = { kind = "bool" } } end
      return { to_right = speak, to_left = read, left_type = { kind = "bool" } }
    end,
  }
end

local function turned_round(value)
  if values.empty(value) then return nil end
  local truth = truth_of(value)
  if truth == nil then return outcome.dead(("'%s' is neither true nor false"):format(tostring(value))) end
  return not truth
end

local words_of = { text = true, enum = true }

M.invert = {
  name = "t.invert", to_right = turned_round, to_left = turned_round, left_type = { kind = "bool" }, right_type = { kind = "bool" },
  bind = function(context)
    for _, side in ipairs { "left", "right" } do
      local t = context[side .. "_type"]
      if t and words_of[t.kind] then context.problem(("t.invert is for booleans and the %s field is %s: t.bool says its words"):format(side, t.kind)) end
    end
  end,
}

local function each(call)
  return function(value, record, ctx)
    if value == nil then return nil end
    if type(value) ~= "table" then return outcome.dead(("'%s' is no list"):format(tostring(value))) end
    local list = json.array {}
    for _, element in ipairs(value) do
      local result = call(values.given(element), record, ctx)
      if outcome.of(result) then return result end
      if result ~= nil then list[#list + 1] = result end
    end
    return list
  end
end

function M.list(inner)
  local function of(one)
    return { to_right = one.to_right and each(one.to_right), to_left = one.to_left and each(one.to_left),
      lossy = inner.lossy, left_type = { kind = "list" }, right_type = { kind = "list" } }
  end
  local result = of(inner)
  if inner.bind then
    function result.bind(context)
      local fitted = inner.bind { problem = context.problem, warn = context.warn }
      return of(fitted or inner)
    end
  end
  return result
end

local function joined(paths)
  return function(form)
    local parts = {}
    for _, path in ipairs(paths) do
      local part = form[path]
      if not values.empty(part) then parts[#parts + 1] = tostring(part) end
    end
    if #parts == 0 then return json.null end
    return table.concat(parts, " ")
  end
end

-- "Ada King Lovelace": the last word is the last field's, the first words the first's; a middle field takes what is between.
local function split(paths)
  return function(value)
    local words, form = {}, {}
    for word in tostring(value or ""):gmatch "%S+" do words[#words + 1] = word end
    for _, path in ipairs(paths) do form[path] = json.null end
    local last = #words > 1 and table.remove(words) or nil
    if last then form[paths[#paths]] = last end
    local first = #paths > 2 and { table.remove(words, 1) } or words
    if #first > 0 then form[paths[1]] = table.concat(first, " ") end
    if #paths > 2 and #words > 0 then form[paths[2]] = table.concat(words, " ") end
    return form
  end
end

M.names = {
  name = "t.names", lossy = true,
  bind = function(context)
    local left, right = context.left_paths, context.right_paths
    if #left > 1 and #right == 1 then return { to_right = joined(left), to_left = split(left) } end
    if #right > 1 and #left == 1 then return { to_right = split(right), to_left = joined(right) } end
    context.problem "t.names joins several fields: { { \"first_name\", \"last_name\" }, \"name\", t.names }"
    return {}
  end,
}

local function decoded(value)
  if values.empty(value) or type(value) ~= "string" then return value ~= "" and value or nil end
  local result, err = json.decode(value)
  if result == nil and err then return outcome.dead("no JSON: " .. tostring(err.message or err)) end
  return result
end

local function encoded(value)
  if value == nil then return nil end
  return json.encode(value)
end

local function holds_text(t) return t ~= nil and (t.kind == "text" or t.form == "text") end

M.json = {
  name = "t.json",
  bind = function(context)
    local left, right = context.left_type, context.right_type
    if holds_text(right) and not holds_text(left) then return { to_right = encoded, to_left = decoded } end
    return { to_right = decoded, to_left = encoded }
  end,
}

return M
