-- The rows in SQLite: a table per model, one for all many2many pairs, one for translations.

local errors = require "practice.odoo.errors"
local json = require "tidewire.json"
local registry = require "practice.odoo.registry"
local sqlite = require "tidewire.sqlite"

local M = {}

local null = json.null
local db
local affinity = { integer = "INTEGER", boolean = "INTEGER", many2one = "INTEGER", float = "REAL", monetary = "REAL" }

local function quoted(name) return '"' .. name:gsub('"', '""') .. '"' end
M.quoted = quoted

--- Whether a field has a column of its own.
function M.is_column(field)
  return field.store and field.type ~= "one2many" and field.type ~= "many2many" and field.name ~= "id" and not (field.type == "binary" and field.attachment)
end

local function create_table(model)
  local columns = { "id INTEGER PRIMARY KEY AUTOINCREMENT" }
  for _, name in ipairs(registry.field_names(model)) do
    local field = model.fields[name]
    if M.is_column(field) then columns[#columns + 1] = quoted(name) .. " " .. (affinity[field.type] or "TEXT") end
  end
  assert(db:exec(("CREATE TABLE IF NOT EXISTS %s (%s)"):format(quoted(model.table), table.concat(columns, ", "))))
  assert(db:exec(("CREATE INDEX IF NOT EXISTS %s ON %s (write_date)"):format(quoted(model.table .. "_stamp"), quoted(model.table))))
  for _, name in ipairs(registry.field_names(model)) do
    local field = model.fields[name]
    if field.type == "many2one" and field.store then
      assert(db:exec(("CREATE INDEX IF NOT EXISTS %s ON %s (%s)"):format(quoted(model.table .. "_" .. name), quoted(model.table), quoted(name))))
    end
  end
end

--- Opens the database; true where it is new.
function M.open(path)
  db = assert(sqlite.open(path))
  assert(db:exec "PRAGMA case_sensitive_like = ON")
  local fresh = #assert(db:query("SELECT 1 AS one FROM sqlite_master WHERE name = 'pairs'")) == 0
  assert(db:exec [[
    CREATE TABLE IF NOT EXISTS pairs (relation TEXT, a INTEGER, b INTEGER, PRIMARY KEY (relation, a, b)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS pairs_back ON pairs (relation, b);
    CREATE TABLE IF NOT EXISTS translations (model TEXT, field TEXT, id INTEGER, lang TEXT, value TEXT, PRIMARY KEY (model, field, id, lang));
    CREATE TABLE IF NOT EXISTS sequences (name TEXT PRIMARY KEY, last INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS secrets (user INTEGER, kind TEXT, secret TEXT, expires TEXT)]])
  for _, model in pairs(registry.all()) do create_table(model) end
  return fresh
end

M.create_table = create_table

function M.exec(sql) assert(db:exec(sql)) end

--- Rows; fractions as numbers.
function M.query(sql, ...)
  local rows, err = db:query(sql, ...)
  if not rows then errors.raise("psycopg2.errors.SyntaxError", tostring(err)) end
  for _, row in ipairs(rows) do
    for name, value in pairs(row) do
      if type(value) == "userdata" then row[name] = value:number() end
    end
  end
  return rows
end

function M.run(sql, ...)
  local changes, last = db:run(sql, ...)
  if not changes then errors.raise("psycopg2.IntegrityError", tostring(last)) end
  return changes, last
end

local function parameter(value)
  if value == nil then return null end
  return value
end

--- The row of an id, or nil.
function M.row(model, id)
  return M.query(("SELECT * FROM %s WHERE id = ?1"):format(quoted(model.table)), id)[1]
end

--- Rows by id, those that are there.
function M.rows(model, ids)
  local by_id = {}
  for at = 1, #ids, 400 do
    local list = { unpack(ids, at, math.min(at + 399, #ids)) }
    local marks = ("?,"):rep(#list):sub(1, -2)
    for _, row in ipairs(M.query(("SELECT * FROM %s WHERE id IN (%s)"):format(quoted(model.table), marks), unpack(list))) do by_id[row.id] = row end
  end
  return by_id
end

--- Inserts `row`; its id.
function M.insert(model, row)
  local names, marks, values = {}, {}, {}
  for name, value in pairs(row) do
    names[#names + 1], marks[#marks + 1], values[#values + 1] = quoted(name), "?", value
  end
  local _, id = M.run(("INSERT INTO %s (%s) VALUES (%s)"):format(quoted(model.table), table.concat(names, ", "), table.concat(marks, ", ")), unpack(values))
  return id
end

--- Sets columns of one row; a value may be null.
function M.update(model, id, changes)
  local sets, values = {}, {}
  for name, value in pairs(changes) do
    sets[#sets + 1], values[#values + 1] = quoted(name) .. " = ?", parameter(value)
  end
  if #sets == 0 then return end
  values[#values + 1] = id
  M.run(("UPDATE %s SET %s WHERE id = ?"):format(quoted(model.table), table.concat(sets, ", ")), unpack(values))
end

function M.delete(model, id)
  M.run(("DELETE FROM %s WHERE id = ?1"):format(quoted(model.table)), id)
  M.run("DELETE FROM translations WHERE model = ?1 AND id = ?2", model.name, id)
end

--- The ids of rows whose column has a value.
function M.ids_where(model, column, value)
  local ids = {}
  for i, row in ipairs(M.query(("SELECT id FROM %s WHERE %s = ?1 ORDER BY id"):format(quoted(model.table), quoted(column)), value)) do ids[i] = row.id end
  return ids
end

--- The next number of a sequence, which a rollback gives back.
function M.next_number(name)
  M.run("INSERT INTO sequences (name, last) VALUES (?1, 1) ON CONFLICT (name) DO UPDATE SET last = last + 1", name)
  return M.query("SELECT last FROM sequences WHERE name = ?1", name)[1].last
end

-- many2many -----------------------------------------------------------------------------------------------------------

local function relation_of(field) return field.relation or field.model .. "." .. field.name end
M.relation_of = relation_of

function M.linked(field, id)
  local ids = {}
  for i, row in ipairs(M.query("SELECT b FROM pairs WHERE relation = ?1 AND a = ?2 ORDER BY b", relation_of(field), id)) do ids[i] = row.b end
  return ids
end

function M.link(field, id, other)
  M.run("INSERT OR IGNORE INTO pairs (relation, a, b) VALUES (?1, ?2, ?3)", relation_of(field), id, other)
end

function M.unlink(field, id, other)
  if other then return M.run("DELETE FROM pairs WHERE relation = ?1 AND a = ?2 AND b = ?3", relation_of(field), id, other) end
  M.run("DELETE FROM pairs WHERE relation = ?1 AND a = ?2", relation_of(field), id)
end

-- Texts in other languages --------------------------------------------------------------------------------------------

function M.translation(model, field, id, lang)
  local row = M.query("SELECT value FROM translations WHERE model = ?1 AND field = ?2 AND id = ?3 AND lang = ?4", model.name, field.name, id, lang)[1]
  return row and row.value
end

function M.translate(model, field, id, lang, value)
  M.run("INSERT OR REPLACE INTO translations (model, field, id, lang, value) VALUES (?1, ?2, ?3, ?4, ?5)", model.name, field.name, id, lang, parameter(value))
end

return M
