--- Pages as large as their server lets them be: one that takes too long there, or whose answer is too large, is asked for smaller.

local time = require "tidewire.time"

local M = {}

local kept_for = 3600

--- Whether an answer had more bytes than are kept of one.
function M.is_too_large(err)
  return tostring(err.message):find("answer is larger than", 1, true) ~= nil
end

--- What `ask(limit)` gives, rows or nil, err, `limit` being smaller where it has to be. The size that was found goes for the collection
--- `name` for an hour, so that not every page begins with what is too much. `least(err)` is how few rows a page may be asked for after
--- this error, nil where fewer would not help.
function M.rows(conn, name, limit, least, ask)
  local found = conn.state.page_sizes or {}
  conn.state.page_sizes = found
  local known, smaller = found[name], false
  if known and time.clock() - known.since < kept_for then limit = math.min(limit, known.limit) end
  while true do
    local rows, err = ask(limit)
    if rows and smaller then found[name] = { limit = limit, since = time.clock() } end
    local few = not rows and least(err)
    if not few or limit <= few then return rows, err end
    limit, smaller = math.max(few, math.floor(limit / 4)), true
  end
end

return M
