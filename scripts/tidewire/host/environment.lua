--- The names a file of the author's sees: the words of its kind over Lua's own, read-only.

local report = require "tidewire.host.report"

local M = {}

local base = { "assert", "bit", "coroutine", "error", "getmetatable", "ipairs", "math", "next", "pairs", "pcall", "rawequal",
  "rawget", "rawset", "require", "select", "setmetatable", "string", "table", "tonumber", "tostring", "type", "unpack",
  "xpcall" }

-- What a word may not be called in any file: a connection of that name would hide it.
M.reserved = { "all", "at_least", "at_most", "both", "by", "connection", "dead", "dec", "env", "environment", "fn", "group",
  "join", "left", "less_than", "link", "lookup", "mail", "mapping", "more_than", "none_of", "not_equal", "not_null", "now",
  "null", "one_of", "part", "post", "project", "right", "rows", "same", "secret", "skip", "source", "target", "use", "via",
  "wait" }
for _, name in ipairs(base) do M.reserved[#M.reserved + 1] = name end

--- An environment of `words`; `used[name]` becomes the line where a name was last looked up, because a call that ends a
--- file ("return mapping { ... }") leaves no line of its own.
function M.new(words, used, connections)
  local globals = _G
  local names = report.names(words)
  for _, name in ipairs(base) do names[#names + 1] = name end
  local environment, known = {}, {}
  for _, name in ipairs(base) do known[name] = globals[name] end
  for name, value in pairs(words) do known[name] = value end
  local function refuse(_, name)
    report.refuse(report.where(), ("'%s' is assigned but not declared: write 'local %s'"):format(tostring(name), tostring(name)))
  end
  local meta = { __newindex = refuse, __metatable = false }
  function meta.__index(_, name)
    local value = known[name]
    if value ~= nil then
      used[name] = report.where()
      return value
    end
    -- Lua's own refusal explains what is left out on purpose ("io", "os").
    local ok, failure = pcall(function() return globals[name] end)
    local absent = not ok and tostring(failure):match "there is no .*$"
    local meant = report.suggest(name, names)
    if tostring(name):find "\226\128[\152-\159]" then meant = ": write the straight quotes \" and ' in place of the curly ones"
    elseif name == "t" then meant = ": write local t = require \"tidewire.transform\" above"
    elseif meant == "" and connections and #connections > 0 then meant = " (the connections are: " .. table.concat(connections, ", ") .. ")" end
    report.refuse(report.where(), absent or ("unknown name '%s'%s"):format(tostring(name), meant))
  end
  setmetatable(environment, meta)

  --- Functions of the file run later and often: from here on a name is found at once.
  local function settle()
    meta.__newindex = nil
    for name, value in pairs(known) do environment[name] = value end
    meta.__newindex = refuse
  end
  return environment, settle
end

return M
