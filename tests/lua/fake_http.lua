--- Stands in for tidewire.http: answers by a script, remembers what it was asked.

local json = require "tidewire.json"
local url = require "tidewire.url"

local M = {}

local function answer_of(answer, request)
  if type(answer) == "function" then return answer_of(answer(request), request) end
  if answer.fails then return nil, { code = answer.fails, message = "no answer" } end
  local body = answer.body
  if type(body) ~= "string" then body = json.encode(body) end
  return { status = answer.status or 200, headers = answer.headers or {}, body = body }
end

--- `routes`: list of { "GET /path%-pattern", answer, answer, ... }; the last answer stays. `requests` has what came, with
--- `path` decoded, `query` by name, `body` and `json`, the decoded body.
function M.new(routes)
  local fake = { requests = {} }
  function fake.request(request)
    local target, query = request.url:match "^%w+://[^/]+([^?]*)%??(.*)$"
    local seen = { method = request.method, path = url.decode(target), query = {}, headers = request.headers,
      json = request.body and json.decode(request.body), body = request.body, once = request.once, same_origin = request.same_origin, target = request.url,
      file = request.file, max_bytes = request.max_bytes }
    for _, pair in ipairs(url.parse_query(query)) do seen.query[pair[1]] = pair[2] end
    fake.requests[#fake.requests + 1] = seen
    for _, route in ipairs(routes) do
      if (seen.method .. " " .. seen.path):match("^" .. route[1] .. "$") then
        local answer = route[2]
        if #route > 2 then table.remove(route, 2) end
        return answer_of(answer, seen)
      end
    end
    error("nobody answers " .. seen.method .. " " .. seen.path, 0)
  end
  --- The requests whose "METHOD /path" matches.
  function fake.asked(pattern)
    local list = {}
    for _, seen in ipairs(fake.requests) do
      if (seen.method .. " " .. seen.path):match("^" .. pattern .. "$") then list[#list + 1] = seen end
    end
    return list
  end
  return fake
end

return M
