--- Media of a site: what `featured_media`, and meta that hold an attachment's number, name.
---
--- WordPress keeps every upload, also one of the same content. So what we upload gets a slug made of its content, which is looked for
--- before anything is sent: an upload whose answer was lost is found by it, and no second one made.

local connector = require "tidewire.connector"
local files = require "tidewire.files"
local hash = require "tidewire.hash"
local wire = require "connectors.wordpress.wire"

local fail, given = connector.fail, connector.given

local M = {}

local columns = { "_fields", "id,source_url,mime_type,media_details,modified_gmt" }

-- The attachment of a number; false where there is none.
local function attachment(conn, ref)
  if not ref:match "^%d+$" then return fail("invalid", "'" .. ref .. "' is no number of an attachment", "the field is to hold the number of a medium, as featured_media does") end
  local reply, err = wire.get(conn, "/wp/v2/media/" .. ref, { { "context", "edit" }, columns })
  if reply then return reply.body end
  if err.code == "not_found" then return false end
  return nil, err
end

-- Of a large image the site shows a smaller copy and keeps what was uploaded beside it.
local function original(row)
  local details = type(row.media_details) == "table" and row.media_details or {}
  local name = given(details.original_image)
  if type(name) ~= "string" then return row.source_url end
  return row.source_url:match "^(.*/)" .. name
end

-- What changes where a plugin puts another file in the place of an attachment's: its time or its address. Not its size: what makes images smaller
-- changes that alone, and the copy that lost something would be taken for an edit.
local function mark_of(row)
  return connector.plain(given(row.modified_gmt) or "") .. " " .. connector.plain(given(row.source_url) or "")
end

function M.download(conn, _, ref)
  local row, err = attachment(conn, ref)
  if not row then return row, err end
  if type(row.source_url) ~= "string" then return fail("invalid", "the attachment " .. ref .. " has no file") end
  local file
  file, err = files.get(conn, { url = original(row), headers = {} })
  if file then file.type, file.mark = files.type_of(given(row.mime_type), file.name), mark_of(row) end
  return file, err
end

function M.has_file(conn, _, ref)
  local row, err = attachment(conn, ref)
  if not row then return row, err end
  return row.id
end

--- A hundred attachments at a time.
function M.file_marks(conn, _, refs)
  local numbers, marks = {}, {}
  for _, ref in ipairs(refs) do
    if ref:match "^%d+$" then numbers[#numbers + 1] = ref end
  end
  for _, some in ipairs(connector.chunks(numbers, 100)) do
    local rows, err = wire.rows(conn, "/wp/v2/media", { { "include", table.concat(some, ",") }, { "per_page", "100" }, { "context", "edit" }, columns })
    if not rows then return nil, err end
    for _, row in ipairs(rows) do marks[connector.plain(row.id)] = mark_of(row) end
  end
  return marks
end

-- Names of files on a site are ASCII; quotes would end the header.
local function safe(name)
  local kept = name:gsub("[^%w.-]+", "-"):gsub("^[-.]+", "")
  return #kept > 0 and kept:sub(-100) or "file"
end

-- Whether it is the content that we put there, as far as the site tells: of an image that it has scaled it tells the size of the scaled one, of one
-- that was made smaller in its place the size of that, and nobody has edited either since.
local function holds(row, file)
  local made = given(row.date_gmt)
  if made ~= nil and made == given(row.modified_gmt) then return true end
  local details = type(row.media_details) == "table" and row.media_details or {}
  local size = given(details.filesize)
  return given(details.original_image) ~= nil or size == nil or size == #file.bytes
end

local function send(conn, slug, file)
  local reply, err = wire.send(conn, "/wp/v2/media", { { "slug", slug }, { "title", (file.name:gsub("%.%w+$", "")) } }, file.bytes,
    { ["Content-Type"] = file.type, ["Content-Disposition"] = 'attachment; filename="' .. safe(file.name) .. '"', ["Content-MD5"] = hash.md5(file.bytes) })
  if not reply then
    if err.code == "unknown" and tostring(err.message):find "rest_upload" then err.code = "invalid" end
    return nil, err
  end
  if type(reply.body.id) ~= "number" then return fail("unknown", "the answer to an upload has no id") end
  return reply.body.id
end

function M.upload(conn, _, file)
  for _, part in ipairs { file.sha256:sub(1, 32), file.sha256:sub(33) } do
    local slug = "tidewire-" .. part
    local rows, err = wire.rows(conn, "/wp/v2/media", { { "slug", slug }, { "context", "edit" }, { "per_page", "1" }, { "_fields", "id,media_details,date_gmt,modified_gmt" } })
    if not rows then return nil, err end
    if not rows[1] then return send(conn, slug, file) end
    if holds(rows[1], file) then return rows[1].id end
  end
  return files.taken(file.name)
end

return M
