---@meta tidewire.sql

--- Rows are tables by column name; NULL is null. bigint, numeric and float keep their digits, json and jsonb are their value,
--- arrays lists, timestamptz UTC ISO, bytea and binary columns "\x00ff"; everything else is its text.
---@class tidewire.sql.Database
local db = {}

--- One statement. Parameters are $1, $2 (PostgreSQL) or ? (MariaDB); a list becomes an array, a table JSON text.
--- `write`: it may change something, so that a lost answer is `unknown`. `timeout`: seconds, connecting included (30).
--- `file`: a parameter is what is in a file, so that operations keep its size only. `max_bytes`: of the answer, 64 MiB; more is
--- `invalid` ("the answer is larger than ..."), of a write `unknown`.
--- `err.message` begins with the database's own code: "23505: ...".
---@param sql string
---@param parameters? any[] json.null for NULL
---@param options? { write?: boolean, timeout?: number, file?: boolean, max_bytes?: integer }
---@return table<string, any>[]? rows
---@return integer|tidewire.Error affected rows written, or found
function db:query(sql, parameters, options) end

--- Several statements as one transaction; with PostgreSQL in one round trip.
---@param statements { [1]: string, [2]: any[]? }[]
---@param options? { write?: boolean, timeout?: number, file?: boolean, max_bytes?: integer }
---@return table<string, any>[][]? rows of each
---@return integer[]|tidewire.Error affected of each
function db:transaction(statements, options) end

--- A connection of its own that listens (PostgreSQL; not through a pooler that deals out servers by transaction).
---@param channels string[]
---@return tidewire.sql.Listener
function db:listen(channels) end

function db:close() end

---@class tidewire.sql.Listener
local listener = {}

--- What was heard since the last wait, as soon as there is some; an empty list after `seconds`, and at once where this wait
--- made the connection: nothing said before it was heard, so look once. After an error the next wait connects anew.
---@param seconds number
---@return string[]? payloads
---@return tidewire.Error? err
function listener:wait(seconds) end

function listener:close() end

---@class tidewire.sql
local sql = {}

--- Nothing is connected yet. Without `sslmode` a server elsewhere must show a certificate that is trusted (`ca`, or the
--- system's) for its name. `pooled`: a pooler deals out servers by transaction. `limit`: connections at once (4); one unused for
--- `idle` seconds (240) is closed.
---@param options { url?: string, host?: string, port?: string, database?: string, user?: string, password?: string, sslmode?: string, ca?: string, options?: string, application?: string, pooled?: boolean, limit?: integer, idle?: number, connect_timeout?: number, statement_timeout?: number }
---@return tidewire.sql.Database? db
---@return tidewire.Error? err
function sql.postgres(options) end

--- MariaDB and MySQL; needs libmariadb3 on this machine. `tls`: "off", "require" or "verify" (the default elsewhere than here).
---@param options { host?: string, port?: integer, socket?: string, database?: string, user?: string, password?: string, tls?: string, ca?: string, limit?: integer, idle?: number, connect_timeout?: number, statement_timeout?: number }
---@return tidewire.sql.Database? db
---@return tidewire.Error? err
function sql.mysql(options) end

return sql
