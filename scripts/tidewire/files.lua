--- What connectors share to copy files: their limits, names and types, one download, a form with a file in it.

local connector = require "tidewire.connector"
local duration = require "tidewire.host.duration"
local hash = require "tidewire.hash"
local text = require "tidewire.text"
local url = require "tidewire.url"

local fail = connector.fail

local M = {}

-- A file is in the memory of its connection's script up to four times at once, and two of them are under way.
local largest = 25 * 1000 * 1000
local usual = 10 * 1024 * 1024

--- Bytes of "20MB"; nil for what is no size, or one beyond what can be copied.
function M.size(value)
  local bytes = duration.bytes(value)
  return bytes and bytes > 0 and bytes <= largest and bytes or nil
end

--- The most bytes of a file that the connection copies: `limits.max_file_size`, else 10 MiB.
function M.most(conn)
  local limits = conn.config.limits
  return limits and M.size(limits.max_file_size) or usual
end

--- nil and the error of a file that is larger.
function M.too_large(conn, name)
  return fail("invalid", ("the file '%s' is larger than %d bytes"):format(name, M.most(conn)),
    "limits = { max_file_size = \"20MB\" } of the connection copies larger ones, up to 25MB; else take it off the record")
end

--- nil and the error of a file of no bytes, where a field holds the content itself and no content is no file.
function M.empty(name)
  return fail("invalid", ("the file '%s' is empty, which a field that holds what is in a file cannot tell from none"):format(name), "give the record a file with something in it, or none")
end

--- nil and the error where what was put there by its content holds another one by now, in both places that a content has.
function M.taken(name)
  return fail("invalid", "other contents lie where the file '" .. name .. "' is to be put", "files that the connection made were exchanged: give them names of their own there, then `tidewire retry`")
end

--- A name of at most so many bytes, in whole characters; its ending stays.
function M.short(name, most)
  if #name <= most then return name end
  local ending = name:match "%.%w+$" or ""
  if #ending > 20 then ending = "" end
  local kept = name:sub(1, most - #ending)
  while not text.valid(kept) do kept = kept:sub(1, -2) end
  return kept .. ending
end

--- The last part of a path or an address, decoded, without what follows "?".
function M.name_of(path)
  local last = path:gsub("[?#].*$", ""):match "([^/]*)/?$"
  local name = url.decode(last)
  return text.valid(name) and name or last
end

local types = { png = "image/png", jpg = "image/jpeg", jpeg = "image/jpeg", gif = "image/gif", webp = "image/webp", svg = "image/svg+xml", pdf = "application/pdf",
  txt = "text/plain", csv = "text/csv", json = "application/json", zip = "application/zip", mp4 = "video/mp4", mp3 = "audio/mpeg",
  docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document", xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" }

--- A media type without parameters: what was said, or what the name's ending says where that is nothing in particular.
function M.type_of(said, name)
  local type = said and said:match "^%s*([%w!#$&^_.+-]+/[%w!#$&^_.+-]+)"
  if type and type ~= "application/octet-stream" and type ~= "binary/octet-stream" then return type:lower() end
  return types[(name:match "%.(%w+)$" or ""):lower()] or "application/octet-stream"
end

local endings = { ["image/png"] = "png", ["image/jpeg"] = "jpg", ["image/gif"] = "gif", ["image/webp"] = "webp", ["application/pdf"] = "pdf" }
local beginnings = { { "\137PNG\r\n\26\n", "image/png" }, { "\255\216\255", "image/jpeg" }, { "GIF8", "image/gif" }, { "%PDF-", "application/pdf" } }

-- What the first bytes say of a file, where they say it surely.
local function seen_in(bytes)
  for _, one in ipairs(beginnings) do
    if bytes:sub(1, #one[1]) == one[1] then return one[2] end
  end
  return bytes:sub(1, 4) == "RIFF" and bytes:sub(9, 12) == "WEBP" and "image/webp" or nil
end

--- Name and media type of a file that is to be put somewhere: of one that comes from a system without names or types (a column of bytes) as far
--- as its first bytes tell.
function M.called(name, said, bytes)
  local type = M.type_of(said, name)
  if type == "application/octet-stream" then type = seen_in(bytes) or type end
  if not name:find "%.%w+$" and endings[type] then name = name .. "." .. endings[type] end
  return name, type
end

--- By its ETag the content of an answer; nil where it has none. One that a proxy compressed has a weak one of the same text.
function M.mark_of(headers)
  local tag = headers.etag and headers.etag:gsub("^%s*W/", ""):gsub("^\"(.*)\"%s*$", "%1")
  return tag ~= "" and tag or nil
end

--- The file behind an address: `{ bytes, name, type, mark }`, `mark` by its ETag; false where it is not there; nil, err.
---
--- `request`: `url, headers`; `explain(reply)` as of `connector.call`, whose "not_found" says that it is not there. A status 404 or 410
--- says so without a word.
function M.get(conn, request)
  local most = M.most(conn)
  local name = M.name_of(request.url)
  local reply, err = connector.call(conn, {
    method = "GET", url = request.url, headers = request.headers, file = "answer", max_bytes = most, explain_pages = true,
    explain = function(reply)
      local code, message, hint
      if request.explain then code, message, hint = request.explain(reply) end
      if code then return code, message, hint end
      if reply.status == 404 or reply.status == 410 then return "not_found", "there is no such file" end
    end,
  })
  if not reply then
    if err.code == "not_found" then return false end
    if err.code == "invalid" and tostring(err.message):find "larger than" then return M.too_large(conn, name) end
    return nil, err
  end
  return { bytes = reply.text, name = name, type = M.type_of(reply.headers["content-type"], name), mark = M.mark_of(reply.headers) }
end

local function quoted(value) return '"' .. value:gsub("[%c\"\\]", "_") .. '"' end

--- The body of a multipart/form-data request and its content type. `fields`: a list of `{ name, value }`; `file`: `{ field, name, type, bytes }`.
function M.form(fields, file)
  local boundary = "tidewire-" .. hash.id()
  local parts = {}
  for _, pair in ipairs(fields) do
    parts[#parts + 1] = ("--%s\r\nContent-Disposition: form-data; name=%s\r\n\r\n%s\r\n"):format(boundary, quoted(pair[1]), connector.plain(pair[2]))
  end
  parts[#parts + 1] = ("--%s\r\nContent-Disposition: form-data; name=%s; filename=%s\r\nContent-Type: %s\r\n\r\n"):format(boundary, quoted(file.field), quoted(file.name), file.type)
  parts[#parts + 1] = file.bytes
  parts[#parts + 1] = ("\r\n--%s--\r\n"):format(boundary)
  return table.concat(parts), "multipart/form-data; boundary=" .. boundary
end

return M
