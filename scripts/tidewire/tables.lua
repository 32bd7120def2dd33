--- What connectors of SQL databases share: rows by key and by page, records, polls, the events of an outbox.
---
--- A `shape` is a table with what is asked of it, as a connector's `plan` makes it: { sql, about, name, key, fields, version,
--- modified, zone, select, collection, files }; `about` is what `known` keeps, `select` the list of columns with "$version" and "$stamp" where there
--- are such; `zone` is the one that the time column goes by where it says none, nil where that is UTC. A stamp is then what its clocks showed, marked Z.
--- `sql` is the dialect: `quoted(name)`; `parameters()`, a list whose `add(value, column)` is the value's place in the statement;
--- `query(conn, text, parameters)`; `with_keys(shape, keys, parameters)`, the condition of rows by key; `condition(shape, condition,
--- parameters)`, one of a scope; `shown(value, column)`, a value as it is read; `moment(shape, time)`, an ISO time as its column compares it;
--- `took_too_long(err)`, whether the server ended the statement for its time; where a value may be of another encoding than its database says,
--- `is_damaged(err)`, whether it was refused for that, in the shape `narrow`, the list of the key's columns, "$version" and "$stamp", and
--- `narrowed(shape, row)`, a row of that list with its key as rows are read; where rows do not sort by the value that is read, too:
--- `place(column, value, parameters)`, the value's place as the column compares it, and `sorted(column)`, what its rows are sorted by.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local page_size = require "tidewire.page_size"
local table_files = require "tidewire.table_files"
local time = require "tidewire.time"

local array = json.array
local fail, given = connector.fail, connector.given

local M = {}

--- An option of the collection, else of the connection; nil where neither sets it or the collection says false.
function M.option(conn, collection, name)
  local value = given((collection.options or {})[name])
  if value == nil then value = conn.config[name] end
  return value or nil
end

--- What is known of a table, asked for by `ask()` once a minute and again after `forget`; nil, err where it cannot be told.
function M.known(conn, id, ask)
  local tables = conn.state.tables or {}
  conn.state.tables = tables
  local known = tables[id]
  if known and time.clock() - known.since < 60 then
    known.kept = true
    return known
  end
  local about, err = ask()
  if not about then return nil, err end
  about.since, about.by_name = time.clock(), {}
  for _, column in ipairs(about.columns) do about.by_name[column.name] = column end
  tables[id] = about
  return about
end

--- A column or a table is not what it was. True where something may have been asked of what was kept from before.
function M.forget(conn)
  local kept = false
  for _, about in pairs(conn.state.tables or {}) do kept = kept or about.kept == true end
  conn.state.tables = nil
  return kept
end

--- What a person may look after where there is no way to the database at all; `more` is the error.
function M.hint_unreached(more)
  if given(more.hint) or not more.message:find "^no connection: " then return end
  local wrong_database = more.message:find 'FATAL: +database ".*" does not exist' or more.message:find "1049: " or more.message:find "1044: "
  if wrong_database then
    more.hint = "the address names the database after the last /, or the option `database` does; the user may need rights on it"
    return
  end
  if more.code == "denied" then more.hint = "are user, password and database those of the server, and may that user come from this machine?"
  elseif more.code == "unavailable" then more.hint = "do host and port name the database server, does it listen there, and does a firewall let us through? It is tried again by itself" end
end

--- Remembers how far the server's clock, which says `now`, is ahead of ours.
function M.note_clock(conn, now)
  local theirs, ours = { time.parse(now) }, { time.parse(time.now()) }
  conn.state.clock_offset = theirs[1] - ours[1] + ((theirs[2] or 0) - (ours[2] or 0)) / 1e6
end

local function is_zone(name) return pcall(time.from_local, "2024-05-01 00:00:00", name) and time.from_local("2024-05-01 00:00:00", name) ~= nil end

--- The warning of a time column without a zone on a server whose clock goes by `zone`, which is not UTC.
local function zoneless(name, zone, better)
  return ("%s has no zone and counts as UTC, but the server goes by %s: where what writes here sets local time, polls pass over edits and `newest` errs. Say zone = \"%s\" in the connection. %s, or let what sets it set UTC")
    :format(name, zone, is_zone(zone) and zone or "America/New_York", better)
end

--- Warns of a time column without a zone: that `install` keeps it for `elsewhere` (true or the trigger), and, where the connection names no zone,
--- that the server's clock goes by another than UTC. `server_zone()` gives that one, or nil; `better` is what mends it for good.
function M.warn_of_zone(conn, name, elsewhere, server_zone, better, warn)
  local zone = given(conn.config.zone)
  if elsewhere then
    warn(("the trigger that keeps %s does so for another zone than %s: run `tidewire install` again"):format(name, zone or "UTC"))
  end
  local found = not zone and server_zone()
  if found then warn(zoneless(name, found, better)) end
end

--- The described fields without those that no mapping can name, and of these { name = why }, nil where there is none.
function M.nameable(fields)
  local list, refused = array {}, nil
  for _, field in ipairs(fields) do
    if field.name:find(".", 1, true) then
      refused = refused or {}
      refused[field.name] = "a point in a name leads to a part of a field. Rename the column, or map a view that calls it otherwise"
    else
      list[#list + 1] = field
    end
  end
  return list, refused
end

--- Nil where the table has each column of the key that the mapping names; else the error.
function M.why_no_key(sql, about, collection)
  for _, name in ipairs(given(collection.key) or {}) do
    if not about.by_name[name] then
      return select(2, fail("invalid", "the key: " .. about.name .. " has no column " .. sql.quoted(name), "`tidewire schema` lists its columns; name those of its key in the mapping"))
    end
  end
end

--- The column of that name; nil, err where there is none.
function M.column(shape, name)
  local column = shape.about.by_name[name]
  if column then return column end
  return fail("invalid", shape.name .. " has no column " .. shape.sql.quoted(name), "`tidewire schema` lists its columns")
end

-- Times without a zone ------------------------------------------------------------------------------------------------

--- The instant of a stamp; of an hour that comes twice the first. Nil where it is no time of a calendar.
function M.instant(shape, stamp)
  if not shape.zone then return stamp end
  local iso = time.from_local((stamp:gsub("Z$", "")), shape.zone)
  return iso and time.parse(iso) and iso or nil
end

--- What the clocks of a zone are ahead of UTC at an instant, in seconds.
function M.ahead(iso, zone)
  local there = assert(time.to_local(iso, zone))
  return time.parse(there:gsub(" ", "T") .. "Z") - time.parse(iso)
end

-- Clocks that go back do so by less.
local longest_fold = 3 * 3600

--- The stamp that none of an edit made from that instant on is before, though the zone's clocks may be about to go back.
function M.earliest(zone, iso)
  if not zone then return iso end
  return time.add(iso, math.min(M.ahead(iso, zone), M.ahead(time.add(iso, longest_fold), zone)))
end

--- A cursor of polls that means "what changes after the stamp `mark`".
function M.cursor(conn, shape, mark)
  local cursor = connector.cursor(conn, mark)
  cursor.zone = shape.zone
  return cursor
end

-- Rows as records -----------------------------------------------------------------------------------------------------

-- A document that was not read is { ["$unread"] = why }, also as an element of a list: its column, and why.
local function unread(fields)
  for name, value in pairs(fields) do
    local parts = json.is_array(value) and value or { value }
    for _, part in ipairs(parts) do
      local why = type(part) == "table" and part["$unread"]
      if type(why) == "string" then return name, why end
    end
  end
end

--- The record of a row. One with a document that cannot be read says no more than it is `unread`, and why.
function M.record(shape, row)
  local fields, shown = {}, shape.sql.shown
  for _, name in ipairs(shape.fields) do fields[name] = shown(row[name], shape.about.by_name[name]) end
  for name in pairs(shape.files or {}) do fields[name] = table_files.reference(shape, connector.key_of(row, shape.key), name, row[name]) end
  local stamp = given(shown(row["$stamp"]))
  local modified = stamp and stamp:find "^%d%d%d%d%-" and M.instant(shape, stamp) or nil      -- not one of PostgreSQL's infinities, nor of the year 20000
  local record = { key = connector.key_of(row, shape.key), version = given(row["$version"]), modified = modified, stamp = stamp, fields = fields }
  local column, why = unread(fields)
  if column then record.fields, record.unread = { ["$unread"] = true }, shape.sql.quoted(column) .. " holds JSON that is not read here: " .. why end
  return record
end

-- Nil and why, where one of the records cannot be read.
local function all_read(shape, list)
  for _, record in ipairs(list) do
    if record.unread then
      return fail("invalid", ("the row %s of %s: %s"):format(record.key, shape.name, record.unread), "mend it there, or leave its column out of the mapping")
    end
  end
  return list
end

--- The records of rows.
function M.records(shape, rows)
  local list = array {}
  for i, row in ipairs(rows) do list[i] = M.record(shape, row) end
  return list
end

--- The records of rows that say in "$query" which of `count` queries they answer.
function M.answers(shape, rows, count)
  local answers = array {}
  for i = 1, count do answers[i] = array {} end
  for _, row in ipairs(rows) do
    local record = M.record(shape, row)
    local read, err = all_read(shape, { record })
    if not read then return nil, err end
    table.insert(answers[row["$query"]], record)
  end
  return answers
end

-- Reading -------------------------------------------------------------------------------------------------------------

-- Of an answer that was too large although it had one row.
local function too_large(shape, err)
  if not page_size.is_too_large(err) then return nil, err end
  return fail("invalid", ("one row of %s is more than is read at once: %s"):format(shape.name, err.message),
    "leave the widest of its columns out of the mapping; the content of a column of bytes is better copied as a file")
end

--- `ask(part)` of a list, and of its halves where `divides(err)`, which is where the answer of the whole is too large unless said; lists of
--- what came, in order.
function M.in_parts(list, ask, divides)
  local found, err = ask(list)
  if found or #list < 2 or not (divides or page_size.is_too_large)(err) then return found, err end
  local all = array {}
  for _, half in ipairs(connector.chunks(list, math.ceil(#list / 2))) do
    found, err = M.in_parts(half, ask, divides)
    if not found then return nil, err end
    for _, one in ipairs(found) do all[#all + 1] = one end
  end
  return all
end

local function read_some(conn, shape, keys)
  local parameters = shape.sql.parameters()
  local condition, err = shape.sql.with_keys(shape, keys, parameters)
  if not condition then return nil, err end
  local found
  found, err = shape.sql.query(conn, "select " .. shape.select .. " from " .. shape.name .. " where " .. condition, parameters.list)
  if found then return found end
  if #keys > 1 then return nil, err end
  return too_large(shape, err)
end

local function records_of(conn, shape, keys)
  local found, err = M.in_parts(keys, function(some) return read_some(conn, shape, some) end)
  return found and M.records(shape, found), err
end

--- The records of these keys; those that are not there are left out.
function M.read(conn, shape, keys)
  if #keys == 0 then return array {} end
  local found, err = records_of(conn, shape, keys)
  if not found then return nil, err end
  return all_read(shape, found)
end

local function names_of(shape, columns)
  local names = {}
  for n, name in ipairs(columns) do
    local column = shape.sql.sorted and shape.about.by_name[name]
    names[n] = column and shape.sql.sorted(column) or shape.sql.quoted(name)
  end
  return table.concat(names, ", ")
end

-- "(a, b) > (?, ?)": the rows after these values in the order of the columns.
local function after(shape, columns, values, parameters)
  local places = {}
  for n, name in ipairs(columns) do
    local column = shape.sql.place and shape.about.by_name[name]
    places[n] = column and shape.sql.place(column, values[n], parameters) or parameters.add(values[n])
  end
  return "(" .. names_of(shape, columns) .. ") > (" .. table.concat(places, ", ") .. ")"
end

--- The records of these keys where a value of one may be damaged: that one says no more than it is `unread`.
function M.read_each(conn, shape, keys)
  local function is_damaged(err) return shape.sql.is_damaged and shape.sql.is_damaged(err) end
  if #keys == 0 then return array {} end
  return M.in_parts(keys, function(some)
    local records, err = records_of(conn, shape, some)
    if records or #some > 1 or not is_damaged(err) then return records, err end
    return array { { key = some[1], fields = { ["$unread"] = true } } }
  end, is_damaged)
end

-- The page as `rows` has it in order and by key, each record read for itself where one is damaged.
local function whole_records(conn, shape, rows)
  local keys, order = array {}, {}
  for i, row in ipairs(rows) do
    row = shape.sql.narrowed(shape, row)
    keys[i] = connector.key_of(row, shape.key)
    order[keys[i]] = row
  end
  local records, err = M.read_each(conn, shape, keys)
  if not records then return nil, err end
  local by_key, list = {}, array {}
  for _, record in ipairs(records) do by_key[record.key] = record end
  for _, key in ipairs(keys) do
    local record = by_key[key]
    if record and record.fields["$unread"] then
      record.version, record.stamp = given(order[key]["$version"]), given(shape.sql.shown(order[key]["$stamp"]))
    end
    list[#list + 1] = record
  end
  return list
end

local function select_page(conn, shape, conditions, columns, limit, parameters)
  local where = #conditions > 0 and " where " .. table.concat(conditions, " and ") or ""
  local rest = " from " .. shape.name .. where .. " order by " .. names_of(shape, columns) .. " limit " .. parameters.add(limit)
  local last = #parameters.list
  local found, err = page_size.rows(conn, shape.name, limit, function(failure) return page_size.is_too_large(failure) and 1 end, function(size)
    parameters.list[last] = size
    return shape.sql.query(conn, "select " .. shape.select .. rest, parameters.list)
  end)
  if found then return M.records(shape, found) end
  if not (shape.sql.is_damaged and shape.sql.is_damaged(err)) then return too_large(shape, err) end
  local narrow
  found, narrow = shape.sql.query(conn, "select " .. shape.narrow .. rest, parameters.list)
  if not found then return nil, narrow end
  return whole_records(conn, shape, found)
end

local function scoped(shape, scope, parameters)
  local conditions = {}
  for _, condition in ipairs(connector.conditions(scope)) do
    local text, err = shape.sql.condition(shape, condition, parameters)
    if not text then return nil, err end
    conditions[#conditions + 1] = text
  end
  return conditions
end

--- A page in the order of the key, with the scope's conditions: { records, cursor }, without a cursor after the last.
function M.page(conn, shape, scope, cursor, limit)
  local parameters = shape.sql.parameters()
  local conditions, err = scoped(shape, scope, parameters)
  if not conditions then return nil, err end
  if cursor then
    local parts
    parts, err = connector.key_parts(cursor.after, shape.key)
    if not parts then return nil, err end
    conditions[#conditions + 1] = after(shape, shape.key, parts, parameters)
  end
  local records
  records, err = select_page(conn, shape, conditions, shape.key, limit, parameters)
  if not records then return nil, err end
  local last = #records > 0 and records[#records].key or nil
  if last and cursor and last == cursor.after then
    return connector.fail("invalid", ("the list of %s does not move on behind the key '%s'"):format(shape.name, last), "its key does not sort as it is read: name another key in the mapping")
  end
  return { records = records, cursor = last and { after = last } or nil }
end

--- How many rows those pages have, nil where the server takes too long to tell. A row without a key is on none but the first.
function M.count(conn, shape, scope)
  local parameters = shape.sql.parameters()
  local conditions, err = scoped(shape, scope, parameters)
  if not conditions then return nil, err end
  for _, name in ipairs(shape.key) do conditions[#conditions + 1] = shape.sql.quoted(name) .. " is not null" end
  local found
  found, err = shape.sql.query(conn, "select count(*) as n from " .. shape.name .. " where " .. table.concat(conditions, " and "), parameters.list)
  if found then return found[1].n end
  if shape.sql.took_too_long(err) then return nil end
  return nil, err
end

--- `read`, `list` and `count` of a connector, `plan(conn, collection)` being a collection's shape.
function M.reads(plan)
  local function verb(run)
    return function(conn, collection, ...)
      local shape, err = plan(conn, collection)
      if not shape then return nil, err end
      return run(conn, shape, ...)
    end
  end
  return verb(M.read), verb(function(conn, shape, cursor, limit) return M.page(conn, shape, shape.collection.scope, cursor, limit) end),
    verb(function(conn, shape) return M.count(conn, shape, shape.collection.scope) end)
end

-- What changed --------------------------------------------------------------------------------------------------------

-- The newest event of each key, in the order of their first.
local function newest_of(shape, events)
  local keys, deleted = array {}, {}
  for _, event in ipairs(events) do
    if given(event.key) and #event.key == #shape.key then
      local row = {}
      for n, name in ipairs(shape.key) do row[name] = event.key[n] end
      local key = connector.key_of(row, shape.key)
      if deleted[key] == nil then keys[#keys + 1] = key end
      deleted[key] = event.op == "DELETE"
    end
  end
  return keys, deleted
end

--- What events { key = { part, ... }, op } of rows come to: { records, deleted }, the rows as they are now and those that are gone.
function M.outcome(conn, shape, events)
  local keys, deleted = newest_of(shape, events)
  local records, err = array {}, nil
  if #keys > 0 then records, err = M.read_each(conn, shape, keys) end
  if not records then return nil, err end
  local there, gone = {}, array {}
  for _, one in ipairs(records) do there[one.key] = true end
  for _, key in ipairs(keys) do
    if deleted[key] and not there[key] then gone[#gone + 1] = key end
  end
  return { records = records, deleted = gone }
end

--- What `check` says of rows below records, of which `source` does not tell the old value of the column that names their record; nil where
--- there is no such column.
function M.untold(source, column, then_what)
  if not column then return nil end
  return ("%s not tell whose row was deleted or moved away by itself (its old %s): a sweep finds it%s"):format(source, column, then_what or "")
end

--- Whose rows went or moved away, of events { op = "PARENT", key = { column = value } }: { column = { key, ... } }, each key as a read spells
--- the column, by `spelled(column, values)`, a list with holes where a value is none of it. Nil where there are no such events.
function M.parents(shape, events, spelled)
  local values, found = {}, nil
  for _, event in ipairs(events) do
    for name, value in pairs(event.op == "PARENT" and given(event.key) or {}) do
      local column = shape.about.by_name[name]
      if column then
        values[column] = values[column] or array {}
        table.insert(values[column], value)
      end
    end
  end
  for column, list in pairs(values) do
    local texts, err = spelled(column, list)
    if not texts then return nil, err end
    found = found or {}
    found[column.name] = array {}
    for n = 1, #list do
      if texts[n] ~= nil then table.insert(found[column.name], connector.plain(texts[n])) end
    end
  end
  return found
end

-- Nothing was edited before; further back, the calendar that there is to calculate with may end.
local beginning = "1900-01-01T00:00:00Z"

-- Two zones are no further apart.
local day_of_zones = 26 * 3600

-- A row is stamped before it is committed, so later polls begin before the mark. Where another zone was named since the last one, what was
-- passed over under the former lies as far back as two zones can be apart.
local function floor_of(conn, shape, cursor)
  local back = conn.config.overlap + (given(cursor.zone) ~= shape.zone and day_of_zones or 0)
  return function(mark, polled)
    local from = connector.mark_of(M.instant(shape, mark) or mark, polled)
    return M.earliest(shape.zone, time.add(from > beginning and from or beginning, -back))
  end
end

local function stamped(conn, shape)
  local columns = { shape.modified.name, unpack(shape.key) }
  return function(floor, last, size)
    local parameters = shape.sql.parameters()
    local condition
    if last then
      local parts, err = connector.key_parts(last.key, shape.key)
      if not parts then return nil, err end
      condition = after(shape, columns, { shape.sql.moment(shape, last.time), unpack(parts) }, parameters)
    else
      condition = shape.sql.quoted(shape.modified.name) .. " >= " .. parameters.add(shape.sql.moment(shape, floor))
    end
    return select_page(conn, shape, { condition }, columns, size, parameters)
  end
end

--- A page of a poll by the time column with an overlap; of the whole table where there is no such column.
function M.poll(conn, shape, cursor, limit)
  if not cursor.whole and shape.modified then
    local answer, err = connector.scan(conn, cursor, limit, { floor = floor_of(conn, shape, cursor), page = stamped(conn, shape),
      last = function(records) return #records == 0 end })
    if answer then answer.cursor.zone = given(cursor.zone) end
    if answer and not answer.more then answer.cursor.zone = shape.zone end
    return answer, err
  end
  local found, err = M.page(conn, shape, nil, given(cursor.page), limit)
  if not found then return nil, err end
  return { records = found.records, deleted = array {}, cursor = { whole = true, page = found.cursor }, more = found.cursor ~= nil }
end

--- The first page of polls after a source that is not read any more, `at` being when it last was. What it noted of deletions since then is lost.
function M.poll_after(conn, shape, cursor, limit)
  local mark = given(cursor.at)
  if mark then mark = M.earliest(shape.zone, mark) end
  local answer, err = M.poll(conn, shape, shape.modified and M.cursor(conn, shape, mark) or { whole = true }, limit)
  if answer then answer.sweep = true end
  return answer, err
end

-- Writes --------------------------------------------------------------------------------------------------------------

--- Why a write met no row, `found` being what is read under its key now: nil and the error.
function M.why_none(key, guard, found)
  if not found then return fail("not_found", "no row " .. key) end
  if guard and found.version ~= guard then return fail("stale", "row " .. key .. " has changed") end
  return fail("invalid", "row " .. key .. " can be read but not written", "a policy, a right or a trigger refuses it")
end

return M
