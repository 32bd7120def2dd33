--- Which word made a table, and on which line: kept beside the table, so that the table itself stays what was written.

local report = require "tidewire.host.report"

local M = {}

local marks = setmetatable({}, { __mode = "k" })

--- Remembers that `word` made `table`; the line is the author's that is calling.
function M.make(word, value, place)
  marks[value] = { word = word, at = place or report.where() }
  return value
end

--- The word that made it, or nil.
function M.word(value)
  local mark = type(value) == "table" and marks[value]
  return mark and mark.word or nil
end

local factories = setmetatable({}, { __mode = "k" })

--- Remembers a function of the library that makes a conversion and is none itself.
function M.factory(call, name)
  factories[call] = name
  return call
end

--- What is wrong with such a function where a conversion is meant, in its own words; nil of any other.
function M.unmade(call)
  local name = type(call) == "function" and factories[call]
  if not name then return nil end
  local made, why = pcall(call)
  return made and name .. " makes a conversion when it is called: " .. name .. "()" or (tostring(why):gsub("^[^ ]+:%d+: ", ""))
end

--- The line where a word made it, or nil.
function M.at(value)
  local mark = type(value) == "table" and marks[value]
  return mark and mark.at or nil
end

return M
