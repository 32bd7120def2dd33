--- Conversions of booleans, lists, names and JSON.

local json = require "tidewire.json"
local enum = require "tidewire.transform.enum"
local outcome = require "tidewire.mapping.outcome"
local values = require "tidewire.mapping.values"

local M = {}

local function to_words(yes, no)
  return function(value)
    if values.empty(value) then return nil end
    local truth = enum.truth_of(value)
    if truth == nil then return outcome.dead(("'%s' is neither true nor false"):format(values.shown(value))) end
    if truth then return yes end
    return no
  end
end

local function from_words(yes, no)
  return function(value)
    if values.empty(value) then return nil end
    if value == yes then return true end
    if value == no then return false end
    return outcome.dead(("'%s' is neither '%s' nor '%s'"):format(values.shown(value), tostring(yes), tostring(no)))
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
  local truth = enum.truth_of(value)
  if truth == nil then return outcome.dead(("'%s' is neither true nor false"):format(values.shown(value))) end
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
    if not values.is_list(value) then return outcome.dead(("'%s' is no list"):format(values.shown(value))) end
    local list = json.array {}
    for i, element in ipairs(value) do
      local result = call(values.given(element), record, ctx)
      if outcome.of(result) then return result end
      if result == nil then result = json.null end      -- its place stays, or those behind it would move up
      list[i] = result
    end
    return list
  end
end

local function element_type(list_type)
  local of = list_type and list_type.of
  return type(of) == "table" and of.kind and of or nil
end

function M.list(inner)
  local function of(one)
    local lossy = one.lossy
    if lossy == nil then lossy = inner.lossy end
    return { to_right = one.to_right and each(one.to_right), to_left = one.to_left and each(one.to_left),
      lossy = lossy, left_type = { kind = "list" }, right_type = { kind = "list" } }
  end
  local result = of(inner)
  if inner.bind then
    function result.bind(context)
      local fitted = inner.bind { left_type = element_type(context.left_type), right_type = element_type(context.right_type),
        left_paths = context.left_paths, right_paths = context.right_paths, problem = context.problem, warn = context.warn }
      return of(fitted or inner)
    end
  end
  return result
end

local function joined(paths)
  return function(form)
    local parts = {}
    for _, path in ipairs(paths) do
      local part = values.text(form[path])
      if not part and not values.empty(form[path]) then return outcome.dead(("%s is %s, which is no text"):format(path, values.shown(form[path]))) end
      if part and part ~= "" then parts[#parts + 1] = part end
    end
    if #parts == 0 then return json.null end
    return table.concat(parts, " ")
  end
end

-- "Ada King Lovelace": the last word is the last field's, the first words the first's; a middle field takes what is between.
local function split(paths)
  return function(value)
    local words, form, whole = {}, {}, values.text(value or "")
    if not whole then return outcome.dead(("'%s' is no text"):format(values.shown(value))) end
    for word in whole:gmatch "%S+" do words[#words + 1] = word end
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
  if values.empty(value) then return nil end
  if type(value) ~= "string" then return value end
  local result, err = json.decode(value)
  if result == nil and err then return outcome.dead("no JSON: " .. tostring(err.message or err)) end
  return result
end

local function encoded(value)
  if value == nil then return nil end
  return json.encode(value)
end

local function holds_text(t) return t ~= nil and (t.kind == "text" or t.form == "text") end

-- Lossy: white space and the order of names in the text are not kept.
M.json = {
  name = "t.json", lossy = true,
  bind = function(context)
    local left, right = context.left_type, context.right_type
    if holds_text(right) and not holds_text(left) then return { to_right = encoded, to_left = decoded } end
    return { to_right = decoded, to_left = encoded }
  end,
}

return M
