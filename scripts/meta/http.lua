---@meta tidewire.http

---@class tidewire.http.Request
---@field url string absolute, http or https
---@field method? string "GET"
---@field headers? table<string, tidewire.Scalar|tidewire.Scalar[]>
---@field body? string
---@field timeout? number seconds for the whole exchange, 60
---@field max_bytes? integer of the answer's body, 64 MiB
---@field same_origin? boolean a redirect to another origin is the answer; otherwise it is followed, without credentials
---@field once? boolean reaches the wire at most once
---@field h2? boolean
---@field file? "sent"|"answer" that body is a file: operations keep its size and nothing of what is in it
---@field unix_socket? string practice servers only: spoken to whatever the URL's host

---@class tidewire.http.Response
---@field status integer
---@field headers table<string, string> names in lower case, repeats joined by ", "
---@field body string

---@class tidewire.http
local http = {}

--- Waits. Any status is a response; failures are "unavailable" (surely not applied), "unknown" (may be applied),
--- "denied" (certificate) and "invalid".
---@param request tidewire.http.Request
---@return tidewire.http.Response? response, tidewire.Error? err
function http.request(request) end

return http
