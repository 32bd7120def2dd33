--- `file = true` on a row: the files that both fields name are kept the same, by what is in them.

local flow = require "tidewire.mapping.flow"
local parts = require "tidewire.mapping.parts"

local M = {}

local sides = { "left", "right" }

-- What the connector of a side lacks to keep files the same; nil: nothing, or nobody knows the connector.
local function lacking(c, side, written)
  local able = c.files[side]
  if not able then return nil end
  if not able.download then return "download" end
  if written and not able.upload then return "upload" end
end

--- Whether both connectors can copy files, each to the other's side; not those of rows below a record.
function M.both_can(c)
  return c.files ~= nil and c.files.left ~= nil and c.files.right ~= nil and not lacking(c, "left", true) and not lacking(c, "right", true)
end

-- Rules that make a new value of two.
local making = { merge = true, union = true, append = true, sum_delta = true, max = true, min = true }

--- Makes the compiled field one of files, or says why it cannot be.
function M.fit(c, spec, field)
  local row, at = spec.row, spec.at
  local function elsewhere() return c.r:problem(at, "file = true is for fields of the record itself, not of a part or of rows below it") end
  if not c.files then return elsewhere() end
  local taken = field.kind ~= "copy" and "transform or value" or row.type ~= nil and "type" or row.default ~= nil and "default" or nil
  if taken then return c.r:problem(at, "a row with file = true takes no %s: the file is copied as it is", taken) end
  for _, side in ipairs(sides) do
    if #field[side] ~= 1 then return c.r:problem(at, "a row with file = true names one field on each side") end
    local _, is_part = parts.field(c.described[side], field[side][1])
    if is_part then return elsewhere() end
    local lacks = lacking(c, side, flow.reaches(field.flow, side))
    if lacks then
      return c.r:problem(at, "file = true: the connector of %s (%s) cannot %s files, so only the name or the address of one can be kept the same: take file = true off", c[side].connection,
        c.kinds[c[side].connection], lacks)
    end
  end
  for _, side in ipairs(sides) do
    local described = field[side .. "_type"] or {}
    field[side .. "_type"] = { kind = "file", read_only = described.read_only, required = described.required, unique = described.unique, editable_after = described.editable_after }
    c.file_paths[side][field[side][1]] = at
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
