--- The words of a mapping file. Each makes a plain table, remembered with its line, that is checked afterwards.

local decimal = require "tidewire.decimal"
local json = require "tidewire.json"
local after = require "tidewire.mapping.after"
local later = require "tidewire.mapping.later"
local mark = require "tidewire.mapping.mark"
local outcome = require "tidewire.mapping.outcome"
local parts = require "tidewire.mapping.parts"
local report = require "tidewire.host.report"
local stamp = require "tidewire.mapping.stamp"

local M = {}

local function needs_table(word, value, example)
  if type(value) ~= "table" or mark.word(value) then
    report.refuse(report.where(), ("%s takes a table: %s"):format(word, example))
  end
end

local function table_word(word, example)
  return function(value)
    needs_table(word, value, example)
    return mark.make(word, value)
  end
end

local function condition(word, op, single)
  return function(value)
    if single and (value == nil or type(value) == "table") then
      report.refuse(report.where(), ("%s takes one value: %s(5)"):format(word, word))
    end
    if not single then
      needs_table(word, value, word .. " { \"Active\", \"Left\" }")
      if #value == 0 then report.refuse(report.where(), word .. " is empty: name at least one value") end
      if #value == 1 and op == "not_in" then return mark.make("condition", { op = "!=", value = value[1] }) end
      value = json.array(value)
    end
    return mark.make("condition", { op = op, value = value })
  end
end

local function declared_function(declaration, call)
  local example = "fn({ reads = { \"a\" }, writes = { \"b\" } }, function(rec, out, ctx) ... end)"
  local place = report.where()
  if type(declaration) ~= "table" or type(call) ~= "function" then report.refuse(place, "fn is written: " .. example) end
  for _, key in ipairs(report.names(declaration)) do
    if key ~= "reads" and key ~= "writes" then
      report.refuse(place, ("unknown key '%s' in fn%s"):format(tostring(key), report.suggest(key, { "reads", "writes" })))
    end
  end
  for _, key in ipairs { "reads", "writes" } do
    local list = declaration[key]
    if type(list) == "string" then list = { list } end
    if type(list) ~= "table" or #list == 0 then report.refuse(place, ("fn says what it %s: %s"):format(key, example)) end
    for _, path in ipairs(list) do
      if type(path) ~= "string" then report.refuse(place, ("%s of fn is a list of field names"):format(key)) end
    end
    declaration[key] = list
  end
  return mark.make("fn", { reads = declaration.reads, writes = declaration.writes, call = call }, place)
end

local by = setmetatable({
  fields = table_word("by.fields", "by.fields { { \"email\", \"email\", fold = true } }"),
  checksum = table_word("by.checksum", "by.checksum { \"first_name\", \"last_name\" }"),
}, {
  __index = function(_, name)
    report.refuse(report.where(), ("there is no by.%s%s"):format(tostring(name), report.suggest(name, { "fields", "checksum" })))
  end,
})

--- The words that belong to no connection.
M.common = {
  same = table_word("same", "same { \"gender\", \"date_of_birth\" }"),
  group = table_word("group", "group { { \"a\", \"b\" }, { \"c\", \"d\" }, conflict = \"manual\" }"),
  all = table_word("all", "all { except = { \"naming_series\" } }"),
  rows = table_word("rows", "rows { left = \"education\", right = \"education\", key = { \"school\" }, fields = { ... } }"),
  by = by,
  join = parts.join,
  part = parts.part,
  via = parts.via,
  fn = declared_function,
  one_of = condition("one_of", "in"),
  none_of = condition("none_of", "not_in"),
  not_equal = condition("not_equal", "!=", true),
  more_than = condition("more_than", ">", true),
  at_least = condition("at_least", ">=", true),
  less_than = condition("less_than", "<", true),
  at_most = condition("at_most", "<=", true),
  not_null = mark.make("condition", { op = "not_null" }, "tidewire/mapping/words.lua:1"),
  now = mark.make("now", { ["$now"] = true }, "tidewire/mapping/words.lua:1"),
  null = json.null,
  dec = decimal.dec,
  skip = outcome.skip,
  wait = outcome.wait,
  dead = outcome.dead,
  link = stamp.link,
  post = after.post,
  mail = after.mail,
}

function M.common.mapping(content)
  if type(content) ~= "table" then report.refuse(report.where(), "mapping takes a table: mapping { left = ..., right = ... }") end
  return mark.make("mapping", content)
end

-- Options that every collection has, whatever its connector.
local general = { parent = { type = "text" }, where = { type = "table" }, claims = { type = "text" }, with = { type = "table" } }

local function check_options(name, word, options, declared, place)
  if options == nil then return {} end
  if type(options) ~= "table" then report.refuse(place, ("options of %s.%s are a table"):format(name, word)) end
  local known = report.names(declared)
  for _, key in ipairs(report.names(general)) do known[#known + 1] = key end
  for _, key in ipairs(report.names(options)) do
    local rule = declared[key] or general[key]
    if rule == nil then
      report.refuse(place, ("unknown option '%s' of %s.%s%s"):format(tostring(key), name, word, report.suggest_or_list(key, known)))
    end
    local wanted = type(rule) == "table" and rule.type
    local lua_type = ({ text = "string", number = "number", boolean = "boolean", table = "table" })[wanted]
    if lua_type and type(options[key]) ~= lua_type then
      report.refuse(place, ("the option '%s' of %s.%s must be a %s"):format(key, name, word, wanted))
    end
  end
  return options
end

local function check_required(name, word, options, declared, place)
  for key, rule in pairs(declared) do
    if type(rule) == "table" and rule.required and options[key] == nil then
      report.refuse(place, ("%s.%s needs the option '%s'"):format(name, word, key))
    end
  end
end

--- `erp` of erp.doctype "Employee", erp.submit, erp.dynamic_link "Customer". `described`: { kind, collections = { word = { option = rule } },
--- verbs, owners }.
function M.connection(name, described)
  local collections = described.collections or {}
  local owners = type(described.owners) == "table" and described.owners or {}
  local known, verbs, members = report.names(collections), {}, report.names(collections)
  for _, verb in ipairs(type(described.verbs) == "table" and described.verbs or {}) do
    verbs[verb], members[#members + 1] = true, verb
  end
  for _, owner in ipairs(report.names(owners)) do members[#members + 1] = owner end
  return mark.make("connection", setmetatable({}, {
    __index = function(_, word)
      local place = report.where()
      if verbs[word] then return mark.make("verb", { connection = name, name = word }, place) end
      if owners[word] then
        return function(of) return mark.make("owner", { connection = name, of = of, rule = owners[word] }, place) end
      end
      if collections[word] == nil and later.members[word] then later.refuse(name .. "." .. word, place) end
      if #known > 0 and collections[word] == nil then
        report.refuse(place, ("%s has no '%s'%s"):format(name, tostring(word), report.suggest_or_list(word, members)))
      end
      return function(collection, options)
        local at = report.where() or place
        if type(collection) ~= "string" or collection == "" then
          report.refuse(at, ("%s.%s takes a name: %s.%s \"Employee\""):format(name, word, name, word))
        end
        local declared = type(collections[word]) == "table" and collections[word] or {}
        options = check_options(name, word, options, declared, at)
        check_required(name, word, options, declared, at)
        local own = mark.make("end", { connection = name, word = word, collection = collection, options = options }, at)
        return options.with and parts.with(own, options.with, at) or own
      end
    end,
  }), "tidewire.lua")
end

--- All words of a mapping file of a project with these connections.
function M.of(connections, chosen_environment)
  local words, proxies = {}, {}
  for name, value in pairs(M.common) do words[name] = value end
  for name, described in pairs(connections) do
    proxies[name] = M.connection(name, described)
    words[name] = proxies[name]
  end
  words.environment = chosen_environment or ""
  function words.connection(name)
    if proxies[name] == nil then
      report.refuse(report.where(), ("there is no connection '%s'%s"):format(tostring(name), report.suggest(name, report.names(proxies))))
    end
    return proxies[name]
  end
  return words
end

return M
