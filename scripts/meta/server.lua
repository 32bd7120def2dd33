---@meta tidewire.server

---@class tidewire.server.Request
---@field method string
---@field target string as received, with the query
---@field path string still percent-encoded
---@field segments string[] of the path, each decoded, empty ones left out
---@field query table<string, string> the first value of each name, decoded
---@field query_string string what follows the "?"
---@field headers table<string, string> names in lower case
---@field body string
---@field peer string

---@class tidewire.server.Response
---@field status? integer 200
---@field headers? table<string, tidewire.Scalar> `Date`: instead of the machine's time
---@field body? tidewire.Scalar

---@class tidewire.server
---@field drop tidewire.server.Response returned by a handler to close without an answer
local server = {}

--- The handler runs as a task for each request. One that fails answers 500 and is logged.
---@param address string "127.0.0.1:8080", port 0 for any
---@param handler fun(request: tidewire.server.Request): tidewire.server.Response
---@return string? bound, tidewire.Error? err
function server.listen(address, handler) end

return server
