-- Both systems read to the end and compared record by record. Written apart from the mappings, so that it can contradict them.

local json = require "tidewire.json"

local M = {}

local function filled(value)
  if value == nil or value == json.null or value == "" then return nil end
  return value
end

-- Tables by content, whatever their order; everything else as it is.
local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for key, value in pairs(a) do if not same(value, b[key]) then return false end end
  for key in pairs(b) do if a[key] == nil then return false end end
  return true
end

local function text(value)
  value = filled(value)
  if type(value) == "table" then return json.encode(value) end
  return value == nil and "empty" or tostring(value)
end

-- What the right side must hold for a document of the left, by the right's field names.
local expected = {}

function expected.countries(document)
  return {
    code = document.code, name = document.country_name, official_name = filled(document.official_name), alpha_3 = filled(document.alpha_3),
    iso_number = filled(document.numeric_code) and tonumber(document.numeric_code), flag = filled(document.flag),
    status = document.status == "In Use" and "in_use" or document.status == "Withdrawn" and "withdrawn" or document.status,
    names = filled(document.names) and json.decode(document.names), remark = filled(document.remark),
  }
end

function expected.subdivisions(document)
  return {
    code = document.code, name = document.subdivision_name, kind = filled(document.subdivision_type),
    country = document.country, parent = filled(document.parent_subdivision), note = filled(document.note),
  }
end

-- Rows by code, their references as codes.
local function by_code(rows, references)
  local found, twice = {}, {}
  for _, row in ipairs(rows) do
    if found[row.code] then twice[#twice + 1] = row.code end
    found[row.code] = row
  end
  for _, row in ipairs(rows) do
    for name, target in pairs(references) do
      local key = filled(row[name .. "_id"])
      row[name] = key and (target[key] or "a row that is not there") or nil
    end
  end
  return found, twice
end

--- id -> code
function M.codes(rows)
  local codes = {}
  for _, row in ipairs(rows) do codes[row.id] = row.code end
  return codes
end

local fields = {
  countries = { "code", "name", "official_name", "alpha_3", "iso_number", "flag", "status", "names", "remark" },
  subdivisions = { "code", "name", "kind", "country", "parent", "note" },
}

--- Compares all documents of the left with all rows of the right: { documents, rows, values, differences }.
function M.sides(mapping, documents, rows, references)
  local right, twice = by_code(rows, references)
  local result = { documents = 0, rows = #rows, values = 0, differences = {} }
  local function differs(...) table.insert(result.differences, mapping .. ": " .. string.format(...)) end
  for _, code in ipairs(twice) do differs("%s is there twice in the app", code) end
  for code, document in pairs(documents) do
    result.documents = result.documents + 1
    local row, wanted = right[code], expected[mapping](document)
    if not row then differs("%s is in the ERP alone", code) end
    for _, name in ipairs(row and fields[mapping] or {}) do
      result.values = result.values + 1
      if not same(wanted[name], filled(row[name])) then
        differs("%s of %s is %s in the ERP and %s in the app", name, code, text(wanted[name]), text(row[name]))
      end
    end
    right[code] = nil
  end
  for code in pairs(right) do differs("%s is in the app alone", code) end
  return result
end

return M
