---@meta tidewire.sqlite

---@class tidewire.sqlite.Database
local db = {}

--- One or more statements without parameters.
---@param sql string
---@return true?, tidewire.Error?
function db:exec(sql) end

---@param sql string
---@param ... any parameters; json.null for NULL
---@return table<string, any>[]? rows NULL is nil
---@return tidewire.Error? err
function db:query(sql, ...) end

---@param sql string
---@param ... any
---@return integer? changes
---@return integer|tidewire.Error last_id
function db:run(sql, ...) end

function db:close() end

---@class tidewire.sqlite
local sqlite = {}

---@param path string ":memory:" too
---@return tidewire.sqlite.Database? db, tidewire.Error? err
function sqlite.open(path) end

return sqlite
