-- From a request to an answer: parse, who, which handler, commit or roll back, envelope.

local auth = require "practice.frappe.auth"
local errors = require "practice.frappe.errors"
local files = require "practice.frappe.files"
local json = require "tidewire.json"
local log = require "tidewire.log"
local python = require "practice.shared.python"
local resource = require "practice.frappe.resource"
local rpc = require "practice.frappe.rpc"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"
local text = require "tidewire.text"
local url = require "tidewire.url"
local webhooks = require "practice.frappe.webhooks"

local M = {}

local function missing_route()
  errors.raise("DoesNotExistError")
end

local function join_name(segments, from, to)
  local parts = {}
  for i = from, to do parts[#parts + 1] = segments[i] end
  return table.concat(parts, "/")
end

local function route_v1(segments, slash, at, call)
  local kind = segments[at]
  if kind == "method" and segments[at + 1] then
    call.rpc = join_name(segments, at + 1, #segments)
    return "rpc"
  end
  if kind ~= "resource" or not segments[at + 1] then return nil end
  call.doctype = segments[at + 1]
  if not segments[at + 2] then return resource.collection end
  call.name = join_name(segments, at + 2, #segments)
  if site.v14 and slash then call.name = call.name .. "/" end
  return resource.document
end

local function route_v2_document(segments, call)
  call.doctype = segments[4]
  if not call.doctype then return nil end
  if not segments[5] then return resource.collection_v2 end
  local last = #segments
  if last >= 7 and segments[last - 1] == "method" then
    call.name, call.method_name = join_name(segments, 5, last - 2), segments[last]
    return { POST = resource.method_v2, GET = resource.method_v2 }
  end
  if (segments[5] == "bulk_update" or segments[5] == "bulk_delete") and call.method == "POST" then return nil end
  call.name = join_name(segments, 5, last)
  return resource.document_v2
end

local function route_v2(segments, call)
  call.api = 2
  call.nulls = site.level >= 1600
  local kind = segments[3]
  if kind == "method" and segments[4] then
    call.rpc = join_name(segments, 4, #segments)
    return "rpc"
  end
  if kind == "document" then return route_v2_document(segments, call) end
  if kind == "doctype" and segments[5] and not segments[6] then
    call.doctype = segments[4]
    if segments[5] == "meta" then return { GET = resource.meta } end
    if segments[5] == "count" then return { GET = resource.count } end
  end
  return nil
end

--- The handlers of a path, by method; "rpc"; nil when there is no such route.
local function route(request, call)
  local segments, slash = request.segments, request.path:sub(-1) == "/"
  if segments[1] ~= "api" then return nil end
  if segments[2] == "v2" and not site.v14 then return route_v2(segments, call) end
  if segments[2] == "v1" and not site.v14 then return route_v1(segments, slash, 3, call) end
  return route_v1(segments, slash, 2, call)
end

local function json_arguments(request)
  if not text.valid(request.body) then errors.raise("AttributeError", "'bytes' object has no attribute 'pop'") end
  local value, problem = json.decode(request.body)
  if value == nil then
    if site.level >= 1600 then errors.throw("DataError", "Invalid request body", { status = 417 }) end
    if request.body:find "\\u[dD][89abAB]" then errors.raise("UnicodeEncodeError", "'utf-8' codec can't encode character: surrogates not allowed") end
    errors.raise("JSONDecodeError", (tostring(problem)):match "^[^\n]*")
  end
  return value
end

--- frappe.form_dict: the JSON body alone, or query and form fields. A JSON array is kept aside for the handler to choke on.
local function arguments(request, call)
  call.body = request.body or ""
  call.valid_text = text.valid(call.body)
  local content_type = request.headers["content-type"] or ""
  if call.body ~= "" and content_type:find "^application/json" then
    local value = json_arguments(request)
    if type(value) == "table" and not python.is_list(value) then return value end
    if site.v14 then errors.throw("ValidationError", "Invalid request arguments", { status = 417 }) end
    return {}
  end
  local args = {}
  for name, value in pairs(request.query) do args[name] = value end
  if content_type:find "^application/x%-www%-form%-urlencoded" then
    for _, pair in ipairs(url.parse_query(call.body)) do args[pair[1]] = pair[2] end
  end
  return args
end

local function envelope(call, result, request_state)
  local pairs_list = {}
  if request_state.message ~= nil then pairs_list[1] = { "message", request_state.message }
  elseif result ~= nil then pairs_list[1] = { call.rpc and call.api == 1 and "message" or "data", result } end
  for _, key in ipairs(python.sorted_keys(request_state.extra or {})) do pairs_list[#pairs_list + 1] = { key, request_state.extra[key] } end
  local messages = errors.server_messages(request_state.messages)
  if messages and call.api == 1 then pairs_list[#pairs_list + 1] = { "_server_messages", messages } end
  local record = python.record(pairs_list)
  return { status = request_state.status or 200, headers = { ["Content-Type"] = "application/json" }, body = python.compact(record) }
end

local function handle(request, call)
  local handlers = route(request, call)
  call.args = arguments(request, call)
  site.request.user = auth.user(request)
  if call.stop then call.stop() end
  if request.method == "GET" then
    call.file = files.serve(request.segments)
    if call.file then return nil end
  end
  if handlers == "rpc" then return rpc.call(call.rpc, request.method, call.args) end
  if not handlers then return missing_route() end
  local handler = handlers[request.method]
  if not handler then return errors.method_not_allowed() end
  return handler(call)
end

local unsafe = { POST = true, PUT = true, DELETE = true, PATCH = true }

local function fail_answer(failure, call, html)
  if type(failure) ~= "table" or not failure.exception then
    log.error("practice frappe: " .. tostring(failure))
    failure = { exception = true, class = "Exception", message = tostring(failure), status = 500 }
  end
  if failure.status == 403 and site.user() == "Guest" then failure.session_expired = site.request.session_expired end
  return errors.answer(failure, site.request.messages, call.api, html)
end

local function finish(request, state, ok)
  if not ok or not unsafe[request.method] then
    store.exec "ROLLBACK"
    if unsafe[request.method] then site.webhooks_stale = true end
    if state.schema_changed then schema.forget() end
    return {}
  end
  store.exec "COMMIT"
  webhooks.release(state.events)
  return state.writes or {}
end

--- Handles one request in one transaction, without a wait: the answer, and the writes that were committed.
--- `stamp` fixes the time of its writes; `stop` is called once the caller is known and may fail.
function M.answer(request, stamp, stop)
  local state = site.begin "Guest"
  state.stamp, state.raw = stamp, request
  local call = { api = 1, nulls = false, method = request.method, stop = stop }
  local html = (request.headers.accept or ""):find "^text" ~= nil
  store.exec "BEGIN"
  local ok, result = pcall(handle, request, call)
  local answer
  if ok and call.file then result = call.file
  elseif ok then ok, result = pcall(envelope, call, result, state) end
  if ok then answer = result else answer = fail_answer(result, call, html) end
  local writes = finish(request, state, ok)
  answer.headers["Set-Cookie"] = "sid=" .. (state.cookie or "Guest") .. "; HttpOnly; Path=/; SameSite=Lax"
  if site.level >= 1600 then answer.headers["Cache-Control"] = "no-store,no-cache,must-revalidate,max-age=0" end
  site.request = nil
  return answer, writes, call
end

return M
