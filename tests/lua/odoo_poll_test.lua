-- profile: io
-- How the Odoo connector polls.

local tap = require "tap"
local fake_http = require "fake_http"
local json = require "tidewire.json"
local case = require "odoo_case"

local array = json.array
local partners, fields, open, newer, row = case.partners, case.fields, case.open, case.newer, case.row

local function polled(records)
  local asked = {}
  local function search(arguments)
    asked[#asked + 1] = arguments
    local found, first, limit = array {}, arguments.order == "write_date desc", arguments.limit
    local from, to, after = "", "9", 0
    if not first then after, from, to = arguments.domain[1][3], arguments.domain[3][3], arguments.domain[4][3] end
    table.sort(records, function(a, b)
      if first then return a.write_date > b.write_date end
      return a.id < b.id
    end)
    for _, one in ipairs(records) do
      local fits = one.write_date >= from and one.write_date < to and one.id > after
      if fits and #found < limit then found[#found + 1] = one end
    end
    return found
  end
  return newer { search_read = search }, asked
end

local function keys_of(page)
  local keys = {}
  for i, record in ipairs(page.records) do keys[i] = record.key end
  return table.concat(keys, " ")
end

tap.test("a poll reads a window of whole seconds by id, that ends where it began", function()
  local records = { row(1, { write_date = "2026-11-20 10:00:00" }), row(2, { write_date = "2026-11-20 10:04:59" }), row(3, { write_date = "2026-11-20 10:05:00" }) }
  local call, asked = polled(records)
  local cursor = call.start(partners)
  local page = call.changes(partners, cursor, 2)
  tap.equal(keys_of(page), "1 2")
  tap.equal(page.more, true)
  tap.equal(asked[#asked].domain, { { "id", ">", 0 }, "&", { "write_date", ">=", "2026-11-20 10:00:00" }, { "write_date", "<", "2026-11-20 10:05:01" } })
  -- 1 is changed after its page was read: it is beyond this window and comes with the next.
  records[1].write_date, records[1].name = "2026-11-20 10:20:00", "later"
  page = call.changes(partners, page.cursor, 2)
  tap.equal(keys_of(page), "3")
  tap.equal(page.more, false)
  tap.equal(page.cursor.mark, "2026-11-20 10:05:00")
  page = call.changes(partners, page.cursor, 10)
  tap.equal(keys_of(page), "1")
end)

tap.test("a record committed late, with a stamp of before, is seen in the overlap, and the others once", function()
  local records = { row(1, { write_date = "2026-11-20 10:05:00" }) }
  local call = polled(records)
  local page = call.changes(partners, call.start(partners), 10)
  tap.equal(keys_of(page), "1")
  records[#records + 1] = row(2, { write_date = "2026-11-20 10:00:30" })
  page = call.changes(partners, page.cursor, 10)
  tap.equal(keys_of(page), "2")
  page = call.changes(partners, page.cursor, 10)
  tap.equal(keys_of(page), "")
end)

tap.test("a stamp ahead of the server's clock hides nothing of what comes after the last poll", function()
  local clock, asked = "10:00:00", {}
  local call = open(fake_http.new { { "GET /json/version", { body = { version_info = array { 19, 0 }, version = "19.0" } } }, { "POST /json/2/.*", function(seen)
    local answer = array {}
    if seen.path:find "fields_get" then answer = fields
    else
      asked[#asked + 1] = seen.json
      if seen.json.order == "write_date desc" then answer = array { row(1, { write_date = "2026-11-20 11:00:00" }) } end
    end
    return { body = answer, headers = { date = "Fri, 20 Nov 2026 " .. clock .. " GMT" } }
  end } })
  local cursor = call.changes(partners, call.start(partners), 10).cursor
  clock = "10:09:00"
  call.read(partners, array { "1" })
  call.changes(partners, cursor, 10)
  tap.equal(asked[#asked].domain[3][3]:sub(1, 16), "2026-11-20 09:55")
end)

tap.test("two edits within one second are two versions", function()
  local records = { row(1, { name = "first" }) }
  local call = polled(records)
  local page = call.changes(partners, call.start(partners), 10)
  local version = page.records[1].version
  records[1].name = "second"
  page = call.changes(partners, page.cursor, 10)
  tap.equal(page.records[1].fields.name, "second")
  tap.equal(page.records[1].version ~= version, true)
end)

tap.test("a variant is read when its template moved, and the mark goes on with it", function()
  local variants = { name = "product.product", key = array { "id" }, fields = array { "default_code", "name" } }
  local variant = { id = 4, default_code = "C", name = "Chair", product_tmpl_id = array { 2, "Chair" }, write_date = "2026-11-20 09:00:00" }
  local template, asked = "2026-11-20 10:05:00", {}
  local call = newer { fields_get = function()
    return { id = { type = "integer" }, default_code = { type = "char", store = true, related = false }, write_date = { type = "datetime", store = true },
      name = { type = "char", store = false, related = "product_tmpl_id.name" }, product_tmpl_id = { type = "many2one", relation = "product.template", store = true } }
  end, search_read = function(arguments, model)
    asked[#asked + 1] = arguments
    if model == "product.template" then return array { { id = 2, write_date = template } } end
    return array { variant }
  end }
  local page = call.changes(variants, call.start(variants), 10)
  tap.equal(keys_of(page), "4")
  tap.equal(page.records[1].fields, { default_code = "C", name = "Chair" })
  tap.equal(page.cursor.mark, template)
  tap.equal(asked[5].domain, { { "id", ">", 0 }, "|", "&", { "write_date", ">=", "2026-11-20 10:00:00" }, { "write_date", "<", "2026-11-20 10:05:01" },
    "&", { "product_tmpl_id.write_date", ">=", "2026-11-20 10:00:00" }, { "product_tmpl_id.write_date", "<", "2026-11-20 10:05:01" } })
  tap.equal(keys_of(call.changes(variants, page.cursor, 10)), "")
  variant.name, template = "Better chair", "2026-11-20 10:06:00"
  page = call.changes(variants, page.cursor, 10)
  tap.equal(page.records[1].fields.name, "Better chair")
  tap.equal(page.cursor.mark, template)
end)

tap.test("a model without write_date cannot be polled, and says so", function()
  local call = newer { fields_get = function() return { id = { type = "integer" }, name = { type = "char" } } end }
  local err = tap.fails("invalid", call.start({ name = "report.x", key = array { "id" }, fields = array { "name" } }))
  tap.equal(err.hint:find "sweep" ~= nil, true)
end)

-- What it tells -------------------------------------------------------------------------------------------------------
