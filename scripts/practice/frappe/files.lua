-- Files: upload_file, what lies below /files and /private/files, and the File documents about them.
--
-- Contents are kept once however often and under whatever name they are uploaded. Saving a document attaches to it a File that is attached to
-- none and that one of its Attach fields names. Left out: folders as documents, thumbnails, metadata taken out of photos, the File that is
-- made where a document names one that is attached elsewhere.

local documents = require "practice.frappe.documents"
local errors = require "practice.frappe.errors"
local form = require "practice.shared.form"
local hash = require "tidewire.hash"
local output = require "practice.frappe.output"
local python = require "practice.shared.python"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"

local M = {}

local most = 10 * 1024 * 1024

local function contents()
  store.exec "CREATE TABLE IF NOT EXISTS practice_files (url TEXT PRIMARY KEY, type TEXT, content TEXT)"
end

local function kept(url)
  contents()
  return store.query("SELECT type, content FROM practice_files WHERE url = ?", url)[1]
end

-- The address of a new file: where the name is taken, the end of its content's hash goes before its ending.
local function free_url(folder, name, content_hash)
  local url = folder .. name
  if not kept(url) then return url end
  local stem, ending = name:match "^(.*)(%.[^.]*)$"
  return folder .. (stem or name) .. content_hash:sub(-6) .. (ending or "")
end

--- /api/method/upload_file: the File that it made.
function M.upload()
  local raw = site.request.raw
  local parts = form.parts(raw.body or "", raw.headers["content-type"])
  local file = parts and parts.file
  if not file or not file.filename then errors.throw("ValidationError", "There is nothing attached") end
  if #file.value > most then errors.throw("MaxFileSizeReachedError", "File size exceeded the maximum allowed size of 10.0 MB", { status = 417 }) end
  local function said(name) return parts[name] and parts[name].value ~= "" and parts[name].value or nil end
  local private = python.cint(said "is_private" or "0")
  local content_hash = hash.md5(file.value)
  local same = store.query('SELECT "file_url" FROM "tabFile" WHERE "content_hash" = ? AND "is_private" = ? LIMIT 1', content_hash, private)[1]
  local url = same and same.file_url
  if not url or not kept(url) then
    url = free_url(private == 1 and "/private/files/" or "/files/", file.filename:gsub("[/\\]", "_"), content_hash)
    store.run("INSERT OR REPLACE INTO practice_files (url, type, content) VALUES (?, ?, ?)", url, file.type or "application/octet-stream", hash.base64(file.value))
  end
  local doc = documents.new("File", { file_name = url:match "[^/]*$", file_url = url, is_private = private, file_size = #file.value, content_hash = content_hash,
    folder = said "folder" or "Home", attached_to_doctype = said "doctype", attached_to_name = said "docname", attached_to_field = said "fieldname" })
  return output.document(documents.insert(doc), false)
end

--- The answer to GET of a file's address; nil where the path is no such address.
function M.serve(segments)
  local private = segments[1] == "private" and segments[2] == "files"
  if not private and segments[1] ~= "files" then return nil end
  if private and site.user() == "Guest" then errors.abort(403, errors.page(403, "Not Permitted", "You don't have permission to access this file")) end
  local file = kept("/" .. table.concat(segments, "/"))
  if not file then errors.abort(404, errors.page(404, "Not Found", "The page you are looking for has gone missing.")) end
  return { status = 200, headers = { ["Content-Type"] = file.type }, body = assert(hash.from_base64(file.content)) }
end

--- With the last File that has a content goes the content (frappe, core/doctype/file, `on_trash`): its address is free again.
function M.drop(file)
  contents()
  local others = store.query('SELECT "name" FROM "tabFile" WHERE "content_hash" = ? AND "name" <> ? LIMIT 1', file.content_hash or "", file.name)
  if #others == 0 then store.run("DELETE FROM practice_files WHERE url = ?", file.file_url or "") end
end

return M
