--- One row of `fields`, checked and compiled.

local json = require "tidewire.json"
local checks = require "tidewire.mapping.checks"
local conflict = require "tidewire.mapping.conflict"
local files = require "tidewire.mapping.files"
local flow = require "tidewire.mapping.flow"
local functions = require "tidewire.mapping.functions"
local literal = require "tidewire.mapping.literal"
local lookup = require "tidewire.mapping.lookup"
local mark = require "tidewire.mapping.mark"
local parts = require "tidewire.mapping.parts"
local report = require "tidewire.host.report"
local rows = require "tidewire.mapping.rows"
local trial = require "tidewire.mapping.trial"
local types = require "tidewire.mapping.types"

local M = {}

local options = { "left", "right", "name", "only", "when", "default", "value", "conflict", "tie", "type", "lossy", "required", "null",
  "redact", "file", "to_right", "to_left" }
local sides = { "left", "right" }

local function merged(list, more)
  local result, seen = {}, {}
  for _, part in ipairs { list or {}, more or {} } do
    for _, path in ipairs(part) do
      if not seen[path] then result[#result + 1] = path end
      seen[path] = true
    end
  end
  return result
end

-- fn says its fields itself: what it reads on one side and writes on the other.
local function paths_of_functions(row)
  local result = {}
  local right, left = row.to_right, row.to_left
  local reads = { left = mark.word(right) == "fn" and right.reads, right = mark.word(left) == "fn" and left.reads }
  local writes = { left = mark.word(left) == "fn" and left.writes, right = mark.word(right) == "fn" and right.writes }
  for _, side in ipairs(sides) do
    if reads[side] or writes[side] then result[side] = merged(reads[side] or nil, writes[side] or nil) end
  end
  return result
end

local function named_part(row)
  local named = {}
  for key, value in pairs(row) do
    if not (type(key) == "number" and key >= 1 and key <= 3) then named[key] = value end
  end
  return named
end

--- { left = {paths}, right = {paths} } of a row; one of them may be missing for a constant. nil and a problem else.
function M.paths(c, spec)
  local row, at = spec.row, spec.at
  local said = paths_of_functions(row)
  local result = {}
  for position, side in ipairs(sides) do
    local value = row[side]
    if value == nil then value = row[position] elseif row[position] ~= nil then
      c.r:problem(at, "%s is said twice in this row", side)
    end
    if value == nil then result[side] = said[side]
    else
      result[side] = rows.paths(c, value, side, at)
      if not result[side] then return nil end
      result[side] = merged(result[side], said[side])
    end
  end
  if row.value ~= nil then return result end
  if not result.left or not result.right then
    c.r:problem(at, "a row names a field on both sides: { \"first_name\", \"first_name\" }, or one side and a value")
    return nil
  end
  return result
end

-- What a field that is not there is called now, or what may be meant.
local function meant(name, described)
  for now, field in pairs(described) do
    for _, former in ipairs(type(field.former) == "table" and field.former or {}) do
      if former == name then return (", which is now called '%s'"):format(now) end
    end
  end
  return report.suggest(name, report.names(described))
end

local function describe_path(c, side, path, at)
  local described = c.described[side]
  if not described then return nil end
  if described[path] then return described[path].type end      -- of a part that the system describes by itself
  local head, rest = path:match "^([^.]+)%.?(.*)$"
  local of_part, is_part, path_there = parts.field(described, path)
  if is_part then
    if not of_part then
      c.r:problem(at, "'%s' is no field of %s%s", path_there, described[head].title, report.suggest(path_there, report.names(described[head].part)))
      return nil
    end
    return not path_there:find(".", 1, true) and of_part.type or { kind = "json" }
  end
  local field = described[head]
  if not field then
    local about = c.description and c.description[side]      -- of rows there is none
    local whole = types.refused(about, path)
    local why = whole or types.refused(about, head)
    if why then c.r:problem(at, "'%s' of %s is left out: %s", whole and path or head, c.title[side], why)
    elseif not c.is_key(head, side) then
      c.r:problem(at, "'%s' is no field of %s%s", head, c.title[side], meant(head, described))
    end
    return nil
  end
  if rest == "" then return field.type end
  if not types.has_parts(field.type) then
    local why = types.refused(c.description and c.description[side], path)
    if why then return c.r:problem(at, "'%s' of %s is left out: %s", path, c.title[side], why) end
    c.r:problem(at, "'%s' names a part of '%s', which is %s in %s and has none", path, head, types.name(field.type), c.title[side])
    return nil
  end
  return { kind = "json" }
end

-- Several paths share a type only if they have the same.
local function described_type(c, side, paths, at)
  local found
  for i, path in ipairs(paths) do
    local t = describe_path(c, side, path, at)
    if i == 1 then found = t elseif not t or not found or t.kind ~= found.kind then found = nil end
  end
  return found
end

local function types_of(c, row, paths, at)
  local result = {}
  for _, side in ipairs(sides) do result[side] = described_type(c, side, paths[side] or {}, at) end
  local said = row.type
  if said ~= nil then
    local near = c.r:key("type", at)
    local per_side = type(said) == "table" and (said.left ~= nil or said.right ~= nil)
    if per_side then c.r:keys(said, sides, "type", near) end
    for _, side in ipairs(sides) do
      local own = said
      if per_side then own = said[side] end
      local written = own ~= nil and types.written(c.r, own, near)
      if written then
        local flags = result[side] or {}
        result[side] = types.with(written, { read_only = flags.read_only, required = flags.required, unique = flags.unique })
      end
    end
  end
  return result
end

local function pair_of(c, row, at)
  local third = row[3]
  local own = (row.to_right ~= nil or row.to_left ~= nil) and { to_right = row.to_right, to_left = row.to_left } or nil
  if third == nil then return own end
  if own then c.r:problem(at, "a transform and to_right or to_left in one row") end
  local unmade = mark.unmade(third)
  if unmade then return c.r:problem(at, "%s", unmade) end
  if type(third) == "function" then
    local only = row.only and flow.of(c, row.only, "only", at) or c.flow
    if only == "both" then
      c.r:problem(at, "one function converts one way only: say only = \"to_right\", or give { to_right = ..., to_left = ... }")
      return nil
    end
    return { [only] = third }
  end
  if mark.word(third) == "transform" then return third end
  if type(third) == "table" and (third.to_right ~= nil or third.to_left ~= nil) and not mark.word(third) then
    c.r:keys(third, { "to_right", "to_left", "lossy", "name", "bind", "left_type", "right_type" }, "a transform", at)
    return third
  end
  c.r:problem(at, "the third entry of a row is a transform such as t.date, not %s",
    mark.word(third) and "'" .. mark.word(third) .. "'" or type(third) == "string" and "'" .. third .. "'" or "a " .. type(third))
end

local function bound(c, pair, paths, field_types, at)
  if not pair or not pair.bind then return pair end
  local fitted = pair.bind {
    left_paths = paths.left, right_paths = paths.right, left_type = field_types.left, right_type = field_types.right,
    problem = function(message) c.r:problem(at, message) end, warn = function(message) c.r:warn(at, message) end,
  }
  if not fitted then return pair end
  fitted.name = pair.name
  if fitted.lossy == nil then fitted.lossy = pair.lossy end
  return fitted
end

local function conversion(c, spec, pair, to, paths, is_builtin)
  local call, from = pair["to_" .. to], flow.other[to]
  if call == nil then return nil end
  local unmade = mark.unmade(call)
  if unmade then return c.r:problem(spec.at, "%s", unmade) end
  local name = "a record of " .. c[from].connection
  local about = not is_builtin and functions.surroundings(c.strict[to], c.lookups[from]) or nil
  if mark.word(call) == "fn" then return functions.declared(call, paths[from], paths[to], name, about) end
  if type(call) ~= "function" then
    c.r:problem(spec.at, "to_%s must be a function", to)
    return nil
  end
  return functions.conversion(call, paths[from], spec.nothing, not is_builtin and c.strict[from] or nil, name, about)
end

-- Conversions that are data for the program, in both directions.
local function is_data(pair) return pair.reference ~= nil or pair.words ~= nil or pair.find ~= nil end

local function flow_of(c, spec, pair)
  local row, at = spec.row, spec.at
  local result = c.flow
  if row.only ~= nil then
    local only = flow.of(c, row.only, "only", c.r:key("only", at))
    if only and c.flow ~= "both" and only ~= "both" and only ~= c.flow then
      c.r:problem(at, "only = \"%s\" in a mapping whose direction is %s", row.only, c.flow)
    end
    if only and only ~= "both" then result = only end
  elseif pair and not is_data(pair) and c.flow == "both" and row[3] == nil then
    if pair.to_right == nil then result = "to_left" elseif pair.to_left == nil then result = "to_right" end
  end
  if pair and not is_data(pair) then
    for _, side in ipairs(sides) do
      if flow.reaches(result, side) and pair["to_" .. side] == nil then
        c.r:problem(at, "%s does not convert to the %s: say only = \"to_%s\"", pair.name or "the transform", side, flow.other[side])
      end
    end
  end
  return result
end

local function name_of(c, spec, paths)
  if spec.row.name ~= nil then return c.r:typed(spec.row, "name", "string", "a row", spec.at) or "?" end
  local left, right = table.concat(paths.left or {}, "+"), table.concat(paths.right or {}, "+")
  local name = (left == right or right == "") and left or left == "" and right or left .. ">" .. right
  if c.names[name] and spec.row.only then name = name .. " " .. spec.row.only end
  return name
end

local function remember_name(c, spec, name)
  if c.names[name] then
    c.r:problem(spec.at, "two rows are called '%s'; give one a name = \"...\" (the other is at %s)", name, c.names[name])
  end
  c.names[name] = spec.at
end

local function read_null(c, row, at)
  local null = row.null
  if null == nil or null == "clear" or null == json.null then return { null = "clear" } end
  if null == "keep" then return { null = "keep" } end
  if type(null) == "function" or type(null) == "table" then
    c.r:problem(at, "null must be \"clear\", \"keep\" or a plain value")
    return { null = "clear" }
  end
  return { null = "replace", null_value = null }
end

local function constant(c, spec, paths, field)
  local row, at = spec.row, spec.at
  local given = (paths.left and 1 or 0) + (paths.right and 1 or 0)
  local side = paths.left and "left" or "right"
  if given ~= 1 or #(paths[side] or {}) ~= 1 then
    return c.r:problem(at, "a row with a value names one field on one side: { left = \"naming_series\", value = \"HR-EMP-\" }")
  end
  if row[3] ~= nil or row.to_right ~= nil or row.to_left ~= nil then return c.r:problem(at, "a row with a value takes no transform") end
  if mark.word(row.value) or type(row.value) == "function" then
    return c.r:problem(at, "value is plain data%s", mark.word(row.value) == "now" and "; now is for deletes.soft" or "")
  end
  if not flow.reaches(c.flow, side) then
    return c.r:problem(at, "'%s' is on the %s, where this mapping writes nothing", paths[side][1], side)
  end
  local only = row.only ~= nil and flow.of(c, row.only, "only", c.r:key("only", at))
  if only and not flow.reaches(only, side) then
    return c.r:problem(at, "'%s' is on the %s, and only = \"%s\" writes nothing there", paths[side][1], side, row.only)
  end
  field.kind, field.flow, field.constant = "constant", "to_" .. side, row.value
  field.left, field.right = json.array(paths.left or {}), json.array(paths.right or {})
  field[side .. "_type"] = types_of(c, row, paths, at)[side]
  literal.check(c, at, "value", row.value, field[side .. "_type"], paths[side][1], c.title[side])
  return field
end

-- What a row writes where its source has nothing is in the target's form; of a row that goes both ways it may be meant for one side.
local function check_replacement(c, spec, field, what, value)
  local wrong
  for _, side in ipairs(sides) do
    if flow.reaches(field.flow, side) and #field[side] == 1 then
      if literal.fits(value, field[side .. "_type"]) then return end
      wrong = side
    end
  end
  if wrong then literal.check(c, spec.at, what, value, field[wrong .. "_type"], field[wrong][1], c.title[wrong]) end
end

-- A key of another mapping's record, of one of several mappings, or a value found in another collection.
local function by_data(c, pair, paths, field)
  local at, width = field.at, pair.words and 2 or 1
  if #paths.left ~= width or #paths.right ~= width then
    c.r:problem(at, width == 1 and "%s takes one field on each side"
      or "%s takes a word and a key on each side: { { \"party_type\", \"party\" }, { \"kind\", \"party_id\" }, t.ref_by { ... } }", pair.name)
  end
  field.list, field.optional = pair.list, pair.optional or false
  if pair.find then
    field.kind, field.find = "find", lookup.finder(c, pair.find, at)
    return
  end
  field.kind, field.reference, field.words = "reference", pair.reference or "", pair.words
  for _, word in ipairs(pair.words or { { mapping = pair.reference } }) do
    c.references[#c.references + 1] = { name = word.mapping, at = at }
  end
end

-- A date next to times is a day of its system's zone.
local function know_day(c, field)
  for _, side in ipairs(sides) do
    local own, there = field[side .. "_type"], field[flow.other[side] .. "_type"]
    local day = own and own.kind == "date" and there and there.kind == "datetime"
    if day and own.zone == nil and c.zone[side] then field[side .. "_type"] = types.with(own, { zone = c.zone[side] }) end
  end
end

local function converted(c, spec, paths, field)
  local row, at = spec.row, spec.at
  local field_types = types_of(c, row, paths, at)
  local raw = pair_of(c, row, at)
  local pair = bound(c, raw, paths, field_types, at)
  local is_builtin = raw ~= nil and mark.word(raw) == "transform"
  field.flow = flow_of(c, spec, pair)
  field.transform = pair and pair.name  -- for people
  field.left, field.right = json.array(paths.left), json.array(paths.right)
  field.left_type = types.fitted(field_types.left, pair and pair.left_type)
  field.right_type = types.fitted(field_types.right, pair and pair.right_type)
  if row.type ~= nil then field.left_type, field.right_type = field_types.left, field_types.right end
  if not pair then
    field.kind = "copy"
    field.left_type, field.right_type = types.paired(field.left_type, field.right_type)
    know_day(c, field)
  elseif is_data(pair) then
    by_data(c, pair, paths, field)
  else
    field.kind = "function"
    -- Handing a whole record over costs more than most conversions; only an author's own function may look at it.
    field.uses_record = not is_builtin and (type(pair.to_right) == "function" or type(pair.to_left) == "function")
    for _, side in ipairs(sides) do
      if flow.reaches(field.flow, side) then field["to_" .. side] = conversion(c, spec, pair, side, paths, is_builtin) end
    end
    trial.field(c, spec, field, pair, is_builtin)
  end
  field.lossy = row.lossy
  if field.lossy == nil then field.lossy = pair and pair.lossy or false end
  return field
end

--- The compiled field of a row, or nil and problems.
function M.compile(c, spec, paths)
  local row, at = spec.row, spec.at
  c.r:keys(named_part(row), options, "a row of fields", at)
  for _, key in ipairs { "lossy", "required", "redact", "file" } do c.r:typed(row, key, "boolean", "a row", at) end
  local nothing = read_null(c, row, c.r:key("null", at))
  spec.nothing = nothing
  local field = { name = name_of(c, spec, paths), at = at, group = spec.group, required = row.required, redact = row.redact,
    null = nothing.null, null_value = nothing.null_value, default = row.default,
    when = c.r:one_of(row, "when", { "always", "create", "target_empty" }, "a row", at) or "always" }
  if type(row.default) == "function" or mark.word(row.default) then c.r:problem(at, "default must be plain data") end
  field = (row.value ~= nil and constant or converted)(c, spec, paths, field)
  if not field then return nil end
  if row.file then files.fit(c, spec, field) end
  remember_name(c, spec, field.name)
  if field.kind ~= "constant" then
    local rule = row.conflict ~= nil and conflict.rule(c, row.conflict, c.r:key("conflict", at)) or c.rule
    field.strategy, field.strategy_function = conflict.compiled(c, rule, field.left_type)
    field.tie = conflict.tie(c, row.tie, c.r:key("tie", at))
    files.rule(c, spec, field)
    check_replacement(c, spec, field, "default", field.default)
    check_replacement(c, spec, field, "null", field.null_value)
  end
  checks.field(c, spec, field)
  return field
end

return M
