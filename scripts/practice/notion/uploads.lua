-- File uploads: made, sent in one part, then named by a page; what no page names within an hour expires. Contents are in memory only.
--
-- The versions before 2025-09-03 have no such path here: whether the real ones do is not known.
local form = require "practice.shared.form"
local errors = require "practice.notion.errors"
local ids = require "practice.notion.ids"
local json = require "tidewire.json"
local time = require "tidewire.time"
local times = require "practice.notion.times"

local M = {}

local null = json.null
local most = 20 * 1024 * 1024

local function all(state)
  state.uploads = state.uploads or {}
  return state.uploads
end

--- Whether a path takes a form with a file rather than JSON.
function M.is_sent(segments) return segments[2] == "file_uploads" and segments[4] == "send" end

local function check_version(it)
  if it.version < "2025-09-03" then errors.raise(400, "invalid_request_url", "Invalid request URL.") end
end

local function status_of(state, upload)
  if upload.hosted or upload.status == "failed" then return upload.status end
  return state.clock.utc() >= upload.expires and "expired" or upload.status
end

function M.show(state, it, upload)
  check_version(it)
  local waiting = not upload.hosted
  local shown = { object = "file_upload", id = upload.id, created_time = upload.made, last_edited_time = upload.made, created_by = { id = it.user, type = "bot" },
    in_trash = false, expiry_time = waiting and times.milliseconds(upload.expires) or null, status = status_of(state, upload), filename = upload.filename or null,
    content_type = upload.content_type or null, content_length = upload.bytes and #upload.bytes or null }
  if shown.status == "pending" then shown.upload_url = (state.address or "") .. "/v1/file_uploads/" .. upload.id .. "/send" end
  return shown
end

function M.create(state, it)
  check_version(it)
  local mode, name = it.body.mode or "single_part", it.body.filename
  if mode ~= "single_part" then errors.validation("This practice server takes uploads of one part only.") end
  if name ~= nil and type(name) ~= "string" then errors.should("body.filename", "a string or `undefined`", name) end
  local now = state.clock.utc()
  local upload = { id = ids.new(), made = times.milliseconds(now), expires = time.add(now, 3600), status = "pending", filename = name, content_type = it.body.content_type }
  all(state)[upload.id] = upload
  return M.show(state, it, upload)
end

function M.find(state, id)
  local upload = all(state)[ids.read(id) or ""]
  if not upload then errors.not_found("file upload", id) end
  return upload
end

function M.send(state, it, upload)
  check_version(it)
  if status_of(state, upload) ~= "pending" then errors.validation("File upload is %s and cannot be sent.", status_of(state, upload)) end
  local parts = form.parts(it.raw, it.content_type)
  local file = parts and parts.file
  if not file then errors.should("body.file", "defined", "undefined") end
  if #file.value > most then errors.validation("body failed validation: body.file.length should be ≤ `%d`, instead was `%d`.", most, #file.value) end
  upload.bytes, upload.filename = file.value, upload.filename or file.filename
  upload.content_type, upload.status = upload.content_type or file.type, "uploaded"
  return M.show(state, it, upload)
end

--- What a page keeps of an upload that it names.
function M.attached(state, id, name)
  local upload = M.find(state, id)
  if status_of(state, upload) ~= "uploaded" then errors.validation("File upload %s is %s and cannot be attached.", upload.id, status_of(state, upload)) end
  upload.hosted = true
  return { name = name or upload.filename or "file", hosted = upload.id }
end

--- The answer where hosted files lie; whoever has a signed address needs nothing else.
function M.served(state, request)
  local upload = all(state)[request.segments[2] or ""]
  if not request.query.signature then return { status = 403, headers = { ["Content-Type"] = "application/xml" }, body = "<Error><Code>AccessDenied</Code></Error>" } end
  if not upload or not upload.hosted then return { status = 404, headers = { ["Content-Type"] = "application/xml" }, body = "<Error><Code>NoSuchKey</Code></Error>" } end
  return { status = 200, headers = { ["Content-Type"] = upload.content_type or "application/octet-stream" }, body = upload.bytes }
end

return M
