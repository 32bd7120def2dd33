--- connections/NAME.lua: one connection in a file of its own, which a program may write: `return frappe { ... }`.
---
--- argument = { name, kinds, path, text }; gives { kind, config, at } with markers for secrets.

local environment = require "tidewire.host.environment"
local kinds = require "tidewire.host.kinds"
local mark = require "tidewire.mapping.mark"
local report = require "tidewire.host.report"

local function run(load_main, argument)
  local used = {}
  local words, settle = environment.new(kinds.words(argument.kinds or {}), used)
  local r = report.new(argument.path, argument.text)
  local content = load_main(words)
  settle()
  local kind = kinds.of(content)
  if not kind then
    r:problem(r.path, "the file must end with a connection: return frappe { url = ... }")
    return r:message()
  end
  local at = mark.at(content) or used[kind] or r.path
  return nil, { kind = kind, at = at, config = kinds.plain(r, content, argument.name, at) or {} }, r:message()
end

--- Raising as the last call leaves no line of this library in the message.
return function(load_main, argument)
  local ok, failure, result, problem = pcall(run, load_main, argument)
  if not ok then return error(type(failure) == "table" and failure.refused and failure.message or failure, 0) end
  if failure or problem then return error(failure or problem, 0) end
  return result
end
