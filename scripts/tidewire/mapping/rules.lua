--- What a mapping says besides its fields: keys, scope, matching, deletes, checks.

local json = require "tidewire.json"
local conflict = require "tidewire.mapping.conflict"
local flow = require "tidewire.mapping.flow"
local functions = require "tidewire.mapping.functions"
local literal = require "tidewire.mapping.literal"
local mark = require "tidewire.mapping.mark"
local parts = require "tidewire.mapping.parts"
local report = require "tidewire.host.report"
local types = require "tidewire.mapping.types"

local M = {}

local sides = { "left", "right" }

--- Fields that can be no key; `known` are the described fields, nil where there are none.
function M.check_key(c, names, known, title, at)
  for _, name in ipairs(names) do
    local field = known and known[name]
    if field and field.no_key then c.r:problem(at, "'%s' of %s cannot be a key: %s. Name columns that are single values, unique and never null", name, title, field.no_key) end
  end
end

--- Each side's key fields, described ones where none are said, and who assigns keys.
function M.keys(c, content)
  local near = c.r:key("key", c.at)
  local key = c.r:typed(content, "key", "table", "the mapping", c.at) or {}
  c.r:keys(key, { "left", "right", "assigned_by" }, "key", near)
  local result = { assigned_by = key.assigned_by }
  for _, side in ipairs(sides) do
    local value = key[side]
    if value == nil then
      value = c.description[side] and c.description[side].key
      if value == nil and c.described[side] == nil then c.incomplete = true end
    end
    local list = json.array {}
    for _, name in ipairs(type(value) == "table" and value or { value }) do
      if type(name) == "string" and name ~= "" then list[#list + 1] = name
      else c.r:problem(c.r:key(side, near), "%s of key must be a field's name or a list of names", side) end
    end
    if #list == 0 then
      local message = "the key of %s is not known: say key = { %s = \"...\" }"
      if c.described[side] then c.r:problem(near, message, c.title[side], side) else c.r:warn(near, message, c.title[side], side) end
    end
    local known_keys = c.description[side] and type(c.description[side].key) == "table" and #c.description[side].key > 0
    for _, name in ipairs(list) do
      local why = types.refused(c.description[side], name)
      if why then
        c.r:problem(key[side] ~= nil and c.r:key(side, near) or near, "'%s' of %s is left out: %s", name, c.title[side], why)
      elseif key[side] ~= nil and known_keys and not c.described[side][name] and not c.is_described_key(side, name) then
        c.r:problem(c.r:key(side, near), "'%s' is no field of %s%s", name, c.title[side], report.suggest(name, report.names(c.described[side])))
      end
    end
    M.check_key(c, list, c.described[side], c.title[side], c.r:key(side, near))
    result[side] = list
  end
  return result
end

--- "each", or the side whose keys are copied over.
function M.assigned_by(c, value)
  if value == nil or value == "each" or value == "left" or value == "right" then return value or "each" end
  local side = type(value) == "string" and conflict.side_of(c, value)
  if side then return side end
  c.r:problem(c.r:key("assigned_by", c.at), "assigned_by must be each, left or right, not '%s'%s", tostring(value),
    report.suggest(value, { "each", "left", "right", c.left.connection, c.right.connection }))
  return "each"
end

local function condition(c, value, what, at)
  if mark.word(value) == "condition" then
    local copy = {}
    for key, part in pairs(value) do copy[key] = part end
    return copy
  end
  if value == json.null then return { op = "is_null" } end
  if type(value) == "table" and #value > 0 and not mark.word(value) then
    return c.r:problem(at, "several values for '%s' are written one_of { ... }", what)
  end
  if type(value) == "table" or type(value) == "function" then
    return c.r:problem(at, "the condition for '%s' must be a value or one of one_of, none_of, not_equal, more_than, at_least, less_than, "
      .. "at_most, not_null, null", what)
  end
  return { op = "=", value = value }
end

local leaves = { "freeze", "unlink", "soft", "delete" }

-- Whether a system can be asked by a field: one of the record's own, as a whole unless the connector says that it asks by parts.
local function askable(c, side, name, at)
  local described, head = c.described[side], name:match "^[^.]+"
  local field = described and described[head]
  if c.parts[side][head] then
    c.r:problem(at, "the system is asked by fields of the record itself; '%s' is a part's", name)
  elseif not described or described[name] or c.is_key(head, side) then
    return true
  elseif types.refused(c.description[side], name) then
    c.r:problem(at, "'%s' of %s is left out: %s", name, c.title[side], types.refused(c.description[side], name))
  elseif not field then
    c.r:problem(at, "'%s' is no field of %s%s", head, c.title[side], report.suggest(head, report.names(described)))
  elseif not field.by_part then
    c.r:problem(at, "%s is asked by whole fields; '%s' is a part of one", c.title[side], name)
  else
    return true
  end
  return false
end

--- The conditions of one side by field.
function M.conditions(c, side, own, near, what)
  local result = {}
  for _, field in ipairs(report.names(own)) do
    local at = c.r:key(tostring(field), near)
    if type(field) ~= "string" then
      c.r:problem(at, "a condition on the %s has no name: write field = value", side)
    elseif askable(c, side, field, at) then
      local one = condition(c, own[field], field, at)
      local described = c.described[side] and c.described[side][field]
      for _, value in ipairs(one and described and one.op ~= "is_null" and one.op ~= "not_null" and (type(one.value) == "table" and one.value or { one.value }) or {}) do
        literal.check(c, at, what or "scope", value, described.type, field, c.title[side])
      end
      result[field] = one
    end
  end
  return result
end

--- Each side's conditions, and what happens to a link whose record leaves them.
function M.scope(c, content)
  local near = c.r:key("scope", c.at)
  local scope = c.r:typed(content, "scope", "table", "the mapping", c.at) or {}
  c.r:keys(scope, { "left", "right", "leave" }, "scope", near)
  local result = { leave = c.r:one_of(scope, "leave", leaves, "scope", near) or c.r:one_of(content, "leave", leaves, "the mapping", c.at)
    or "freeze" }
  for _, side in ipairs(sides) do
    result[side] = M.conditions(c, side, c.r:typed(scope, side, "table", "scope", near) or {}, near)
  end
  return result
end

local function pairs_by_fields(c, rule, at)
  local list = json.array {}
  for _, item in ipairs(rule) do
    if type(item) == "string" then item = { item, item } end
    if type(item) ~= "table" or type(item[1]) ~= "string" or type(item[2]) ~= "string" then
      c.r:problem(at, "by.fields lists pairs: by.fields { { \"company_email\", \"email\", fold = true } }")
      return nil
    end
    local named = { fold = item.fold }
    for key in pairs(item) do if type(key) ~= "number" or key > 2 then named[key] = item[key] end end
    c.r:keys(named, { "fold" }, "by.fields", at)
    local pair = { left = item[1], right = item[2], fold = c.r:typed(item, "fold", "boolean", "by.fields", at) or false }
    for _, side in ipairs(sides) do askable(c, side, pair[side], at) end
    list[#list + 1] = pair
  end
  return list
end

-- The rows named, by the left's name, the right's or their own.
local function pairs_by_checksum(c, rule, at)
  local list = json.array {}
  for _, name in ipairs(rule) do
    local found
    for _, field in ipairs(c.fields) do
      if #field.left == 1 and #field.right == 1 and (field.left[1] == name or field.right[1] == name or field.name == name) then
        found = found or field
      end
    end
    if not found then
      local known = {}
      for _, field in ipairs(c.fields) do known[#known + 1] = field.left[1] end
      c.r:problem(at, "by.checksum names '%s', which no row has%s", tostring(name), report.suggest(name, known))
    else
      for _, side in ipairs(sides) do askable(c, side, found[side][1], at) end
      list[#list + 1] = { left = found.left[1], right = found.right[1], fold = false }
    end
  end
  return list
end

--- The rules of first contact, in order: lists of { left, right, fold }.
function M.matches(c, content)
  local near = c.r:key("match", c.at)
  local match = c.r:typed(content, "match", "table", "the mapping", c.at) or {}
  if mark.word(match) then match = { match } end
  local result = json.array {}
  for position, rule in ipairs(match) do
    local word = mark.word(rule)
    local list
    if word == "by.fields" then list = pairs_by_fields(c, rule, mark.at(rule))
    elseif word == "by.checksum" then list = pairs_by_checksum(c, rule, mark.at(rule))
    else c.r:problem(near, "entry %d of match must be by.fields { ... } or by.checksum { ... }", position) end
    if list and #list == 0 then c.r:problem(mark.at(rule), "%s is empty", word) end
    if list and #list > 0 then result[#result + 1] = list end
  end
  for key in pairs(match) do
    if type(key) ~= "number" then c.r:problem(near, "match is a list: match = { by.fields { ... } }, without '%s'", tostring(key)) end
  end
  return result
end

local function soft_of(c, soft, side, near)
  local own = soft[side]
  if type(own) ~= "table" or type(own[1]) ~= "string" or own[2] == nil then
    c.r:problem(near, "a soft delete in %s needs a field and a value: soft = { %s = { \"archived_at\", now } }", c.title[side], side)
    return nil
  end
  local described = c.described[side]
  if described and not described[own[1]] then
    c.r:problem(near, "'%s' is no field of %s%s", own[1], c.title[side], report.suggest(own[1], report.names(described)))
  end
  if described and described[own[1]] and not mark.word(own[2]) then
    literal.check(c, near, "soft", own[2], described[own[1]].type, own[1], c.title[side])
  end
  return { field = own[1], value = own[2], at = c.r:key(side, near) }
end

--- Per side: what a delete on the other side does here.
function M.deletes(c, content)
  local near = c.r:key("deletes", c.at)
  local deletes = content.deletes
  if type(deletes) == "string" then deletes = { to_right = deletes, to_left = deletes } end
  if deletes ~= nil and type(deletes) ~= "table" then
    c.r:problem(near, "deletes must be ignore, delete or soft, or a table such as { to_right = \"soft\", to_left = \"ignore\" }")
  end
  if type(deletes) ~= "table" then deletes = {} end
  local known, whole = { "to_right", "to_left", "soft", "delete_wins" }, {}
  for key, value in pairs(deletes) do whole[key] = value end
  deletes = whole
  local joined = parts.side(c)
  if joined then known[#known + 1] = "root" end
  for _, name in ipairs(parts.deletes(c, deletes, near)) do known[#known + 1] = name end
  c.r:keys(deletes, known, "deletes", near)
  if joined and deletes.root ~= nil then
    if deletes["to_" .. joined] ~= nil then c.r:problem(c.r:key("root", near), "root and to_%s of deletes are the same", joined) end
    deletes["to_" .. joined] = deletes.root
  end
  local soft = c.r:typed(deletes, "soft", "table", "deletes", near) or {}
  c.r:keys(soft, sides, "soft", near)
  local wins = deletes.delete_wins
  if wins ~= nil and type(wins) ~= "boolean" and wins ~= "to_left" and wins ~= "to_right" then
    c.r:problem(c.r:key("delete_wins", near), "delete_wins of deletes must be true, false, \"to_left\" or \"to_right\"")
  end
  local result, leaves_softly = {}, c.scope.leave == "soft"
  for _, side in ipairs(sides) do
    local key = "to_" .. side
    local policy = c.r:one_of(deletes, key, { "ignore", "delete", "soft" }, "deletes", near) or "ignore"
    if policy ~= "ignore" and not flow.reaches(c.flow, side) and type(content.deletes) ~= "string" then
      c.r:problem(c.r:key(key, near), "%s of deletes is \"%s\", but this mapping writes nothing to the %s", key, policy, side)
    elseif not flow.reaches(c.flow, side) then
      policy = "ignore"
    end
    result[side] = { policy = policy, wins = wins == true or wins == key,
      soft = (policy == "soft" or leaves_softly and flow.reaches(c.flow, side) and next(c.scope[flow.other[side]]) ~= nil) and soft_of(c, soft, side, c.r:key("soft", near)) or nil }
  end
  return result
end

local function checked_path(c, row, at)
  if row.left ~= nil or row.right ~= nil then
    local side = row.left ~= nil and "left" or "right"
    return row[side], side, row[1], row[2]
  end
  return row[1], nil, row[2], row[3]
end

-- The side of a name: where a row has it; the left where both do.
local function side_of_path(c, path)
  local found = {}
  for _, field in ipairs(c.fields) do
    for _, side in ipairs(sides) do
      for _, own in ipairs(field[side]) do
        if own == path then found[side] = field end
      end
    end
  end
  local side = found.left and "left" or found.right and "right" or nil
  return side, side and found[side]
end

--- Checks of values before anything is written: { path, side, field, function, message }.
function M.checks(c, content)
  local near = c.r:key("check", c.at)
  local list = c.r:typed(content, "check", "table", "the mapping", c.at) or {}
  if type(list[1]) == "string" then list = { list } end
  local result = json.array {}
  for _, row in ipairs(list) do
    if type(row) ~= "table" then
      c.r:problem(near, "check lists rows: check = { { \"phone\", t.matches \"^%+\", \"a phone without country code\" } }")
      return result
    end
    local path, said, call, message = checked_path(c, row, near)
    local at = c.r:row({ tostring(path) }, near, near)
    local side, field = side_of_path(c, path)
    local unmade = mark.unmade(call)
    if unmade then
      c.r:problem(at, "%s", unmade)
    elseif type(path) ~= "string" or type(call) ~= "function" or message ~= nil and type(message) ~= "string" then
      c.r:problem(at, "a check is a field, a function and a message: { \"phone\", t.matches \"^%+\", \"a phone without country code\" }")
    elseif not side then
      local known = {}
      for _, one in ipairs(c.fields) do
        for _, own in ipairs(sides) do for _, name in ipairs(one[own]) do known[#known + 1] = name end end
      end
      c.r:problem(at, "check names '%s', which no row has%s", path, report.suggest(path, known))
    else
      message = message or ("'%s' is refused by the check at %s"):format(path, at)
      result[#result + 1] = { path = path, side = said or side, field = field.name, message = message, at = at,
        ["function"] = functions.check(call, message) }
    end
  end
  return result
end

return M
