-- profile: io
-- How connectors copy files: `download`, `has_file`, `file_marks` and `upload` of those that can, and what they share.

local tap = require "tap"
local fake_http = require "fake_http"
local files = require "tidewire.files"
local form = require "practice.shared.form"
local hash = require "tidewire.hash"
local host = require "tidewire.host.connector"
local json = require "tidewire.json"

local null, array = json.null, json.array
local test, equal, ok = tap.test, tap.equal, tap.ok

-- What no text holds: a zero, a byte that is no UTF-8, the mark that parts of a form begin with.
local bytes = "\137PNG\r\n\0\255\r\n--tidewire-"
local photo = { field = "photo", sha256 = hash.sha256(bytes), name = "ada lovelace.png", type = "image/png", base64 = hash.base64(bytes) }

local function connect(kind, config, routes, limits)
  local http = fake_http.new(routes)
  config.limits = limits
  local side = host(function() return require("connectors." .. kind) end, { name = "one", config = config, http = http })
  return side.functions, http, side
end

local function fails(code, pattern, value, err)
  equal(value, nil)
  equal(err and err.code, code)
  ok(tostring(err and err.message):find(pattern), tostring(err and err.message) .. " has no " .. pattern)
end

local function got(answer) return { hash.from_base64(answer.base64), answer.name, answer.type } end

-- What is shared ------------------------------------------------------------------------------------------------------

test("a form carries any bytes, and its names cannot break out of it", function()
  local body, content_type = files.form({ { "is_private", 1 }, { "folder", "Home/Attachments" } }, { field = "file", name = 'a"\r\nb.png', type = "image/png", bytes = bytes })
  local parts = form.parts(body, content_type)
  equal(parts.file.value, bytes)
  equal(parts.file.filename, "a___b.png")
  equal(parts.file.type, "image/png")
  equal({ parts.is_private.value, parts.folder.value }, { "1", "Home/Attachments" })
end)

test("a file's type is what is said, or what its name says where that is nothing in particular", function()
  equal(files.type_of("image/PNG; charset=binary", "a.bin"), "image/png")
  equal(files.type_of("application/octet-stream", "a.PDF"), "application/pdf")
  equal(files.type_of(nil, "a"), "application/octet-stream")
  equal(files.name_of "/private/files/a%20b.png?fid=1", "a b.png")
  equal(files.name_of "/x/%FF.png", "%FF.png")
end)

test("a long name keeps its ending and whole characters", function()
  equal(files.short("ada.png", 100), "ada.png")
  equal(files.short(("ü"):rep(80) .. ".png", 100), ("ü"):rep(48) .. ".png")
  equal(files.short("x" .. ("ü"):rep(80) .. ".png", 100), "x" .. ("ü"):rep(47) .. ".png")
  equal(files.short(("x"):rep(200), 100), ("x"):rep(100))
end)

test("a size is one that can be copied", function()
  equal(files.size "20MB", 20000000)
  equal(files.size "1GB", nil)
  equal(files.size "0MB", nil)
  equal(files.most { config = {} }, 10 * 1024 * 1024)
  tap.raises(function() connect("supabase", { url = "https://ref.supabase.co", key = "sb_secret_x" }, {}, { max_file_size = "1GB" }) end, "max_file_size")
end)

test("a file without a name or a type gets what its first bytes tell", function()
  equal({ files.called("image_1920", nil, "\137PNG\r\n\26\nx") }, { "image_1920.png", "image/png" })
  equal({ files.called("a.bin", "application/octet-stream", "\255\216\255x") }, { "a.bin", "image/jpeg" })
  equal({ files.called("a", nil, "anything") }, { "a", "application/octet-stream" })
end)

-- Frappe --------------------------------------------------------------------------------------------------------------

local doctype = { name = "Employee", word = "doctype", key = array { "name" }, fields = array { "image" }, options = {} }
local function frappe(routes, limits) return connect("frappe", { url = "https://erp.example.org/", api_key = "k", api_secret = "s" }, routes, limits) end

test("frappe: a file of the site is read with the key, and its size alone is recorded", function()
  local call, http = frappe { { "GET /private/files/ada lovelace%.png", { body = bytes, headers = { ["content-type"] = "image/png" } } } }
  equal(got(call.download(doctype, "/private/files/ada lovelace.png")), { bytes, "ada lovelace.png", "image/png" })
  local request = http.requests[1]
  equal(request.target, "https://erp.example.org/private/files/ada%20lovelace.png")
  equal(request.headers.Authorization, "token k:s")
  equal({ request.file, request.max_bytes }, { "answer", 10 * 1024 * 1024 })
end)

test("frappe: a file that is gone is null, one elsewhere is refused and nobody is asked", function()
  local call, http = frappe { { "GET /files/none%.png", { status = 404, body = "<html>gone</html>" } } }
  equal(call.download(doctype, "/files/none.png"), null)
  fails("invalid", "no file of this site", call.download(doctype, "https://elsewhere.example.org/files/a.png"))
  fails("invalid", "no file of this site", call.download(doctype, "/files/../site_config.json"))
  equal(#http.requests, 1)
end)

test("frappe: what is in the way of a file is not taken for its absence", function()
  local call = frappe { { "GET /files/a%.png", { status = 502, body = "<html>" }, { status = 403, body = { exc_type = "PermissionError" } } } }
  fails("unavailable", "502", call.download(doctype, "/files/a.png"))
  fails("denied", "PermissionError", call.download(doctype, "/files/a.png"))
end)

test("frappe: an upload goes out once, as a private file, and what it is called is what the site says", function()
  local call, http = frappe {
    { "GET /api/resource/File", { body = { data = array {} } } },
    { "POST /api/method/upload_file", { body = { message = { file_url = "/private/files/ada lovelace.png" } } } },
  }
  equal(call.upload(doctype, photo), "/private/files/ada lovelace.png")
  local sent = http.asked("POST .*")[1]
  local parts = form.parts(sent.body, sent.headers["Content-Type"])
  equal({ parts.file.value, parts.file.filename, parts.is_private.value }, { bytes, "ada lovelace.png", "1" })
  equal({ sent.once, sent.file }, { true, "sent" })
  equal(http.requests[1].query.filters, json.encode { array { "content_hash", "=", hash.md5(bytes) }, array { "is_private", "=", 1 }, array { "is_folder", "=", 0 } })
end)

test("frappe: a content that the site has is not sent again", function()
  local call, http = frappe { { "GET /api/resource/File", { body = { data = array { { file_url = "/private/files/first.png" } } } } } }
  equal(call.upload(doctype, photo), "/private/files/first.png")
  equal(#http.requests, 1)
end)

test("frappe: a file is there while a File says so", function()
  local call = frappe { { "GET /api/resource/File", { body = { data = array { { file_url = "/files/a.png" } } } }, { body = { data = array {} } }, { status = 502, body = "" } } }
  equal(call.has_file(doctype, "/files/a.png"), "/files/a.png")
  equal(call.has_file(doctype, "/files/a.png"), null)
  fails("unavailable", "502", call.has_file(doctype, "/files/a.png"))
end)

test("frappe: an exchanged content is told by the hash of its File, many in one question", function()
  local call, http = frappe { { "GET /private/files/a%.png", { body = bytes } },
    { "GET /api/resource/File", { body = { data = array { { file_url = "/files/b.png", content_hash = "1" }, { file_url = "/files/b.png", content_hash = "1" },
      { file_url = "/private/files/a.png", content_hash = "1" }, { file_url = "/files/b.png", content_hash = "2" }, { file_url = "/files/c.png", content_hash = null } } } },
      { status = 403, body = { exc_type = "PermissionError" } }, { status = 502, body = "" } } }
  equal(call.download(doctype, "/private/files/a.png").mark, hash.md5(bytes))
  equal(call.file_marks(doctype, array { "/private/files/a.png", "https://erp.example.org/files/b.png", "/files/c.png", "/files/none.png" }),
    { ["/private/files/a.png"] = "1", ["https://erp.example.org/files/b.png"] = "1,2" })
  equal(http.requests[2].json == nil and #http.requests, 2)
  equal(json.encode(call.file_marks(doctype, array { "/files/b.png" })), "{}")
  fails("unavailable", "502", call.file_marks(doctype, array { "/files/b.png" }))
end)

test("a file beyond the limit of its connection is refused on both ways, and says how to let it through", function()
  local call, http = frappe({ { "GET /files/a%.png", { fails = "invalid" } } }, { max_file_size = "1KB" })
  http.request = function() return nil, { code = "invalid", message = "the answer is larger than 1000 bytes" } end
  local value, err = call.download(doctype, "/files/a.png")
  fails("invalid", "'a.png' is larger than 1000 bytes", value, err)
  ok(err.hint:find "max_file_size")
  fails("invalid", "'big.png' is larger than 1000 bytes", call.upload(doctype, { field = "photo", sha256 = "x", name = "big.png", base64 = hash.base64(("x"):rep(1001)) }))
end)

-- Supabase ------------------------------------------------------------------------------------------------------------

local items = { name = "people", word = "table", key = array { "id" }, fields = array { "photo" }, options = { bucket = "photos" } }
local function supabase(routes, more)
  local config = { url = "https://ref.supabase.co", key = "sb_secret_x" }
  for name, value in pairs(more or {}) do config[name] = value end
  return connect("supabase", config, routes)
end
local gone = { status = 400, body = { statusCode = "404", error = "not_found", message = "Object not found" } }

test("supabase: a column holds a path in the bucket, or an address of the project", function()
  local call, http = supabase { { "GET /storage/.*", { body = bytes, headers = { ["content-type"] = "image/png" } } } }
  equal(got(call.download(items, "ab/ada lovelace.png")), { bytes, "ada lovelace.png", "image/png" })
  equal(http.requests[1].target, "https://ref.supabase.co/storage/v1/object/authenticated/photos/ab/ada%20lovelace.png")
  equal(http.requests[1].headers.apikey, "sb_secret_x")
  call.download(items, "https://ref.supabase.co/storage/v1/object/public/other/a%20b.png?width=10")
  equal(http.requests[2].target, "https://ref.supabase.co/storage/v1/object/public/other/a%20b.png")
  fails("invalid", "no object of this project", call.download(items, "https://elsewhere.example.org/a.png"))
  equal(#http.requests, 2)
end)

test("supabase: without a bucket nothing is asked, and the error says where to name it", function()
  local call, http = supabase {}
  local value, err = call.download({ name = "people", options = {} }, "a.png")
  fails("invalid", "which bucket", value, err)
  ok(err.hint:find 'bucket = "photos"', err.hint)
  equal(#http.requests, 0)
end)

test("supabase: storage says 400 and means what its body says", function()
  local function answers(status, word, message) return { status = 400, body = { statusCode = status, error = word, message = message } } end
  local call = supabase { { "GET .*", gone, answers("404", "Bucket not found", "Bucket not found"), answers("500", "Internal", "no") } }
  equal(call.download(items, "a.png"), null)
  fails("invalid", "Bucket not found", call.download(items, "a.png"))
  fails("unavailable", "Internal", call.download(items, "a.png"))
end)

test("supabase: what is uploaded lies where its content says, and one that lies there already is success", function()
  local place = photo.sha256:sub(1, 32) .. "/ada lovelace.png"
  local call, http = supabase { { "POST /storage/.*", { body = { Key = "photos/x" } }, { status = 400, body = { statusCode = "409", error = "Duplicate", message = "The resource already exists" } },
    { status = 400, body = { statusCode = "415", error = "invalid_mime_type", message = "mime type image/png is not supported" } } },
    { "GET /storage/v1/object/authenticated/photos/.*", { body = bytes } } }
  equal(call.upload(items, photo), place)
  equal(http.requests[1].path, "/storage/v1/object/photos/" .. place)
  equal({ http.requests[1].body, http.requests[1].headers["Content-Type"], http.requests[1].headers["x-upsert"], http.requests[1].file }, { bytes, "image/png", "false", "sent" })
  equal(call.upload(items, photo), place)
  fails("invalid", "image/png is not supported", call.upload(items, photo))
end)

test("supabase: where somebody has overwritten what was uploaded, it is put beside that", function()
  local duplicate = { status = 400, body = { statusCode = "409", error = "Duplicate", message = "The resource already exists" } }
  local call, http = supabase { { "POST /storage/.*", duplicate, { body = { Key = "photos/x" } }, duplicate, duplicate }, { "GET /storage/.*", { body = "another" } } }
  equal(call.upload(items, photo), photo.sha256:sub(33) .. "/ada lovelace.png")
  equal(#http.requests, 3)
  fails("invalid", "other contents lie where", call.upload(items, photo))
end)

test("supabase: an exchanged content is told by its ETag, of several in a folder by one list", function()
  local call, http = supabase { { "GET /storage/v1/object/authenticated/photos/.*", { body = bytes, headers = { etag = 'W/"e0"' } } },
    { "POST /storage/v1/object/list/photos", { body = array { { name = "sub", id = null, metadata = null }, { name = "b.png", id = "1", metadata = { eTag = '"e2"' } }, { name = "a b.png", id = "2", metadata = { eTag = '"e1"' } } } } },
    { "GET /storage/v1/object/info/authenticated/photos/alone%.png", { body = { size = 3 }, headers = { etag = '"e3"' } } },
    { "GET /storage/v1/object/info/public/other/p%.png", { body = { size = 3 }, headers = { etag = '"e4"' } }, { status = 502, body = "" } },
    { "GET /storage/v1/object/info/authenticated/photos/own/none%.png", gone } }
  equal(call.download(items, "alone.png").mark, "e0")
  local public = "https://ref.supabase.co/storage/v1/object/public/other/p.png"
  equal(call.file_marks(items, array { "own/a b.png", "/own/b.png", "own/none.png", "alone.png", public, "https://elsewhere.example.org/a.png" }),
    { ["own/a b.png"] = "e1", ["/own/b.png"] = "e2", ["alone.png"] = "e3", [public] = "e4" })
  equal(#http.asked "POST .*", 1)
  equal(http.asked("POST .*")[1].json.prefix, "own")
  equal(#http.requests, 5)
  fails("unavailable", "502", call.file_marks(items, array { public }))
end)

test("supabase: a folder's list is paged on while that costs less than each object by its own", function()
  local function listed(from, count)
    local rows = array {}
    for i = 1, count do rows[i] = { name = ("%06d.png"):format(from + i), metadata = { eTag = '"e' .. from + i .. '"' } } end
    return { body = rows }
  end
  local call, http = supabase { { "POST /storage/v1/object/list/photos", listed(0, 1000), listed(1000, 2), listed(0, 1000) }, { "GET /storage/v1/object/info/.*", gone } }
  equal(call.file_marks(items, array { "own/000001.png", "own/001002.png", "own/none.png" }), { ["own/000001.png"] = "e1", ["own/001002.png"] = "e1002" })
  equal({ http.requests[2].json.offset, #http.asked "POST .*", #http.asked "GET .*" }, { 1000, 2, 1 })
  assert(call.file_marks(items, array { "own/a.png", "own/b.png", "own/c.png" }))
  equal({ #http.asked "POST .*", #http.asked "GET .*" }, { 4, 4 })
end)

test("supabase: a bucket that is gone, or an object that may not be seen, is untold and keeps the others waiting for nothing", function()
  local missing = { status = 400, body = { statusCode = "404", error = "Bucket not found", message = "Bucket not found" } }
  local closed = { status = 400, body = { statusCode = "403", error = "Unauthorized", message = "new row violates row-level security policy" } }
  local call = supabase { { "POST /storage/v1/object/list/photos", missing, { body = array { { name = "a.png", metadata = { eTag = '"e1"' } } } } },
    { "GET /storage/v1/object/info/public/other/.*", { body = {}, headers = { etag = '"e4"' } } }, { "GET /storage/v1/object/info/.*", missing, closed, missing, closed } }
  local public = "https://ref.supabase.co/storage/v1/object/public/other/p.png"
  equal(call.file_marks(items, array { "own/a.png", "own/b.png", public }), { [public] = "e4" })
  equal(call.file_marks(items, array { "own/a.png", "own/b.png", public, "c.png" }), { ["own/a.png"] = "e1", [public] = "e4" })
end)

test("supabase: names are made of what Storage takes, and addresses are written where that is asked for", function()
  local call, http = supabase({ { "POST .*", { body = { Key = "x" } } } }, { file_urls = true })
  local odd = { field = "photo", sha256 = photo.sha256, name = "..Zürich#1.png", base64 = photo.base64 }
  equal(call.upload(items, odd), "https://ref.supabase.co/storage/v1/object/public/photos/" .. photo.sha256:sub(1, 32) .. "/_Z__rich_1.png")
  equal(#http.requests, 1)
end)

test("supabase: an object is there while its info says so", function()
  local call, http = supabase { { "GET /storage/v1/object/info/authenticated/photos/a%.png", { body = { size = 3 } }, gone } }
  equal(call.has_file(items, "a.png"), "a.png")
  equal(call.has_file(items, "a.png"), null)
  equal(#http.requests, 2)
end)

-- WordPress -----------------------------------------------------------------------------------------------------------

local posts = { name = "post", word = "post_type", key = array { "id" }, fields = array { "featured_media" }, options = {} }
local index = { "GET /wp%-json/", { body = { name = "x", url = "https://blog.example.org", namespaces = array { "wp/v2" } } } }
local function wordpress(...)
  return connect("wordpress", { url = "https://blog.example.org", user = "u", password = "p" }, { index, ... })
end

test("wordpress: of a large image what was uploaded is read, not the copy that is shown", function()
  local call, http = wordpress({ "GET /wp%-json/wp/v2/media/7", { body = { id = 7, source_url = "https://blog.example.org/wp-content/uploads/ada-scaled.png", mime_type = "image/png",
    media_details = { original_image = "ada.png" } } } }, { "GET /wp%-content/uploads/ada%.png", { body = bytes } })
  equal(got(call.download(posts, "7")), { bytes, "ada.png", "image/png" })
  equal(http.requests[3].headers.Authorization, nil)
end)

test("wordpress: an upload is looked for by its content first, because a site keeps every one", function()
  local call, http = wordpress({ "GET /wp%-json/wp/v2/media", { body = array {}, headers = { ["x-wp-total"] = "0" } }, { body = array { { id = 8 } }, headers = { ["x-wp-total"] = "1" } } },
    { "POST /wp%-json/wp/v2/media", { status = 201, body = { id = 8 } } })
  equal(call.upload(posts, photo), 8)
  local slug = "tidewire-" .. photo.sha256:sub(1, 32)
  equal(http.requests[2].query.slug, slug)
  local sent = http.asked("POST .*")[1]
  equal({ sent.query.slug, sent.query.title, sent.body, sent.once }, { slug, "ada lovelace", bytes, true })
  equal(sent.headers["Content-Disposition"], 'attachment; filename="ada-lovelace.png"')
  equal(sent.headers["Content-MD5"], hash.md5(bytes))
  equal(call.upload(posts, photo), 8)
  equal(#http.asked "POST .*", 1)
end)

test("wordpress: where what was uploaded holds another content by now, it is put beside that", function()
  local function found(size) return { body = array { { id = 8, media_details = { filesize = size } } }, headers = { ["x-wp-total"] = "1" } } end
  local none = { body = array {}, headers = { ["x-wp-total"] = "0" } }
  local call, http = wordpress({ "GET /wp%-json/wp/v2/media", found(#bytes), found(#bytes + 1), none, found(1), found(1) }, { "POST /wp%-json/wp/v2/media", { status = 201, body = { id = 9 } } })
  equal(call.upload(posts, photo), 8)
  equal(call.upload(posts, photo), 9)
  equal(http.asked("POST .*")[1].query.slug, "tidewire-" .. photo.sha256:sub(33))
  fails("invalid", "other contents lie where", call.upload(posts, photo))
end)

test("wordpress: what was uploaded and made smaller in its place, without an edit, is what was uploaded", function()
  local function found(modified) return { body = array { { id = 8, media_details = { filesize = 1 }, date_gmt = "2026-11-20T10:00:00", modified_gmt = modified } }, headers = { ["x-wp-total"] = "1" } } end
  local none = { body = array {}, headers = { ["x-wp-total"] = "0" } }
  local call, http = wordpress({ "GET /wp%-json/wp/v2/media", found "2026-11-20T10:00:00", found "2026-11-21T10:00:00", none }, { "POST /wp%-json/wp/v2/media", { status = 201, body = { id = 9 } } })
  equal(call.upload(posts, photo), 8)
  equal(http.requests[2].query._fields, "id,media_details,date_gmt,modified_gmt")
  equal(call.upload(posts, photo), 9)
end)

test("wordpress: exchanged media are told by their time and address, not by a size, a hundred in one question", function()
  local row = { id = 7, source_url = "https://blog.example.org/a.png", mime_type = "image/png", modified_gmt = "2026-11-20T10:00:00", media_details = { filesize = 12 } }
  local call, http = wordpress({ "GET /wp%-json/wp/v2/media/7", { body = row } }, { "GET /a%.png", { body = bytes } },
    { "GET /wp%-json/wp/v2/media", { body = array { row }, headers = { ["x-wp-total"] = "1" } } })
  local mark = call.download(posts, "7").mark
  local asked = array { "x" }
  for i = 1, 150 do asked[#asked + 1] = tostring(i) end
  equal(call.file_marks(posts, asked), { ["7"] = mark })
  equal(#http.asked "GET /wp%-json/wp/v2/media", 2)
  row.media_details = { filesize = 11 }      -- an optimiser was there
  equal(call.file_marks(posts, array { "7" })["7"], mark)
  for name, value in pairs { modified_gmt = "2026-11-20T10:00:01", source_url = "https://blog.example.org/b.png" } do
    local before = row[name]
    row[name] = value
    equal({ name, call.file_marks(posts, array { "7" })["7"] == mark }, { name, false })
    row[name] = before
  end
end)

test("marks that a right or a place keeps are untold, and stop no page; what is no answer does", function()
  local function marks(answer) return wordpress { "GET /wp%-json/wp/v2/media", answer }.file_marks(posts, array { "7" }) end
  for _, body in ipairs { { status = 403, body = { code = "rest_forbidden_context", message = "no" } }, { status = 404, body = { code = "rest_no_route", message = "no" } } } do
    equal(json.encode(marks(body)), "{}")
  end
  fails("unavailable", "502", marks { status = 502, body = "" })
end)

test("wordpress: a medium is there while its number is, and its number is a number", function()
  local call = wordpress({ "GET /wp%-json/wp/v2/media/7", { body = { id = 7 } }, { status = 404, body = { code = "rest_post_invalid_id", message = "Invalid post ID." } } })
  equal(call.has_file(posts, "7"), 7)
  equal(call.has_file(posts, "7"), null)
  fails("invalid", "no number of an attachment", call.has_file(posts, "https://blog.example.org/a.png"))
end)

test("wordpress: a type that the site refuses is no outage", function()
  local call = wordpress({ "GET /wp%-json/wp/v2/media", { body = array {}, headers = { ["x-wp-total"] = "0" } } },
    { "POST /wp%-json/wp/v2/media", { status = 500, body = { code = "rest_upload_sideload_error", message = "Sorry, you are not allowed to upload this file type." } } })
  fails("invalid", "not allowed to upload this file type", call.upload(posts, photo))
end)

-- Odoo ----------------------------------------------------------------------------------------------------------------

local partners = { name = "res.partner", word = "model", key = array { "id" }, fields = array { "name", "image" }, files = array { "image", "paper" }, options = {} }
local image = hash.base64(bytes)

-- A server whose methods of ir.attachment and of the model answer by name.
local function odoo(methods, limits)
  local about = { id = { type = "integer" }, name = { type = "char" }, image = { type = "binary", attachment = true, store = true }, paper = { type = "many2one", relation = "ir.attachment" } }
  local function answer(seen)
    local model, method = seen.path:match "^/json/2/([^/]+)/([^/]+)$"
    if method == "fields_get" then return { body = about } end
    local found = methods[model .. "." .. method]
    if type(found) == "function" then found = found(seen.json) end
    return type(found) == "table" and found.status and found or { body = json.encode(found) }
  end
  return connect("odoo", { url = "https://erp.example.org", database = "main", login = "bot", api_key = "k" },
    { { "GET /json/version", { body = { version_info = array { 19, 0 }, version = "19.0" } } }, { "POST /json/2/.*", answer } }, limits)
end

local denied = { status = 403, body = { name = "odoo.exceptions.AccessError", message = "no", arguments = array {}, context = {}, debug = "" } }

test("odoo: pages carry checksums of binary fields, and no content", function()
  local call, http = odoo { ["res.partner.read"] = array { { id = 7, name = "Ada" }, { id = 8, name = "Bob" } },
    ["ir.attachment.search_read"] = array { { id = 1, res_field = "image", res_id = 7, checksum = "c0ffee" } } }
  local records = call.read(partners, array { "7", "8" })
  equal({ records[1].fields.image, records[2].fields.image }, { "res.partner/7/image/c0ffee", null })
  equal(http.asked("POST /json/2/res.partner/read")[1].json.fields, { "id", "name" })
end)

test("odoo: who may not look into ir.attachment reads the field, and its content is hashed", function()
  local call = odoo { ["ir.attachment.search_read"] = denied, ["res.partner.read"] = function(body)
    return array { body.fields[1] == "image" and { id = 7, image = image } or { id = 7, name = "Ada" } }
  end }
  local ref = call.read(partners, array { "7" })[1].fields.image
  equal(ref, "res.partner/7/image/" .. hash.sha256(bytes):sub(1, 40))
  equal(got(call.download(partners, ref)), { bytes, "image", nil })
end)

test("odoo: a content is read with its checksum, and one that was exchanged meanwhile is read again later", function()
  local call, http = odoo { ["ir.attachment.search_read"] = array { { id = 1, checksum = "c0ffee", datas = image, mimetype = "image/png" } } }
  equal(got(call.download(partners, "res.partner/7/image/c0ffee")), { bytes, "image", "image/png" })
  equal(http.asked("POST .*search_read")[1].file, "answer")
  fails("unavailable", "was exchanged", call.download(partners, "res.partner/7/image/dead"))
  fails("invalid", "no file of this database", call.download(partners, "/files/a.png"))
end)

test("odoo: a field gets the content itself, of which operations keep the size", function()
  local call, http = odoo { ["res.partner.write"] = function() return true end, ["res.partner.read"] = array { { id = 7, name = "Ada" } }, ["ir.attachment.search_read"] = array {} }
  local value = call.upload(partners, { field = "image", sha256 = photo.sha256, name = photo.name, type = photo.type, base64 = photo.base64 })
  equal(value, image)
  call.update(partners, "7", { image = value, name = "Ada" })
  local sent = http.asked("POST /json/2/res.partner/write")[1]
  equal({ sent.json.vals.image, sent.file }, { image, "sent" })
  call.update(partners, "7", { name = "Ada" })
  equal(http.asked("POST /json/2/res.partner/write")[2].file, nil)
end)

test("odoo: an attachment that an upload whose answer was lost has left is taken, and becomes the record's", function()
  local call, http = odoo { ["ir.attachment.search_read"] = array { { id = 12 } }, ["ir.attachment.write"] = function() return true end,
    ["res.partner.write"] = function() return true end, ["res.partner.read"] = array { { id = 7, name = "Ada", paper = array { 12, "a.png" } } } }
  local file = { field = "paper", sha256 = photo.sha256, name = photo.name, type = photo.type, base64 = photo.base64 }
  equal(call.upload(partners, file), 12)
  equal(#http.asked("POST .*/create"), 0)
  call.update({ name = "res.partner", key = array { "id" }, fields = array { "name", "paper" }, files = array { "paper" } }, "7", { paper = 12 })
  equal(http.asked("POST /json/2/ir.attachment/write")[1].json.vals, { res_model = "res.partner", res_id = 7 })
end)

test("odoo: an exchanged attachment is told by its checksum, and a field of its own by none", function()
  local call, http = odoo { ["ir.attachment.search_read"] = array { { id = 12, checksum = "c0ffee" }, { id = 13, checksum = false } },
    ["ir.attachment.read"] = array { { id = 12, name = "a.png", type = "binary", datas = image, checksum = "c0ffee" } } }
  equal(call.download(partners, "12").mark, "c0ffee")
  equal(call.file_marks(partners, array { "12", "13", "res.partner/7/image/c0ffee" }), { ["12"] = "c0ffee" })
  local before = #http.requests
  equal(json.encode(call.file_marks(partners, array { "res.partner/7/image/c0ffee" })), "{}")
  equal(#http.requests, before)
end)

test("odoo: an attachment of ours that a record names and nobody was given becomes the record's with the next look", function()
  local papers = { name = "res.partner", word = "model", key = array { "id" }, fields = array { "name", "paper" }, files = array { "paper" }, options = {} }
  local row = { id = 12, name = "a.png", type = "binary", datas = image, checksum = "c0ffee", res_id = false, description = "tidewire " .. photo.sha256 }
  local function given_by(look)
    local call, http = odoo { ["ir.attachment.search_read"] = array { row }, ["ir.attachment.read"] = array { row }, ["ir.attachment.write"] = function() return true end,
      ["res.partner.search_read"] = array { { id = 7 } } }
    look(call)
    local sent = http.asked("POST /json/2/ir.attachment/write")
    local asked = http.asked("POST /json/2/res.partner/search_read")[1]
    return { sent[1] and { sent[1].json.ids, sent[1].json.vals }, asked and asked.json.domain }
  end
  local function download(call) equal(got(call.download(papers, "12")), { bytes, "a.png", nil }) end
  local function marks(call) equal(call.file_marks(papers, array { "12" }), { ["12"] = "c0ffee" }) end
  local given = { { { 12 }, { res_model = "res.partner", res_id = 7 } }, { { "paper", "=", 12 } } }
  equal({ given_by(download), given_by(marks) }, { given, given })
  row.res_id = 8
  equal({ given_by(download), given_by(marks) }, { {}, {} })
  row.res_id, row.description = 0, "somebody else's"
  equal({ given_by(download), given_by(marks) }, { {}, {} })
end)

test("where a field holds the content itself, an empty file is refused, as no file is what it would be", function()
  local empty = { sha256 = hash.sha256 "", name = "empty.txt", type = "text/plain", base64 = "" }
  local call = odoo { ["ir.attachment.search_read"] = array {}, ["ir.attachment.create"] = array { 12 } }
  fails("invalid", "'empty.txt' is empty", call.upload(partners, { field = "image", sha256 = empty.sha256, name = empty.name, type = empty.type, base64 = "" }))
  equal(call.upload(partners, { field = "paper", sha256 = empty.sha256, name = empty.name, type = empty.type, base64 = "" }), 12)
  fails("invalid", "'empty.txt' is empty", require("tidewire.table_files").upload { name = "empty.txt", bytes = "" })
end)

test("odoo: contents are read as many at once as their sizes let, and one beyond the limit is not read", function()
  local sizes = { [1] = "3.00 Mb", [2] = "4.00 Mb", [3] = "4.00 Mb", [4] = false, [5] = "20 MB", [6] = "12.00 bytes" }
  local asked = {}
  local call = odoo { ["ir.attachment.search_read"] = denied, ["res.partner.read"] = function(body)
    local rows = array {}
    if body.fields[1] == "image" and not body.context.bin_size then asked[#asked + 1] = body.ids end
    for i, id in ipairs(body.ids) do
      rows[i] = { id = id, name = "x", image = image }
      if body.context.bin_size then rows[i].image = sizes[id] end
    end
    return rows
  end }
  local records = call.read(partners, array { "1", "2", "3", "4", "5", "6" })
  equal(asked, { { 1, 2 }, { 3, 6 } })
  equal({ records[1].fields.image, records[4].fields.image }, { "res.partner/1/image/" .. hash.sha256(bytes):sub(1, 40), null })
  fails("invalid", "'image' is larger than", call.download(partners, records[5].fields.image))
  equal(#asked, 2)
end)

test("odoo: an attachment that is an address, or larger than the limit, is refused", function()
  local row = { id = 12, name = "a.png", type = "url", datas = false, mimetype = "image/png" }
  local call = odoo({ ["ir.attachment.read"] = function() return array { row } end }, { max_file_size = "1KB" })
  fails("invalid", "is an address", call.download(partners, "12"))
  row = { id = 12, name = "a.png", type = "binary", datas = hash.base64(("x"):rep(2000)), mimetype = "image/png" }
  fails("invalid", "larger than 1000 bytes", call.download(partners, "12"))
end)

-- Notion --------------------------------------------------------------------------------------------------------------

local page_id, stamp = "0b5a4a3c-1111-4000-8000-000000000001", "2026-11-20T21:50:00.000Z"
local vault = { name = "da7a0000-0000-4000-8000-000000000002", word = "data_source", key = array { "id" }, fields = array { "Scan" }, files = array { "Scan" }, options = {} }
local hosted = { name = "ada.png", type = "file", file = { url = "https://s3.example.org/ada.png?signature=1", expiry_time = stamp } }

local function notion(list, routes, version)
  local answers = { { "GET /v1/data_sources/.*", { body = { properties = { Scan = { id = "sc%3C", type = "files", files = {} } } } } },
    { "GET /v1/pages/.*", { body = { id = page_id, last_edited_time = stamp, in_trash = false, properties = { Scan = { id = "sc%3C", type = "files", files = array(list) } } } } } }
  for _, route in ipairs(routes or {}) do answers[#answers + 1] = route end
  return connect("notion", { url = "https://api.notion.com", token = "t", version = version }, answers)
end

test("notion: a hosted file is known by its page and name, and read by the address of the moment without the token", function()
  local call, http = notion({ hosted }, { { "GET /ada%.png", { body = bytes, headers = { ["content-type"] = "image/png" } } } })
  local ref = call.read(vault, array { page_id })[1].fields.Scan
  equal(ref, page_id .. "/sc%3C/" .. stamp .. "/ada.png")
  equal(got(call.download(vault, ref)), { bytes, "ada.png", "image/png" })
  equal(http.asked("GET /ada%.png")[1].headers.Authorization, nil)
  fails("unavailable", "was edited", call.download(vault, page_id .. "/sc%3C/2026-11-20T21:49:00.000Z/ada.png"))
  equal(call.download(vault, page_id .. "/other/" .. stamp .. "/ada.png"), null)
end)

test("notion: an address that has run out is asked for anew", function()
  local call = notion({ hosted }, { { "GET /ada%.png", { status = 403, body = "<Error><Code>AccessDenied</Code></Error>" } } })
  fails("unavailable", "signed address", call.download(vault, page_id .. "/sc%3C/" .. stamp .. "/ada.png"))
end)

test("notion: an address elsewhere and several files are refused", function()
  local call = notion { { name = "a.png", type = "external", external = { url = "https://elsewhere.example.org/a.png" } } }
  fails("invalid", "address elsewhere", call.download(vault, call.read(vault, array { page_id })[1].fields.Scan))
  call = notion { hosted, hosted }
  fails("invalid", "2 files", call.read(vault, array { page_id }))
end)

test("notion: an upload is made, sent and named; versions that are not known to have uploads are not asked", function()
  local call, http = notion({}, { { "POST /v1/file_uploads", { body = { id = "u1", status = "pending" } } }, { "POST /v1/file_uploads/u1/send", { body = { id = "u1", status = "uploaded" } } },
    { "PATCH /v1/pages/.*", { body = { id = page_id, last_edited_time = stamp, in_trash = false, properties = { Scan = { id = "sc%3C", type = "files", files = array { hosted } } } } } } })
  local value = call.upload(vault, { field = "Scan", sha256 = photo.sha256, name = photo.name, type = photo.type, base64 = photo.base64 })
  equal(value, "file_upload:u1")
  local sent = http.asked("POST /v1/file_uploads/u1/send")[1]
  equal({ form.parts(sent.body, sent.headers["Content-Type"]).file.value, sent.file }, { bytes, "sent" })
  call.update(vault, page_id, { Scan = value })
  equal(http.asked("PATCH .*")[1].json.properties["sc%3C"], { files = { { type = "file_upload", file_upload = { id = "u1" } } } })
  call, http = notion({}, {}, "2022-06-28")
  fails("invalid", "not uploaded with the version", call.upload(vault, photo))
  equal(#http.requests, 0)
end)

test("what a connector can is told to mappings", function()
  local _, _, side = supabase {}
  equal(side.files, { download = true, upload = true, shared = true })
  local other = host(function() return require "connectors.postgres" end, { name = "db", config = { host = "h", database = "d", user = "u", password = "p" } })
  equal(other.files, { download = true, upload = true, shared = false })
  local none = host(function() return require "connectors.http" end, { name = "crm", config = { url = "https://crm.example.org", collections = {} } })
  equal(none.files, { download = false, upload = false, shared = false })
end)
