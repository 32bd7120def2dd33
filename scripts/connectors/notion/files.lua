--- Files properties that hold one file each.
---
--- The address of a hosted file is signed anew with every look, so a file is known by its page, its property, the page's last edit and its name:
--- PAGE/PROPERTY/TIME/NAME. After an edit of the page it is read again. An upload is made and sent first; until a page names it, it is
--- nobody's, and Notion lets it expire within an hour.

local connector = require "tidewire.connector"
local files = require "tidewire.files"
local json = require "tidewire.json"
local wire = require "connectors.notion.wire"

local fail, given = connector.fail, connector.given

local M = {}

local mark = "file_upload:"

--- What a record shows of a files property: a reference, null where it is empty; nil, err where it holds several.
function M.shown(page, value, field)
  local list = value.files
  if #list > 1 then
    return fail("invalid", ("%s has %d files, and file = true copies one"):format(field.name, #list), "take all but one away, or `file = true` off the row")
  end
  if #list == 0 then return json.null end
  return ("%s/%s/%s/%s"):format(page.id, value.id, page.last_edited_time, list[1].name)
end

--- What is written for a value that `upload` returned.
function M.written(value) return json.array { { type = "file_upload", file_upload = { id = value:sub(#mark + 1) } } } end

local function property_of(page, id)
  for _, value in pairs(page.properties) do
    if value.id == id then return value end
  end
end

function M.download(conn, _, ref)
  local id, property, stamp, name = ref:match "^([%x-]+)/([^/]+)/([^/]+)/(.*)$"
  if not id then return fail("invalid", "'" .. ref .. "' is no file of a page") end
  local reply, err = wire.request(conn, "GET", "pages/" .. id)
  if not reply then
    if err.code == "not_found" then return false end
    return nil, err
  end
  local page = reply.body
  local value = type(page.properties) == "table" and property_of(page, property)
  local file = value and value.type == "files" and value.files[1]
  if not file then return false end
  if page.last_edited_time ~= stamp or file.name ~= name then return fail("unavailable", "the page " .. id .. " was edited while its file was read") end
  if type(file.file) ~= "table" or type(file.file.url) ~= "string" then
    return fail("invalid", "the file '" .. name .. "' is an address elsewhere", "an address elsewhere is not copied: upload the file to Notion, or take `file = true` off the row")
  end
  local content, why = files.get(conn, { url = file.file.url, headers = {} })
  -- It is good for an hour; the next look at the page signs it anew.
  if why and why.code == "denied" then return fail("unavailable", "the signed address of the file is not taken any more") end
  if content then content.name = name end
  return content, why
end

local longest_name = 100

--- Makes an upload and sends it: what a files property is written as.
function M.upload(conn, _, file)
  if conn.config.version < wire.with_data_sources then
    return fail("invalid", "files are not uploaded with the version " .. conn.config.version .. " of the API", "give the connection version = \"2025-09-03\", or let the row go from Notion only")
  end
  local name = files.short(file.name, longest_name)
  local reply, err = wire.request(conn, "POST", "file_uploads", { body = { mode = "single_part", filename = name, content_type = file.type } })
  if not reply then return nil, err end
  local id = given(reply.body.id)
  if type(id) ~= "string" then return fail("unknown", "the answer to an upload has no id") end
  local body, content_type = files.form({}, { field = "file", name = name, type = file.type, bytes = file.bytes })
  reply, err = wire.request(conn, "POST", "file_uploads/" .. id .. "/send", { raw = body, content_type = content_type })
  if not reply then return nil, err end
  if reply.body.status ~= "uploaded" then return fail("invalid", "Notion does not take the file '" .. name .. "': its upload is " .. tostring(reply.body.status)) end
  return mark .. id
end

return M
