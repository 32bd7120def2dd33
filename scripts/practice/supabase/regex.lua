-- POSIX regular expressions as far as filters need them: literals, ., classes, groups, |, * + ? {m,n}, ^ and $.
--
-- A pattern becomes a chain of matchers, each of which calls the next: matcher(text, at, rest) -> true or nil.
local errors = require "practice.supabase.errors"

local M = {}

local shorthand = { d = "[0-9]", w = "[A-Za-z0-9_]", s = "[ \t\r\n]" }
local named = { alpha = "%a", digit = "%d", alnum = "%w", upper = "%u", lower = "%l", space = "%s", punct = "%p", xdigit = "%x" }

local function bad(pattern, why)
  error(errors.pg("2201B", "invalid regular expression: " .. why, pattern))
end

-- "[^a-z[:digit:]]" at `at` -> a test of one character, position behind it.
local function class(pattern, at)
  local out = { "[" }
  at = at + 1
  if pattern:sub(at, at) == "^" then out[#out + 1], at = "^", at + 1 end
  local first = true
  while first or pattern:sub(at, at) ~= "]" do
    first = false
    local word = pattern:match("^%[:(%a+):%]", at)
    local low, high = pattern:match("^(.)%-([^%]])", at)
    if at > #pattern then bad(pattern, "brackets [] not balanced") end
    if word then
      out[#out + 1], at = named[word] or bad(pattern, "invalid character class"), at + #word + 4
    elseif low then
      out[#out + 1], at = low .. "-" .. high, at + 3
    else
      out[#out + 1], at = "%" .. pattern:sub(at, at), at + 1
      if out[#out]:find("%w") then out[#out] = out[#out]:sub(2) end
    end
  end
  out[#out + 1] = "]"
  return table.concat(out), at + 1
end

local function single(set, fold)
  return function(text, at, rest)
    local char = text:sub(at, at)
    if char ~= "" and (char:find(set) or (fold and (char:lower():find(set) or char:upper():find(set)))) then
      return rest(text, at + 1)
    end
  end
end

local function literal(char, fold)
  return function(text, at, rest)
    local here = text:sub(at, at)
    if here == char or (fold and here:lower() == char:lower()) then return rest(text, at + 1) end
  end
end

local function start(_, at, rest)
  if at == 1 then return rest(_, at) end
end

local function finish(text, at, rest)
  if at == #text + 1 then return rest(text, at) end
end

local function times(matcher, least, most)
  local function more(text, at, rest, done)
    if done < most then
      local hit = matcher(text, at, function(_, behind)
        if behind == at then return nil end
        return more(text, behind, rest, done + 1)
      end)
      if hit then return hit end
    end
    if done >= least then return rest(text, at) end
  end
  return function(text, at, rest) return more(text, at, rest, 0) end
end

local alternatives

local function atom(pattern, at, fold)
  local char = pattern:sub(at, at)
  if char == "(" then
    local from = pattern:sub(at + 1, at + 2) == "?:" and at + 3 or at + 1
    local inner, stop = alternatives(pattern, from, fold)
    if pattern:sub(stop, stop) ~= ")" then bad(pattern, "parentheses () not balanced") end
    return inner, stop + 1
  end
  if char == "[" then
    local set, stop = class(pattern, at)
    return single(set, fold), stop
  end
  if char == "." then return single("."), at + 1 end
  if char == "^" then return start, at + 1 end
  if char == "$" then return finish, at + 1 end
  if char == "\\" then
    local next_char = pattern:sub(at + 1, at + 1)
    if shorthand[next_char] then return single(shorthand[next_char]), at + 2 end
    return literal(next_char, fold), at + 2
  end
  if char:find("[*+?]") then bad(pattern, "quantifier operand invalid") end
  return literal(char, fold), at + 1
end

local bounds = { ["*"] = { 0, 1e9 }, ["+"] = { 1, 1e9 }, ["?"] = { 0, 1 } }

local function repeated(pattern, at, fold)
  local matcher, stop = atom(pattern, at, fold)
  local bound = bounds[pattern:sub(stop, stop)]
  if bound then return times(matcher, bound[1], bound[2]), stop + 1 end
  local least, comma, most, behind = pattern:match("^{(%d+)(,?)(%d*)}()", stop)
  if not least then return matcher, stop end
  local upper = most ~= "" and tonumber(most) or comma == "" and tonumber(least) or 1e9
  return times(matcher, tonumber(least), upper), behind
end

local function sequence(pattern, at, fold)
  local list = {}
  while at <= #pattern and not pattern:find("^[|)]", at) do
    list[#list + 1], at = repeated(pattern, at, fold)
  end
  local function run(text, from, rest, index)
    local matcher = list[index]
    if not matcher then return rest(text, from) end
    return matcher(text, from, function(_, behind) return run(text, behind, rest, index + 1) end)
  end
  return function(text, from, rest) return run(text, from, rest, 1) end, at
end

function alternatives(pattern, at, fold)
  local list = {}
  repeat
    local one
    one, at = sequence(pattern, at, fold)
    list[#list + 1] = one
    local more = pattern:sub(at, at) == "|"
    if more then at = at + 1 end
  until not more
  return function(text, from, rest)
    for _, one in ipairs(list) do
      if one(text, from, rest) then return true end
    end
  end, at
end

local function yes()
  return true
end

--- A function that tells whether a text holds a match; raises 2201B for a pattern that is none.
function M.compile(pattern, fold)
  local matcher, stop = alternatives(pattern, 1, fold)
  if stop <= #pattern then bad(pattern, "parentheses () not balanced") end
  return function(text)
    for at = 1, #text + 1 do
      if matcher(text, at, yes) then return true end
    end
    return false
  end
end

return M
