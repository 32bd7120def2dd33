-- Rules for what goes wrong on purpose: which request one meets, how often, and after how many.
--
-- { match = { method, path ("*" = anything), contains, and what a server adds }, count, after, probability, name, ... };
-- the first rule that matches counts. What happens then is the server's own.

local json = require "tidewire.json"
local practice = require "tidewire.practice"
local python = require "practice.shared.python"
local text = require "tidewire.text"

local M = {}

local common_keys = { "match", "count", "after", "probability", "name" }
local common_match = { "method", "path", "contains" }

local function joined(a, b)
  local list = { unpack(a) }
  for _, one in ipairs(b) do list[#list + 1] = one end
  return list
end

local function check_keys(object, known, what)
  for key in pairs(object) do
    local found = false
    for _, word in ipairs(known) do found = found or word == key end
    if not found then
      return ("unknown key '%s' in %s%s"):format(key, what, text.did_you_mean(key, known))
    end
  end
  return nil
end

local function glob(pattern)
  return "^" .. pattern:gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0"):gsub("%*", ".*") .. "$"
end

--- Fractions come as exact numbers, but clocks and chances are Lua numbers.
function M.plain_numbers(object, keys)
  for _, key in ipairs(keys) do
    if object[key] ~= nil and type(object[key]) ~= "string" then object[key] = python.to_number(object[key]) or object[key] end
  end
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

--- The rules of one server. `keys`: what its rules may say of what happens, `facts`: what they may match besides,
--- `numbers`: those that are seconds.
function M.new(keys, facts, numbers)
  local rules, known, known_match = {}, joined(common_keys, keys), joined(common_match, facts)
  local set = {}

  --- Replaces all rules; an error text when one is malformed.
  function set.set(list)
    local prepared = {}
    for i, rule in ipairs(list) do
      local problem = check_keys(rule, known, "rule " .. i) or (rule.match and check_keys(rule.match, known_match, "match of rule " .. i))
      if problem then return problem end
      M.plain_numbers(rule, joined(numbers, { "probability" }))
      prepared[i] = prepare(rule)
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
