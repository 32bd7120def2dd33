-- Lists: fields, filters, order, pages.

local errors = require "practice.frappe.errors"
local filters = require "practice.frappe.filters"
local json = require "tidewire.json"
local permissions = require "practice.frappe.permissions"
local practice = require "tidewire.practice"
local python = require "practice.shared.python"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"
local values = require "practice.frappe.values"

local M = {}
local null = json.null

local optional = { _user_tags = true, _comments = true, _assign = true, _liked_by = true, _seen = true }
local aggregates = { count = "int", sum = "float", max = "same", min = "same", avg = "float" }
local everywhere = { "name", "owner", "creation", "modified", "modified_by", "docstatus", "idx" }

local function not_permitted(expression)
  errors.throw("DataError", "Field not permitted in query: " .. expression, { status = 417 })
end

local function add_column(query, key, column)
  query.columns[#query.columns + 1] = { key = key, sql = column.show or column.sql, kind = column.kind }
end

local function add_everything(query)
  local meta, levels = query.meta, permissions.levels(query.meta, "read")
  for _, name in ipairs(everywhere) do add_column(query, name, filters.column(meta, name)) end
  for _, field in ipairs(meta.columns) do
    if not field.fieldname:find("_seen", 1, true) and (not levels or levels[field.permlevel]) then
      add_column(query, field.fieldname, filters.column(meta, field.fieldname))
    end
  end
  if not site.v14 then return end
  for _, name in ipairs { "_user_tags", "_comments", "_assign", "_liked_by" } do
    query.columns[#query.columns + 1] = { key = name, sql = "NULL", kind = "text" }
  end
end

local function join_link(query, field)
  local target = schema.get(field.options)
  local alias = store.table_of(target.name)
  if target.name == query.meta.name then errors.raise("OperationalError", "(1066, \"Not unique table/alias\")") end
  query.linked[target.name] = ("LEFT JOIN %s ON %s.name = %s.%s"):format(alias, alias, store.table_of(query.meta.name), store.quote(field.fieldname))
  return target
end

local function add_dotted(query, link, source, alias)
  local field = query.meta.by_name[link]
  if not field then not_permitted(link .. "." .. source) end
  local target
  if field.is_table then
    target = schema.get(field.options)
    query.joins[target.name] = field.fieldname
  else
    target = join_link(query, field)
  end
  local column = filters.column(target, source)
  if not column then not_permitted(source) end
  add_column(query, alias or source, column)
end

local function add_function(query, name, argument, alias)
  local kind = aggregates[name:lower()]
  if not kind then
    if site.v14 then not_permitted(name) end
    errors.raise("IndexError", "list index out of range")
  end
  if site.level >= 1600 then errors.throw("ValidationError", "SQL functions are not allowed as strings in SELECT: " .. name, { status = 417 }) end
  local inner, column = argument, nil
  if argument ~= "*" and argument ~= "1" then
    column = filters.column(query.meta, argument:gsub("`", ""):match "([^.]+)$")
    if not column then not_permitted(argument) end
    inner = column.show or column.sql
  end
  query.columns[#query.columns + 1] = { key = alias or ("%s(%s)"):format(name, argument), sql = ("%s(%s)"):format(name, inner),
    kind = kind == "same" and column and column.kind or kind, aggregate = true }
  query.aggregate = true
end

local function add_field(query, expression)
  local text, alias = expression:match "^(.-)%s+[aA][sS]%s+`?([%w_]+)`?%s*$"
  text = text or expression:match "^%s*(.-)%s*$"
  if text == "*" then return add_everything(query) end
  local name, argument = text:match "^(%a+)%(([^()]*)%)$"
  if name then return add_function(query, name, argument, alias) end
  text = text:gsub("`", "")
  local own = text:match("^tab" .. query.meta.name:gsub("%p", "%%%0") .. "%.(.+)$")
  text = own or text
  local link, source = text:match "^([%w_]+)%.([%w_]+)$"
  if link then return add_dotted(query, link, source, alias) end
  if optional[text] then
    query.columns[#query.columns + 1] = { key = text, sql = "NULL", kind = "text" }
    return
  end
  if text:find("_seen", 1, true) and query.meta.by_name[text] then return end
  local field = query.meta.by_name[text]
  if field and field.is_table then
    if site.v14 then errors.raise("OperationalError", ("(1054, \"Unknown column 'tab%s.%s' in 'SELECT'\")"):format(query.meta.name, text)) end
    return
  end
  local levels = field and permissions.levels(query.meta, "read")
  if levels and not levels[field.permlevel] then return end
  local column = filters.column(query.meta, text)
  if not column then not_permitted(text) end
  add_column(query, alias or text, column)
end

local function add_fields(query, fields)
  if type(fields) == "string" then
    local list = {}
    for item in fields:gmatch "[^,]+" do list[#list + 1] = item end
    fields = list
  end
  local star, extra = false, false
  for _, field in ipairs(fields) do
    star, extra = star or field == "*", extra or optional[field]
  end
  if star and extra then not_permitted "*" end
  for _, field in ipairs(fields) do
    if type(field) ~= "string" then errors.throw("ValidationError", "Fields must be strings") end
    add_field(query, field)
  end
  if #query.columns == 0 then add_column(query, "name", filters.column(query.meta, "name")) end
end

local function unknown_order(term)
  errors.raise("OperationalError", ("(1054, \"Unknown column '%s' in 'ORDER BY'\")"):format(term))
end

local function order_term(query, term)
  local text, direction = term:match "^%s*(.-)%s+([aAdD][sSeE][sScC]?[cC]?)%s*$"
  if not text or not (direction:lower() == "asc" or direction:lower() == "desc") then
    text, direction = term:match "^%s*(.-)%s*$", query.default_direction or "asc"
  end
  if text:lower():find "^rand%(" then return "random()" end
  if text:find "^%(" then return nil end
  if text:find "^%d+$" then return text .. " " .. direction end
  text = text:gsub("`", "")
  text = text:match("^tab" .. query.meta.name:gsub("%p", "%%%0") .. "%.(.+)$") or text
  if text:find(".", 1, true) then unknown_order(text) end
  for _, column in ipairs(query.columns) do
    if column.aggregate and column.key == text then return column.sql .. " " .. direction end
  end
  local column = filters.column(query.meta, text)
  if not column then unknown_order(text) end
  if next(query.joins) and text ~= "name" and (text == "idx" or text == "modified" or text == "creation" or text == "owner") then
    errors.raise("OperationalError", ("(1052, \"Column '%s' in ORDER BY is ambiguous\")"):format(text))
  end
  return column.sql .. " " .. direction
end

local function order_by(query, order)
  if type(order) ~= "string" or order == "" then return nil end
  if order:find ";" or order:lower():find "drop%s" then errors.throw("ValidationError", "Illegal SQL Query") end
  local terms = {}
  for term in order:gmatch "[^,]+" do
    local sql = order_term(query, term)
    if sql then terms[#terms + 1] = sql end
  end
  return #terms > 0 and table.concat(terms, ", ") or nil
end

--- An order that no caller may rely on, so that nobody does. Repeatable from --seed.
local function no_order(query)
  local factor = math.floor(practice.random() * 9000) * 2 + 1
  local alias = store.table_of(query.meta.name)
  return ("(CAST(substr(%s.creation, 21) AS INTEGER) * %d) %% 9973, %s.name_key"):format(alias, factor, alias)
end

local function syntax_error(query)
  errors.raise("ProgrammingError", "(1064, \"You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version\")",
    { debug_messages = not site.v14 and python.dumps { "Syntax error in query:\n" .. query.meta.name } or nil })
end

local function limit_of(query, args)
  local length = args.limit_page_length
  if length == nil or length == null or length == "" then length = args.limit end
  length = (length == nil or length == null) and 20 or python.cint(length)
  local start = python.cint(args.limit_start or args.start)
  if length < 0 or start < 0 then syntax_error(query) end
  if length == 0 and not query.zero_is_zero then return start > 0 and (" LIMIT -1 OFFSET %d"):format(start) or "" end
  return (" LIMIT %d OFFSET %d"):format(length, start)
end

local function joins_sql(query)
  local out, own = {}, store.table_of(query.meta.name)
  for _, sql in pairs(query.linked) do out[#out + 1] = sql end
  for child, fieldname in pairs(query.joins) do
    local alias = store.table_of(child)
    local sql = ("LEFT JOIN %s ON %s.parent = %s.name AND %s.parenttype = '%s'"):format(alias, alias, own, alias, query.meta.name:gsub("'", "''"))
    if type(fieldname) == "string" then sql = sql .. (" AND %s.parentfield = '%s'"):format(alias, fieldname) end
    out[#out + 1] = sql
  end
  return table.concat(out, " ")
end

local function confine(query, where, out)
  local confined = permissions.confinement()
  if not confined then return end
  local function among(sql, list, nullable)
    local marks = {}
    for i, name in ipairs(list) do marks[i], out[#out + 1] = "?", sql:find "name_key" and store.key(name) or name end
    local text = ("%s IN (%s)"):format(sql, table.concat(marks, ", "))
    where[#where + 1] = nullable and ("(%s OR ifnull(%s, '') = '')"):format(text, sql) or text
  end
  local alias = store.table_of(query.meta.name)
  if confined[query.meta.name] then among(alias .. ".name_key", confined[query.meta.name], false) end
  for _, field in ipairs(query.meta.links) do
    if confined[field.options] then among(alias .. "." .. store.quote(field.fieldname), confined[field.options], true) end
  end
end

local function where_sql(query, args, out)
  local where = filters.conditions(query.meta, args.filters, out, query.joins)
  local either = filters.conditions(query.meta, args.or_filters, out, query.joins)
  if #either > 0 then where[#where + 1] = "(" .. table.concat(either, " OR ") .. ")" end
  if query.ignore_permissions ~= true then confine(query, where, out) end
  return #where > 0 and " WHERE " .. table.concat(where, " AND ") or ""
end

local function group_sql(query, group)
  if type(group) ~= "string" or group == "" then return "" end
  local column = filters.column(query.meta, group:gsub("`", ""):match "([^.]+)$")
  if not column then unknown_order(group) end
  return " GROUP BY " .. (column.show or column.sql)
end

--- How a database value of each kind is written into a list.
local writers = {
  datetime = function(value)
    local shown = values.show_datetime(value)
    return shown and '"' .. shown .. '"' or "null"
  end,
  time = function(value) return '"' .. values.show_time(value) .. '"' end,
  float = function(value) return python.float(python.to_number(value)) end,
  int = function(value) return python.number(value) end,
}
writers.rating, writers.duration, writers.check = writers.float, writers.float, writers.int

local zero = { int = "0", check = "0", float = "0.0", rating = "0.0" }

local function cell(column, value)
  if value == nil then return not column.aggregate and zero[column.kind] or "null" end
  local writer = writers[column.kind]
  if writer then return writer(value) end
  return type(value) == "string" and python.quote(value) or python.compact(value)
end

local function row_text(query, row, as_dict)
  local parts = {}
  for i, column in ipairs(query.columns) do
    local text = cell(column, row["c" .. i])
    parts[i] = as_dict and column.quoted .. text or text
  end
  if as_dict then return "{" .. table.concat(parts, ",") .. "}" end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function drop_twins(query)
  local seen, kept = {}, {}
  for _, column in ipairs(query.columns) do
    if not seen[column.key] then
      seen[column.key] = true
      column.quoted = python.quote(column.key) .. ":"
      kept[#kept + 1] = column
    end
  end
  query.columns = kept
end

local function check_access(meta, args)
  if meta.issingle then errors.raise("ProgrammingError", ("('DocType', '%s')"):format(meta.name)) end
  if meta.istable then
    local parent = type(args.parent) == "string" and schema.find(args.parent)
    if not parent then errors.raise("PermissionError") end
    return permissions.check_list(parent)
  end
  permissions.check_list(meta)
end

--- The meta of a DocType to list; a missing one is 404, hidden from guests by later versions.
function M.meta_for(doctype)
  local meta = schema.find(doctype)
  if meta then return meta end
  if site.level >= 1582 and site.user() == "Guest" then
    site.message "Not permitted"
    errors.raise("PermissionError", nil, { error_message = "No permission for " .. tostring(doctype), quiet = true })
  end
  return errors.not_found("DocType", doctype)
end

local function build(meta, args)
  local query = { meta = meta, columns = {}, joins = {}, linked = {}, zero_is_zero = args.zero_is_zero, default_direction = args.default_direction }
  local fields = args.fields
  if fields == nil or fields == null or fields == "" then fields = { "name" } end
  add_fields(query, fields)
  drop_twins(query)
  return query
end

--- Rows of a list as JSON text, and how many.
function M.list(doctype, args)
  local meta = M.meta_for(doctype)
  check_access(meta, args)
  local query, out = build(meta, args), {}
  local where = where_sql(query, args, out)
  local select = {}
  for i, column in ipairs(query.columns) do select[i] = ('%s AS c%d'):format(column.sql, i) end
  local group = group_sql(query, args.group_by)
  local order = order_by(query, args.order_by)
  if not order and group == "" and not query.aggregate then order = no_order(query) end
  local sql = ("SELECT %s FROM %s %s%s%s%s%s"):format(table.concat(select, ", "), store.table_of(meta.name), joins_sql(query), where, group,
    order and " ORDER BY " .. order or "", limit_of(query, args))
  local texts = {}
  local as_dict = args.as_dict == nil or python.truthy(args.as_dict) and args.as_dict ~= "0"
  for i, row in ipairs(store.query(sql, unpack(out))) do texts[i] = row_text(query, row, as_dict) end
  return python.raw("[" .. table.concat(texts, ",") .. "]"), #texts
end

--- How many documents match. Permissions count from version 16 on.
function M.count(doctype, args)
  local meta = M.meta_for(doctype)
  if site.level >= 1600 then permissions.check_list(meta) end
  local query, out = { meta = meta, columns = {}, joins = {}, linked = {}, ignore_permissions = site.level < 1600 }, {}
  local where = where_sql(query, args, out)
  local sql = ("SELECT count(DISTINCT %s.name_key) AS n FROM %s %s%s"):format(store.table_of(meta.name), store.table_of(meta.name), joins_sql(query), where)
  return store.query(sql, unpack(out))[1].n
end

return M
