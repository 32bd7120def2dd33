--- The way to the database: one handle per connection, names and errors.

local connector = require "tidewire.connector"
local sql = require "tidewire.sql"
local tables = require "tidewire.tables"

local given = connector.given

local M = {}

-- What may be set in tidewire.lua goes to the client under the same name.
local passed = { "host", "port", "database", "user", "sslmode", "ca", "options", "pooled", "idle", "connect_timeout",
  "statement_timeout" }

-- Whether several hosts are named, in any of the ways in which an address is written. One that does not answer would take all the time
-- that there is for connecting, every time, before the next were tried.
local function names_several(config)
  local url = connector.secret(config.url) or ""
  local hosts = given(config.host) or url:match "[?&]host=([^&]*)" or url:match "^%w+://([^/?]*)" or url:match "%f[%w]host%s*=%s*(%S+)" or ""
  return hosts:gsub("%%2[Cc]", ","):match("[^@]*$"):find(",", 1, true) ~= nil
end

--- A new handle; nil, err where the address is none.
function M.open(conn)
  local config = conn.config
  if names_several(config) then
    return connector.fail("invalid", "the address names several hosts", "name the one that stays: an address before them that leads to whichever server may be written to")
  end
  local options = { url = connector.secret(config.url), password = connector.secret(config.password) }
  for _, name in ipairs(passed) do options[name] = given(config[name]) end
  if options.port then options.port = connector.plain(options.port) end
  options.limit = config.limits and given(config.limits.parallel) or 8
  return sql.postgres(options)
end

--- The connection's handle; nil, err where the address is none.
function M.handle(conn)
  if conn.state.db then return conn.state.db end
  local db, err = (conn.sql or M.open)(conn)
  if not db then return nil, err end
  conn.state.db = db
  return db
end

--- The code of the database's own error ("23505"), or nil.
function M.state_of(err)
  return err.message:match "^(%w%w%w%w%w): "
end

--- Whether the server ended the statement for its time.
function M.took_too_long(err) return M.state_of(err) == "57014" end

--- Whether a row holds bytes that are no letters of the encoding that is spoken with the server.
function M.is_damaged(err) return M.state_of(err) == "22021" end

--- Whether a value cannot be what the statement takes it for: 22P02 and its like.
function M.is_misfit(err) return (M.state_of(err) or ""):sub(1, 2) == "22" and not M.is_damaged(err) end

--- Whether the statement was refused for what it holds, perhaps for one row of it: a value, another row, or a policy.
function M.refused(err)
  return err.code == "invalid" or err.code == "blocked" or M.state_of(err) == "42501"
end

-- A column, table or type that is not what it was: what is known of the tables is asked for again.
local outdated = { ["42703"] = true, ["42704"] = true, ["42P01"] = true, ["42804"] = true, ["42883"] = true }

-- Of these the type of a key: a statement names those that the columns had when they were asked for, so it is another statement the next
-- time. That of a value (42804) the engine looks after, which has to go by the new one, too.
local retyped = { ["42704"] = true, ["42883"] = true }

-- Refused because of another row.
local in_the_way = { ["23503"] = "reference", ["23001"] = "reference", ["23505"] = "taken", ["23P01"] = "taken" }

-- What a person may look after, by code.
local hints = {
  ["42501"] = "grant the role what it needs: grant select, insert, update, delete on the table, usage on its schema",
  ["55006"] = "somebody else reads this slot at the moment: does a second daemon run with the same state, or a statement of ours that was given up and has not ended yet?",
  ["22021"] = "a text there is of another encoding (a database of SQL_ASCII takes any bytes): mend it there, or leave its column out of the mapping",
}

local function checked(conn, answer, more)
  if answer then return answer, more end
  tables.hint_unreached(more)
  local why = in_the_way[M.state_of(more) or ""]
  if why then more = connector.blocked(more, why) end
  local kept = outdated[M.state_of(more) or ""] and tables.forget(conn)
  if kept and retyped[M.state_of(more)] then
    more.code, more.hint = "unavailable", "a column may have another type by now: it is asked for, and the statement tried again"
  end
  more.hint = given(more.hint) or hints[M.state_of(more) or ""]
  return nil, more
end

--- Rows of a statement, and how many it wrote or found; or nil, err. `writes`: where it may change something; `file`: where a parameter is
--- what is in a file, so that a record of it keeps the size only.
function M.query(conn, text, parameters, writes, file)
  local db, err = M.handle(conn)
  if not db then return nil, err end
  return checked(conn, db:query(text, parameters, { write = writes or nil, timeout = given(conn.config.timeout), file = file or nil }))
end

--- A statement that writes, as `query`. Where the connection names a `zone` it is that of the transaction, for what triggers and defaults
--- set: the application's own writes are in it, too.
function M.write(conn, text, parameters, file)
  local zone = given(conn.config.zone)
  if not zone then return M.query(conn, text, parameters, true, file) end
  local answers, counts = M.transaction(conn, { { M.in_zone, { zone } }, { text, parameters } }, true, file)
  if not answers then return nil, counts end
  return answers[2], counts[2]
end

--- The statement by which the rest of a transaction goes by a zone.
M.in_zone = "select set_config('timezone', $1, true)"

--- Rows of each of several statements, one transaction.
function M.transaction(conn, statements, writes, file)
  local db, err = M.handle(conn)
  if not db then return nil, err end
  return checked(conn, db:transaction(statements, { write = writes or nil, timeout = given(conn.config.timeout), file = file or nil }))
end

--- How long a statement may take that reads the log: all of a transaction, however large it was, before the first of its rows is told.
M.patience = 900

--- As `transaction`, of statements that read the log, with a limit of their own. Its bytes pass as they are, whatever the database takes.
function M.read_log(conn, statements)
  local db, err = M.handle(conn)
  if not db then return nil, err end
  local own = { { "select set_config('statement_timeout', $1, true), set_config('client_encoding', case when current_setting('server_encoding') = 'SQL_ASCII' then 'SQL_ASCII' else 'UTF8' end, true)",
    { ("%d"):format(M.patience * 1000) } }, unpack(statements) }
  local answers
  answers, err = checked(conn, db:transaction(own, { timeout = M.patience + 10 }))
  if not answers then return nil, err end
  table.remove(answers, 1)
  return answers
end

--- A name as it stands in a statement.
function M.quoted(name)
  return '"' .. name:gsub('"', '""') .. '"'
end

--- A text as a literal.
function M.literal(text)
  return "'" .. text:gsub("'", "''") .. "'"
end

--- The schema and the table that a collection means: "crm.people", or in the schema of its options or of the connection.
function M.place(conn, collection)
  local schema = given((collection.options or {}).schema) or conn.config.schema or "public"
  local before, after = collection.name:match "^([^.]+)%.(.+)$"
  return before or schema, after or collection.name
end

--- The quoted name of a collection's table.
function M.table_name(conn, collection)
  local schema, name = M.place(conn, collection)
  return M.quoted(schema) .. "." .. M.quoted(name)
end

return M
