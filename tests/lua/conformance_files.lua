--- Files of a system, where its connector copies them: `subject.files`, a list of fields that hold or name one. `gone`: what nothing names any more
--- is not there any more either. `by_name`: within a minute only another name tells another content.

local tap = require "tap"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local suite = require "conformance_case"

local array, null = json.array, json.null
local copy, must = suite.copy, suite.must

-- Any bytes, other ones for each seed: zeros, what is no UTF-8, line ends.
local function content(seed, size)
  local parts = {}
  for i = 0, (size or 3000) - 1 do parts[#parts + 1] = string.char((i * i * 31 + i + seed * 97) % 256) end
  return table.concat(parts)
end

return function(w)
  local subject = w.subject
  for _, field in ipairs(subject.files or {}) do
    local name = field.name
    local fields = array { unpack(w.collection.fields) }
    fields[#fields + 1] = name
    local collection = copy(w.collection, { fields = fields, files = array { name }, options = copy(w.collection.options, field.options) })

    local function put(bytes, called)
      return must(w.call.upload(collection, { field = name, sha256 = hash.sha256(bytes), name = called or "ada lovelace.png", type = null, base64 = hash.base64(bytes) }))
    end
    local function made(bytes)
      local outcome = must(w.call.create(collection, array { { values = copy(subject.make(suite.next_number()), { [name] = put(bytes) }) } }))[1]
      return must(outcome.record, outcome.error)
    end
    local function read(key) return must(w.call.read(collection, array { key }))[1] end
    local function bytes_of(ref)
      local file = must(w.call.download(collection, ref))
      return file ~= null and hash.from_base64(file.base64) or null
    end

    tap.test(name .. ": a file is read as it was put there, byte for byte, by what its record shows", function()
      local bytes = content(1)
      local record = made(bytes)
      local ref = read(record.key).fields[name]
      tap.equal(ref ~= null and #json.encode(ref) < 400, true, "a reference, no content")
      tap.equal(record.fields[name], ref)
      tap.equal(bytes_of(tostring(ref)), bytes)
    end)

    tap.test(name .. ": another content is another reference and another version, read from pages as by key", function()
      local record = made(content(2))
      local before = read(record.key)
      must(w.call.update(collection, record.key, { [name] = put(content(3), field.by_name and "another.png" or nil) }, before.version))
      local after = read(record.key)
      tap.equal(after.fields[name] ~= before.fields[name], true)
      tap.equal(after.version ~= before.version, true)
      tap.equal(bytes_of(tostring(after.fields[name])), content(3))
      local cursor, found
      repeat
        local page = must(w.call.list(collection, cursor, 100))
        for _, one in ipairs(page.records) do found = one.key == record.key and one or found end
        cursor = page.cursor
      until not cursor or found
      tap.equal(found.fields[name], after.fields[name])
    end)

    if w.call.file_marks then
      tap.test(name .. ": what tells its content from another one is the same at each look, and with the content itself", function()
        local ref = tostring(read(made(content(5)).key).fields[name])
        local mark = must(w.call.file_marks(collection, array { ref }))[ref]
        tap.equal(must(w.call.file_marks(collection, array { ref }))[ref], mark)
        tap.equal(must(w.call.download(collection, ref)).mark, mark)
      end)
    end

    tap.test(name .. ": null is no file, and what is not there is null", function()
      local record = made(content(4))
      local ref = read(record.key).fields[name]
      must(w.call.update(collection, record.key, { [name] = null }, read(record.key).version))
      tap.equal(read(record.key).fields[name], null)
      if field.gone then tap.equal(bytes_of(tostring(ref)), null) end
    end)
  end
end
