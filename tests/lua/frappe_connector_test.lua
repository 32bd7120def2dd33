-- profile: io
-- The Frappe connector against recorded answers of real sites.

local tap = require "tap"
local json = require "tidewire.json"
local fake_http = require "fake_http"
local host = require "tidewire.host.connector"
local recorded = require "recordings.frappe"
local time = require "tidewire.time"

local null, array = json.null, json.array

local config = { url = "https://erp.example.com/", api_key = "k", api_secret = "s" }
local fields = array { "first_name", "last_name", "department", "date_of_birth", "shift_start", "salary", "level" }

local function collection(more)
  local one = { name = "TW Employee", word = "doctype", key = array { "name" }, fields = fields }
  for name, value in pairs(more or {}) do one[name] = value end
  return one
end

local function connect(routes, options)
  routes[#routes + 1] = { "GET /api/method/frappe.desk.form.load.getdoctype", recorded.getdoctype }
  routes[#routes + 1] = { "GET /api/method/frappe.client.get_single_value", { body = recorded.get_single_value_time_zone.body } }
  local http = fake_http.new(routes)
  local given = {}
  for name, value in pairs(config) do given[name] = value end
  for name, value in pairs(options or {}) do given[name] = value end
  local side = host(function() return require "connectors.frappe" end, { name = "erp", config = given, http = http })
  return side.functions, http, side
end

local employees, employee = "/api/resource/TW Employee", "/api/resource/TW Employee/TWE%-00003"

local function row(name, modified, more)
  local values = { name = name, creation = "2026-11-20 10:00:00", modified = modified or "2026-11-20 10:00:00.5",
    first_name = "A", last_name = null, department = null, date_of_birth = null, shift_start = "9:05:1.5", salary = 0, level = 0 }
  for field, value in pairs(more or {}) do values[field] = value end
  return values
end

local function rows(...) return { body = { data = array { ... } } } end

tap.test("a misspelt option is an error with a suggestion", function()
  tap.raises(function() connect({}, { api_kay = "x" }) end, "api_key")
  tap.raises(function() connect({}, { url = "erp.example.com" }) end, "http")
end)

tap.test("proof follows what is configured", function()
  local _, _, side = connect({}, { webhook_secret = "w" })
  tap.equal(side.proof.kind, "hmac-sha256")
  tap.equal(side.proof.encoding, "base64")
  _, _, side = connect({}, { webhook = { header = "X-Token", secret = "t" } })
  tap.equal(side.proof.kind, "header")
  _, _, side = connect {}
  tap.equal(side.proof.kind, "none")
end)

tap.test("a single read fills in what is null and puts times in one form", function()
  local call, http = connect { { "GET " .. employee, recorded.read_full }, { "GET /api/resource/TW Employee Skill", rows() }, { "GET " .. employees, rows() } }
  local record = call.read(collection { fields = array { "first_name", "notes_html", "shift_start", "salary", "last_seen", "skills" } }, array { "TWE-00003" })[1]
  tap.equal(record.key, "TWE-00003")
  tap.equal(record.version, "2026-11-20 23:45:49.495311")
  tap.equal(record.incarnation, "2026-11-20 23:45:49.495311")
  tap.equal(record.modified, "2026-11-20T22:45:49.495311Z")
  tap.equal(record.fields.notes_html, null)
  tap.equal(record.fields.shift_start, "09:05:00")
  tap.equal(tostring(record.fields.salary), "1234.567891234")
  tap.equal(record.fields.last_seen, "2024-05-01 10:11:12.000013")
  tap.equal(record.fields.first_name, "Bob")
  tap.equal(json.is_array(record.fields.skills), true)
  tap.equal(http.requests[#http.requests].headers.Authorization, "token k:s")
  tap.equal(http.asked("GET /api/resource/TW Employee Skill")[1].query.parent, "TW Employee")
end)

tap.test("a field that the site does not have any more is an error, not a null", function()
  local unknown = { status = 417, body = '{"exc_type":"DataError","exception":"frappe.exceptions.DataError: Field not permitted in query: notes_html"}' }
  local call = connect { { "GET " .. employee, recorded.read_full }, { "GET " .. employees, unknown } }
  local found, err = call.read(collection { fields = array { "notes_html", "last_seen" } }, array { "TWE-00003" })
  tap.equal(found, nil)
  tap.equal({ err.code, err.message:find "notes_html" ~= nil }, { "invalid", true })
  found, err = call.read(collection { fields = array { "notes_htm", "last_seen" } }, array { "TWE-00003" })
  tap.equal(found, nil)
  tap.equal({ err.code, err.message }, { "invalid", "TW Employee has no field 'notes_htm'" })
end)

tap.test("many keys are one list, and what it leaves out is asked for by itself", function()
  local call, http = connect {
    { "GET " .. employees, rows(row "A", row "B") }, { "GET " .. employees .. "/gone", recorded.read_404 },
  }
  local found = call.read(collection(), array { "A", "B", "gone" })
  tap.equal(#found, 2)
  tap.equal(found[1].fields.shift_start, "09:05:01.5")
  tap.equal(found[1].fields.last_name, null)
  local list = http.asked("GET " .. employees)[1]
  tap.equal(list.query.limit_page_length, "3")
  tap.equal(json.decode(list.query.filters)[1][2], "in")
end)

tap.test("a hidden document fails the read instead of being taken for deleted", function()
  local call = connect { { "GET " .. employees, rows(row "A") }, { "GET " .. employees .. "/B", recorded.v15_82_auth_none_missing_doc } }
  local found, err = call.read(collection(), array { "A", "B" })
  tap.equal(found, nil)
  tap.equal(err.code, "invalid")
  call = connect { { "GET " .. employees, recorded.reader_list_system_manager_only },
    { "GET " .. employees .. "/B", recorded.v15_82_auth_none_missing_doc } }
  found, err = call.read(collection(), array { "B" })
  tap.equal(found, nil)
  tap.equal(err.code, "denied")
end)

tap.test("a wrong site, a login page and a cut answer are no absence", function()
  local bad = { recorded.unknown_site_host, { body = "<html>login</html>" }, { body = '{"data":{"name":"A"' } }
  local call = connect { { "GET " .. employees .. "/A", unpack(bad) }, { "GET " .. employees, unpack(bad) } }
  for _ = 1, 3 do
    for _, wanted in ipairs { collection(), collection { fields = array { "last_seen" } } } do
      local found, err = call.read(wanted, array { "A" })
      tap.equal(found, nil)
      tap.equal(err.code, "unavailable")
    end
  end
end)

tap.test("a document found under another case of its name is not that key", function()
  local call = connect { { "GET /api/resource/TW Employee/twe%-00003", recorded.read_full }, { "GET " .. employees, rows() } }
  tap.equal(#call.read(collection(), array { "twe-00003" }), 0)
end)

tap.test("a column that the site hides is an error, not a null", function()
  local hidden = row "A"
  hidden.salary = nil
  local call = connect { { "GET " .. employees, rows(hidden) } }
  local page, err = call.list(collection(), null, 10)
  tap.equal(page, nil)
  tap.equal(err.code, "invalid")
  tap.equal(err.message:find "salary" ~= nil, true)
end)

tap.test("columns with _seen and child tables are read document by document", function()
  local call, http = connect {
    { "GET " .. employees, rows({ name = "TWE-00003" }), rows() }, { "GET " .. employee, recorded.read_full },
  }
  local page = call.list(collection { fields = array { "last_seen" } }, null, 10)
  tap.equal(page.records[1].fields.last_seen, "2024-05-01 10:11:12.000013")
  tap.equal(#http.asked("GET " .. employee), 1)
end)

tap.test("a field that the site computes is read document by document: a list refuses it", function()
  local definition = array { { name = "TW Employee", fields = array { { fieldname = "first_name", fieldtype = "Data" }, { fieldname = "age", fieldtype = "Int", is_virtual = 1 } } } }
  local call, http = connect { { "GET /api/method/frappe.desk.form.load.getdoctype", { body = { docs = definition } } }, { "GET " .. employees, rows(row "TWE-00003"), rows() },
    { "GET " .. employee, { body = { data = row("TWE-00003", nil, { age = 41 }) } } } }
  local where = collection { fields = array { "first_name", "age" } }
  tap.equal(call.list(where, null, 5).records[1].fields.age, 41)
  tap.equal(http.asked("GET " .. employees)[1].query.fields, '["name"]')
  tap.ok(json.encode(call.describe(where).warnings):find("age is computed", 1, true))
end)

tap.test("where the desk's definition is closed to the user, that of version 15 is read", function()
  local closed = { status = 403, body = recorded.reader_list_system_manager_only.body }
  local meta = { name = "TW Employee", fields = array { { fieldname = "first_name", fieldtype = "Data" } } }
  local call, http = connect { { "GET /api/method/frappe.desk.form.load.getdoctype", closed }, { "GET /api/v2/doctype/TW Employee/meta", { body = { data = meta } } },
    { "GET " .. employees, rows(row "A"), rows() } }
  local where = collection { fields = array { "first_name" } }
  tap.equal(#call.list(where, null, 5).records, 1)
  tap.equal(#http.asked "GET /api/v2/.*", 1)
end)

tap.test("lists go by name with the scope as filters, and end with an empty page", function()
  local call, http = connect { { "GET " .. employees, rows(row "A", row "B"), rows() } }
  local scoped = collection { scope = { level = { op = ">", value = 3 }, department = null, status = { op = "in", value = array { "Active", "Left" } } } }
  local page = call.list(scoped, null, 2)
  tap.equal(page.cursor.after, "B")
  page = call.list(scoped, page.cursor, 2)
  tap.equal(page.cursor, nil)
  tap.equal(json.is_array(page.records), true)
  local query = http.asked("GET " .. employees)[2].query
  tap.equal(query.order_by, "name asc")
  tap.equal(query.filters, '[["department","is","not set"],["level",">",3],["status","in",["Active","Left"]],["name",">","B"]]')
end)

tap.test("a scope asks for values as the site compares them", function()
  local function filters(scope, more)
    local one = collection { scope = scope, fields = more }
    local call, http = connect { { "GET " .. employees, rows() } }
    call.list(one, null, 2)
    return http.asked("GET " .. employees)[1].query.filters
  end
  -- 5 as a number would find the text "5 pieces", too.
  tap.equal(filters { first_name = 5 }, '[["first_name","=","5"]]')
  tap.equal(filters { first_name = { op = "not_in", value = array { 5, "b" } } }, '[["first_name","!=","5"],["first_name","!=","b"]]')
  tap.equal(filters { level = { op = "in", value = array { true, 2 } } }, '[["level","in",[1,2]]]')
  -- Whether 0 is set is another answer on every version.
  tap.equal(filters { level = null }, '[["level","=",0]]')
  tap.equal(filters { level = { op = "!=", value = null } }, '[["level","!=",0]]')
  tap.equal(filters { docstatus = 1, first_name = null }, '[["docstatus","=",1],["first_name","is","not set"]]')
  local call, http = connect { { "GET " .. employees, rows() } }
  call.find(collection(), array { array { { field = "first_name", value = 5 }, { field = "level", value = 3 } } })
  tap.equal(http.asked("GET " .. employees)[1].query.filters, '[["first_name","in",["5"]],["level","in",[3]]]')
end)

tap.test("a long list of names goes by POST", function()
  local keys, answer = array {}, array {}
  for i = 1, 150 do
    keys[i] = ("EMPLOYEE-%020d"):format(i)
    answer[i] = row(keys[i])
  end
  local call, http = connect { { "POST /api/method/frappe.client.get_list", { body = { message = answer } } } }
  tap.equal(#call.read(collection(), keys), 150)
  local asked = http.asked "POST .*"[1]
  tap.equal(asked.once, nil)
  tap.equal(json.is_array(asked.json.fields), true)
  tap.equal(asked.json.limit_page_length, 150)
end)

tap.test("a count has the filters of the list, and is not known where the site would count in another way", function()
  local call, http = connect { { "GET /api/method/frappe.client.get_count", { body = { message = 7 } }, { body = { message = "7" } } } }
  tap.equal(call.count(collection { scope = { department = { op = "!=", value = "R&D" } } }), 7)
  local sent = http.asked "GET .*get_count"[1]
  tap.equal(sent.query.doctype, "TW Employee")
  tap.equal(json.decode(sent.query.filters)[1][2], "!=")
  tap.equal(select(2, call.count(collection())).code, "unavailable")
  for _, scope in ipairs { { department = { op = "not_null" } }, { department = { op = "not_in", value = array { null } } }, { ["skills.skill"] = "Lua" } } do
    local total, err = call.count(collection { scope = scope })
    tap.equal(total, nil)
    tap.equal(err, nil)
  end
  tap.equal(#http.asked "GET .*get_count", 2)
end)

tap.test("an update carries the guard as text", function()
  local call, http = connect { { "PUT " .. employee, recorded.put_partial } }
  local record = call.update(collection(), "TWE-00003", { last_name = "L2", department = null }, "2026-11-20 10:00:00")
  tap.equal(record.version, "2026-11-20 23:49:09.642988")
  local sent = http.asked "PUT .*"[1]
  tap.equal(sent.json.data.modified, "2026-11-20 10:00:00")
  tap.equal(sent.json.data.department, null)
  tap.equal(sent.once, true)
end)

local function update_error(answer, ...)
  local call = connect { { "PUT " .. employee, answer }, { "GET " .. employee, ... } }
  local record, err = call.update(collection(), "TWE-00003", { first_name = "x" }, "2026-11-20 10:00:00")
  tap.equal(record, nil)
  return err
end

tap.test("each refusal has its code, by class and not by text", function()
  local cases = {
    stale = { "put_stale_modified", "v14_put_stale_modified" },
    invalid = { "missing_mandatory", "v14_missing_mandatory", "v14_traceback_off_mandatory", "bad_date", "float_overflow" },
    blocked = { "bad_link", "delete_linked", "create_dept_duplicate_unique_column", "create_dept_duplicate_name", "v14_create_dept_duplicate_name",
      "v14_traceback_off_409" },
    denied = { "auth_token_bad_secret_list", "v14_auth_token_bad_secret_list", "v14_login_bad_password", "reader_list_system_manager_only" },
    unavailable = { "locked_row_delete", "maintenance_mode_post" },
    unknown = { "redis_down_post", "traceback_off_500" },
    throttled = { "rate_limit_429_post" },
  }
  for code, names in pairs(cases) do
    for _, name in ipairs(names) do
      tap.equal(update_error(recorded[name]).code, code, name)
    end
  end
  tap.equal(update_error(recorded.rate_limit_429_post).retry_after, 12)
  tap.equal(update_error({ fails = "unknown" }).code, "unknown")
  tap.equal(update_error({ fails = "unavailable" }).code, "unavailable")
  tap.equal(update_error({ body = "<html>" }).code, "unknown")
end)

tap.test("of a text of several lines the last one names no class, whatever word it begins with", function()
  local function said(exception, exc_type) return update_error { status = 417, body = { exception = exception, exc_type = exc_type } } end
  local err = said("Note: look at the rows above", "TimestampMismatchError")
  tap.equal({ err.code, err.message:match "^%w+" }, { "stale", "TimestampMismatchError" })
  tap.equal(said("frappe.exceptions.LinkExistsError: in use", "ValidationError").code, "blocked")      -- `exc_type` is of one that was caught before
  tap.equal(said("TimestampMismatchError").code, "stale")
end)

tap.test("what the site says is in the message, without its marks", function()
  local err = update_error(recorded.bad_link)
  tap.equal(err.message:find("Could not find", 1, true) ~= nil, true)
  tap.equal(err.message:find("<", 1, true), nil)
  tap.equal(update_error(recorded.v14_traceback_off_mandatory).message, "ValidationError: Error: Value missing for TW Employee: First Name")
end)

tap.test("a 404 of an update is believed only when the document is gone", function()
  tap.equal(update_error(recorded.put_404, recorded.read_404).code, "not_found")
  tap.equal(update_error(recorded.put_404, recorded.read_full).code, "invalid")
end)

tap.test("a create is wrapped, and null does not ask for defaults", function()
  local call, http = connect { { "POST " .. employees, recorded.v14_create_minimal } }
  local outcomes = call.create(collection(), array { { values = { first_name = "Ann", shift_start = null, level = null,
    is_manager = null, json_f = null, skills = null, department = null } } })
  tap.equal(outcomes[1].record.key, "TWE-00002")
  tap.equal(type(outcomes[1].record.version), "string")
  local sent = http.asked "POST .*"[1].json.data
  tap.equal(sent.shift_start, "")
  tap.equal(sent.department, "")
  tap.equal(sent.level, 0)
  tap.equal(sent.is_manager, 0)
  tap.equal(sent.json_f, nil)
  tap.equal(json.encode(sent.skills), "[]")
end)

tap.test("a JSON field reads as what its text holds, and is written as text", function()
  local asked = collection { fields = array { "first_name", "json_f" } }
  local call, http = connect { { "GET " .. employees, rows(row("TWE-00003", nil, { json_f = '{"head":"hex","n":[1,2]}' })) },
    { "PUT " .. employee, { body = { data = row("TWE-00003", nil, { json_f = '{"head":"torx","n":[1,2]}' }) } } },
    { "POST " .. employees, { body = { data = row("TWE-00004", nil, { json_f = "{}" }) } } } }
  tap.equal(call.read(asked, array { "TWE-00003" })[1].fields.json_f, { head = "hex", n = { 1, 2 } })
  local record = call.update(asked, "TWE-00003", { json_f = { head = "torx", n = array { 1, 2 } } }, "v")
  tap.equal(json.decode(http.asked "PUT .*"[1].json.data.json_f), { head = "torx", n = { 1, 2 } })
  tap.equal(record.fields.json_f, { head = "torx", n = { 1, 2 } })
  call.create(asked, array { { values = { json_f = json.object {} } } })
  tap.equal(http.asked "POST .*"[1].json.data.json_f, "{}")
  call.update(asked, "TWE-00003", { json_f = "no JSON" }, "v")
  tap.equal(http.asked "PUT .*"[2].json.data.json_f, "no JSON")
end)

tap.test("a taken name or unique value asks for another look", function()
  for _, name in ipairs { "create_dept_duplicate_name", "v14_create_dept_duplicate_name", "create_dept_duplicate_unique_column" } do
    local call = connect { { "POST " .. employees, recorded[name] } }
    tap.equal(call.create(collection(), array { { values = { first_name = "x" } } })[1].error.code, "stale")
  end
end)

local two = array { { values = { first_name = "a" } }, { values = { first_name = "b" } } }
local many = "POST /api/method/frappe.client.insert_many"

tap.test("several creates are one request whose version is the creation", function()
  local call, http = connect {
    { many, { body = { message = array { "N1", "N2" } } } },
    { "GET " .. employees, { body = { data = array { { name = "N2", creation = "2026-11-20 10:00:02" }, { name = "N1", creation = "2026-11-20 10:00:01" } } } } },
  }
  local outcomes = call.create(collection(), two)
  tap.equal(outcomes[1].record.key, "N1")
  tap.equal(outcomes[1].record.version, "2026-11-20 10:00:01")
  tap.equal(outcomes[2].record.fields.first_name, "b")
  tap.equal(http.asked(many)[1].json.docs[1].doctype, "TW Employee")
end)

tap.test("several creates refused are tried alone, of unknown fate never", function()
  local call = connect { { many, recorded.insert_many_one_bad }, { "POST " .. employees, recorded.create_full, recorded.missing_mandatory } }
  local outcomes = call.create(collection(), two)
  tap.equal(outcomes[1].record.key, "TWE-00003")
  tap.equal(outcomes[2].error.code, "invalid")
  local http
  call, http = connect { { many, recorded.redis_down_post } }
  outcomes = call.create(collection(), two)
  tap.equal(outcomes[1].error.code, "unknown")
  tap.equal(outcomes[2].error.code, "unknown")
  tap.equal(#http.asked "POST .*", 1)
end)

tap.test("deleting, and looking into the trash", function()
  local call = connect {
    { "DELETE " .. employee, recorded.delete_ok, recorded.v14_delete_ok, recorded.delete_404, recorded.v14_delete_404, recorded.delete_linked },
    { "GET " .. employee, recorded.read_404 },
    { "GET /api/resource/Deleted Document", { body = { data = array { json.decode(recorded.deleted_document_get.body).data } } }, recorded.reader_list_system_manager_only },
  }
  tap.equal(call.delete(collection(), "TWE-00003"), true)
  tap.equal(call.delete(collection(), "TWE-00003"), true)
  tap.equal(select(2, call.delete(collection(), "TWE-00003")).code, "not_found")
  tap.equal(select(2, call.delete(collection(), "TWE-00003")).code, "not_found")
  tap.equal(select(2, call.delete(collection(), "TWE-00003")).code, "blocked")
  local copy = call.trash(collection(), "TWE-00106")
  tap.equal(copy.key, "TWE-00106")
  tap.equal(copy.fields.first_name, "Del")
  tap.equal(copy.deleted_at, "2026-11-20T22:50:16.676105Z")
  tap.equal(call.trash(collection(), "TWE-00106"), nil)
end)

tap.test("a search is one list, looked through again", function()
  local call, http = connect { { "GET " .. employees, rows(row("A", nil, { first_name = "Müller" }), row("B", nil, { first_name = "muller" }),
    row("C", nil, { first_name = "Smith" })) } }
  local answers = call.find(collection(), array { array { { field = "first_name", value = "Müller" } },
    array { { field = "first_name", value = "SMITH", fold = true } }, array { { field = "first_name", value = "nobody" } } })
  tap.equal(#http.asked("GET " .. employees), 1)
  tap.equal(#answers[1], 1)
  tap.equal(answers[1][1].key, "A")
  tap.equal(answers[2][1].key, "C")
  tap.equal(#answers[3], 0)
  answers = call.find(collection(), array { array { { field = "$incarnation", value = "2026-11-20 10:00:00" } } })
  tap.equal(#answers[1], 3)
end)

-- Polls ---------------------------------------------------------------------------------------------------------------

local gone = "/api/resource/Deleted Document"
local no_trash = { status = 403, body = recorded.reader_list_system_manager_only.body }      -- without the date of its recording

local function dated(answer, date)
  answer.headers = { date = date }
  return answer
end

tap.test("a poll looks back, hands out once, and pages over ties", function()
  local now = "Fri, 20 Nov 2026 10:00:00 GMT"
  local tie = "2026-11-20 11:00:00"
  local call, http = connect {
    { "GET " .. employees, dated(rows({ modified = "2026-11-20 10:59:00" }), now),
      rows(row("A", tie), row("B", tie)), rows(row("C", tie)), rows(row("A", tie), row("B", tie)), rows(row("C", "2026-11-20 11:01:00")) },
    { "GET " .. gone, no_trash },
  }
  local cursor = call.start(collection())
  local page = call.changes(collection(), cursor, 2)
  tap.equal(#page.records, 2)
  tap.equal(page.more, true)
  local again = page.cursor
  page = call.changes(collection(), again, 2)
  tap.equal(page.records[1].key, "C")
  tap.equal(page.more, false)
  local asked = http.asked("GET " .. employees)
  tap.equal(json.decode(asked[2].query.filters)[1][3]:sub(1, 19), "2026-11-20 10:54:00")
  tap.equal(asked[2].query.order_by, "modified asc, name asc")
  tap.equal(asked[3].query.or_filters, '[["modified",">","2026-11-20 11:00:00"],["name",">","B"]]')
  page = call.changes(collection(), page.cursor, 2)
  tap.equal(#page.records, 0)
  page = call.changes(collection(), page.cursor, 2)
  tap.equal(page.records[1].version, "2026-11-20 11:01:00")
end)

tap.test("after clocks went back a poll looks back an hour more", function()
  local call, http = connect {
    { "GET " .. employees, dated(rows({ modified = "2026-10-25 02:59:00" }), "Sun, 25 Oct 2026 00:59:30 GMT"),
      dated(rows(), "Sun, 25 Oct 2026 01:10:00 GMT"), rows() },
    { "GET " .. gone, no_trash },
  }
  local cursor = call.start(collection())
  cursor = call.changes(collection(), cursor, 10).cursor
  call.changes(collection(), cursor, 10)
  local asked = http.asked("GET " .. employees)
  -- At 01:10 UTC clocks there show 02:10 again: five minutes and an hour back from the mark, which that hour is not ahead of.
  tap.equal(json.decode(asked[3].query.filters)[1][3]:sub(1, 15), "2026-10-25 01:5")
end)

tap.test("a stamp ahead of the site's clock hides nothing of what comes after the last poll", function()
  local ahead = rows({ name = "A", creation = "2026-11-20 10:00:00", modified = "2026-11-20 12:00:00" })
  local call, http = connect {
    { "GET " .. employees, dated(ahead, "Fri, 20 Nov 2026 10:00:00 GMT"), dated(rows(), "Fri, 20 Nov 2026 10:05:00 GMT"), dated(rows(), "Fri, 20 Nov 2026 10:10:00 GMT") },
    { "GET " .. gone, no_trash },
  }
  local cursor = call.changes(collection(), call.start(collection()), 10).cursor
  call.changes(collection(), cursor, 10)
  local asked = http.asked("GET " .. employees)
  -- The first scan began at 10:00 UTC, 11:00 there.
  tap.equal(json.decode(asked[3].query.filters)[1][3]:sub(1, 16), "2026-11-20 10:55")
end)

tap.test("where the zone of the site was changed, a poll goes back a day more, once", function()
  local call, http = connect {
    { "GET " .. employees, dated(rows({ modified = "2026-11-20 11:00:00" }), "Fri, 20 Nov 2026 10:00:30 GMT"), rows() },
    { "GET " .. gone, no_trash },
    { "GET /api/method/frappe.client.get_single_value", { body = { message = "Europe/Berlin" } }, { body = { message = "America/New_York" } } },
  }
  local cursor = call.changes(collection(), call.start(collection()), 10).cursor
  assert(call.describe(collection()))
  cursor = call.changes(collection(), cursor, 10).cursor
  call.changes(collection(), cursor, 10)
  local asked = http.asked("GET " .. employees)
  local function floor(n) return json.decode(asked[n].query.filters)[1][3]:sub(1, 16) end
  tap.equal(floor(2), "2026-11-20 10:55")
  -- What the site writes from then on is stamped with 05:00 and later.
  tap.equal(floor(3), "2026-11-19 02:55")
  tap.equal(floor(4), "2026-11-20 04:55")
end)

tap.test("a poll tells what went to Deleted Document", function()
  local call = connect {
    { "GET " .. employees, rows() },
    { "GET " .. gone, rows({ creation = "2026-11-20 10:00:00" }), rows({ name = "d1", creation = "2026-11-20 10:01:00", deleted_name = "TWE-7" }) },
  }
  local cursor = call.start(collection())
  local page = call.changes(collection(), cursor, 10)
  tap.equal(page.more, true)
  page = call.changes(collection(), page.cursor, 10)
  tap.equal(page.deleted[1], "TWE-7")
  tap.equal(page.more, false)
end)

tap.test("who gets the role for Deleted Document later is told deletions from then on", function()
  local clock, at = time.clock, 1000
  time.clock = function() return at end
  local call, http = connect {
    { "GET " .. employees, rows() },
    { "GET " .. gone, no_trash, rows({ creation = "2026-11-20 10:00:00" }), rows({ name = "d1", creation = "2026-11-20 10:01:00", deleted_name = "TWE-7" }) },
  }
  local cursor = call.changes(collection(), call.start(collection()), 10).cursor
  tap.equal(#http.asked("GET " .. gone), 1)
  at = 1700
  local page = call.changes(collection(), cursor, 10)
  tap.equal(page.more, false)
  page = call.changes(collection(), page.cursor, 10)
  tap.equal(page.more, true)
  tap.equal(call.changes(collection(), page.cursor, 10).deleted[1], "TWE-7")
  time.clock = clock
end)

tap.test("describe tells how values are kept", function()
  local call = connect {}
  local found = call.describe(collection())
  local by_name = {}
  for _, field in ipairs(found.fields) do by_name[field.name] = field end
  tap.equal(by_name.is_manager.type, { kind = "bool", form = "01", null_is_false = true })
  tap.equal(by_name.level.type.zero_is_null, true)
  tap.equal(by_name.salary.type.scale, 9)
  tap.equal(by_name.custom_when.type.zone, "Europe/Berlin")
  tap.equal(by_name.department.references, "TW Department")
  tap.equal(by_name.dept_code.read_only, true)
  tap.equal(by_name.first_name.required, true)
  tap.equal(by_name.ext_id.unique, true)
  tap.equal(by_name.skills.type.fields[1].name ~= nil, true)
  tap.equal(#by_name.status.type.options, 3)
  -- Of the fields that the mapping names; of all where none are named.
  tap.equal({ #found.warnings, #call.describe(collection { fields = array {} }).warnings > 0 }, { 0, true })
end)

tap.test("a field that is read-only in its form alone can be written, and is drafted away from there", function()
  local docs = json.decode(recorded.getdoctype.body)
  local there = docs.docs[1].fields
  there[#there + 1] = { fieldname = "grand_total", fieldtype = "Currency", read_only = 1 }
  local call, by_name = connect { { "GET /api/method/frappe.desk.form.load.getdoctype", { body = docs } } }, {}
  for _, field in ipairs(call.describe(collection()).fields) do by_name[field.name] = field end
  tap.equal({ by_name.grand_total.read_only, by_name.grand_total.drafted, by_name.first_name.drafted }, { false, "from" })
end)

tap.test("fields that name a file are told as such", function()
  local docs = json.decode(recorded.getdoctype.body)
  local there = docs.docs[1].fields
  for _, one in ipairs { { "portrait", "Attach Image" }, { "contract", "Attach" }, { "scan", "Link", "File" }, { "signed", "Signature" } } do
    there[#there + 1] = { fieldname = one[1], fieldtype = one[2], options = one[3] }
  end
  local call, files = connect { { "GET /api/method/frappe.desk.form.load.getdoctype", { body = docs } } }, {}
  for _, field in ipairs(call.describe(collection()).fields) do
    if field.file then files[#files + 1] = field.name end
  end
  tap.equal(files, { "photo", "portrait", "contract", "scan" })
end)

tap.test("the zone of the site is asked again with its description", function()
  local zones = { "Europe/Berlin", "Asia/Kolkata" }
  local call = connect { { "GET /api/method/frappe.client.get_single_value", function() return { body = { message = table.remove(zones, 1) } } end } }
  local function zone()
    for _, field in ipairs(call.describe(collection()).fields) do
      if field.name == "modified" then return field.type.zone end
    end
  end
  tap.equal({ zone(), zone() }, { "Europe/Berlin", "Asia/Kolkata" })
end)

tap.test("a site that does not answer what tells it from another is not another one", function()
  local born = rows { creation = "2020-01-01 10:00:00" }
  local call = connect { { "GET /api/method/frappe.auth.get_logged_user", { body = { message = "bot@example.com" } } },
    { "GET /api/method/frappe.utils.change_log.get_versions", { body = { message = {} } } }, { "GET /api/resource/Deleted Document", rows() },
    { "GET /api/resource/User", born, { status = 502, body = "<html>bad gateway</html>" }, { status = 429, body = {} }, { fails = "unavailable" },
      { status = 403, body = { exc_type = "PermissionError" } } } }
  tap.equal(call.test().site, "erp.example.com|2020-01-01 10:00:00")
  for _, code in ipairs { "unavailable", "throttled", "unavailable" } do tap.fails(code, call.test()) end
  -- Who may not read users is told so each time: the host alone must do.
  tap.equal(call.test().site, "erp.example.com|")
end)

tap.test("a value that the site masks is refused, never taken for one", function()
  local docs = json.decode(recorded.getdoctype.body)
  for _, field in ipairs(docs.docs[1].fields) do
    if field.fieldname == "last_name" then field.mask = 1 end
  end
  local shown
  local call = connect { { "GET /api/method/frappe.desk.form.load.getdoctype", { body = docs } },
    { "GET " .. employees, function() return rows(row("TWE-00003", nil, { last_name = shown })) end },
    { "GET " .. employee, function() return { body = { data = row("TWE-00003", nil, { last_name = shown, doctype = "TW Employee" }) } } end } }
  for _, masked in ipairs { ("X"):rep(8), "XX-XX-" .. ("X"):rep(4), ("X"):rep(6) .. "@example.org" } do
    shown = masked
    tap.equal(tap.fails("invalid", call.list(collection(), nil, 5)).message, "the site masks last_name")
    tap.equal(tap.fails("invalid", call.read(collection(), array { "TWE-00003" })).message, "the site masks last_name")
  end
  shown = "Xavier XX"
  tap.equal(call.list(collection(), nil, 5).records[1].fields.last_name, "Xavier XX")
end)

tap.test("a server that answers with JSON of its own is no site", function()
  for _, body in ipairs { {}, array {}, { message = {} } } do
    local call = connect { { "GET /api/method/frappe.auth.get_logged_user", { body = body } } }
    tap.equal(tap.fails("unavailable", call.test()).hint, "does `url` name the site?")
  end
end)
