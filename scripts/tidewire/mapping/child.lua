--- `rows { left = "education", right = "education", key = { ... }, fields = { ... } }`: rows below the record as one field.
---
--- The fields of a row are compiled like those of a mapping, in a context of their own.

local json = require "tidewire.json"
local checks = require "tidewire.mapping.checks"
local conflict = require "tidewire.mapping.conflict"
local fields = require "tidewire.mapping.fields"
local flow = require "tidewire.mapping.flow"
local further = require "tidewire.mapping.further"
local mark = require "tidewire.mapping.mark"
local report = require "tidewire.host.report"
local rows = require "tidewire.mapping.rows"
local rules = require "tidewire.mapping.rules"
local types = require "tidewire.mapping.types"
local values = require "tidewire.mapping.values"

local M = {}

local sides = { "left", "right" }
local options = { "left", "right", "key", "order", "fields", "only", "conflict", "tie", "name", "redact", "poll_child" }
local example = "rows { left = \"education\", right = \"education\", key = { \"school\" }, fields = { same { \"degree\" } } }"

-- A table whose rows name their parent: app.table("employee_education", { parent = "employee_id" }).
local function table_path(c, side, own, at)
  if own.connection ~= c[side].connection then
    return c.r:problem(at, "the rows of %s must be on the connection %s too, not on %s", c.title[side], c[side].connection, own.connection)
  end
  if own.options.parent == nil then
    return c.r:problem(at, "a table of rows says which column names the parent: %s.%s(\"%s\", { parent = \"employee_id\" })",
      own.connection, own.word, own.collection)
  end
  return own.collection:gsub("%.", "_") .. "[]"
end

--- { left = {path}, right = {path} } of a rows entry; nil and a problem else.
function M.paths(c, spec)
  local result = {}
  for _, side in ipairs(sides) do
    local value = spec.row[side]
    if mark.word(value) == "end" then
      value = table_path(c, side, value, spec.at)
      if not value then return nil end
    elseif type(value) ~= "string" or value == "" then
      return c.r:problem(spec.at, "rows names the list of each side: %s", example)
    end
    result[side] = { value }
  end
  return result
end

local holds_rows = { rows = true, json = true, list = true }

-- The fields of a table of rows; its place in the plan is with the end that it belongs to.
local function described_table(c, spec, side, towards)
  local own, parent = spec.row[side], spec.row[side].options.parent
  local entry, known = further.use(c, own, { parent })
  further.must_show_all(c, own, side, towards, spec.at)
  further.belongs(entry, parent)
  local column = known and known[parent]
  if known and not column then
    c.r:problem(spec.at, "'%s' is no field of %s%s", parent, further.title(own), report.suggest(parent, report.names(known)))
  end
  local several = column and (column.type.kind == "set" or column.type.kind == "list")
  if several then
    local single = column.marked and column.marked.single and (": say single = { \"%s\" } beside parent"):format(parent) or ""
    c.r:problem(spec.at, "'%s' of %s is %s, and a row has one parent%s", parent, further.title(own), types.name(column.type), single)
  end
  rules.check_key(c, entry.key, known, further.title(own), spec.at)
  if known and #entry.key == 0 then c.r:problem(spec.at, "%s has no primary key, by which its rows are told apart: give it one", further.title(own)) end
  c.children = c.children or { left = json.array {}, right = json.array {} }
  local child = { id = entry.id, path = spec.paths[side][1], parent = parent, parent_type = column and column.type or nil }
  c.children[side][#c.children[side] + 1] = child
  spec.table_of = spec.table_of or {}
  spec.table_of[side] = { entry = entry, child = child }
  return { kind = "rows" }, known
end

-- The type of the list, and the fields of its rows where the system describes them.
local function described(c, spec, side, path, at, towards)
  if mark.word(spec.row[side]) == "end" then return described_table(c, spec, side, towards) end
  local all = c.described[side]
  if not all then return nil, nil end
  local head, rest = path:match "^([^.]+)%.?(.*)$"
  local field = all[head]
  if not field then
    c.r:problem(at, "'%s' is no field of %s%s", head, c.title[side], report.suggest(head, report.names(all)))
    return nil, nil
  end
  if rest ~= "" then return nil, nil end
  if not holds_rows[field.type.kind] then
    local of = field.type.kind == "set" and field.type.to
    c.r:problem(at, "'%s' of %s is %s and holds no rows%s", path, c.title[side], types.name(field.type),
      of and (": name the collection of %s whose rows name their parent, with { parent = \"FIELD\" }"):format(of) or "")
  end
  return { kind = "rows", form = field.type.form, read_only = field.type.read_only }, types.described(field.type)
end

-- Lines that do not move their parent are polled in a collection of their own: each changed one is a change of its parent.
local function poll_child(c, spec)
  local own, at = spec.row.poll_child, c.r:key("poll_child", spec.at)
  if own == nil then return end
  local wanted = "poll_child is the collection of the rows: erp.doctype(\"Employee Education\", { parent = \"parent\", of = \"Employee\" })"
  if mark.word(own) ~= "end" or own.options.parent == nil then return c.r:problem(at, wanted) end
  for _, side in ipairs(sides) do
    if c[side].connection == own.connection and mark.word(spec.row[side]) ~= "end" then
      local entry, known = further.use(c, own, { own.options.parent })
      further.belongs(entry, own.options.parent)
      if known and not known[own.options.parent] then
        c.r:problem(at, "'%s' is no field of %s%s", own.options.parent, further.title(own), report.suggest(own.options.parent, report.names(known)))
      end
      c.children = c.children or { left = json.array {}, right = json.array {} }
      c.children[side][#c.children[side] + 1] = { id = entry.id, path = "", parent = own.options.parent, polled = true }
      return
    end
  end
  c.r:problem(at, "poll_child is on %s, where these rows have no list", own.connection)
end

-- A context like that of a mapping, for the fields of a row.
local function context(c, spec, field)
  local inner = { r = c.r, at = spec.at, rows_at = spec.at, left = c.left, right = c.right, kinds = c.kinds, flow = field.flow, fields = {},
    described = {}, zone = c.zone, title = {}, names = {}, written = { left = {}, right = {} }, references = c.references, rule = spec.rule,
    further = c.further, further_described = c.further_described, lookups = { left = {}, right = {} }, files = c.files, file_paths = { left = {}, right = {} },
    row_entries = {}, rows_as_text = {}, is_key = function() return false end }
  for _, side in ipairs(sides) do
    local path = spec.paths[side][1]
    field[side .. "_type"], inner.described[side] = described(c, spec, side, path, spec.at, field.flow)
    inner.row_entries[side] = spec.table_of and spec.table_of[side] and spec.table_of[side].entry
    inner.rows_as_text[side] = field[side .. "_type"] ~= nil and field[side .. "_type"].form == "text"
    inner.title[side] = spec.table_of and spec.table_of[side] and further.title(spec.row[side]) or ("a row of %s of %s"):format(path, c.title[side])
  end
  return inner
end

local function specs_of(inner, list, is_key)
  local specs = {}
  for _, spec in ipairs(rows.list(inner, list)) do
    if spec.group then inner.r:problem(spec.at, "a group inside rows: fields of a row are won one by one") end
    spec.paths = not spec.child and fields.paths(inner, spec) or nil
    if spec.child then inner.r:problem(spec.at, "rows inside rows") end
    spec.is_key = is_key
    if spec.paths then specs[#specs + 1] = spec end
  end
  return specs
end

local function strict_rows(inner, specs)
  inner.strict = {}
  for _, side in ipairs(sides) do
    local declared = {}
    for _, spec in ipairs(specs) do
      for _, path in ipairs(spec.paths[side] or {}) do declared[path] = true end
    end
    inner.strict[side] = values.strict(declared, inner.title[side])
  end
end

-- Names alone are pairs of one name: key = { "school", { "year_of_passing", "year" } }.
local function key_rows(list)
  local result = {}
  for i, item in ipairs(list) do result[i] = type(item) == "string" and { item, item } or item end
  return result
end

local function compile_cells(inner, spec)
  local row, r = spec.row, inner.r
  local key = r:typed(row, "key", "table", "rows", spec.at)
  if not key or #key == 0 then
    return r:problem(spec.at, "rows says what tells one row from another: key = { { \"school_univ\", \"school\" } }")
  end
  local own = r:typed(row, "fields", "table", "rows", spec.at) or {}
  local specs = specs_of(inner, key_rows(key), true)
  for _, one in ipairs(specs_of(inner, own, false)) do specs[#specs + 1] = one end
  strict_rows(inner, specs)
  for _, one in ipairs(specs) do
    local cell = fields.compile(inner, one, one.paths)
    if cell then
      cell.row_key = one.is_key
      if cell.kind == "reference" and cell.optional then r:problem(one.at, "t.ref with optional inside rows: a row waits for its parent") end
      if one.is_key and cell.kind == "constant" then r:problem(one.at, "a constant tells no row from another") end
      inner.fields[#inner.fields + 1] = cell
    end
  end
  return json.array(inner.fields)
end

-- order = "idx", or { left = "idx", right = "position" }, or true where both lists have an order of their own.
local function order_of(inner, spec)
  local order = spec.row.order
  if order == nil or order == false then return nil end
  local at = inner.r:key("order", spec.at)
  local result = {}
  if type(order) == "string" then order = { left = order, right = order } end
  if order == true then order = {} end
  if type(order) ~= "table" then return inner.r:problem(at, "order of rows is the column that holds a row's place, or true") end
  inner.r:keys(order, sides, "order", at)
  for _, side in ipairs(sides) do
    local column = order[side]
    local known = inner.described[side]
    if column ~= nil and type(column) ~= "string" then inner.r:problem(at, "order.%s must be a column's name", side) end
    -- A child table and a JSON list keep their order themselves; there the column is only where rows say it too.
    if type(column) == "string" and (not known or known[column]) then result[side] = column end
    local own = spec.table_of and spec.table_of[side]
    if own and type(column) == "string" and not result[side] then
      inner.r:problem(at, "'%s' is no field of %s%s", column, inner.title[side], report.suggest(column, report.names(known)))
    elseif own and not result[side] then
      inner.r:problem(at, "%s keeps no order: order says which column holds a row's place", inner.title[side])
    end
  end
  return result
end

-- What is read of a table of rows: the mapped columns, its key, its order.
local function read_columns(spec, field)
  for side, own in pairs(spec.table_of or {}) do
    further.read(own.entry, own.entry.key)
    for _, cell in ipairs(field.rows or {}) do further.read(own.entry, cell[side]) end
    local column = field.order and field.order[side]
    if column then further.read(own.entry, { column }) end
    own.child.order = column
  end
end

--- The compiled field of a rows entry, or nil and problems.
function M.compile(c, spec)
  local row, at, r = spec.row, spec.at, c.r
  r:keys(row, options, "rows", at)
  spec.rule = row.conflict ~= nil and conflict.rule(c, row.conflict, r:key("conflict", at)) or c.rule
  local only = row.only ~= nil and flow.of(c, row.only, "only", r:key("only", at)) or c.flow
  if only and c.flow ~= "both" and only ~= c.flow then r:problem(at, "only = \"%s\" in a mapping whose direction is %s", row.only, c.flow) end
  local left, right = spec.paths.left[1], spec.paths.right[1]
  local field = { kind = "rows", name = r:typed(row, "name", "string", "rows", at) or left == right and left or left .. ">" .. right,
    at = at, flow = only or c.flow, left = json.array { left }, right = json.array { right }, group = spec.group,
    redact = r:typed(row, "redact", "boolean", "rows", at), null = "clear", when = "always" }
  if c.names[field.name] then r:problem(at, "two rows are called '%s'; give one a name = \"...\" (the other is at %s)", field.name, c.names[field.name]) end
  c.names[field.name] = at
  field.strategy, field.strategy_function = conflict.compiled(c, spec.rule, nil)
  field.tie = conflict.tie(c, row.tie, r:key("tie", at))
  local inner = context(c, spec, field)
  field.rows = compile_cells(inner, spec)
  field.order = order_of(inner, spec)
  read_columns(spec, field)
  poll_child(c, spec)
  checks.field(c, spec, field)
  c.incomplete = c.incomplete or inner.incomplete
  return field.rows and field or nil
end

return M
