-- The wordpress connector on a real site: `tidewire lua live_wordpress.lua --profile io -- URL PASSWORD DATABASE-PORT`.
-- The site has the plugin of `install` and runs PHP at /?practice.
local url, password, port = ...
local tap = require "tap"
local hash = require "tidewire.hash"
local host = require "tidewire.host.connector"
local http = require "tidewire.http"
local json = require "tidewire.json"
local sql = require "tidewire.sql"
local task = require "tidewire.task"

local null, array, object = json.null, json.array, json.object
local test, equal, ok = tap.test, tap.equal, tap.ok

local function php(code)
  local answer = assert(http.request { method = "POST", url = url .. "/?practice=1", body = code, headers = { ["Content-Type"] = "text/plain" } })
  local decoded = json.decode(answer.body)
  return assert(decoded and decoded.result ~= nil and decoded, code .. ": " .. answer.body).result
end

local config = { url = url, user = "admin", password = password, webhook_secret = "practice", overlap = 1 }
local database = { port = tonumber(port), database = "practice", user = "practice", password = "practice" }
local function connect(changes)
  local all = {}
  for name, value in pairs(changes or config) do all[name] = value end
  return host(function() return require "connectors.wordpress" end, { name = "subject", config = all }).functions
end

local function collection(word, name, fields, options)
  return { word = word, name = name, key = array { "id" }, fields = array(fields), options = object(options or {}) }
end
local posts = collection("post_type", "post", { "title", "status", "date_gmt" })

local function fails(code, pattern, value, err)
  equal(value, nil)
  equal(err and err.code, code)
  ok(tostring(err and err.message):find(pattern), tostring(err and err.message) .. " has no " .. pattern)
end

local function insert(title, more)
  return tostring(php(("return wp_insert_post(['post_title' => '%s', 'post_status' => 'publish', %s]);"):format(title, more or "")))
end

local function drain(call, where, cursor)
  local seen, gone = {}, {}
  local page
  repeat
    page = assert(call.changes(where, cursor, 50))
    for _, record in ipairs(page.records) do seen[record.key] = record.fields.title or true end
    for _, key in ipairs(page.deleted) do gone[key] = true end
    cursor = page.cursor
  until not page.more
  return seen, cursor, gone
end

-- The four ways to lose changes ------------------------------------------------------------------------------------------------

test("an edit in the very second of the mark is not lost to the strict comparison", function()
  local call, key = connect(), insert "Second"
  local cursor = assert(call.start(posts))
  local _, after = drain(call, posts, cursor)
  -- The last change bears the second of the mark itself.
  after.scan.mark = php(("wp_update_post(['ID' => %s, 'post_title' => 'Same second']); return get_post_modified_time('Y-m-d\\TH:i:s\\Z', true, %s);"):format(key, key))
  equal(drain(call, posts, after)[key], "Same second")
end)

test("the hour when clocks go back, and a changed zone of the site, hide nothing", function()
  local call, key = connect(), insert "Zones"
  local cursor = assert(call.start(posts))
  local _, after = drain(call, posts, cursor)
  -- In this zone all that is stored lies 14 hours before what the site now calls local time.
  php(("wp_update_post(['ID' => %s, 'post_title' => 'Before the move']); return update_option('timezone_string', 'Pacific/Kiritimati');"):format(key))
  local seen
  seen, after = drain(call, posts, after)
  equal(seen[key], "Before the move")
  php(("return wp_update_post(['ID' => %s, 'post_title' => 'After the move']);"):format(key))
  equal(drain(call, posts, after)[key], "After the move")
  -- 2026-11-01 06:30Z in New York is 01:30 of winter; a poll from 07:15Z less an overlap of a second would ask from 02:15 local.
  php "update_option('timezone_string', 'America/New_York'); return 1;"
  local fresh = connect()
  local before = assert(fresh.start(posts))
  php(("global $wpdb; return $wpdb->update($wpdb->posts, ['post_title' => 'Winter', 'post_modified' => '2026-11-01 01:30:00', 'post_modified_gmt' => '2026-11-01 06:30:00'], ['ID' => %s]);"):format(key))
  php(("clean_post_cache(%s); return 1;"):format(key))
  before.scan.mark = "2026-11-01T05:45:00Z"
  local found = drain(fresh, posts, before)
  php "return update_option('timezone_string', '');"
  equal(found[key], "Winter")
end)

test("a planned post that cron publishes is seen, over REST and in the tables, though its time stands still", function()
  local where = collection("post_type", "post", { "title", "status" })
  local key = insert("Planned", "'post_status' => 'future', 'post_date' => gmdate('Y-m-d H:i:s', time() + 3600)")
  local function set(values) php(("global $wpdb; $wpdb->update($wpdb->posts, [%s], ['ID' => %s]); clean_post_cache(%s); return 1;"):format(values, key, key)) end
  set "'post_modified' => gmdate('Y-m-d H:i:s', time() - 864000), 'post_modified_gmt' => gmdate('Y-m-d H:i:s', time() - 864000)"
  for _, call in ipairs { connect(), connect { tables = database, overlap = 1 } } do
    local cursor = assert(call.start(where))
    local _, after = drain(call, where, cursor)
    set "'post_status' => 'future', 'post_date' => gmdate('Y-m-d H:i:s', time() + 1), 'post_date_gmt' => gmdate('Y-m-d H:i:s', time() + 1)"
    task.sleep(1.1)
    php(("check_and_publish_future_post(%s); return 1;"):format(key))
    local seen
    seen, after = drain(call, where, after)
    equal(seen[key], "Planned")
    equal(drain(call, where, after)[key], nil)
  end
end)

test("a new post of the past is seen by its id, one of the future does not carry the mark away", function()
  local call = connect()
  local _, after = drain(call, posts, assert(call.start(posts)))
  local old = insert("Old", "'post_date' => '2001-01-01 00:00:00', 'post_date_gmt' => '2001-01-01 00:00:00'")
  local planned = tostring(php "return wp_insert_post(['post_title' => 'Planned', 'post_status' => 'future', 'post_date' => '2040-01-01 00:00:00', 'post_date_gmt' => '2040-01-01 00:00:00']);")
  local seen
  seen, after = drain(call, posts, after)
  equal({ seen[old], seen[planned] }, { "Old", "Planned" })
  ok(after.scan.mark < "2039", "the mark is " .. after.scan.mark)
  equal(assert(call.read(posts, array { planned }))[1].modified, nil)
  -- A poll that begins anew, as after a restart, knows only its cursor.
  php(("return wp_update_post(['ID' => %s, 'post_title' => 'Old, edited']);"):format(old))
  equal(drain(connect(), posts, after)[old], "Old, edited")
end)

test("meta and terms that move no time differ in the version, for a sweep", function()
  local call, key = connect(), insert "Late"
  local where = collection("post_type", "post", { "title", "categories", "meta.late" })
  assert(call.install(where, { apply = true }))
  local before = assert(call.read(where, array { key }))[1]
  php(("update_post_meta(%s, 'late', 'x'); return 1;"):format(key))
  local then_ = assert(call.read(where, array { key }))[1]
  equal({ then_.modified == before.modified, then_.version == before.version, then_.fields.meta.late }, { true, false, "x" })
  php(("$t = wp_insert_term('Late term', 'category'); wp_set_post_terms(%s, [$t['term_id']], 'category'); return 1;"):format(key))
  local last = assert(call.read(where, array { key }))[1]
  equal({ last.modified == before.modified, last.version == then_.version }, { true, false })
  local found = assert(call.find(where, array { array { { field = "meta.late", value = "x" } } }))
  equal({ #found[1], found[1][1].key }, { 1, key })
  assert(call.uninstall(where, { apply = true }))
end)

-- Posts -------------------------------------------------------------------------------------------------------------------------

test("the trash is a deletion that a poll tells; out of it a post is back; for good where it is said", function()
  local call, key = connect(), insert "Trashed"
  local _, after = drain(call, posts, assert(call.start(posts)))
  php(("return wp_trash_post(%s) ? 1 : 0;"):format(key))
  local gone
  _, after, gone = drain(call, posts, after)
  equal({ gone[key], #assert(call.read(posts, array { key })), call.trash(posts, key).fields.title }, { true, 0, "Trashed" })
  fails("not_found", "trash", call.update(posts, key, { title = "x" }))
  fails("not_found", "trash", call.delete(posts, key))
  php(("return wp_untrash_post(%s) ? 1 : 0;"):format(key))
  equal(drain(call, posts, after)[key], "x")      -- WordPress writes into its trash too; whoever asked was told
  local pages = collection("post_type", "page", { "title", "parent" }, { force = true })
  local page = assert(call.create(pages, array { { values = { title = "A page" } } }))[1].record
  equal(page.fields.parent, null)
  equal(assert(call.delete(pages, page.key)), true)
  equal(php(("return get_post_status(%s);"):format(page.key)), false)
end)

test("the copy in the trash is as it was, but for what somebody edited in between", function()
  local call, where = connect(), collection("post_type", "post", { "title", "status", "slug", "modified_gmt", "date_gmt" })
  for _, status in ipairs { "publish", "draft", "pending", "private" } do
    local record = assert(call.create(where, array { { values = { title = "Thrown away", status = status } } }))[1].record
    assert(call.delete(where, record.key))
    equal(connect().trash(where, record.key).fields, record.fields)
    php(("global $wpdb; return $wpdb->update($wpdb->posts, ['post_title' => 'Edited'], ['ID' => %s]);"):format(record.key))
    php(("clean_post_cache(%s); return 1;"):format(record.key))
    equal(call.trash(where, record.key).fields.title, "Edited")
    local back = assert(call.put_back(where, record.key))
    equal({ back.key, back.fields.title }, { record.key, "Edited" })
    equal(assert(call.put_back(where, record.key)).fields, back.fields)
  end
end)

test("a draft that nobody gave a date has none, whenever it is saved", function()
  local call = connect()
  local made = assert(call.create(posts, array { { values = { title = "Draft", status = "draft" } } }))[1].record
  equal(made.fields.date_gmt, null)
  task.sleep(1.1)
  equal(assert(call.update(posts, made.key, { title = "Draft, saved" })).fields.date_gmt, null)
  local dated = assert(call.update(posts, made.key, { date_gmt = "2024-05-01T10:11:12" }))
  equal(dated.fields.date_gmt, "2024-05-01T10:11:12")
  for _, status in ipairs { "draft", "pending" } do
    local born = assert(call.create(posts, array { { values = { title = "Dated", status = status, date_gmt = "2024-05-01T10:11:12" } } }))[1].record
    equal(born.fields.date_gmt, "2024-05-01T10:11:12")
    equal(assert(call.read(posts, array { born.key }))[1].fields.date_gmt, "2024-05-01T10:11:12")
  end
end)

test("an administrator lacks no right of categories and tags", function()
  for _, name in ipairs { "category", "post_tag" } do
    local about = assert(connect().describe(collection("taxonomy", name, { "name" })))
    equal({ about.warnings, about.tells_times }, { array {}, false })
  end
end)

test("what WordPress would drop in silence is refused: unknown terms, unregistered meta, the trash as a status", function()
  local call = connect()
  local where = collection("post_type", "post", { "title", "categories" })
  local outcomes = assert(call.create(where, array { { values = { title = "x", categories = array { 1, 99999 } } } }))
  fails("invalid", "no category 99999", nil, outcomes[1].error)
  fails("invalid", "not registered for REST", call.read(collection("post_type", "post", { "meta.nobody" }), array { "1" }))
  fails("invalid", "did you mean 'title'", call.read(collection("post_type", "post", { "titel" }), array { "1" }))
  fails("invalid", "no post_type 'pots'.*did you mean 'post'", call.describe(collection("post_type", "pots", {})))
  fails("invalid", "media are not synchronised", call.describe(collection("post_type", "attachment", {})))
  fails("invalid", "not moved to the trash by its status", call.update(where, "1", { status = "trash" }))
  fails("invalid", "empty_content", nil, assert(call.create(where, array { { values = { title = "" } } }))[1].error)
  local long = assert(call.create(where, array { { values = { title = ("é"):rep(40000) } } }))[1].error
  equal(long.code, "invalid")
end)

test("the catalog has what can be picked: types, taxonomies and users, without the site's own workings", function()
  local function names(call)
    local list = {}
    for i, one in ipairs(assert(call.catalog())) do list[i] = one.word .. " " .. one.name end
    return table.concat(list, ", ")
  end
  local shown = names(connect())
  for _, wanted in ipairs { "post_type page", "post_type post", "route users", "taxonomy category", "taxonomy post_tag" } do ok(shown:find(wanted, 1, true), shown .. " lacks " .. wanted) end
  ok(not shown:find "wp_" and not shown:find "nav_menu" and not shown:find "attachment", shown)
  for _, one in ipairs(assert(connect().catalog())) do assert(connect().describe(collection(one.word, one.name, {}))) end
  local direct = names(connect { tables = database })
  ok(direct:find("post_type post", 1, true) and not direct:find "revision" and not direct:find "wp_", direct)
end)

test("a picture is told to stay where it is", function()
  for _, field in ipairs(assert(connect().describe(posts)).fields) do equal({ field.name, field.file }, { field.name, field.name == "featured_media" or nil }) end
end)

-- A PNG of one black dot with `more` behind its end: any bytes, and an image for WordPress.
local dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
local function picture(more) return assert(hash.from_base64(dot)) .. more end
local function media() return php("return count(get_posts(['post_type' => 'attachment', 'post_status' => 'inherit', 'numberposts' => -1]));") end

test("a file is put there once, found again by its content, and read as it was sent", function()
  local call, before = connect(), media()
  local bytes = picture "\0\255\r\n once"
  local file = { field = "featured_media", sha256 = hash.sha256(bytes), name = "ada lovelace.png", type = "image/png", base64 = hash.base64(bytes) }
  local id = assert(call.upload(posts, file))
  equal(call.upload(posts, file), id)
  equal(media(), before + 1)
  local got = assert(call.download(posts, tostring(id)))
  equal(hash.from_base64(got.base64), bytes)
  equal({ got.name, got.type }, { "ada-lovelace.png", "image/png" })
  equal(call.has_file(posts, tostring(id)), id)

  local featured = collection("post_type", "post", { "title", "featured_media" })
  local made = assert(call.create(featured, array { { values = { title = "with a picture", featured_media = id } } }))[1].record
  equal(made.fields.featured_media, id)
  equal(assert(call.update(featured, made.key, { featured_media = null }, made.version)).fields.featured_media, null)

  php(("return wp_delete_attachment(%d, true) !== false;"):format(id))
  equal(call.has_file(posts, tostring(id)), null)
  equal(call.download(posts, tostring(id)), null)
end)

test("what WordPress takes in no upload is refused, not tried for ever", function()
  local bytes = "MZ"
  fails("invalid", "rest_upload", connect().upload(posts, { field = "featured_media", sha256 = hash.sha256(bytes), name = "a.exe", type = "application/x-msdownload", base64 = hash.base64(bytes) }))
end)

test("creates of one title at once get slugs of their own", function()
  local call, where, work = connect(), collection("post_type", "post", { "title", "slug" }), {}
  for i = 1, 6 do
    work[i] = function() return assert(call.create(where, array { { values = { title = "Race", status = "publish" } } }))[1].record end
  end
  local slugs = {}
  for _, record in ipairs(assert(task.all(work))) do slugs[record.fields.slug] = true end
  local count = 0
  for _ in pairs(slugs) do count = count + 1 end
  equal(count, 6)
end)

test("a role that sees only its own posts says so, and no post of others is taken for gone", function()
  local secret = php "$id = wp_insert_user(['user_login' => 'writer', 'user_pass' => 'x', 'role' => 'author', 'user_email' => 'w@example.org']); return WP_Application_Passwords::create_new_application_password($id, ['name' => 'x'])[0];"
  local call = connect { url = url, user = "writer", password = secret }
  ok(table.concat(assert(call.describe(posts)).warnings):find("sees its own posts only", 1, true))
  equal(assert(call.describe(collection("taxonomy", "category", { "name" }))).warnings, array { "the user lacks of category: manage_categories" })
  equal(#assert(call.list(posts, nil, 50)).records, 0)
  fails("invalid", "rest_forbidden_context", call.read(posts, array { "1" }))
  local mine = assert(call.create(posts, array { { values = { title = "Mine", status = "publish" } } }))[1].record
  equal(assert(call.list(posts, nil, 50)).records[1].key, mine.key)
  fails("invalid", "rest_cannot_edit", call.update(posts, "1", { title = "x" }))
end)

-- Terms and users ---------------------------------------------------------------------------------------------------------------

test("terms: names with marks, the same name twice, a parent, changes by content, deletion", function()
  local call, where = connect(), collection("taxonomy", "category", { "name", "slug", "description", "parent" })
  local cursor = assert(call.start(where))
  local _
  _, cursor = drain(call, where, cursor)
  local made = assert(call.create(where, array { { values = { name = "A & B <x> \"q\"", slug = "a-b" } } }))[1].record
  ok(made.fields.name:find("A & B", 1, true), made.fields.name)
  equal(made.fields.parent, null)
  local again = assert(call.create(where, array { { values = { name = "A & B <x> \"q\"", slug = "a-b" } } }))[1]
  equal(again.error and again.error.code, "stale")
  local found = assert(call.find(where, array { array { { field = "slug", value = "a-b" } }, array { { field = "slug", value = "none" } } }))
  equal({ #found[1], #found[2] }, { 1, 0 })
  equal(#assert(call.find(where, array { array { { field = "name", value = made.fields.name } } }))[1], 1)
  local child = assert(call.create(where, array { { values = { name = "Child", parent = made.key } } }))[1].record
  equal(child.fields.parent, tonumber(made.key))
  local seen
  seen, cursor = drain(call, where, cursor)
  equal({ seen[made.key], seen[child.key], seen["1"] }, { true, true, nil })
  assert(call.update(where, child.key, { description = "said <b>anew</b>", parent = null }))
  seen = drain(call, where, cursor)
  equal({ seen[made.key], seen[child.key] }, { nil, true })
  equal(assert(call.delete(where, child.key)), true)
  equal(#assert(call.read(where, array { child.key, made.key })), 1)
end)

test("users: made with a password of their own, found by address, deleted only where somebody takes their posts", function()
  local call, where = connect(), collection("route", "users", { "username", "email", "first_name", "roles" })
  local made = assert(call.create(where, array { { values = { username = "ada", email = "ada@example.org", first_name = "Ada" } } }))[1].record
  equal(assert(call.update(where, made.key, { first_name = "Ada ✓" })).fields.first_name, "Ada ✓")
  equal(assert(call.find(where, array { array { { field = "email", value = "ada@example.org" } } }))[1][1].key, made.key)
  equal(assert(call.create(where, array { { values = { username = "ada", email = "b@example.org" } } }))[1].error.code, "stale")
  fails("invalid", "who shall get the posts", call.delete(where, made.key))
  where.options = { reassign = 1 }
  equal(assert(call.delete(where, made.key)), true)
end)

test("without pretty permalinks the API is found in the query", function()
  php "update_option('permalink_structure', ''); flush_rewrite_rules(false); return 1;"
  local call = connect()
  local record = assert(call.read(posts, array { "1" }))[1]
  php "update_option('permalink_structure', '/%postname%/'); flush_rewrite_rules(false); return 1;"
  equal(record.key, "1")
end)

-- The tables --------------------------------------------------------------------------------------------------------------------

local direct = { tables = database, overlap = 1 }
local articles = collection("post_type", "post", { "title", "content.raw", "status", "menu_order", "modified_gmt", "meta.sku" })

test("the tables: rows read as the API has them, noise left out", function()
  local key = insert("Direct ✓🙂", "'post_content' => 'raw'")
  php(("update_post_meta(%s, 'sku', 'D-1'); wp_update_post(['ID' => %s, 'post_content' => 'raw & more']); get_default_post_to_edit('post', true); return 1;"):format(key, key))
  local call = connect(direct)
  equal(#assert(call.test()).warnings, 0)
  local record = assert(call.read(articles, array { key }))[1]
  equal({ record.fields.title, record.fields.content.raw, record.fields.status, record.fields.meta.sku }, { "Direct ✓🙂", "raw & more", "publish", "D-1" })
  local cursor, kinds, count = nil, {}, 0
  repeat
    local page = assert(call.list(articles, cursor, 7))
    for _, one in ipairs(page.records) do kinds[one.fields.status or ""], count = true, count + 1 end
    cursor = page.cursor
  until not cursor
  local scoped = { name = articles.name, word = articles.word, key = articles.key, fields = articles.fields, options = articles.options, scope = { ["meta.sku"] = "D-1" } }
  equal({ call.count(articles), call.count(scoped) }, { count, 1 })
  equal({ kinds.inherit, kinds["auto-draft"], kinds.trash, kinds.publish }, { nil, nil, nil, true })
  equal(assert(call.find(articles, array { array { { field = "meta.sku", value = "D-1" } }, array { { field = "title", value = "DIRECT ✓🙂", fold = true } },
    array { { field = "title", value = "DIRECT ✓🙂" } } }))[1][1].key, key)
end)

test("the tables: a guarded write, both times moved together, the API sees it", function()
  local key, call, rest = insert "Written", connect(direct), connect()
  php "return update_option('timezone_string', 'Europe/Berlin');"
  local record = assert(call.read(articles, array { key }))[1]
  local after = assert(call.update(articles, key, { title = "Written ✓", content = object { raw = "a\r\nb \\ 'q'" }, menu_order = 3, meta = object { sku = "N-1" } }, record.version))
  local times = php(("$p = get_post(%s); return [$p->post_modified, $p->post_modified_gmt, get_gmt_from_date($p->post_modified)];"):format(key))
  php "return update_option('timezone_string', '');"
  equal(times[2], times[3])
  ok(times[1] ~= times[2])
  equal({ after.fields.title, after.fields.content.raw, after.fields.meta.sku, after.version ~= record.version }, { "Written ✓", "a\r\nb \\ 'q'", "N-1", true })
  fails("stale", "changed", call.update(articles, key, { title = "late", meta = object { sku = "late" } }, record.version))
  equal(php(("return get_post_meta(%s, 'sku', true);"):format(key)), "N-1")
  equal(assert(rest.read(collection("post_type", "post", { "title" }), array { key }))[1].fields.title, "Written ✓")
  local cleared = assert(call.update(articles, key, { meta = object { sku = null } }, after.version))
  equal(cleared.fields.meta.sku, null)
  fails("not_found", "no post", call.update(articles, "987654321", { title = "x" }))
end)

test("the tables: serialised values are neither shown nor touched, on the way in or out", function()
  local key, call = insert "Serialised", connect(direct)
  php(("update_post_meta(%s, 'sku', ['name' => 'Söhne', 'n' => 3]); return 1;"):format(key))
  fails("invalid", "'sku' of post %d+ is serialised", call.read(articles, array { key }))
  fails("invalid", "is serialised", call.update(articles, key, { title = "x", meta = object { sku = "plain" } }))
  local others = collection("post_type", "post", { "title" })
  local record = assert(call.read(others, array { key }))[1]
  fails("invalid", "is serialised", call.update(articles, key, { meta = object { sku = "plain" } }, record.version))
  equal(php(("return get_post_meta(%s, 'sku', true);"):format(key)), { name = "Söhne", n = 3 })
  local plain = insert "Plain"
  for _, value in ipairs { 'a:1:{i:0;i:1;}', 'O:8:"stdClass":0:{}', "b:1;", "N;", 's:1:"x";' } do
    fails("invalid", "looks like one that PHP serialised", call.update(articles, plain, { meta = object { sku = value } }))
  end
  php(("add_post_meta(%s, 'sku', 'one'); add_post_meta(%s, 'sku', 'two'); return 1;"):format(plain, plain))
  fails("invalid", "several values", call.read(articles, array { plain }))
end)

test("the tables: what WordPress must do itself is refused", function()
  local key, call = insert "Refused", connect(direct)
  fails("invalid", "not moved to 'trash'", call.update(articles, key, { status = "trash" }))
  fails("invalid", "not moved to 'future'", call.update(articles, key, { status = "future" }))
  fails("invalid", "not written in the tables", call.update(articles, key, { slug = "x" }))
  fails("invalid", "are not made in the tables", call.create(articles, array { { values = { title = "x" } } }))
  fails("invalid", "are not deleted in the tables", call.delete(articles, key))
  local draft = tostring(php "return wp_insert_post(['post_title' => 'No slug', 'post_status' => 'draft']);")
  fails("invalid", "published in WordPress", call.update(articles, draft, { status = "publish" }))
  assert(call.update(articles, key, { status = "private" }))
end)

test("the tables: a poll sees edits, drafts without a time, posts of the past, and the trash", function()
  local call, key, doomed = connect(direct), insert "Polled", insert "Doomed"
  local _, after = drain(call, articles, assert(call.start(articles)))
  php(("wp_update_post(['ID' => %s, 'post_title' => 'Polled, edited']); wp_trash_post(%s); return 1;"):format(key, doomed))
  local old = insert("Of old", "'post_date' => '2001-01-01 00:00:00', 'post_date_gmt' => '2001-01-01 00:00:00'")
  local draft = tostring(php "return wp_insert_post(['post_title' => 'Zero', 'post_status' => 'draft']);")
  insert("Ahead", "'post_status' => 'future', 'post_date' => '2040-01-01 00:00:00', 'post_date_gmt' => '2040-01-01 00:00:00'")
  local seen, cursor, gone = drain(call, articles, after)
  equal({ seen[key], seen[old], seen[draft], gone[doomed] }, { "Polled, edited", "Of old", "Zero", true })
  ok(cursor.scan.mark < "2039", cursor.scan.mark)
  local db = sql.mysql(database)
  assert(db:query(("update wp_posts set post_title = 'By SQL' where ID = %s"):format(draft), {}, { write = true }))
  equal(drain(call, articles, cursor)[draft], "By SQL")
end)

return require "live" "wordpress"
