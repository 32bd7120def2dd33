-- Storage: /storage/v1, buckets and the objects in them, kept in memory.
--
-- Refusals are answered with 400 and say the status in the body, as the service does (supabase/storage, error-handler.ts). The service's key
-- may do everything; any other reads public buckets and nothing else, as where no policy lets it. An object has the MD5 of its content as its ETag, as
-- S3 says of one that came in one piece. Left out: signed addresses, searches and orders of lists, moves, resumable uploads, transformed images.
local json = require "tidewire.json"
local hash = require "tidewire.hash"
local gateway = require "practice.supabase.gateway"

local M = {}

function M.new() return { buckets = {} } end

local function answer(status, value)
  return { status = status, headers = { ["Content-Type"] = "application/json; charset=utf-8" }, body = json.encode(value) }
end

local function refused(status, err, message)
  return answer(400, { statusCode = ("%d"):format(status), error = err, message = message })
end

local function no_object() return refused(404, "not_found", "Object not found") end

local function join(segments, from) return table.concat(segments, "/", from) end

local buckets = {}

function buckets.POST(storage, it)
  if it.role ~= "service_role" then return refused(403, "Unauthorized", "new row violates row-level security policy") end
  local said = json.decode(it.body)
  local name = type(said) == "table" and (said.id or said.name)
  if type(name) ~= "string" or not name:find "^[%w!%-.*'() &$@=;:+,?_]+$" then return refused(400, "Invalid Input", "Bucket name invalid") end
  if storage.buckets[name] then return refused(409, "Duplicate", "The resource already exists") end
  local types = json.is_array(said.allowed_mime_types) and said.allowed_mime_types or nil
  storage.buckets[name] = { public = said.public == true, limit = tonumber(said.file_size_limit), types = types, objects = {} }
  return answer(200, { name = name })
end

function buckets.GET(storage)
  local list = json.array {}
  for name, bucket in pairs(storage.buckets) do list[#list + 1] = { id = name, name = name, public = bucket.public } end
  table.sort(list, function(a, b) return a.name < b.name end)
  return answer(200, list)
end

-- "image/png" fits "image/*".
local function takes(bucket, type)
  if not bucket.types then return true end
  for _, one in ipairs(bucket.types) do
    if one == type or one:sub(-2) == "/*" and type:sub(1, #one - 1) == one:sub(1, -2) then return true end
  end
  return false
end

local objects = {}

local function put(storage, it, upsert)
  local bucket, path = storage.buckets[it.segments[1]], join(it.segments, 2)
  if not bucket then return refused(404, "Bucket not found", "Bucket not found") end
  if path == "" or not path:find "^[%w/!%-.*'() &$@=;:+,?_]+$" then return refused(400, "InvalidKey", "Invalid key: " .. path) end
  if it.role ~= "service_role" then return refused(403, "Unauthorized", "new row violates row-level security policy") end
  local type = (it.headers["content-type"] or "application/octet-stream"):match "^[^;]*"
  if not takes(bucket, type) then return refused(415, "invalid_mime_type", "mime type " .. type .. " is not supported") end
  if bucket.limit and #it.body > bucket.limit then return refused(413, "Payload too large", "The object exceeded the maximum allowed size") end
  if bucket.objects[path] and not upsert then return refused(409, "Duplicate", "The resource already exists") end
  bucket.objects[path] = { type = type, body = it.body, etag = '"' .. hash.md5(it.body) .. '"' }
  storage.uploads = (storage.uploads or 0) + 1
  return answer(200, { Id = ("%08x-0000-4000-8000-000000000000"):format(storage.uploads), Key = it.segments[1] .. "/" .. path })
end

-- POST /object/list/BUCKET: what lies in one folder, folders without an id. Who may not see an object is not told of it.
local function list(storage, it)
  local said, bucket = json.decode(it.body), storage.buckets[it.segments[2]]
  if type(said) ~= "table" or type(said.prefix) ~= "string" then return answer(400, { statusCode = "400", error = "Error", message = "body must have required property 'prefix'" }) end
  local prefix = said.prefix == "" and "" or said.prefix:gsub("/*$", "/")
  local names, objects_of = {}, {}
  for path, object in pairs(bucket and it.role == "service_role" and bucket.objects or {}) do
    if path:sub(1, #prefix) == prefix then
      local name, rest = path:sub(#prefix + 1):match "^([^/]+)(.*)$"
      if name and not objects_of[name] then names[#names + 1], objects_of[name] = name, rest == "" and object or "folder" end
    end
  end
  table.sort(names)
  local rows, from = json.array {}, tonumber(said.offset) or 0
  for i = from + 1, math.min(#names, from + (tonumber(said.limit) or 100)) do
    local object = objects_of[names[i]]
    local is_folder = object == "folder"
    rows[#rows + 1] = { name = names[i], id = is_folder and json.null or hash.md5(prefix .. names[i]), metadata = is_folder and json.null or
      { eTag = object.etag, size = #object.body, mimetype = object.type, contentLength = #object.body, httpStatusCode = 200 } }
  end
  return answer(200, rows)
end

function objects.POST(storage, it)
  if it.segments[1] == "list" then return list(storage, it) end
  return put(storage, it, it.headers["x-upsert"] == "true")
end
function objects.PUT(storage, it) return put(storage, it, true) end

-- The object that a path names, after "public" or "authenticated" where that is said.
local function found(storage, it)
  local kind, from = it.segments[1], 1
  if kind == "public" or kind == "authenticated" then from = 2 end
  local bucket = storage.buckets[it.segments[from]]
  if not bucket then return nil end
  if not bucket.public and (kind == "public" or it.role ~= "service_role") then return nil end
  return bucket.objects[join(it.segments, from + 1)]
end

function objects.GET(storage, it)
  local about = it.segments[1] == "info"
  if about then it.segments = { unpack(it.segments, 2) } end
  local object = found(storage, it)
  if not object then return no_object() end
  if about then
    local told = answer(200, { size = #object.body, content_type = object.type, etag = object.etag })
    told.headers.ETag = object.etag
    return told
  end
  return { status = 200, headers = { ["Content-Type"] = object.type, ETag = object.etag }, body = object.body }
end

function objects.DELETE(storage, it)
  local bucket = storage.buckets[it.segments[1]]
  if it.role ~= "service_role" or not bucket or not bucket.objects[join(it.segments, 2)] then return no_object() end
  bucket.objects[join(it.segments, 2)] = nil
  return answer(200, { message = "Successfully deleted" })
end

local kinds = { bucket = buckets, object = objects }

--- The answer to a request below /storage/v1; public addresses need no key.
function M.answer(state, request)
  local segments = request.segments
  local public = segments[3] == "object" and (segments[4] == "public" or segments[4] == "info" and segments[5] == "public")
  local role, refusal = "anon", nil
  if not public then role, refusal = gateway.role(state, request.headers) end
  if not role then return refusal end
  local handler = kinds[segments[3]] and kinds[segments[3]][request.method]
  if not handler then return answer(404, { statusCode = "404", error = "Not Found", message = ("Route %s:%s not found"):format(request.method, request.path) }) end
  return handler(state.storage, { role = role, segments = { unpack(segments, 4) }, headers = request.headers, body = request.body })
end

return M
