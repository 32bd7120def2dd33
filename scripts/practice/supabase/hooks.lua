-- What happens after a write: log triggers inside the transaction, database webhooks after it.
--
-- Webhooks go out like pg_net's: rows are queued with the commit, a worker takes a batch, sends it all at once, never
-- tries again. A knob of a webhook spoils the delivery: { duplicate, drop, reorder } are probabilities, `delay` seconds.
local hash = require "tidewire.hash"
local http = require "tidewire.http"
local task = require "tidewire.task"
local chance = require "practice.shared.chance"
local json = require "practice.supabase.json"
local jsonb = require "practice.supabase.jsonb"

local M = {}

local batch_size = 200

-- The bytes that jsonb_build_object(...)::text has.
local function payload(effect)
  return ('{"type": "%s", "table": %s, "record": %s, "schema": "public", "old_record": %s}'):format(effect.op,
    json.quote(effect.relation.name), effect.new and jsonb.text(effect.new) or "null",
    effect.old and jsonb.text(effect.old) or "null")
end

local function headers_of(hook, body)
  local headers = { ["User-Agent"] = "pg_net/0.14.0", ["Content-Type"] = "application/json" }
  for name, value in pairs(hook.headers or {}) do headers[name] = value end
  if hook.secret then headers["X-Supabase-Signature"] = hash.hmac_sha256(hook.secret, body, "hex") end
  return headers
end

local function wants(hook, effect)
  if hook.table ~= effect.relation.name then return false end
  if not hook.events then return true end
  for _, event in ipairs(hook.events) do
    if event:upper() == effect.op then return true end
  end
  return false
end

local function send(item, stats)
  if item.hook.delay then task.sleep(item.hook.delay) end
  local answer, err = http.request { method = "POST", url = item.hook.url, headers = headers_of(item.hook, item.body),
    body = item.body, timeout = item.hook.timeout or 1, once = true }
  stats.webhooks_sent = stats.webhooks_sent + 1
  local ok = answer and answer.status < 300
  if not ok then
    stats.webhooks_failed = stats.webhooks_failed + 1
    stats.webhook_error = answer and "status " .. answer.status or tostring(err)
  end
end

--- hooks.add(hook), hooks.emit(effects), hooks.listens(table), hooks.work(): for ever, with `interval` seconds between
--- batches.
function M.new(stats, interval)
  local list, queue, sending = {}, {}, 0
  local hooks = {}

  local function send_batch()
    local batch = {}
    for i = 1, math.min(batch_size, #queue) do
      local item = table.remove(queue, 1)
      batch[i] = function()
        send(item, stats)
        return true
      end
    end
    sending = #batch
    task.all(batch)
    sending = 0
  end

  function hooks.work()
    while true do
      task.sleep(interval)
      if #queue > 0 then send_batch() end
    end
  end

  function hooks.listens(table_name)
    for _, hook in ipairs(list) do
      if hook.table == table_name then return true end
    end
    return false
  end

  local function enqueue(hook, effect)
    stats.webhooks_queued = stats.webhooks_queued + 1
    if chance.of(hook.drop) then return end
    local item = { hook = hook, body = payload(effect) }
    queue[#queue + 1] = item
    if chance.of(hook.duplicate) then queue[#queue + 1] = item end
  end

  function hooks.emit(effects)
    local reorder = 0
    for _, effect in ipairs(effects) do
      for _, hook in ipairs(list) do
        if wants(hook, effect) then
          enqueue(hook, effect)
          reorder = math.max(reorder, hook.reorder or 0)
        end
      end
    end
    if chance.of(reorder) then chance.shuffle(queue) end
  end

  function hooks.add(hook)
    list[#list + 1] = hook
    hook.id = #list
    return hook.id
  end

  function hooks.all()
    return list
  end

  --- How many have not been tried yet.
  function hooks.waiting()
    return #queue + sending
  end

  function hooks.clear()
    list, queue = {}, {}
  end

  return hooks
end

local function key_text(relation, row)
  local values = json.object(row)
  local out = {}
  for i, name in ipairs(relation.pk) do
    local raw = values[name] or "null"
    out[i] = raw:sub(1, 1) == '"' and json.text(raw) or raw
  end
  return table.concat(out, ",")
end

--- Rows that log triggers add to their tables: { table = JSON array of rows }. The columns op, pk, table_name, origin
--- (the X-Sync-Origin header) and at are filled where the table has them.
function M.logged(request, effects)
  local out = {}
  for _, effect in ipairs(effects) do
    for _, trigger in ipairs(effect.relation.triggers) do
      local target = trigger.kind == "log" and request.catalog.relations[trigger.into]
      if target then
        local values = { op = effect.op, pk = key_text(effect.relation, effect.new or effect.old),
          table_name = effect.relation.name, origin = request.headers["x-sync-origin"], at = request.now }
        local row, names = {}, {}
        for _, name in ipairs { "op", "pk", "table_name", "origin", "at" } do
          if target.by_name[name] then
            names[#names + 1], row[name] = name, values[name] and json.quote(values[name]) or "null"
          end
        end
        out[trigger.into] = out[trigger.into] or { names = names }
        table.insert(out[trigger.into], row)
      end
    end
  end
  return out
end

return M
