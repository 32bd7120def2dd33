-- The errors of the API. Whoever finds a fault raises it; server.lua turns it into an answer.
local json = require "tidewire.json"

local M = {}

local Fault = { __tostring = function(fault) return fault.code .. ": " .. fault.message end }

--- Raises a fault; `more` is its additional_data.
function M.raise(status, code, message, more)
  error(setmetatable({ status = status, code = code, message = message, more = more }, Fault), 0)
end

function M.is_fault(value)
  return getmetatable(value) == Fault
end

function M.validation(message, ...)
  M.raise(400, "validation_error", message:format(...))
end

--- "body failed validation: body.x should be y, instead was `z`."
function M.should(at, wanted, got)
  if type(got) == "table" or got == json.null then got = json.encode(got) end
  M.validation("body failed validation: %s should be %s, instead was `%s`.", at, wanted, tostring(got))
end

--- Absent, or not shared: the API does not tell which.
function M.not_found(what, id)
  M.raise(404, "object_not_found", ("Could not find %s with ID: %s. Make sure the relevant pages and databases are shared with your integration."):format(what, id))
end

--- The answer of a fault.
function M.answer(fault, request_id)
  local body = { object = "error", status = fault.status, code = fault.code, message = fault.message, request_id = request_id,
    additional_data = fault.more }
  local headers = { ["Content-Type"] = "application/json; charset=utf-8" }
  if fault.retry_after then headers["Retry-After"] = ("%d"):format(fault.retry_after) end
  return { status = fault.status, headers = headers, body = json.encode(body) }
end

return M
