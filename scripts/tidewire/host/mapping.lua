--- A mapping file: its words, and the plans that the engine gets of it.
---
--- argument = { name, path, text, connections = { erp = { kind, collections, capabilities, proof, verbs, owners } }, mappings = { names }, defaults, mail,
--- describe = { left, right, further = { ID = ... } } or by mapping's name, environment, dry_run, frozen = { by mapping's name what `all` took } }. The file's text is only for the lines of errors.

local json = require "tidewire.json"
local compile = require "tidewire.mapping.compile"
local environment = require "tidewire.host.environment"
local mark = require "tidewire.mapping.mark"
local report = require "tidewire.host.report"
local shared = require "tidewire.mapping.shared"
local words = require "tidewire.mapping.words"

local function given(value)
  if value == json.null or value == "" then return nil end
  return value
end

-- The mappings that the file returned, each with its name and place.
local function contents(r, returned, name, start)
  local list = mark.word(returned) == "mapping" and { returned } or returned
  local result, names = {}, {}
  if type(list) ~= "table" or mark.word(list) ~= nil or #list == 0 then
    r:problem(r.path, "the file must end with: return mapping { ... }, or with a list of them")
    return result, names
  end
  for position, content in ipairs(list) do
    if mark.word(content) ~= "mapping" then
      r:problem(r.path, "entry %d of the list is no mapping: write mapping { ... }", position)
    else
      local at = mark.at(content) or start or r.path
      local own = r:typed(content, "name", "string", "the mapping", at)
      if own and not own:find "^[%w_-]+$" then r:problem(r:key("name", at), "'%s' is no name: letters, digits, _ and - only", own) end
      own = own or (#list == 1 and name or name .. "_" .. position)
      if names[own] then r:problem(at, "two mappings are called '%s'", own) end
      names[own] = true
      result[#result + 1] = { content = content, name = own, at = at }
    end
  end
  return result, names
end

local function ended(value) return mark.word(value) == "end" and { connection = value.connection, collection = value.collection } or nil end

local function run(load_main, argument)
  local used = {}
  local name = argument.name or "mapping"
  local path = argument.path or ("mappings/" .. name .. ".lua")
  local r = report.new(path, argument.text)
  local visible, settle = environment.new(words.of(argument.connections or {}, given(argument.environment)), used, report.names(argument.connections or {}))
  local returned = load_main(visible)
  settle()
  local list, names = contents(r, returned, name, used.mapping)
  local ends = {}
  for _, entry in ipairs(list) do ends[entry.name] = { left = ended(entry.content.left), right = ended(entry.content.right) } end
  argument.ends = ends
  local plans = json.array {}
  for _, entry in ipairs(list) do
    local content = shared.complete(r, entry.content, entry.at)
    content.name = entry.name
    local before = #r.warnings
    local plan = compile(r, content, argument, entry.at, report.names(names))
    if plan then plan.warnings = json.array { unpack(r.warnings, before + 1) } end
    plans[#plans + 1] = plan
  end
  local failure = r:message()
  if failure then return failure end
  return nil, { mappings = plans, warnings = json.array(r.warnings) }
end

--- Raising as the last call leaves no line of this library in the message.
return function(load_main, argument)
  local ok, failure, result = pcall(run, load_main, argument)
  if not ok then return error(type(failure) == "table" and failure.refused and failure.message or failure, 0) end
  if failure then return error(failure, 0) end
  return result
end
