--- What became of the rows of one insert, where the database leaves alone what exists and answers with what it made.

local connector = require "tidewire.connector"

local fail = connector.fail

local M = {}

--- The error of a row that was neither made nor refused.
function M.kept_out()
  return select(2, fail("invalid", "no row was made, and nothing was refused: a trigger or a rule of the table keeps it out, or puts it elsewhere",
    "look at what runs before an insert there; what shall not be made is left out by the mapping's `scope`"))
end

--- What each row became, by the records that were answered: those whose keys we gave are known by them (`item.key` is a key as it is read,
--- where that may be another spelling than was given), others come back in order, which tells something only when all came. Returns
--- the items with keys that were not made.
function M.deal(group, records, key, outcomes)
  local by_key, missing = {}, {}
  for _, one in ipairs(records) do by_key[one.key] = one end
  for i, item in ipairs(group) do
    local keyed, one = connector.has_key(item.row, key), nil
    if keyed then one = by_key[item.key or connector.key_of(item.row, key)] end
    if not one and #records == #group then one = records[i] end      -- a key too, where it is read in another spelling
    if one then
      outcomes[item.at] = { record = one }
    elseif keyed then
      missing[#missing + 1] = item
    elseif #records == 0 then
      outcomes[item.at] = { error = M.kept_out() }
    else
      outcomes[item.at] = { error = select(2, fail("unknown", "the answer does not tell which rows were made")) }
    end
  end
  return missing
end

--- Of those items whether a row is in the way, or something else kept them out. `read(keys)`: the records of these keys that are there;
--- `make(item)`: the records of an insert that leaves nothing alone, so that a unique value which is taken is refused (`stale`).
function M.settle(missing, key, outcomes, read, make)
  if #missing == 0 then return end
  local keys, there = {}, {}
  for i, item in ipairs(missing) do
    item.key = item.key or connector.key_of(item.row, key)
    keys[i] = item.key
  end
  local records, err = read(keys)
  for _, one in ipairs(records or {}) do there[one.key] = true end
  for _, item in ipairs(missing) do
    local made, why = nil, err
    if there[item.key] then why = select(2, fail("stale", "a row with this key exists")) elseif records then made, why = make(item) end
    outcomes[item.at] = made and made[1] and { record = made[1] } or { error = made and M.kept_out() or why }
  end
end

return M
