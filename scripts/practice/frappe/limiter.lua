-- The site-wide rate limit: a budget of server seconds per window of the clock.

local errors = require "practice.frappe.errors"
local site = require "practice.frappe.site"
local time = require "tidewire.time"

local M = {}

local used, window_number = 0, nil

local function micros(seconds)
  return ("%d"):format(math.max(0, seconds) * 1000000)
end

local function window()
  local limit = site.limit
  local now = time.parse(time.now())
  local number = math.floor(now / limit.window)
  if number ~= window_number then window_number, used = number, 0 end
  return math.ceil((number + 1) * limit.window - now)
end

--- The 429 answer (`api` 1 or 2) when the budget is spent, else nil and the headers of this response.
function M.admit(api)
  local limit = site.limit
  if not limit.budget then return nil, {} end
  local reset = window()
  local headers = {
    ["X-RateLimit-Limit"] = micros(limit.budget), ["X-RateLimit-Remaining"] = micros(limit.budget - used),
    ["X-RateLimit-Reset"] = tostring(reset),
  }
  if used > limit.budget then
    local answer = errors.answer({ exception = true, class = "TooManyRequestsError", status = 429 }, {}, api, false)
    for name, value in pairs(headers) do answer.headers[name] = value end
    answer.headers["Retry-After"] = tostring(reset)
    return answer, {}
  end
  return nil, headers
end

--- Bills a request; `seconds` measured, unless the limit names a fixed cost.
function M.bill(seconds, headers)
  if not site.limit.budget then return end
  local cost = site.limit.cost or seconds
  used = used + cost
  if site.level < 1582 then headers["X-RateLimit-Used"] = micros(cost) end
end

function M.reset()
  used, window_number = 0, nil
end

return M
