-- profile: io
-- What connectors of SQL databases share, over a database that is a table in memory: answers that are too large, long polls.

local tap = require "tap"
local connector = require "tidewire.connector"
local json = require "tidewire.json"
local tables = require "tidewire.tables"

local array = json.array

-- A table of `count` rows { id }, of which an answer holds at most `most`; `asked` are the sizes of the pages that were asked for.
local function table_of(count, most)
  local asked = {}
  local sql = { asked = asked, quoted = function(name) return name end, shown = function(value) return value end }
  function sql.parameters()
    local list = array {}
    return { list = list, add = function(value)
      list[#list + 1] = value
      return "?"
    end }
  end
  function sql.with_keys(_, keys, parameters)
    for _, key in ipairs(keys) do parameters.add(key) end
    return "keys"
  end
  function sql.query(_, text, list)
    local rows, limit = array {}, #list
    if text:find "where keys$" then
      for i, key in ipairs(list) do rows[i] = { id = key } end
    else
      limit = list[#list]
      local from = #list == 2 and tonumber(list[1]) or 0
      for id = from + 1, math.min(count, from + limit) do rows[#rows + 1] = { id = id } end
    end
    asked[#asked + 1] = limit
    if #rows > most then return connector.fail("invalid", "the answer is larger than 67108864 bytes: select id", "ask for fewer rows or columns at once") end
    return rows
  end
  return { sql = sql, name = "people", key = { "id" }, fields = { "id" }, select = "id", about = { by_name = { id = {} } } }
end

tap.test("a page that is too large is asked for smaller, and so are those after it", function()
  local conn, shape = { state = {} }, table_of(60, 30)
  local seen, cursor = {}, nil
  repeat
    local page = assert(tables.page(conn, shape, nil, cursor, 100))
    for _, record in ipairs(page.records) do seen[#seen + 1] = record.key end
    cursor = page.cursor
  until not cursor
  tap.equal({ #seen, seen[1], seen[60] }, { 60, "1", "60" })
  tap.equal(shape.sql.asked, { 100, 25, 25, 25, 25 })
end)

tap.test("rows by key whose answer is too large are read in parts", function()
  local shape, keys = table_of(0, 3), {}
  for i = 1, 10 do keys[i] = tostring(i) end
  local records = assert(tables.read({ state = {} }, shape, array(keys)))
  tap.equal({ #records, records[1].key, records[10].key }, { 10, "1", "10" })
end)

tap.test("one row that is too large is refused with its table, the size, and what to do", function()
  local conn, shape = { state = {} }, table_of(5, 0)
  for _, answer in ipairs { { tables.page(conn, shape, nil, nil, 4) }, { tables.read(conn, shape, array { "1" }) } } do
    tap.equal({ answer[1], answer[2].code }, { nil, "invalid" })
    tap.equal(answer[2].message, "one row of people is more than is read at once: the answer is larger than 67108864 bytes: select id")
    tap.ok(answer[2].hint:find "leave the widest of its columns out", answer[2].hint)
  end
end)

return tap
