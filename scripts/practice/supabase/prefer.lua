-- The Prefer, Range and Accept headers of a request.
local errors = require "practice.supabase.errors"

local M = {}

local known = {
  resolution = { ["merge-duplicates"] = true, ["ignore-duplicates"] = true },
  ["return"] = { minimal = true, ["headers-only"] = true, representation = true },
  count = { exact = true, planned = true, estimated = true },
  missing = { default = true, null = true },
  tx = { commit = true, rollback = true },
  handling = { strict = true, lenient = true },
  params = { ["single-object"] = true },
}
local order = { "resolution", "missing", "return", "count", "tx", "handling", "timezone", "max-affected" }

local function is_known(name, value, legacy)
  if name == "timezone" then return value:find("^[%a_/+%-%d]+$") ~= nil end
  if name == "max-affected" then return not legacy and value:find("^%d+$") ~= nil end
  return known[name] and known[name][value] or false
end

--- Prefer as a table; of a name given twice the first value counts. Strict handling raises PGRST122.
function M.parse(header, legacy)
  local prefer, invalid = {}, {}
  for item in (header or ""):gmatch("[^,]+") do
    item = item:match("^%s*(.-)%s*$")
    local name, value = item:match("^([%w%-]+)=(.*)$")
    if name and is_known(name, value, legacy) then
      prefer[name] = prefer[name] or value
    elseif item ~= "" then
      invalid[#invalid + 1] = item
    end
  end
  if prefer.handling == "strict" and #invalid > 0 then
    error(errors.pgrst("122", 400, "Invalid preferences given with handling=strict",
      "Invalid preferences: " .. table.concat(invalid, ", ")))
  end
  return prefer
end

--- Preference-Applied: what was asked for among `names`, nil for none.
function M.applied(prefer, names)
  local out = {}
  for _, name in ipairs(order) do
    if names[name] and prefer[name] then out[#out + 1] = name .. "=" .. prefer[name] end
  end
  return #out > 0 and table.concat(out, ", ") or nil
end

local function unsatisfiable(details)
  error(errors.pgrst("103", 416, "Requested range not satisfiable", details))
end

--- offset, limit (nil: none) from the parameters and, for GET, the Range header; raises PGRST103.
function M.range(method, header, query)
  local low, high = 0, nil
  if method == "GET" and header then
    local first, last = header:match("^(%d+)%-(%d*)$")
    if first then low, high = tonumber(first), tonumber(last) end
    if high and high < low then
      unsatisfiable("The lower boundary must be lower than or equal to the upper boundary in the Range header.")
    end
  end
  if query.limit == 0 then return query.offset or 0, 0 end
  local offset = math.max(low, query.offset or 0)
  if query.limit then
    local last = (query.offset or 0) + query.limit - 1
    high = high and math.min(high, last) or last
  end
  if high and high < offset then unsatisfiable("Limit should be greater than or equal to zero.") end
  return offset, high and high - offset + 1
end

--- "0-24/100", "*/*": what a page of `count` rows from `offset` says of itself.
function M.content_range(offset, count, total)
  local span = (count > 0 and total ~= 0) and ("%d-%d"):format(offset, offset + count - 1) or "*"
  return span .. "/" .. (total and ("%d"):format(total) or "*")
end

local producible = {
  ["application/json"] = "json", ["*/*"] = "json", ["application/*"] = "json", ["application/vnd.pgrst.array+json"] = "json",
  ["application/vnd.pgrst.array"] = "json", ["application/vnd.pgrst.object+json"] = "object",
  ["application/vnd.pgrst.object"] = "object", ["text/csv"] = "csv", ["application/openapi+json"] = "openapi",
}

--- "json", "object", "csv" or "openapi" by the Accept header; raises PGRST107, and 501 where members that are null are to be left out.
function M.accept(header, legacy)
  if not header or header == "" then return "json" end
  for item in header:gmatch("[^,]+") do
    local kind = producible[item:match("^%s*([^;%s]+)")]
    if kind and item:find "nulls=stripped" then error(errors.pgrst("100", 501, "the practice server does not know 'nulls=stripped'")) end
    if kind then return kind end
  end
  error(errors.pgrst("107", legacy and 415 or 406, "None of these media types are available: " .. header))
end

M.content_type = {
  json = "application/json; charset=utf-8", object = "application/vnd.pgrst.object+json; charset=utf-8",
  csv = "text/csv; charset=utf-8",
}

return M
