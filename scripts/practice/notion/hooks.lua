-- Webhooks: a handshake, signed events that name what changed and no values, gathered for a while, tried eight times.
--
-- A subscription: { url, events, api_version, gather, retry, duplicate, drop, reorder, delay }. `gather`: seconds in which
-- events of one entity become one (0.05); `retry`: seconds before the second attempt, doubled after each (60); duplicate,
-- drop and reorder are probabilities. It is sent nothing before its token came back by POST /practice/verify, or where it
-- comes with a `token` of an earlier one and `verified = true`.
local hash = require "tidewire.hash"
local http = require "tidewire.http"
local json = require "tidewire.json"
local practice = require "tidewire.practice"
local task = require "tidewire.task"
local time = require "tidewire.time"
local chance = require "practice.shared.chance"
local ids = require "practice.notion.ids"
local times = require "practice.notion.times"

local array = json.array

local M = {}

local attempts = 8
local never_gathered = { ["page.locked"] = true, ["page.unlocked"] = true }

local function post(state, hook, body)
  state.stats.webhooks_sent = state.stats.webhooks_sent + 1
  local answer, err = http.request { method = "POST", url = hook.url, body = body, timeout = hook.timeout or 5, once = true, headers = {
    ["Content-Type"] = "application/json", ["User-Agent"] = "Notion-Webhooks", ["X-Notion-Signature"] = "sha256=" .. hash.hmac_sha256(hook.token, body, "hex"),
  } }
  if answer and answer.status < 300 then return true end
  state.stats.webhooks_failed = state.stats.webhooks_failed + 1
  state.stats.webhook_error = answer and "status " .. answer.status or tostring(err)
  return false
end

local function add_author(event, user)
  for _, author in ipairs(event.authors) do
    if author.id == user.id then return end
  end
  event.authors[#event.authors + 1] = { id = user.id, type = user.type }
end

local function merge(list, more)
  for _, one in ipairs(more or {}) do
    local known = false
    for _, before in ipairs(list) do known = known or before == one end
    if not known then list[#list + 1] = one end
  end
end

--- hooks.page(kind, page, user, properties), hooks.content(page, user, blocks), hooks.schema(source, user, changes): what happened; hooks.work(): for ever.
function M.new(state, interval)
  local list, queue, under_way = {}, {}, 0
  local hooks = {}

  local function gathered(hook, kind, entity)
    if never_gathered[kind] then return nil end
    for _, item in ipairs(queue) do
      if item.hook == hook and item.attempt == 0 and item.event.type == kind and item.event.entity.id == entity then return item end
    end
  end

  local function wants(hook, kind)
    if not hook.verified then return false end
    for _, name in ipairs(hook.events or {}) do
      if name == kind then return true end
    end
    return not hook.events
  end

  local function add_event(hook, kind, entity, user, data)
    local known = gathered(hook, kind, entity.id)
    if known then
      merge(known.event.data.updated_properties or {}, data.updated_properties)
      merge(known.event.data.updated_blocks or {}, data.updated_blocks)
      return add_author(known.event, user)
    end
    state.stats.webhooks_queued = state.stats.webhooks_queued + 1
    if chance.of(hook.drop) then return end
    local event = { id = ids.new(), timestamp = times.milliseconds(state.clock.utc()), workspace_id = state.workspace, workspace_name = "Practice",
      subscription_id = hook.id, integration_id = state.integration, type = kind, authors = array {}, entity = entity, data = data,
      api_version = hook.api_version or "2025-09-03", attempt_number = 1 }
    add_author(event, user)
    local item = { hook = hook, event = event, attempt = 0, due = time.clock() + (hook.gather or 0.05) + (hook.delay or 0) }
    queue[#queue + 1] = item
    if chance.of(hook.duplicate) then queue[#queue + 1] = { hook = hook, event = event, attempt = 1, due = item.due } end
  end

  local function emit(kind, entity, user_id, data_of)
    local user = state.store.users[user_id] or { id = user_id, type = "person" }
    for _, hook in ipairs(list) do
      if wants(hook, kind) then add_event(hook, kind, entity, user, data_of(hook)) end
    end
  end

  local function parent_of(hook, page)
    local parent = { id = state.store.sources[page.source].database, type = "database" }
    if (hook.api_version or "2025-09-03") >= "2025-09-03" then parent.data_source_id = page.source end
    return parent
  end

  function hooks.page(kind, page, user, properties)
    emit("page." .. kind, { id = page.id, type = "page" }, user, function(hook)
      return { parent = parent_of(hook, page), updated_properties = properties and array { unpack(properties) } or nil }
    end)
  end

  function hooks.content(page, user, changed)
    emit("page.content_updated", { id = page.id, type = "page" }, user, function(hook) return { parent = parent_of(hook, page), updated_blocks = changed } end)
  end

  function hooks.schema(source, user, changes)
    emit("data_source.schema_updated", { id = source.id, type = "data_source" }, user, function()
      return { parent = { id = source.database, type = "database" }, updated_properties = changes }
    end)
  end

  local function send(item)
    item.attempt = item.attempt + 1
    item.event.attempt_number = math.min(item.attempt, attempts)
    if post(state, item.hook, json.encode(item.event)) or item.attempt >= attempts then return true end
    item.due = time.clock() + (item.hook.retry or 60) * 2 ^ (item.attempt - 1)
    queue[#queue + 1] = item
    return true
  end

  local function take_due()
    local due, rest, reorder = {}, {}, 0
    for _, item in ipairs(queue) do
      local into = item.due <= time.clock() and due or rest
      into[#into + 1] = item
      reorder = math.max(reorder, item.hook.reorder or 0)
    end
    queue = rest
    if chance.of(reorder) then chance.shuffle(due) end
    return due
  end

  function hooks.work()
    while true do
      task.sleep(interval)
      local due = take_due()
      under_way = #due
      for _, item in ipairs(due) do
        send(item)
        under_way = under_way - 1
      end
    end
  end

  --- Begins a subscription with its handshake.
  function hooks.add(hook)
    hook.id, hook.token = ids.new(), hook.token or "secret_" .. ids.new():gsub("-", "")
    list[#list + 1] = hook
    if hook.verified then return hook end
    practice.start(function() hook.greeted = post(state, hook, json.encode { verification_token = hook.token }) end)
    return hook
  end

  --- What a person does in the dialogue of Notion: gives the token back that the handshake brought.
  function hooks.verify(token)
    for _, hook in ipairs(list) do
      if hook.token == token then
        hook.verified = true
        return hook
      end
    end
  end

  --- Sends the handshake of a subscription once more.
  function hooks.greet(id)
    for _, hook in ipairs(list) do
      if hook.id == id then hook.greeted = post(state, hook, json.encode { verification_token = hook.token }) end
    end
  end

  --- The subscriptions, without their tokens: those reach the receiver alone.
  function hooks.all()
    local shown = array {}
    for i, hook in ipairs(list) do shown[i] = { id = hook.id, url = hook.url, verified = hook.verified, greeted = hook.greeted == true } end
    return shown
  end

  --- How many deliveries are still to be tried.
  function hooks.waiting() return #queue + under_way end

  function hooks.clear() list, queue = {}, {} end

  return hooks
end

return M
