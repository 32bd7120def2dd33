--- The way to the database: one handle per connection, names, errors, times.

local connector = require "tidewire.connector"
local sql = require "tidewire.sql"
local tables = require "tidewire.tables"

local given = connector.given

local M = {}

local passed = { "host", "port", "socket", "database", "user", "tls", "ca", "idle", "connect_timeout", "statement_timeout" }

--- A new handle; nil, err where the port is none.
function M.open(conn)
  local config, options = conn.config, {}
  options.password = connector.secret(config.password)
  for _, name in ipairs(passed) do options[name] = given(config[name]) end
  options.limit = config.limits and given(config.limits.parallel) or 8
  return sql.mysql(options)
end

local function handle(conn)
  if conn.state.db then return conn.state.db end
  local db, err = (conn.sql or M.open)(conn)
  if not db then return nil, err end
  conn.state.db = db
  return db
end

--- The number of the database's own error, or nil.
function M.number_of(err)
  return tonumber(err.message:match "^(%d+): ")
end

local too_long = { [1969] = true, [3024] = true }     -- MariaDB's number and MySQL's

--- Whether the server ended the statement for its time.
function M.took_too_long(err) return too_long[M.number_of(err) or 0] or false end

-- Of a database, a table, a column, a routine: the login itself was fine.
local no_right = { [1044] = true, [1142] = true, [1143] = true, [1227] = true, [1370] = true }

-- A table or column that is not what it was.
local outdated = { [1054] = true, [1146] = true }

-- Refused because of another row; 1216 and 1217 are what is said to whom that row's table is not granted.
local in_the_way = { [1062] = "taken", [1216] = "reference", [1217] = "reference", [1451] = "reference", [1452] = "reference" }

local function checked(conn, answer, more)
  if answer then return answer, more end
  tables.hint_unreached(more)
  local why = in_the_way[M.number_of(more) or 0]
  if why then more = connector.blocked(more, why) end
  if outdated[M.number_of(more) or 0] then tables.forget(conn) end
  if no_right[M.number_of(more) or 0] then more.hint = given(more.hint) or "grant the user what it needs: grant select, insert, update, delete on the table" end
  return nil, more
end

--- Rows of a statement, and how many it wrote or found; or nil, err. `file`: where a parameter is what is in a file, so that a record of it
--- keeps the size only.
function M.query(conn, text, parameters, writes, file)
  local db, err = handle(conn)
  if not db then return nil, err end
  return checked(conn, db:query(text, parameters, { write = writes or nil, timeout = given(conn.config.timeout), file = file or nil }))
end

--- A statement that writes: for what triggers and the columns themselves set it goes by the clocks of the connection's `zone`, as the
--- application's own writes do. By their present distance from UTC, because a server need not know zones by name; for one statement, in the
--- words of MariaDB and of MySQL, each of which is a remark to the other.
function M.writing(conn, text)
  local zone = given(conn.config.zone)
  if not zone then return text end
  local seconds = tables.ahead(connector.server_now(conn), zone)
  local minutes = math.floor(math.abs(seconds) / 60)
  local ahead = ("'%s%02d:%02d'"):format(seconds < 0 and "-" or "+", math.floor(minutes / 60), minutes % 60)
  return "/*M! set statement time_zone = " .. ahead .. " for */ " .. text:gsub("^%a+", "%0 /*+ set_var(time_zone = " .. ahead .. ") */")
end

--- Rows of each of several statements, and how many each wrote or found; one transaction.
function M.transaction(conn, statements, writes, file)
  local db, err = handle(conn)
  if not db then return nil, err end
  return checked(conn, db:transaction(statements, { write = writes or nil, timeout = given(conn.config.timeout), file = file or nil }))
end

--- A statement that changes a table, in a session of its own. It waits for every transaction that has used the table, and whoever comes
--- after waits behind it: not for long.
function M.change_table(conn, text)
  local own, err = (conn.sql or M.open)(conn)
  if not own then return nil, err end
  local answers, more = own:transaction({ { "set lock_wait_timeout = 3" }, { text } }, { write = true, timeout = given(conn.config.timeout) })
  own:close()
  if not answers and M.number_of(more) == 1205 then
    more.hint = "a transaction that has used the table is still open: wait for its end, or look for it in information_schema.innodb_trx, and run it again"
  end
  return checked(conn, answers, more)
end

--- How many digits a time column has after its seconds.
function M.places(column) return given(column.places) or 0 end

--- A name as it stands in a statement.
function M.quoted(name)
  return "`" .. name:gsub("`", "``") .. "`"
end

--- The database and the table that a collection means.
function M.place(conn, collection)
  local before, after = collection.name:match "^([^.]+)%.(.+)$"
  return before or conn.config.database, after or collection.name
end

--- The quoted name of a collection's table.
function M.table_name(conn, collection)
  local database, name = M.place(conn, collection)
  return M.quoted(database) .. "." .. M.quoted(name)
end

return M
