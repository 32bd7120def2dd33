--- Files in Storage: a column holds the path of an object in a bucket, or its address.
---
--- What we upload lies at `HASH/name`, so the same content is the same object however often it is sent: a repeated upload is answered
--- "Duplicate", which is success unless somebody has overwritten the object since. Storage answers most refusals with 400 and says the status in the body (supabase/storage, error-handler).

local connector = require "tidewire.connector"
local files = require "tidewire.files"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local url = require "tidewire.url"
local wire = require "connectors.supabase.wire"

local fail, given = connector.fail, connector.given

local M = {}

local function encoded(path) return (path:gsub("[^/]+", function(part) return url.encode(part) end)) end

local function root(conn) return connector.base(conn.config.url) .. "/storage/v1/object/" end

-- Which bucket files of a collection go to.
local function bucket_of(conn, collection)
  local bucket = collection.options and given(collection.options.bucket) or conn.config.bucket
  if bucket then return bucket end
  return fail("invalid", "nothing says which bucket of Storage holds the files of '" .. tostring(collection.name) .. "'",
    "name it at the table, app.table(\"" .. tostring(collection.name) .. "\", { bucket = \"photos\" }), or at the connection")
end

-- Bucket and path, encoded, of what a column holds, and whether it is a public address.
local function place_of(conn, collection, ref)
  local base = root(conn)
  if ref:sub(1, #base) == base then
    local kind, rest = ref:sub(#base + 1):gsub("[?#].*$", ""):match "^(%w+)/(.+)$"
    if kind == "public" or kind == "authenticated" or kind == "sign" then return rest, kind == "public" end
    return nil, select(2, fail("invalid", "'" .. ref .. "' is no address of an object"))
  end
  if ref:find "^%w+://" then
    return nil, select(2, fail("invalid", "'" .. ref .. "' is no object of this project's Storage", "an address elsewhere is not copied: upload the file, or take `file = true` off the row"))
  end
  local bucket, err = bucket_of(conn, collection)
  if not bucket then return nil, err end
  return encoded(bucket .. "/" .. ref:gsub("^/+", "")), false
end

local codes = { ["404"] = "not_found", ["409"] = "unavailable", ["423"] = "unavailable", ["429"] = "throttled", ["403"] = "denied", ["401"] = "denied" }

local function explain(reply, writes)
  local body = reply.body
  if type(body) ~= "table" or type(body.message) ~= "string" then return nil end
  local status = tostring(given(body.statusCode) or reply.status)
  local word = given(body.error) or given(body.code) or status
  local message = tostring(word) .. ": " .. body.message
  if word == "Bucket not found" or body.code == "NoSuchBucket" then return "invalid", message, "make the bucket, or name another with `bucket`" end
  if word == "Duplicate" then return "stale", message end
  if tonumber(status) and tonumber(status) >= 500 then return writes and "unknown" or "unavailable", message end
  return codes[status] or "invalid", message
end

function M.download(conn, collection, ref)
  local place, public = place_of(conn, collection, ref)
  if not place then return nil, public end
  return files.get(conn, { url = root(conn) .. (public and "public/" or "authenticated/") .. place, headers = wire.credentials(conn), explain = explain })
end

function M.has_file(conn, collection, ref)
  local place, public = place_of(conn, collection, ref)
  if not place then return nil, public end
  local reply, err = connector.call(conn, { method = "GET", url = root(conn) .. "info/" .. (public and "public/" or "authenticated/") .. place,
    headers = wire.credentials(conn), explain = explain, empty = true })
  if reply then return ref end
  if err.code == "not_found" then return false end
  return nil, err
end

local most_listed = 1000

-- What says of one object, or of its bucket, that it is not to be seen: the others of the page are told all the same.
local untold = { not_found = true, denied = true, invalid = true }

-- Rows of one page of a folder's list, none where it is not to be seen.
local function folder_page(conn, there, offset)
  local reply, err = connector.call(conn, { method = "POST", url = root(conn) .. "list/" .. there.bucket, headers = wire.credentials(conn), explain = explain,
    body = { prefix = url.decode(there.folder), limit = most_listed, offset = offset, sortBy = { column = "name", order = "asc" } } })
  if not reply and not untold[err.code] then return nil, err end
  return reply and json.is_array(reply.body) and reply.body or {}
end

-- Marks of objects of one folder, by its list, as far as they are there; over half as many pages as there are objects, since each may also be asked
-- for by its own. `there.paths`: by encoded path its references.
local function listed(conn, there, marks)
  local left, offset = there.count, 0
  for _ = 1, math.ceil(there.count / 2) do
    local rows, err = folder_page(conn, there, offset)
    if not rows then return nil, err end
    for _, one in ipairs(rows) do
      local path = there.folder .. (there.folder ~= "" and "/" or "") .. encoded(tostring(one.name))
      local mark, refs = type(one.metadata) == "table" and files.mark_of { etag = given(one.metadata.eTag) }, there.paths[path]
      for _, ref in ipairs(mark and refs or {}) do marks[ref] = mark end
      if refs then left = left - 1 end
    end
    offset = offset + #rows
    if #rows < most_listed or left <= 0 then return true end
  end
  return true
end

local function marked(conn, wanted)
  local reply, err = connector.call(conn, { method = "GET", url = root(conn) .. "info/" .. (wanted.public and "public/" or "authenticated/") .. wanted.place, headers = wire.credentials(conn),
    explain = explain, empty = true })
  if reply then return { mark = files.mark_of(reply.headers) } end
  if untold[err.code] then return {} end
  return nil, err
end

--- Their ETags, of several in one folder by its list, of others each by its own.
function M.file_marks(conn, collection, refs)
  local marks, folders, wanted = {}, {}, {}
  for _, ref in ipairs(refs) do
    local place, public = place_of(conn, collection, ref)
    if place then
      local bucket, path = place:match "^([^/]+)/(.*)$"
      local folder = path:match "^(.*)/[^/]*$" or ""
      local name = bucket .. "/" .. folder
      folders[name] = folders[name] or { bucket = bucket, folder = folder, paths = {}, count = 0 }
      local there = folders[name]
      if not there.paths[path] then there.paths[path], there.count = {}, there.count + 1 end
      table.insert(there.paths[path], ref)
      wanted[#wanted + 1] = { ref = ref, place = place, public = public }
    end
  end
  for _, there in pairs(folders) do
    if there.count > 1 then
      local done, err = listed(conn, there, marks)
      if not done then return nil, err end
    end
  end
  local single = {}
  for _, one in ipairs(wanted) do
    if not marks[one.ref] then single[#single + 1] = one end
  end
  local found, err = connector.each(single, 4, function(one) return marked(conn, one) end)
  if not found then return nil, err end
  for i, one in ipairs(single) do marks[one.ref] = found[i].mark end
  return marks
end

-- Names in Storage are ASCII, without some signs.
local function safe(name)
  local kept = name:gsub("[^%w!%-.*'() &$@=;:+,_]", "_"):gsub("^%.+", "_")
  return #kept > 0 and kept:sub(-100) or "file"
end

-- True where the content lies there now, as far as the key may look; false where another one does.
local function put(conn, place, file)
  local headers = wire.credentials(conn)
  headers["Content-Type"], headers["x-upsert"] = file.type, "false"
  local reply, err = connector.call(conn, { method = "POST", url = root(conn) .. place, raw = file.bytes, headers = headers, explain = explain, writes = true })
  if reply then return true end
  if err.code ~= "stale" then return nil, err end
  local present, why = files.get(conn, { url = root(conn) .. "authenticated/" .. place, headers = wire.credentials(conn), explain = explain })
  if present then return hash.sha256(present.bytes) == file.sha256 end
  if present == false then return true end
  if why.code == "invalid" then return false end
  return nil, why
end

function M.upload(conn, collection, file)
  local bucket, err = bucket_of(conn, collection)
  if not bucket then return nil, err end
  for _, folder in ipairs { file.sha256:sub(1, 32), file.sha256:sub(33) } do
    local path = folder .. "/" .. safe(file.name)
    local place = encoded(bucket .. "/" .. path)
    local there
    there, err = put(conn, place, file)
    if there then return conn.config.file_urls and root(conn) .. "public/" .. place or path end
    if there == nil then return nil, err end
  end
  return files.taken(file.name)
end

return M
