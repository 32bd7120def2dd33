--- Collections that a mapping uses besides its two ends: tables whose rows lie below a record, systems of lookups.
---
--- Each is described like an end, and told to the program with the fields that are read of it.

local json = require "tidewire.json"
local flow = require "tidewire.mapping.flow"
local mark = require "tidewire.mapping.mark"
local types = require "tidewire.mapping.types"

local M = {}

local function given(value)
  if value == json.null then return nil end
  return value
end

local function id_of(own) return own.connection .. "." .. own.word .. " " .. own.collection end

-- Options that are the language's own and no connector's.
local ours = { parent = true, where = true, claims = true, with = true }

--- The one name of a collection that can be spelled in several ways, where its connector says it; else nil.
function M.place(description)
  return description and given(description.place) or nil
end

--- The options that the connector gets.
function M.options_of(own)
  local options = {}
  for key, value in pairs(own.options) do
    if not ours[key] then options[key] = value end
  end
  return options
end

--- Begins with none; `described` by id, as the program asked.
function M.begin(c, described)
  c.further, c.further_described = json.array {}, given(described) or {}
end

--- The entry of a collection (`own` was made by erp.doctype "X"), and its fields by name where they are known.
function M.use(c, own, fields)
  local id = id_of(own)
  local description = given(c.further_described[id])
  local entry
  for _, one in ipairs(c.further) do
    if one.id == id then entry = one end
  end
  if not entry then
    entry = { id = id, at = mark.at(own), connection = own.connection, word = own.word, collection = own.collection, place = M.place(description), options = M.options_of(own),
      key = json.array(description and given(description.key) or {}), fields = json.array {} }
    c.further[#c.further + 1] = entry
  end
  if not description then c.incomplete = true end
  M.read(entry, fields or {})
  return entry, types.described(description)
end

--- Whether a record that is missing there may only be hidden: as the collection is described, else as its connection is able to.
function M.hides(description, able)
  local proves = given(description.absence_proves_delete)
  if proves == nil then proves = able.absence_proves_delete end
  return proves == false
end

--- Refuses a collection of which the key may not see every row: in a list below a record a row that is only hidden reads as deleted, and
--- would be deleted on the other side (law 16). `side` is whose collection it is; what goes towards it alone loses nothing.
function M.must_show_all(c, own, side, towards, at)
  local description = given(c.further_described[id_of(own)])
  if not description or not flow.reaches(towards, flow.other[side]) or not M.hides(description, c.capabilities[side] or {}) then return end
  c.r:problem(at, "%s may have rows that this key does not see (row-level security, a view), and what is not seen would be deleted in %s: read it with a key that sees all, or let it go to the %s only",
    M.title(own), c.title[flow.other[side]], side)
end

--- Adds fields to what is read of it.
function M.read(entry, fields)
  local seen = {}
  for _, name in ipairs(entry.fields) do seen[name] = true end
  for _, name in ipairs(fields) do
    local head = name:match "^[^.]+"
    if not seen[head] then entry.fields[#entry.fields + 1] = head end
    seen[head] = true
  end
end

--- Says that rows of the entry name in this column the record which they belong to: a connector that can tells whose row is gone.
function M.belongs(entry, column)
  entry.parents = entry.parents or json.array {}
  for _, known in ipairs(entry.parents) do
    if known == column then return end
  end
  entry.parents[#entry.parents + 1] = column
end

--- `app.table "organizations"` as a message says it.
function M.title(own) return ("%s.%s \"%s\""):format(own.connection, own.word, own.collection) end

return M
