--- Files of a site: what Attach and Attach Image fields name by `file_url`.
---
--- An upload without a document makes a File that is attached to none; saving the document that names it attaches it (frappe, core/doctype/file,
--- `attach_files_to_document`). Frappe itself keeps equal contents once on its disk, whatever they are called; a File with the same content is
--- looked for first all the same, so that an upload whose answer was lost leaves one.

local connector = require "tidewire.connector"
local files = require "tidewire.files"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local url = require "tidewire.url"
local wire = require "connectors.frappe.wire"

local array = json.array
local fail, given = connector.fail, connector.given

local M = {}

-- "/private/files/a b.png" as it stands in a request; nil where it is no file of the site.
local function path_of(conn, ref)
  local base = connector.base(conn.config.url)
  if ref:sub(1, #base + 1) == base .. "/" then ref = ref:sub(#base + 1) end
  if ref:sub(1, 1) ~= "/" or ref:find("/../", 1, true) then return nil end
  local path, query = ref:match "^([^?]*)(.*)$"
  return (path:gsub("[^/]+", function(part) return url.encode(part) end)) .. query
end

function M.download(conn, _, ref)
  local path = path_of(conn, ref)
  if not path then
    return fail("invalid", "'" .. ref .. "' is no file of this site", "a link to another site is not copied: upload the file, or take `file = true` off the row")
  end
  local file, err = files.get(conn, { url = connector.base(conn.config.url) .. path, headers = wire.credentials(conn), explain = wire.explain })
  if file then file.name, file.mark = files.name_of(path), hash.md5(file.bytes) end
  return file, err
end

local function find(conn, filters)
  local rows, err = wire.get_list(conn, "File", { fields = array { "file_url" }, filters = filters, order_by = "creation asc", limit_page_length = 1 })
  if not rows then return nil, err end
  return rows[1] and given(rows[1].file_url) or false
end

function M.has_file(conn, _, ref)
  return find(conn, array { array { "file_url", "=", ref } })
end

local at_once = 100

-- "/files/a.png" of an address of the site, as File has it.
local function file_url(conn, ref)
  local base = connector.base(conn.config.url)
  if ref:sub(1, #base + 1) == base .. "/" then ref = ref:sub(#base + 1) end
  return (ref:gsub("%?fid=%w+$", ""))
end

--- `content_hash`, the MD5 of what a File has: of several Files about one address those of all.
function M.file_marks(conn, _, refs)
  local by_url, urls, marks = {}, {}, {}
  for _, ref in ipairs(refs) do
    local path = file_url(conn, ref)
    if not by_url[path] then urls[#urls + 1], by_url[path] = path, {} end
    table.insert(by_url[path], ref)
  end
  for _, some in ipairs(connector.chunks(urls, at_once)) do
    local rows, err = wire.get_list(conn, "File", { fields = array { "file_url", "content_hash" }, filters = array { array { "file_url", "in", some } },
      order_by = "content_hash asc", limit_page_length = 0 })
    if not rows then return nil, err end
    local last = {}
    for _, row in ipairs(rows) do
      local sum = given(row.content_hash)
      for _, ref in ipairs(sum and sum ~= last[row.file_url] and by_url[row.file_url] or {}) do marks[ref] = (marks[ref] and marks[ref] .. "," or "") .. sum end
      last[row.file_url] = sum
    end
  end
  return marks
end

-- `file_name` of File has 140 characters, and where the name is taken a part of the hash comes to it.
local longest_name = 130

function M.upload(conn, _, file)
  local private = conn.config.private_files and 1 or 0
  local present, err = find(conn, array { array { "content_hash", "=", hash.md5(file.bytes) }, array { "is_private", "=", private }, array { "is_folder", "=", 0 } })
  if present or err then return present or nil, err end
  local body, content_type = files.form({ { "is_private", private }, { "folder", "Home/Attachments" } },
    { field = "file", name = files.short(file.name:gsub("[/\\]", "_"), longest_name), type = file.type, bytes = file.bytes })
  local reply
  reply, err = wire.send(conn, "/api/method/upload_file", body, content_type)
  if not reply then return nil, err end
  local made = reply.body.message
  if type(made) ~= "table" or type(made.file_url) ~= "string" then return fail("unknown", "the answer to an upload names no file_url") end
  return made.file_url
end

return M
