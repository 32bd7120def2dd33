-- Rows in SQLite: one table per DocType, its fields as columns.
--
-- Real columns let filters, order and keyset pages run on indexes; the price is an ALTER TABLE when a field is added.
-- `name_key` is the name as the site's collation compares it (no case, no accents, no trailing blanks), and a unique
-- field has a `:key` column likewise.

local sqlite = require "tidewire.sqlite"
local text = require "tidewire.text"

local M = {}

local db
local floor = math.floor

--- Column affinity per kind of field.
local affinity = {
  check = "INTEGER", int = "INTEGER", float = "REAL", duration = "REAL", rating = "REAL", time = "INTEGER",
  text = "TEXT COLLATE NOCASE", date = "TEXT", datetime = "TEXT", json = "TEXT", password = "TEXT",
}

local standard = {
  { "name", "" }, { "owner", "TEXT COLLATE NOCASE" }, { "creation", "TEXT" }, { "modified", "TEXT" },
  { "modified_by", "TEXT COLLATE NOCASE" }, { "docstatus", "INTEGER" }, { "idx", "INTEGER" },
}
local of_children = {
  { "parent", "TEXT COLLATE NOCASE" }, { "parentfield", "TEXT COLLATE NOCASE" }, { "parenttype", "TEXT COLLATE NOCASE" },
}
M.standard, M.of_children = standard, of_children

local accents = {}
for plain, list in pairs {
  a = "àáâãäåā", c = "çćč", d = "ďđ", e = "èéêëēėęě", g = "ğ", i = "ìíîïī", l = "ł", n = "ñńň", o = "òóôõöøō", r = "ř",
  s = "śšş", t = "ťţ", u = "ùúûüūů", y = "ýÿ", z = "źžż",
} do
  for char in list:gmatch "[\192-\244][\128-\191]+" do accents[char] = plain end
end

--- What two equal names have in common under the site's collation. Whole numbers stay numbers.
function M.key(value)
  if type(value) == "number" then return value end
  local folded = value:gsub(" +$", "")
  folded = folded:find "[\128-\255]" and text.fold(folded) or folded:lower()
  if folded:find "[\195-\197]" then folded = folded:gsub("[\195-\197][\128-\191]", accents) end
  return folded
end

local function quote(identifier)
  return '"' .. identifier:gsub('"', '""') .. '"'
end
M.quote = quote

function M.table_of(doctype)
  return quote("tab" .. doctype)
end

local function checked(...)
  local result, err = ...
  if result == nil and err then error("practice frappe: sqlite: " .. tostring(err), 0) end
  return ...
end

function M.exec(sql)
  return checked(db:exec(sql))
end

function M.query(sql, ...)
  return checked(db:query(sql, ...))
end

function M.run(sql, ...)
  return checked(db:run(sql, ...))
end

--- Opens the database; true when it was empty.
function M.open(path)
  db = checked(sqlite.open(path))
  M.query "PRAGMA journal_mode=WAL"
  M.exec "PRAGMA synchronous=OFF"
  M.exec [[
    CREATE TABLE IF NOT EXISTS series (prefix TEXT PRIMARY KEY, current INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS singles (doctype TEXT, field TEXT, value TEXT, PRIMARY KEY (doctype, field));
    CREATE TABLE IF NOT EXISTS secrets (doctype TEXT, name TEXT, field TEXT, value TEXT, PRIMARY KEY (doctype, name, field));]]
  return #M.query "SELECT 1 FROM sqlite_master WHERE name = 'tabDocType'" == 0
end

local function has_column(table_name, column)
  for _, row in ipairs(M.query("SELECT name FROM pragma_table_info(?)", table_name)) do
    if row.name == column then return true end
  end
  return false
end

local function create_table(meta)
  local columns = { "name_key PRIMARY KEY" }
  for _, column in ipairs(standard) do columns[#columns + 1] = quote(column[1]) .. " " .. column[2] end
  if meta.istable then
    for _, column in ipairs(of_children) do columns[#columns + 1] = quote(column[1]) .. " " .. column[2] end
  end
  local name = M.table_of(meta.name)
  M.exec(("CREATE TABLE IF NOT EXISTS %s (%s) WITHOUT ROWID"):format(name, table.concat(columns, ", ")))
  if meta.istable then
    M.exec(("CREATE INDEX IF NOT EXISTS %s ON %s (parent, parentfield, idx)"):format(quote(meta.name .. ":parent"), name))
  else
    M.exec(("CREATE INDEX IF NOT EXISTS %s ON %s (modified, name_key)"):format(quote(meta.name .. ":modified"), name))
    M.exec(("CREATE INDEX IF NOT EXISTS %s ON %s (creation, name_key)"):format(quote(meta.name .. ":creation"), name))
  end
end

local function add_column(meta, field)
  local name = M.table_of(meta.name)
  local default = ""
  if field.kind == "int" or field.kind == "check" or field.kind == "float" or field.kind == "rating" then default = " DEFAULT 0" end
  M.exec(("ALTER TABLE %s ADD COLUMN %s %s%s"):format(name, quote(field.fieldname), affinity[field.kind], default))
  if field.fieldtype == "Link" and not meta.istable then
    M.exec(("CREATE INDEX IF NOT EXISTS %s ON %s (%s)"):format(quote(meta.name .. ":" .. field.fieldname), name, quote(field.fieldname)))
  end
end

local function add_unique_key(meta, field)
  local column, name = field.fieldname .. ":key", M.table_of(meta.name)
  M.exec(("ALTER TABLE %s ADD COLUMN %s TEXT"):format(name, quote(column)))
  for _, row in ipairs(M.query(("SELECT name_key, %s AS value FROM %s"):format(quote(field.fieldname), name))) do
    if row.value and row.value ~= "" then
      M.run(("UPDATE %s SET %s = ? WHERE name_key = ?"):format(name, quote(column)), M.key(row.value), row.name_key)
    end
  end
  M.exec(("CREATE UNIQUE INDEX IF NOT EXISTS %s ON %s (%s)"):format(quote(meta.name .. ":" .. column), name, quote(column)))
end

--- Makes the table of a DocType and adds columns it lacks.
function M.ensure_table(meta)
  if meta.issingle then return end
  create_table(meta)
  local table_name = "tab" .. meta.name
  for _, field in ipairs(meta.columns) do
    if not has_column(table_name, field.fieldname) then add_column(meta, field) end
    if field.unique and not has_column(table_name, field.fieldname .. ":key") then add_unique_key(meta, field) end
  end
end

function M.drop_table(doctype)
  M.exec("DROP TABLE IF EXISTS " .. M.table_of(doctype))
end

local function column_names(meta)
  if meta.column_names then return meta.column_names end
  local names = {}
  for _, column in ipairs(standard) do names[#names + 1] = column[1] end
  if meta.istable then
    for _, column in ipairs(of_children) do names[#names + 1] = column[1] end
  end
  for _, field in ipairs(meta.columns) do names[#names + 1] = field.fieldname end
  meta.column_names = names
  return names
end

local function unique_fields(meta)
  if not meta.unique_fields then
    meta.unique_fields = {}
    for _, field in ipairs(meta.columns) do
      if field.unique then meta.unique_fields[#meta.unique_fields + 1] = field end
    end
  end
  return meta.unique_fields
end

local function parameters(meta, row)
  local values, names = { M.key(row.name) }, column_names(meta)
  for i = 1, #names do values[i + 1] = row[names[i]] end
  local count = #names + 1
  for _, field in ipairs(unique_fields(meta)) do
    local value = row[field.fieldname]
    count = count + 1
    values[count] = value ~= nil and value ~= "" and M.key(tostring(value)) or nil
  end
  return values, count
end

local function all_columns(meta)
  local quoted = { "name_key" }
  for _, name in ipairs(column_names(meta)) do quoted[#quoted + 1] = quote(name) end
  for _, field in ipairs(unique_fields(meta)) do quoted[#quoted + 1] = quote(field.fieldname .. ":key") end
  return quoted
end

local function write_row(meta, sql, values, count, ...)
  for i = 1, select("#", ...) do values[count + i] = (select(i, ...)) end
  local changes, err = db:run(sql, unpack(values, 1, count + select("#", ...)))
  if changes then return changes end
  local column = (err.message or tostring(err)):match "UNIQUE constraint failed: (.*)$"
  if not column then error("practice frappe: sqlite: " .. tostring(err), 0) end
  column = column:match "%.([^.]*)$" or column
  return nil, column == "name_key" and "name" or column:gsub(":key$", "")
end

--- Inserts a row of database values. nil and the column on a duplicate.
function M.insert_row(meta, row)
  if not meta.insert_sql then
    local columns = all_columns(meta)
    meta.insert_sql = ("INSERT INTO %s (%s) VALUES (%s)"):format(M.table_of(meta.name), table.concat(columns, ", "),
      ("?, "):rep(#columns - 1) .. "?")
  end
  return write_row(meta, meta.insert_sql, parameters(meta, row))
end

--- Overwrites the row named `key`. nil and the column on a duplicate; 0 when there is no such row.
function M.update_row(meta, key, row)
  if not meta.update_sql then
    local sets = {}
    for i, column in ipairs(all_columns(meta)) do sets[i] = column .. " = ?" end
    meta.update_sql = ("UPDATE %s SET %s WHERE name_key = ?"):format(M.table_of(meta.name), table.concat(sets, ", "))
  end
  local values, count = parameters(meta, row)
  return write_row(meta, meta.update_sql, values, count, key)
end

--- The row of a document, nil when absent.
function M.row(meta, name)
  meta.row_sql = meta.row_sql or ("SELECT * FROM %s WHERE name_key = ?"):format(M.table_of(meta.name))
  return M.query(meta.row_sql, M.key(name))[1]
end

--- The stored spelling of a name, nil when there is no such document.
function M.name_of(meta, name)
  meta.name_sql = meta.name_sql or ("SELECT name FROM %s WHERE name_key = ?"):format(M.table_of(meta.name))
  local row = M.query(meta.name_sql, M.key(name))[1]
  return row and row.name
end

--- Rows of one child table of one parent, in order.
function M.children(meta, parent, parenttype, parentfield)
  meta.children_sql = meta.children_sql
    or ("SELECT * FROM %s WHERE parent = ? AND parentfield = ? AND parenttype = ? ORDER BY idx, name_key"):format(M.table_of(meta.name))
  return M.query(meta.children_sql, tostring(parent), parentfield, parenttype)
end

function M.delete_row(doctype, name)
  return M.run(("DELETE FROM %s WHERE name_key = ?"):format(M.table_of(doctype)), M.key(name))
end

--- The next number of a series.
function M.next_number(prefix)
  local rows = M.query("INSERT INTO series VALUES (?, 1) ON CONFLICT (prefix) DO UPDATE SET current = current + 1 RETURNING current", prefix)
  return floor(rows[1].current)
end

--- Gives a number back when it was the last one of its series.
function M.revert_number(prefix, number)
  M.run("UPDATE series SET current = current - 1 WHERE prefix = ? AND current = ?", prefix, number)
end

return M
