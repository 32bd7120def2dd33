--- What connectors share: failures, one JSON call over HTTP, conditions, keys and the scan of a poll.
---
--- A connector never repeats a request; what it owes the engine is an honest word for what happened. The rule that all
--- of this keeps: a read that is not clearly answered is `unavailable`, a write that may have been applied is `unknown`.

local cut = require "tidewire.cut"
local json = require "tidewire.json"
local polls = require "tidewire.polls"
local task = require "tidewire.task"
local text = require "tidewire.text"
local time = require "tidewire.time"

local M = {}

local null = json.null

local readable = {
  __tostring = function(err)
    local hint = err.hint and " (" .. err.hint .. ")" or ""
    return tostring(err.code) .. ": " .. tostring(err.message) .. hint
  end,
}

--- nil and the error: `return fail("invalid", "no such field")`.
function M.fail(code, message, hint, retry_after)
  return nil, setmetatable({ code = code, message = message, hint = hint, retry_after = retry_after }, readable)
end

local fail = M.fail

--- What a person may do about a record that is in the way of another.
M.in_the_way = {
  taken = "another record holds this value; where two swap theirs, give one of them another value first",
  reference = "what it refers to is not there yet, or others still refer to it",
}

--- The error as `blocked`: it came because of another record, which may be out of the way in a moment. `why`: "taken" of a
--- unique value, or "reference".
function M.blocked(err, why)
  return select(2, fail("blocked", err.message, M.given(err.hint) or M.in_the_way[why]))
end

--- The value, or nil where it is JSON null.
function M.given(value)
  if value == null then return nil end
  return value
end

--- The text of a single value as it stands in a URL or a key.
M.plain = text.of

--- The first of a secret that may be a list of two during rotation.
function M.secret(value)
  if type(value) == "table" then return value[1] end
  return value
end

--- The proof of `webhook = { header, secret, hmac, encoding, prefix }`, as any kind understands it: an HMAC over the raw
--- body where `hmac` is true or the header's name ends in "signature", else the secret itself in that header.
function M.webhook_proof(webhook)
  local header = webhook.header or "Authorization"
  local signed = webhook.hmac
  if signed == nil then signed = header:lower():sub(-9) == "signature" end
  return {
    kind = signed and "hmac-sha256" or "header", encoding = signed and (webhook.encoding or "hex") or nil,
    header = header, prefix = webhook.prefix, secret = "webhook.secret",
  }
end

--- `url` without slashes at its end.
function M.base(url)
  local stripped = url
  while stripped:sub(-1) == "/" do stripped = stripped:sub(1, -2) end
  return stripped
end

--- The same without the user and password that an address may hold: what may be shown and kept.
function M.without_login(url)
  return (M.base(url):gsub("^(%w+://)[^/]*@", "%1"))
end

--- The distinct first segments of dotted field names, after those of `first`.
function M.heads(first, fields)
  local seen, list = {}, {}
  local function add(name)
    local head = name:match "^[^.]+"
    if head and not seen[head] then
      seen[head] = true
      list[#list + 1] = head
    end
  end
  for _, name in ipairs(first) do add(name) end
  for _, name in ipairs(fields or {}) do add(name) end
  return list
end

--- `list` cut into lists of at most `size`.
function M.chunks(list, size)
  local chunks = {}
  for at = 1, #list, size do
    local chunk = json.array {}
    for i = at, math.min(at + size - 1, #list) do chunk[#chunk + 1] = list[i] end
    chunks[#chunks + 1] = chunk
  end
  return chunks
end

--- Calls `visit` for each of `list`, `width` at a time; results in order, or the first failure. A result is never nil.
function M.each(list, width, visit)
  local results = {}
  for _, chunk in ipairs(M.chunks(list, width)) do
    local work = {}
    for i, item in ipairs(chunk) do
      work[i] = function() return visit(item) end
    end
    local done, err = task.all(work)
    if not done then return nil, err end
    for _, result in ipairs(done) do results[#results + 1] = result end
  end
  return results
end

-- Time ----------------------------------------------------------------------------------------------------------------

local months = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12 }

--- The UTC ISO time of an HTTP date ("Fri, 20 Nov 2026 22:45:49 GMT"), or nil; a leap second is the one before it.
function M.http_date(value)
  if type(value) ~= "string" then return nil end
  local day, month, year, clock = value:match "^%a+, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d:%d%d:%d%d) GMT$"
  if not day or not months[month] then return nil end
  local iso = string.format("%s-%02d-%sT%sZ", year, months[month], day, (clock:gsub(":60$", ":59")))
  return time.parse(iso) and iso or nil
end

local function seconds_of(iso)
  local seconds, micros = time.parse(iso)
  if not seconds then return nil end
  return seconds + (micros or 0) / 1e6
end

M.server_now = polls.server_now

local function note_clock(conn, headers)
  local date = M.http_date(headers.date)
  if not date then return end
  conn.state.clock_offset = seconds_of(date) - math.floor(seconds_of(time.now()))
  conn.state.server_date = date
end

local longest_wait = 1e8  -- seconds; who waits stops much earlier

--- Seconds to wait by a `Retry-After` header (seconds or a date), or nil.
function M.retry_after(headers)
  local value = headers["retry-after"]
  if not value then return nil end
  if value:find "^%d+%.?%d*$" then return math.min(tonumber(value), longest_wait) end  -- not "inf" or "nan", which tonumber takes
  local date = M.http_date(value)
  return date and math.max(0, seconds_of(date) - seconds_of(headers.date and M.http_date(headers.date) or time.now()))
end

-- One call ------------------------------------------------------------------------------------------------------------

-- Of a request that brought no answer at all.
local function lost(err, writes)
  local code = err.code
  if writes and code == "invalid" then code = "unknown" end
  if not writes and code == "unknown" then code = "unavailable" end
  local hint = M.given(err.hint) or code == "unavailable" and "does it run, and does `url` name it? It is tried again by itself" or nil
  return fail(code, err.message, hint, err.retry_after)
end

local too_long = { [413] = true, [414] = true, [431] = true }

-- A page in the place of data, by its title: "a page of HTML, '502 Bad Gateway'"; nil where the text is none.
local function page_of(body)
  if not body:find "^%s*<[!%a]" then return nil end
  local title = body:sub(1, 4096):match "<[Tt][Ii][Tt][Ll][Ee][^<>]*>%s*([^<]-)%s*</"
  title = title and cut.text(title:gsub("[%c%s]+", " "), 60)
  return "a page of HTML" .. (title and title ~= "" and text.valid(title) and ", '" .. title .. "'" or "")
end

-- What a status says by itself, of an answer whose body says nothing.
local function by_status(reply, writes)
  local status = reply.status
  local function says(code, message, hint) return fail(code, message, hint, M.retry_after(reply.headers)) end
  local page = type(reply.body) ~= "table" and page_of(reply.text) or nil
  local what = "the server answered " .. status .. (page and " with " .. page or "")
  if status == 429 then return says("throttled", what, "too many calls: limits = { rate = \"2/s\" } of the connection keeps below what it takes") end
  if status == 401 or status == 403 then
    return says("denied", what, page and "check the key and the role's permissions; a firewall or a proxy before it may have answered" or "check the key and the role's permissions")
  end
  if status >= 500 or status == 408 then return says(writes and "unknown" or "unavailable", what, "the trouble is there, or with a proxy before it; it is tried again by itself") end
  if status >= 300 and status < 400 then
    return says("denied", what .. ", a redirect to " .. tostring(reply.headers.location), "give that address as `url`")
  end
  if status == 404 then return says("unavailable", what .. " without a word of the system", "does `url` name the right site?") end
  -- A page of something in between says nothing of what was asked for, unless that it was too long.
  local stranger = type(reply.body) ~= "table" and not too_long[status]
  if stranger and not writes then return says("unavailable", what .. " without a word of the system", "a proxy may stand between") end
  return says("invalid", what)
end

-- What an answer is that is not the JSON which was promised, and where in it, with what a person may look after.
local function unread(body, decoded, err)
  local between = "a proxy or a login page may stand between, or the answer was cut off"
  if body == "" then return "it is empty", between end
  local page = page_of(body)
  if page then return "it is " .. page, "a login page, a firewall or the wrong address: does `url` name the system's own?" end
  if not err then return "it is a single value and no object or list", between end
  local reason, byte = err.message:match "^not JSON: (.-)%.? %(byte (%d+)%)$"
  local place = byte and ("at byte %s of %d"):format(byte, #body) or err.message
  if reason and reason:find "encoding" then
    return "it is not UTF-8 " .. place, "a text there is damaged or of another encoding: mend it there; an answer that was cut off within a letter looks the same"
  end
  local strange = not text.valid(body) and ", and it is not UTF-8" or ""
  return ("%s %s%s"):format(reason or "not read:", place, strange), between
end

--- Sends one request and reads one JSON answer: `{ status, headers, body, text }`, `body` decoded; or nil, err.
---
--- `request`: `method, url, headers`; `body`, a value sent as JSON; `writes`, true where the request may change
--- something; `raw`, in place of `body`, a file's bytes; `file = "answer"`, where the answer is a file: `text` has its bytes, at most
--- `max_bytes`; `empty`, true where an answer without a body is promised; `bare`, true where any JSON value is; `explain(reply)`,
--- which may return code, message, hint of an answer outside 2xx whose JSON it understands; `explain_pages`, true where it also
--- judges answers that are no JSON (`reply.body` nil).
function M.call(conn, request)
  local http = conn.http or require "tidewire.http"
  local writes = request.writes or false
  local response, err = http.request {
    method = request.method, url = request.url, headers = request.headers,
    body = request.raw or request.body ~= nil and json.encode(request.body) or nil,
    timeout = conn.config.timeout, once = writes or nil, same_origin = true,
    file = request.raw and "sent" or request.file, max_bytes = request.max_bytes,
  }
  if not response then return lost(err, writes) end
  local headers = response.headers or {}
  note_clock(conn, headers)
  local is_file = request.file == "answer" and response.status >= 200 and response.status < 300
  if is_file then return { status = response.status, headers = headers, text = response.body } end
  local decoded, wrong
  if response.body ~= "" then decoded, wrong = json.decode(response.body) end
  local reply = { status = response.status, headers = headers, body = decoded, text = response.body }
  if reply.status >= 200 and reply.status < 300 then
    if type(decoded) == "table" or request.empty and response.body == "" or request.bare and decoded ~= nil then return reply end
    local why, hint = unread(response.body, decoded, wrong)
    if not writes then return fail("unavailable", "the answer is not the JSON that was promised: " .. why, hint) end
    return fail("unknown", "the answer is not the JSON that was promised: " .. why, hint)
  end
  local moved = reply.status >= 300 and reply.status < 400
  local judged = not moved and (type(decoded) == "table" or request.explain_pages)
  if judged and request.explain and reply.status ~= 429 then
    local code, message, hint = request.explain(reply, writes)
    if code then return fail(code, message, hint, M.retry_after(headers)) end
  end
  return by_status(reply, writes)
end

--- The answer of an `uninstall` that leaves to other mappings what they use too (`options.used_by`, their names); nil where none does.
function M.left_to_others(options)
  local names = M.given(options and options.used_by) or {}
  if #names == 0 then return nil end
  local list = table.concat(names, ", ")
  return { applied = false, steps = json.array { { title = "left as it is: " .. list .. (#names == 1 and " uses it too" or " use it too"),
    todo = "where it is to go, take the file of " .. list .. " away first, or let another collection be named there" } } }
end

-- Conditions ----------------------------------------------------------------------------------------------------------

--- A scope as a list of `{ field, op, value }` by field name. Comparing with null becomes a question after null.
function M.conditions(scope)
  local list = {}
  for field, condition in pairs(scope or {}) do
    local op, value = "=", condition
    if type(condition) == "table" and condition.op then op, value = condition.op, condition.value end
    if type(condition) == "table" and condition.op and value == nil then value = condition[1] end
    if value == null and op == "=" then op = "is_null" end
    if value == null and op == "!=" then op = "not_null" end
    list[#list + 1] = { field = field, op = op, value = value }
  end
  table.sort(list, function(a, b) return a.field < b.field end)
  return list
end

local function folded(value) return text.fold(text.trim(value)) end

--- Whether a value read answers a value asked for: exact, numbers by value, text without case where `fold`.
function M.same(read, asked, fold)
  if read == nil then read = null end
  if read == null or asked == null then
    return read == asked or read == "" or asked == "" and read == null
  end
  if type(asked) == "boolean" and type(read) == "number" then return (read ~= 0) == asked end
  if type(read) == "boolean" and type(asked) == "number" then return (asked ~= 0) == read end
  if type(read) == "string" and type(asked) == "string" and fold then return folded(read) == folded(asked) end
  if type(read) == "table" or type(asked) == "table" then return json.encode(read) == json.encode(asked) end
  return read == asked or M.plain(read) == M.plain(asked)
end

--- Deals records to the queries they answer, at most 3 each; true when every query has 3.
--- `value_of(record, field)` where a field of a query is not one of the record's fields.
function M.deal(queries, records, answers, value_of)
  local full = true
  for i, query in ipairs(queries) do
    answers[i] = answers[i] or json.array {}
    for _, record in ipairs(records) do
      local fits = #answers[i] < 3
      for _, part in ipairs(query) do
        local value = record.fields[part.field]
        if value == nil and value_of then value = value_of(record, part.field) end
        fits = fits and M.same(value, part.value, part.fold)
      end
      if fits then answers[i][#answers[i] + 1] = record end
    end
    full = full and #answers[i] == 3
  end
  return full
end

-- Keys ----------------------------------------------------------------------------------------------------------------

--- The key of a row by its key columns: the value's text, of several the JSON list.
function M.key_of(row, columns)
  if #columns == 1 then return M.plain(row[columns[1]]) end
  local parts = json.array {}
  for i, column in ipairs(columns) do parts[i] = row[column] end
  return json.encode(parts)
end

--- The parts of a key, as many as there are columns; nil, err where it is no such key.
function M.key_parts(key, columns)
  if #columns == 1 then return { key } end
  local parts = json.decode(key)
  if type(parts) == "table" and #parts == #columns then return parts end
  return fail("invalid", "the key " .. key .. " is no list of " .. #columns .. " parts")
end

--- A page of `poll()` for a cursor that was made before there was a better source: the position there is taken first
--- (`start()`), and becomes the cursor when the poll is through. `tells_deletions`: of the new source. What went before its position it
--- does not tell, and nobody who relies on it looks for that: so the whole side is looked at once.
function M.change_over(cursor, start, poll, tells_deletions)
  local owed, why = M.given(cursor.owed)
  if not owed then owed, why = start() end
  if not owed then return nil, why end
  local answer, err = poll()
  if not answer then return nil, err end
  if answer.more then
    answer.cursor.owed = owed
  else
    answer.cursor, answer.sweep = owed, tells_deletions
  end
  return answer
end

-- Creates of several rows ---------------------------------------------------------------------------------------------

--- Whether the row has its key's columns.
function M.has_key(row, key)
  for _, column in ipairs(key) do
    if row[column] == nil then return false end
  end
  return true
end

--- The entries of a create (or of an update, `key` being {}) as groups of `{ at, row }` whose rows have the same columns, which
--- one statement needs.
function M.by_columns(entries, key)
  local groups, order = {}, {}
  for i, entry in ipairs(entries) do
    local row, names = {}, {}
    for name, value in pairs(entry.values) do row[name] = value end
    if M.given(entry.key) and #key > 0 then
      for n, part in ipairs(M.key_parts(entry.key, key) or {}) do row[key[n]] = part end
    end
    for name in pairs(row) do names[#names + 1] = name end
    table.sort(names)
    local id = table.concat(names, "\0")
    if not groups[id] then
      groups[id] = {}
      order[#order + 1] = groups[id]
    end
    table.insert(groups[id], { at = i, row = row })
  end
  return order
end

-- The scan of a poll: tidewire.polls.
M.cursor, M.fresh, M.forget, M.mark_of, M.scan = polls.cursor, polls.fresh, polls.forget, polls.mark_of, polls.scan

return M
