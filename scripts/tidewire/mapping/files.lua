--- `file = true` on a row: the files that both fields name are kept the same, by what is in them.

local json = require "tidewire.json"
local flow = require "tidewire.mapping.flow"
local parts = require "tidewire.mapping.parts"
local types = require "tidewire.mapping.types"

local M = {}

local sides = { "left", "right" }

-- What the connector of a side lacks to keep files the same; nil: nothing, or nobody knows the connector.
local function lacking(c, side, written)
  local able = c.files[side]
  if not able then return nil end
  if not able.download then return "download" end
  if written and not able.upload then return "upload" end
end

--- Whether both connectors can copy files, each to the other's side.
function M.both_can(c)
  return c.files.left ~= nil and c.files.right ~= nil and not lacking(c, "left", true) and not lacking(c, "right", true)
end

-- Rules that make a new value of two.
local making = { merge = true, union = true, append = true, sum_delta = true, max = true, min = true }

-- What describe says of a field of the record itself, of a part of it or of a row; nil where nobody knows.
local function described_field(c, side, path)
  local of_part, is_part = parts.field(c.described[side], path)
  if is_part then return of_part end
  return c.described[side] and c.described[side][path:match "^[^.]+"]
end

-- Why a field of that side holds no file that can be copied, or nil.
local function unfit(c, side, path)
  local described, able = described_field(c, side, path), c.files[side]
  if not described or not able then return nil end
  local kind = described.type.kind
  if described.one then return nil end  -- a list that counts as one file
  if kind == "list" or kind == "set" or kind == "rows" then return "holds a list, and a row with file = true copies one file" end
  if kind == "binary" and not described.content then return "holds the bytes themselves: another field of bytes gets them without file = true" end
  if described.elsewhere then return "names a file that the connector does not reach" end
  if able.shared == false and not described.file and not described.content then
    return ("is %s, and the connector of %s (%s) copies files of fields that hold or name one only"):format(types.name(described.type), c[side].connection, c.kinds[c[side].connection])
  end
end

-- Tells the connector which of its fields are read and written as files.
local function declare(c, side, path, at)
  local head, rest = path:match "^([^.]+)%.?(.*)$"
  local entry = c.row_entries and c.row_entries[side]
  local part = c.parts and c.parts[side] and c.parts[side][head]
  if part then
    entry, path = part.entry, rest
  elseif not c.row_entries then
    c.file_paths[side][path] = at
    if described_field(c, side, path) then c.file_columns[side][#c.file_columns[side] + 1] = path end
    return
  end
  if not entry then return end
  entry.files = entry.files or json.array {}
  for _, known in ipairs(entry.files) do
    if known == path then return end
  end
  entry.files[#entry.files + 1] = path
end

--- Makes the compiled field one of files, or says why it cannot be.
function M.fit(c, spec, field)
  local row, at = spec.row, spec.at
  local taken = field.kind ~= "copy" and "transform or value" or row.type ~= nil and "type" or row.default ~= nil and "default" or nil
  if taken then return c.r:problem(at, "a row with file = true takes no %s: the file is copied as it is", taken) end
  if spec.is_key then return c.r:problem(at, "a file tells no row from another: rows need another key") end
  for _, side in ipairs(sides) do
    if #field[side] ~= 1 then return c.r:problem(at, "a row with file = true names one field on each side") end
    local lacks = lacking(c, side, flow.reaches(field.flow, side))
    if lacks then
      return c.r:problem(at, "file = true: the connector of %s (%s) cannot %s files, so only the name or the address of one can be kept the same: take file = true off", c[side].connection,
        c.kinds[c[side].connection], lacks)
    end
    local why = unfit(c, side, field[side][1])
    if why then return c.r:problem(at, "file = true: '%s' of %s %s", field[side][1], c.title[side], why) end
    if c.rows_as_text and c.rows_as_text[side] then return c.r:problem(at, "file = true: the rows of %s are JSON in a text, which names no files that can be copied", c.title[side]) end
  end
  for _, side in ipairs(sides) do
    local described = field[side .. "_type"] or {}
    field[side .. "_type"] = { kind = "file", read_only = described.read_only, required = described.required, unique = described.unique, editable_after = described.editable_after }
    declare(c, side, field[side][1], at)
  end
  field.file = true
end

--- What a file is compared by nothing that goes by its name.
function M.rule(c, spec, field)
  if field.file and making[field.strategy] then
    c.r:problem(spec.at, "conflict = \"%s\" makes one value of two, and two files make none: choose newest, left, right, nonempty or manual for this row", field.strategy)
  end
end

--- First contact and scopes ask the system for values that it has, and a file's content is none of them.
function M.asked(c)
  for _, side in ipairs(sides) do
    local function refuse(path, what)
      if c.file_paths[side][path] then c.r:problem(c.file_paths[side][path], "'%s' is a file, and %s cannot go by it", path, what) end
    end
    for _, match in ipairs(c.matches) do
      for _, pair in ipairs(match) do refuse(pair[side], "match") end
    end
    for path in pairs(c.scope[side] or {}) do refuse(path, "scope") end
  end
end

return M
