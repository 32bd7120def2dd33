--- Words for words: t.enum, and the states of a lifecycle.

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

--- The boolean that a value of any system is, or nil.
function M.truth_of(value)
  if type(value) == "boolean" then return value end
  local word = values.text(value)
  return word and yes_words[word:lower()]
end

-- A boolean's entry: [true] and [false] also of a system that writes 1 and 0, [1] and [0] also of one that writes true and false.
local function of_boolean(map, value)
  if type(value) ~= "boolean" and value ~= 0 and value ~= 1 then return nil end
  local truth = yes_words[tostring(value)]
  if map[truth] ~= nil then return map[truth] end
  return map[truth and 1 or 0]
end

local kinds = { string = "text", number = "number", boolean = "boolean" }

-- Says where the map has the same, but as another kind: "1" for 1.
local function as_another(map, value)
  for key in pairs(map) do
    if type(key) ~= type(value) and tostring(key) == values.text(value) then
      return (" (it is a %s and the table has a %s)"):format(kinds[type(value)] or "number", kinds[type(key)])
    end
  end
  return ""
end

--- Turns a word into the map's other one; a value that it does not have is dead, "'x' is not WHERE".
function M.towards(map, where)
  local known = sorted_words(map)
  return function(value)
    if values.empty(value) then return nil end
    local asked = type(value) == "userdata" and values.plain(value) or value
    local word = map[asked]
    if word == nil then word = of_boolean(map, asked) end
    if word ~= nil then return word end
    local shown, another = values.shown(value), as_another(map, asked)
    return outcome.dead(("'%s' is not %s, which has %s%s"):format(shown, where, table.concat(known, ", "),
      another ~= "" and another or report.suggest(shown, known)))
  end
end

local numbers = { int = true, decimal = true, float = true }
local written = { text = true, enum = true }

-- A word of the table as a field of that type has it: "1" is 1 among numbers, 1 is "1" among texts.
local function as_described(word, type_of)
  local kind = type_of and type_of.kind
  if numbers[kind] and type(word) == "string" then
    local number = values.number(word, "decimal")
    return number and values.plain(number) or word
  end
  if kind == "bool" and type(word) == "string" and yes_words[word:lower()] ~= nil then return yes_words[word:lower()] end
  if written[kind] and type(word) == "number" then return values.text(word) end
  return word
end

local function fitted_words(map, from_type, to_type)
  local result = {}
  for _, word in ipairs(report.names(map)) do
    local from = as_described(word, from_type)
    if result[from] ~= nil then error(("t.enum says '%s' twice, as a text and as a number"):format(tostring(from)), 0) end
    result[from] = as_described(map[word], to_type)
  end
  return result
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
  for left, right in pairs(map) do lossy = lossy or result[right] ~= left end
  for right, left in pairs(result) do lossy = lossy or map[left] ~= right end
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
  local function pair_of(words, back)
    local inverse, lossy = inverted(words, back)
    return { to_right = M.towards(words, "in t.enum"), to_left = M.towards(inverse, "in t.enum"), lossy = lossy }, inverse
  end
  local function described(left_type, right_type)
    local words = fitted_words(map, left_type, right_type)
    local pair, inverse = pair_of(words, fitted_words(options.back or {}, right_type, left_type))
    return { pair = pair, words = words, inverse = inverse }
  end
  local result = pair_of(map, options.back or {})
  function result.bind(context)
    local ok, fitted = pcall(described, context.left_type, context.right_type)
    if not ok then
      context.problem(fitted)
      return {}
    end
    compare_options(context, "left", fitted.words)
    compare_options(context, "right", fitted.inverse)
    return fitted.pair
  end
  return result
end

return M
