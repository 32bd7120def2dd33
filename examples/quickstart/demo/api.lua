-- JSON over HTTP, as every part of the quick start speaks it. Anything unexpected ends the run with a readable line.

local http = require "tidewire.http"
local json = require "tidewire.json"

local M = {}

--- A function call(method, path [, body [, headers]]) -> decoded body, status, headers. Any status but 2xx raises.
function M.client(base, options)
  options = options or {}
  return function(method, path, body, headers)
    local all = { Accept = "application/json" }
    if body ~= nil then all["Content-Type"] = "application/json" end
    for _, more in ipairs { options.headers or {}, headers or {} } do
      for name, value in pairs(more) do all[name] = value end
    end
    local answer, err = http.request { method = method, url = base .. path, headers = all, timeout = 60,
      body = body ~= nil and json.encode(body) or nil, unix_socket = options.socket }
    if not answer then error(("%s %s%s: %s"):format(method, base, path, tostring(err)), 0) end
    if answer.status < 200 or answer.status > 299 then
      error(("%s %s%s: %d %s"):format(method, base, path, answer.status, answer.body:sub(1, 400)), 0)
    end
    return answer.body ~= "" and json.decode(answer.body) or nil, answer.status, answer.headers
  end
end

return M
