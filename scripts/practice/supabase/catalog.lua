-- The declared tables, views, functions and policies, and the SQLite tables that hold their rows.
--
--   { "enums": { "mood": ["sad", "ok"] },
--     "tables": [{ "name": "items", "primary_key": ["id"], "unique": [["a", "b"]], "indexes": [["qty"]],
--       "columns": [{ "name": "id", "type": "int8", "identity": true },
--                   { "name": "qty", "type": "int4", "nullable": false, "default": "7", "unique": true,
--                     "references": "stock(id)", "on_delete": "cascade", "enum": ["a"], "maxlen": 5 }],
--       "checks": [{ "name": "items_qty_check", "where": "qty.gte.0" }],
--       "triggers": [{ "kind": "touch", "column": "updated_at", "clock": "statement" }, { "kind": "log", "into": "audit" }],
--       "rls": true, "policies": [{ "role": "anon", "for": "select", "using": "hidden.is.false", "check": "owner.eq.me" }],
--       "grants": { "anon": ["select"] } },
--       { "name": "short", "view": "select id, qty from items" }],
--     "functions": [{ "name": "add", "args": [{ "name": "a", "type": "int4", "default": "1" }], "returns": "int4",
--       "sql": "select $1 + 1" }],
--     "rows": { "items": [{ "qty": 1 }] } }
--
-- Conditions are written as filters are in a query string, defaults as in SQL (the few that defaults.lua knows).
--
-- Beside its columns a table has "r$id" (its row number, never shown), "x$min" (the transaction that wrote the row
-- last) and "k$name" for each column that sorts by a key. The declarations themselves are kept in practice_schema, so
-- that a database file opens with the tables it was closed with.
local json = require "tidewire.json"
local defaults = require "practice.supabase.defaults"
local filter = require "practice.supabase.filter"
local query = require "practice.supabase.query"
local types = require "practice.supabase.types"

local M = {}
local Catalog = {}
Catalog.__index = Catalog

local function quoted(name)
  return '"' .. name:gsub('"', '""') .. '"'
end
M.quoted = quoted

local function has(list, name)
  for _, item in ipairs(list or {}) do
    if item == name then return true end
  end
  return false
end

local function reference(spec, table_name)
  if not spec.references then return nil end
  local parent, column = spec.references:match("^([%w_]+)%(([^)]+)%)$")
  return { name = ("%s_%s_fkey"):format(table_name, spec.name), column = spec.name, parent = parent, target = column,
    on_delete = spec.on_delete }
end

local function new_column(catalog, relation, spec)
  local type = types.resolve(spec.type, catalog.enums)
  if not type then error(("table %s: unknown type %s"):format(relation.name, spec.type), 0) end
  if spec.maxlen then type.maxlen = spec.maxlen end
  if spec.enum then type = types.resolve("enum", { enum = spec.enum }) end
  local sql = quoted(spec.name)
  local column = { name = spec.name, type = type, declared = spec.type, sql = sql, identity = spec.identity == true }
  column.key_name = type.keyed and "k$" .. spec.name or nil
  column.key = column.key_name and quoted(column.key_name) or sql
  column.nullable = spec.nullable ~= false and not column.identity
  column.default_text = spec.default
  column.default = defaults.compile(type, column.default_text)
  if spec.unique == true then
    table.insert(relation.uniques, { name = ("%s_%s_key"):format(relation.name, spec.name), columns = { spec.name } })
  end
  table.insert(relation.foreign, reference(spec, relation.name))
  return column
end

local function policy_of(spec)
  return { role = spec.role, command = spec["for"] or "all", using = spec.using and query.condition(spec.using),
    check = spec.check and query.condition(spec.check) }
end

local function new_relation(catalog, spec)
  local relation = { name = spec.name, columns = {}, by_name = {}, pk = spec.primary_key or {}, uniques = {}, foreign = {},
    checks = spec.checks or {}, triggers = spec.triggers or {}, rls = spec.rls == true, policies = {},
    grants = spec.grants, source = quoted(spec.name), sequence = 0, next_row = 1, pending_columns = {} }
  if #relation.pk > 0 then
    relation.uniques[1] = { name = spec.name .. "_pkey", columns = relation.pk, primary = true }
  end
  for i, column_spec in ipairs(spec.columns) do
    local column = new_column(catalog, relation, column_spec)
    if has(relation.pk, column.name) then column.nullable, column.pk = false, true end
    relation.columns[i], relation.by_name[column.name] = column, column
  end
  for _, names in ipairs(spec.unique or {}) do
    table.insert(relation.uniques, { name = ("%s_%s_key"):format(spec.name, table.concat(names, "_")), columns = names })
  end
  for i, policy in ipairs(spec.policies or {}) do relation.policies[i] = policy_of(policy) end
  return relation
end

-- A view is a plain projection of one table: "select a, b from t".
local function new_view(catalog, spec)
  local list, base_name = spec.view:match("^%s*[sS][eE][lL][eE][cC][tT]%s+(.-)%s+[fF][rR][oO][mM]%s+(%w+)%s*$")
  local base = base_name and catalog.relations[base_name]
  if not base then error(("view %s: not of the form 'select a, b from table'"):format(spec.name), 0) end
  local view = setmetatable({ name = spec.name, is_view = true, base = base, columns = {}, by_name = {},
    grants = spec.grants, rls = false, policies = {} }, { __index = base })
  for name in list:gmatch("[%w_]+") do
    local column = base.by_name[name] or error(("view %s: no column %s"):format(spec.name, name), 0)
    table.insert(view.columns, column)
    view.by_name[name] = column
  end
  return view
end

local function affinity(type)
  return (type.limit or type.kind == "bool") and "INTEGER" or "TEXT"
end

local function column_ddl(column)
  local out = column.sql .. " " .. affinity(column.type) .. (column.nullable and "" or " NOT NULL")
  if column.key_name then out = out .. ", " .. column.key .. (column.type.kind == "numeric" and " TEXT" or "") end
  return out
end

local function keys_of(relation, names)
  local out = {}
  for i, name in ipairs(names) do
    local column = relation.by_name[name] or error(("table %s: no column %s"):format(relation.name, name), 0)
    out[i] = column.key
  end
  return table.concat(out, ", ")
end
M.keys_of = keys_of

local function sql_literal(value)
  if type(value) == "number" then return ("%.17g"):format(value) end
  return "'" .. value:gsub("'", "''") .. "'"
end

local function constraint_ddl(relation)
  local out = {}
  for _, unique in ipairs(relation.uniques) do
    out[#out + 1] = ("CONSTRAINT %s UNIQUE (%s)"):format(quoted(unique.name), keys_of(relation, unique.columns))
  end
  for _, check in ipairs(relation.checks) do
    local condition = filter.condition({ bind = sql_literal }, relation, query.condition(check.where))
    out[#out + 1] = ("CONSTRAINT %s CHECK (%s)"):format(quoted(check.name), condition)
  end
  for _, foreign in ipairs(relation.foreign) do
    local action = foreign.on_delete and " ON DELETE " .. foreign.on_delete or ""
    out[#out + 1] = ("FOREIGN KEY (%s) REFERENCES %s (%s)%s"):format(quoted(foreign.column), quoted(foreign.parent),
      quoted(foreign.target), action)
  end
  return out
end

local function ddl(relation)
  local lines = { '"r$id" INTEGER PRIMARY KEY', '"x$min" INTEGER NOT NULL' }
  for _, column in ipairs(relation.columns) do lines[#lines + 1] = column_ddl(column) end
  for _, line in ipairs(constraint_ddl(relation)) do lines[#lines + 1] = line end
  return ("CREATE TABLE IF NOT EXISTS %s (%s)"):format(relation.source, table.concat(lines, ", "))
end

-- Keyset pages walk (touched column, primary key).
local function indexes(relation, spec)
  local lists = {}
  for _, names in ipairs(spec.indexes or {}) do lists[#lists + 1] = names end
  for _, trigger in ipairs(relation.triggers) do
    if trigger.kind == "touch" then lists[#lists + 1] = { trigger.column, unpack(relation.pk) } end
  end
  for _, foreign in ipairs(relation.foreign) do lists[#lists + 1] = { foreign.column } end
  local out = {}
  for i, names in ipairs(lists) do
    out[i] = ("CREATE INDEX IF NOT EXISTS %s ON %s (%s)"):format(quoted(("%s_%d_idx"):format(relation.name, i)),
      relation.source, keys_of(relation, names))
  end
  return out
end

-- Where numbering goes on in a database file that was used before.
local function resume_counters(catalog, relation)
  local db = catalog.db
  local last = assert(db:query(('SELECT max("r$id") AS row, max("x$min") AS xid FROM %s'):format(relation.source)))[1]
  relation.next_row = (last.row or 0) + 1
  catalog.xid = math.max(catalog.xid, last.xid or 0)
  for _, column in ipairs(relation.columns) do
    if column.identity then
      local top = assert(db:query(("SELECT max(%s) AS top FROM %s"):format(column.sql, relation.source)))[1].top
      relation.sequence = top or 0
    end
  end
end

local function declare_table(catalog, spec)
  if spec.view then
    catalog.relations[spec.name] = new_view(catalog, spec)
    return
  end
  local relation = new_relation(catalog, spec)
  assert(catalog.db:exec(ddl(relation)))
  for _, sql in ipairs(indexes(relation, spec)) do assert(catalog.db:exec(sql)) end
  resume_counters(catalog, relation)
  relation.pending = catalog.stale
  catalog.relations[spec.name] = relation
end

--- Declares what a fixture says: { enums, tables, functions, rows }. Raises a text for a bad declaration.
function Catalog:declare(fixture)
  for name, values in pairs(fixture.enums or {}) do self.enums[name] = values end
  for _, spec in ipairs(fixture.tables or {}) do
    if not self.relations[spec.name] then table.insert(self.order, spec.name) end
    declare_table(self, spec)
  end
  for _, fn in ipairs(fixture.functions or {}) do self.functions[fn.name] = fn end
  local kept = json.encode { enums = fixture.enums, tables = fixture.tables, functions = fixture.functions }
  assert(self.db:run("INSERT INTO practice_schema (declaration) VALUES (?1)", kept))
end

--- Declares again what the database file remembers.
function Catalog:reopen()
  local rows = assert(self.db:query("SELECT declaration FROM practice_schema ORDER BY id"))
  assert(self.db:exec("DELETE FROM practice_schema"))
  for _, row in ipairs(rows) do self:declare(assert(json.decode(row.declaration))) end
end

local function add_column(catalog, relation, spec)
  local column = new_column(catalog, relation, spec)
  assert(catalog.db:exec(("ALTER TABLE %s ADD COLUMN %s %s"):format(relation.source, column.sql, affinity(column.type))))
  if column.key_name then
    assert(catalog.db:exec(("ALTER TABLE %s ADD COLUMN %s"):format(relation.source, column.key)))
  end
  table.insert(relation.columns, column)
  relation.by_name[column.name] = column
  relation.pending_columns[column.name] = catalog.stale or nil
end

local function drop_column(catalog, relation, name)
  local column = relation.by_name[name]
  assert(catalog.db:exec(("ALTER TABLE %s DROP COLUMN %s"):format(relation.source, column.sql)))
  if column.key_name then
    assert(catalog.db:exec(("ALTER TABLE %s DROP COLUMN %s"):format(relation.source, column.key)))
  end
  relation.by_name[name] = nil
  for i, it in ipairs(relation.columns) do
    if it == column then table.remove(relation.columns, i) end
  end
end

local function rename_column(catalog, relation, from, to)
  local column = relation.by_name[from]
  assert(catalog.db:exec(("ALTER TABLE %s RENAME COLUMN %s TO %s"):format(relation.source, column.sql, quoted(to))))
  if column.key_name then
    assert(catalog.db:exec(("ALTER TABLE %s RENAME COLUMN %s TO %s"):format(relation.source, column.key, quoted("k$" .. to))))
    column.key_name = "k$" .. to
  end
  column.name, column.sql = to, quoted(to)
  column.key = column.key_name and quoted(column.key_name) or column.sql
  relation.by_name[from], relation.by_name[to] = nil, column
  relation.pending_columns[to] = catalog.stale or nil
end

--- { table, add = column, drop = name, rename = {from, to} }: a change of a table in use.
function Catalog:alter(change)
  local relation = self.relations[change.table] or error("no table " .. tostring(change.table), 0)
  if change.drop then drop_column(self, relation, change.drop) end
  if change.rename then rename_column(self, relation, change.rename.from, change.rename.to) end
  if change.add then add_column(self, relation, change.add) end
end

--- From now on new tables and columns are not seen until reload().
function Catalog:hold()
  self.stale = true
end

function Catalog:reload()
  self.stale = nil
  for _, relation in pairs(self.relations) do
    if not relation.is_view then relation.pending, relation.pending_columns = nil, {} end
  end
end

function Catalog:next_xid()
  self.xid = self.xid + 1
  return self.xid
end

--- The conditions that rows must meet for `role` and `command` ("using" or "check"): nil where all pass, else SQL.
function M.policy_sql(builder, relation, role, command, side)
  local base = relation.base or relation
  if not base.rls or relation.is_view or role == "service_role" then return nil end
  local parts = {}
  for _, policy in ipairs(base.policies) do
    local condition = policy[side] or (side == "check" and policy.using)
    if policy.role == role and (policy.command == command or policy.command == "all") then
      parts[#parts + 1] = condition and filter.condition(builder, base, condition) or "1"
    end
  end
  return #parts == 0 and "0" or "(" .. table.concat(parts, " OR ") .. ")"
end

--- Whether `role` has been granted `right` on `relation`; all rights where nothing is said of the role.
function M.granted(relation, role, right)
  local rights = relation.grants and relation.grants[role]
  return rights == nil or has(rights, right)
end

function M.open(db)
  assert(db:exec("PRAGMA foreign_keys = ON"))
  assert(db:exec("CREATE TABLE IF NOT EXISTS practice_schema (id INTEGER PRIMARY KEY, declaration TEXT NOT NULL)"))
  local catalog = setmetatable({ db = db, relations = {}, order = {}, enums = {}, functions = {}, xid = 700 }, Catalog)
  catalog:reopen()
  return catalog
end

return M
