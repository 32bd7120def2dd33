-- The budget of requests: so many a window, spendable in one burst.
local time = require "tidewire.time"
local errors = require "practice.notion.errors"

local M = {}

--- limiter.set { rate, window }; limiter.admit() raises the 429 when the budget of the window is spent.
function M.new(rate, window)
  local limiter, used, began = { rate = rate, window = window or 60 }, 0, time.clock()

  function limiter.set(change)
    limiter.rate, limiter.window, used, began = change.rate, change.window or 60, 0, time.clock()
  end

  function limiter.admit()
    if not limiter.rate then return end
    local passed = time.clock() - began
    if passed >= limiter.window then began, used, passed = time.clock(), 0, 0 end
    used = used + 1
    if used <= limiter.rate then return end
    M.refuse(429, "rate_limited", math.max(1, math.ceil(limiter.window - passed)))
  end

  return limiter
end

--- Raises the refusal of a request that is to come again.
function M.refuse(status, code, wait)
  local message = code == "rate_limited" and "You have been rate limited. Please try again in a few minutes." or "The service is overloaded. Please try again later."
  local ok, fault = pcall(errors.raise, status, code, message, { rate_limit_reason = "connection_budget" })
  fault.retry_after = not ok and wait or nil
  error(fault, 0)
end

return M
