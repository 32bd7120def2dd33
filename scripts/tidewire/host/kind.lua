--- What a connector wants to be told: the options of its connections, and its words for collections.
---
--- Gives { kind, options = [ {name, type, required, secret, options, default, keys} ], collections = [ names of words ] }, required ones
--- first, and `words`: all that a mapping may say of such a connection, as one that runs declares it.

local json = require "tidewire.json"

local function options_of(config)
  local list = json.array {}
  for name, rule in pairs(config or {}) do
    local default = rule.default
    if type(default) == "function" then default = nil end
    list[#list + 1] = {
      name = name, type = rule.secret and "secret" or rule.options and "choice" or rule.type or "any", required = rule.required or false,
      secret = rule.secret or false, options = rule.options and json.array(rule.options) or nil, keys = rule.keys and json.array(rule.keys) or nil,
      default = default,
    }
  end
  local first = { url = 1, host = 2, port = 3, database = 4, user = 5, login = 5 }
  table.sort(list, function(a, b)
    if a.required ~= b.required then return a.required end
    if (first[a.name] or 9) ~= (first[b.name] or 9) then return (first[a.name] or 9) < (first[b.name] or 9) end
    if a.secret ~= b.secret then return a.secret end
    return a.name < b.name
  end)
  return list
end

return function(load_main)
  local main = load_main()
  if type(main) ~= "table" or type(main.kind) ~= "string" then error("the file must return a table with `kind`", 0) end
  local words = json.array {}
  for word in pairs(main.collections or {}) do words[#words + 1] = word end
  table.sort(words)
  local verbs = json.array {}
  for verb in pairs(main.verbs or {}) do verbs[#verbs + 1] = verb end
  table.sort(verbs)
  return { kind = main.kind, options = options_of(main.config), collections = words, lists = type(main.catalog) == "function",
    words = { collections = main.collections or {}, verbs = verbs, owners = main.owners or {} } }
end
