--- The words that declare a connection, one per kind of connector: `frappe { url = env "X", api_key = secret "Y" }`.
---
--- Secrets and env stay markers ({"$secret": "X"}): resolving them is the program's, so that no script holds the text.

local json = require "tidewire.json"
local mark = require "tidewire.mapping.mark"
local report = require "tidewire.host.report"

local M = {}

local function text_word(word)
  return function(name)
    if type(name) ~= "string" or not name:find "^[%a_][%w_]*$" then
      report.refuse(report.where(), ("%s takes the name of a variable: %s \"ERP_KEY\""):format(word, word))
    end
    return mark.make(word, { ["$" .. word] = name })
  end
end

--- `env`, `secret` and a word for each kind.
function M.words(kinds)
  local words = { env = text_word "env", secret = text_word "secret" }
  for _, kind in ipairs(kinds) do
    words[kind] = function(config)
      if type(config) ~= "table" then
        report.refuse(report.where(), ("%s takes a table of options: %s { url = ... }"):format(kind, kind))
      end
      return M.made(kind, config)
    end
  end
  return words
end

--- `config` as if the kind's word had made it, at `place` where that is known.
function M.made(kind, config, place) return mark.make("kind:" .. kind, config, place) end

--- The kind whose word made it, or nil.
function M.of(value) return (mark.word(value) or ""):match "^kind:(.*)$" end

function M.is_marker(value) return mark.word(value) == "env" or mark.word(value) == "secret" end

--- Only data crosses: what a connector gets must be plain.
function M.plain(r, value, name, near)
  if type(value) == "function" then
    r:problem(near, "'%s' is a function; options are plain values", name)
    return nil
  end
  if type(value) ~= "table" or M.is_marker(value) then return value end
  local copy = #value > 0 and json.array {} or {}
  for key, item in pairs(value) do copy[key] = M.plain(r, item, name .. "." .. tostring(key), r:key(tostring(key), near)) end
  return copy
end

--- The other way: plain data with its markers known as such.
function M.marked(value)
  if type(value) ~= "table" then return value end
  for _, word in ipairs { "secret", "env" } do
    if type(value["$" .. word]) == "string" then return mark.make(word, { ["$" .. word] = value["$" .. word] }) end
  end
  local copy = #value > 0 and json.array {} or {}
  for key, item in pairs(value) do copy[key] = M.marked(item) end
  return copy
end

return M
