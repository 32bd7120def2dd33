-- Rules for what goes wrong on purpose: which request one meets, how often, and after how many.
--
-- { match = { method, path, contains, and what a server adds }, count, after, probability, name, ... }; the first rule that
-- matches counts. `path` is a glob ("*" = anything) of the whole path, or of a part of it where it begins with neither "/" nor
-- "*". What happens then is the server's own, and may stand in a table `action`. What is misspelt or no such value is refused.

local json = require "tidewire.json"
local practice = require "tidewire.practice"
local python = require "practice.shared.python"
local text = require "tidewire.text"

local M = {}

local function is_number(value, least, most, whole)
  local number = python.to_number(value)
  return number ~= nil and number >= least and number <= most and (not whole or number % 1 == 0)
end

local function is_one_of(...)
  local known = {}
  for _, word in ipairs { ... } do known[word] = true end
  return function(value) return known[value] == true end
end

local function is_type(...)
  local known = is_one_of(...)
  return function(value) return known(type(value)) end
end

--- What a value may be, by the kind of its key: a test and its words.
local kinds = {
  count = { function(value) return is_number(value, 0, 2 ^ 53, true) end, "a whole number from 0" },
  seconds = { function(value) return is_number(value, 0, 86400 * 366) end, "a number of seconds from 0" },
  chance = { function(value) return is_number(value, 0, 1) end, "a number from 0 to 1" },
  status = { function(value) return is_number(value, 100, 599, true) end, "a status from 100 to 599" },
  page = { function(value) return value == true or value == false or is_number(value, 400, 599, true) end, "true or the status of the page" },
  limit = { function(value) return type(value) == "table" or is_number(value, 0, 86400 * 366) end, "seconds or { retry_after = seconds }" },
  drop = { is_one_of("before", "after"), [["before" or "after"]] },
  yes = { is_type "boolean", "true or false" },
  text = { is_type "string", "a text" },
  table = { is_type "table", "an object" },
  texts = { is_type("string", "table"), "a text or a list of texts" },
  body = { is_type("string", "table"), "a text or JSON" },
}

local rule_kinds = { match = "table", action = "table", count = "count", after = "count", probability = "chance", name = "text" }
local match_kinds = { method = "texts", path = "text", contains = "text" }

local function both(a, b)
  local out = {}
  for _, one in ipairs { a, b } do
    for key, kind in pairs(one) do out[key] = kind end
  end
  return out
end

--- Checks the keys and values of `object` by kind, and makes its numbers Lua's (fractions come as exact ones). An error text,
--- or nil.
function M.check(object, known, what)
  if type(object) ~= "table" then return ("%s must be an object, not %s"):format(what, tostring(object)) end
  for key, value in pairs(object) do
    local kind = kinds[known[key]]
    if not kind then
      local names = {}
      for name in pairs(known) do names[#names + 1] = name end
      table.sort(names)
      return ("unknown key '%s' in %s%s"):format(tostring(key), what, text.did_you_mean(tostring(key), names))
    end
    if not kind[1](value) then
      local shown = type(value) == "table" and "an object" or ("'%s'"):format(tostring(value))
      return ("'%s' in %s must be %s, not %s"):format(key, what, kind[2], shown)
    end
    object[key] = python.to_number(value) or value
  end
  return nil
end

local function glob(pattern)
  local found = pattern:gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0"):gsub("%*", ".*")
  return pattern:find "^[/*]" and "^" .. found .. "$" or found
end

local function prepare(rule)
  local match = rule.match or {}
  local methods
  if match.method then
    methods = {}
    for _, method in ipairs(type(match.method) == "table" and match.method or { match.method }) do methods[method] = true end
  end
  return { rule = rule, match = match, methods = methods, path = match.path and glob(match.path), left = rule.count,
    skip = rule.after or 0, hits = 0 }
end

local function matches(entry, request, path, facts)
  local match = entry.match
  if entry.left == 0 then return false end
  if entry.methods and not entry.methods[request.method] then return false end
  if entry.path and not path:find(entry.path) then return false end
  if match.contains and not (request.body or ""):find(match.contains, 1, true) then return false end
  for name, value in pairs(facts) do
    if match[name] ~= nil and match[name] ~= value then return false end
  end
  return true
end

-- What happens, out of its own table.
local function flattened(rule)
  local out = {}
  for key, value in pairs(rule) do out[key] = value end
  out.action = nil
  for key, value in pairs(rule.action or {}) do out[key] = value end
  return out
end

--- The rules of one server. `actions`: the kinds of what its rules may say of what happens, by key; `facts`: of what they may
--- match besides.
function M.new(actions, facts)
  local known, known_match = both(rule_kinds, actions), both(match_kinds, facts)
  local rules, set = {}, {}

  local function check(rule, what)
    return M.check(rule, known, what) or (rule.match and M.check(rule.match, known_match, "match of " .. what))
      or (rule.action and M.check(rule.action, actions, "action of " .. what))
  end

  --- Replaces all rules; an error text when one is malformed, and all stay as they were.
  function set.set(list)
    local prepared = {}
    for i, rule in ipairs(list) do
      local problem = check(rule, "rule " .. i)
      if problem then return problem end
      prepared[i] = prepare(flattened(rule))
    end
    rules = prepared
    return nil
  end

  --- The rules with how often each hit.
  function set.list()
    local out = {}
    for i, entry in ipairs(rules) do out[i] = { rule = entry.rule, hits = entry.hits, left = entry.left == nil and json.null or entry.left } end
    return json.array(out)
  end

  --- The rule for a request, nil when it is to go well. `of_request` has the facts by name.
  function set.pick(request, path, of_request)
    for _, entry in ipairs(rules) do
      if matches(entry, request, path, of_request) then
        if entry.skip > 0 then
          entry.skip = entry.skip - 1
        elseif not entry.rule.probability or practice.random() < entry.rule.probability then
          if entry.left then entry.left = entry.left - 1 end
          entry.hits = entry.hits + 1
          return entry.rule
        end
      end
    end
    return nil
  end

  return set
end

local proxy_titles = { [429] = "Too Many Requests", [502] = "Bad Gateway", [503] = "Service Unavailable", [504] = "Gateway Time-out" }

--- The page of a proxy in front of the server.
function M.proxy_page(status)
  local title = ("%d %s"):format(status, proxy_titles[status] or "Error")
  return { status = status, headers = { ["Content-Type"] = "text/html" },
    body = ("<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"):format(title, title) }
end

return M
