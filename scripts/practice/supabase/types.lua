-- Column types: how a literal becomes what is stored, and how what is stored is shown, sorted and compared.
--
-- Numbers that SQLite would round (numeric, float) are stored as the text that is shown; a second column "k$name"
-- holds a value that sorts as they do. All other types compare as they are stored.
local errors = require "practice.supabase.errors"
local json = require "practice.supabase.json"
local jsonb = require "practice.supabase.jsonb"
local numbers = require "practice.supabase.numbers"
local times = require "practice.supabase.times"
local text = require "tidewire.text"

local M = {}

-- kind -> what messages call it, and what OpenAPI does
local names = {
  int2 = "smallint", int4 = "integer", int8 = "bigint", numeric = "numeric", float4 = "real", float8 = "double precision",
  bool = "boolean", text = "text", varchar = "character varying", uuid = "uuid", timestamptz = "timestamp with time zone",
  timestamp = "timestamp without time zone", date = "date", time = "time without time zone", jsonb = "jsonb",
  json = "json", bytea = "bytea",
}
local kinds = { smallint = "int2", integer = "int4", int = "int4", bigint = "int8", decimal = "numeric", real = "float4",
  boolean = "bool", serial = "int4", bigserial = "int8" }
for kind, name in pairs(names) do kinds[kind], kinds[name] = kind, kind end

local limits = { int2 = "32767", int4 = "2147483647", int8 = "9223372036854775807" }
local keyed = { numeric = true, float4 = true, float8 = true }

--- The type called `name`: "numeric(12,2)", "text[]", or one of `enums`; nil where there is none.
function M.resolve(name, enums)
  local item = name:match("^(.*)%[%]$")
  if item then
    item = M.resolve(item, enums)
    return item and { kind = "array", name = item.name .. "[]", item = item }
  end
  if enums[name] then
    local order = {}
    for i, value in ipairs(enums[name]) do order[value] = i end
    return { kind = "enum", name = name, values = enums[name], order = order }
  end
  local word, first, second = name:match("^([%a%d ]-)%s*%((%d+),?%s*(%d*)%)$")
  local kind = kinds[word or name]
  if not kind then return nil end
  local type = { kind = kind, name = names[kind], keyed = keyed[kind], limit = limits[kind] }
  if kind == "numeric" and first then type.precision, type.scale = tonumber(first), tonumber(second) or 0 end
  if kind == "varchar" and first then type.maxlen = tonumber(first) end
  return type
end

local function bad(type, literal)
  local name = type.kind == "enum" and "enum " .. type.name or "type " .. type.name
  local verb = type.kind == "enum" and "invalid input value for " or "invalid input syntax for "
  error(errors.pg("22P02", verb .. name .. ': "' .. literal .. '"'))
end

local function beyond(digits, limit, negative)
  if #digits ~= #limit then return #digits > #limit end
  if negative then limit = limit:gsub("7$", "8") end
  return digits > limit
end

local read = {}

local function read_int(type, literal)
  -- Most are short and plain; formatting back is cheaper than a pattern.
  if #literal < 5 or (#literal < 10 and type.kind ~= "int2") then
    local number = tonumber(literal)
    if number and ("%d"):format(number) == literal then return number end
  end
  local sign, digits = literal:match("^%s*([+-]?)0*(%d+)%s*$")
  if not digits then bad(type, literal) end
  if beyond(digits, type.limit, sign == "-") then
    error(errors.pg("22003", ('value "%s" is out of range for type %s'):format(literal, type.name)))
  end
  if digits == "0" then return 0 end
  if #digits < 16 then return tonumber(sign .. digits) end
  return (sign == "-" and "-" or "") .. digits
end
read.int2, read.int4, read.int8 = read_int, read_int, read_int

function read.numeric(type, literal)
  local special = numbers.special[literal:lower()]
  if special then return special[1], special[2] end
  local number = numbers.parse(literal)
  if not number then bad(type, literal) end
  if type.precision then
    number = numbers.round(number, type.scale)
    local whole = type.precision - type.scale
    if #number.whole > whole then
      error(errors.pg("22003", "numeric field overflow", ("A field with precision %d, scale %d must round to an " ..
        "absolute value less than 10^%d."):format(type.precision, type.scale, whole)))
    end
  end
  return numbers.text(number), numbers.key(number)
end

local function read_float(type, literal)
  local special = numbers.special[literal:lower()]
  if special then
    local key = { ["9"] = "~", ["8"] = 1 / 0, ["2"] = -1 / 0 }
    return special[1], key[special[2]]
  end
  local value = numbers.parse(literal) and tonumber(literal)
  if not value then bad(type, literal) end
  if value == 1 / 0 or value == -1 / 0 then
    error(errors.pg("22003", ('"%s" is out of range for type %s'):format(literal, type.name)))
  end
  return numbers.float(value, type.kind == "float4" and 6 or 15), value
end
read.float4, read.float8 = read_float, read_float

local booleans = { ["1"] = 1, on = 1, ["0"] = 0, of = 0, off = 0 }
for word, value in pairs { ["true"] = 1, yes = 1, ["false"] = 0, no = 0 } do
  for length = 1, #word do booleans[word:sub(1, length)] = value end
end

function read.bool(type, literal)
  return booleans[literal:lower():match("^%s*(.-)%s*$")] or bad(type, literal)
end

function read.text(_, literal)
  return literal
end

function read.varchar(type, literal)
  if type.maxlen and #literal > type.maxlen and text.length(literal) > type.maxlen then
    error(errors.pg("22001", ("value too long for type character varying(%d)"):format(type.maxlen)))
  end
  return literal
end

function read.uuid(type, literal)
  local hex = literal:gsub("[{}%-]", ""):lower()
  if #hex ~= 32 or hex:find("%X") then bad(type, literal) end
  return ("%s-%s-%s-%s-%s"):format(hex:sub(1, 8), hex:sub(9, 12), hex:sub(13, 16), hex:sub(17, 20), hex:sub(21))
end

local function read_time(type, literal)
  return times.read(type.kind, literal)
end
read.timestamptz, read.timestamp, read.date, read.time = read_time, read_time, read_time, read_time

function read.jsonb(_, literal)
  return jsonb.text(jsonb.slice(literal))
end

function read.json(_, literal)
  return jsonb.slice(literal) and literal
end

local function hex_of(bytes)
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

function read.bytea(_, literal)
  local hex = literal:match("^\\x(%x*)$")
  return "\\x" .. (hex and hex:lower() or hex_of(literal))
end

function read.enum(type, literal)
  return type.order[literal] and literal or bad(type, literal)
end

-- The JSON text of one array item.
local function item_json(type, literal)
  if literal == nil then return "null" end
  local stored = read[type.kind](type, literal)
  return M.json_of(type, stored)
end

local function malformed(literal)
  error(errors.pg("22P02", ('malformed array literal: "%s"'):format(literal),
    'Array value must start with "{" or dimension information.'))
end

-- The quoted item that opens at `at`: its text, and where it ends.
local function quoted_item(inside, at, literal)
  local stop = at + 1
  while true do
    stop = inside:find('["\\]', stop)
    if not stop then malformed(literal) end
    if inside:byte(stop) == 34 then break end
    stop = stop + 2
  end
  return (inside:sub(at + 1, stop - 1):gsub("\\(.)", "%1")), stop
end

--- The items of PostgreSQL's array literal: {x,"y z",NULL}, nil for NULL; and their number.
function M.array_items(literal)
  local inside = literal:match("^%s*{(.*)}%s*$")
  if not inside then malformed(literal) end
  local items, count, at = {}, 0, 1
  while at <= #inside do
    count = count + 1
    at = inside:find("%S", at) or at
    if inside:byte(at) == 34 then
      items[count], at = quoted_item(inside, at, literal)
    else
      local bare = inside:match("^([^,]-)%s*%f[,%z]", at)
      if bare:upper() ~= "NULL" then items[count] = bare end
    end
    at = (inside:find(",", at, true) or #inside) + 1
  end
  return items, count
end

function read.array(type, literal)
  local items, count = M.array_items(literal)
  local out = {}
  for i = 1, count do out[i] = item_json(type.item, items[i]) end
  return "[" .. table.concat(out, ",") .. "]"
end

--- What is stored for the literal `literal`, and the sorting key of a keyed type.
function M.read(type, literal)
  return read[type.kind](type, literal)
end

local plain = { int2 = true, int4 = true, int8 = true, numeric = true, float4 = true, float8 = true, json = true,
  jsonb = true, array = true }

--- The JSON that shows a stored value.
function M.json_of(type, stored)
  if stored == nil then return "null" end
  if type.kind == "bool" then return stored == 1 and "true" or "false" end
  if plain[type.kind] then return type.limit and ("%s"):format(M.digits(stored)) or stored end
  return json.quote(stored)
end

function M.digits(value)
  return type(value) == "number" and ("%.0f"):format(value) or tostring(value)
end

local function array_from_json(type, raw)
  local items = json.items(raw)
  for i, item in ipairs(items) do
    if item == "null" then
      items[i] = item
    else
      items[i] = item_json(type.item, item:sub(1, 1) == '"' and M.unquote(item) or item)
    end
  end
  return "[" .. table.concat(items, ",") .. "]"
end

--- The text of a JSON string's slice; raises 22P05 for \u0000.
function M.unquote(raw)
  local out = json.text(raw)
  if not out then
    error(errors.pg("22P05", "unsupported Unicode escape sequence", "\\u0000 cannot be converted to text."))
  end
  return out
end

local memory, remembered = {}, 0

-- Numbers and times are dear to read and tend to repeat within a batch.
local function remember(type, literal)
  local known = memory[type]
  local hit = known and known[literal]
  if hit then return hit[1], hit[2] end
  if remembered > 5000 or not known then
    if remembered > 5000 then memory, remembered = {}, 0 end
    known = memory[type] or {}
    memory[type] = known
  end
  local stored, key = read[type.kind](type, literal)
  known[literal], remembered = { stored, key }, remembered + 1
  return stored, key
end

local dear = { numeric = true, timestamptz = true, timestamp = true, date = true, time = true }

--- What is stored for the JSON slice `raw` (nil for null), and its key.
function M.from_json(type, raw)
  if raw == "null" then return nil end
  local kind = type.kind
  if kind == "jsonb" then return jsonb.text(raw) end
  if kind == "json" then return raw end
  local first = raw:sub(1, 1)
  if kind == "array" and first == "[" then return array_from_json(type, raw) end
  local literal = first == '"' and M.unquote(raw) or raw
  if dear[kind] then return remember(type, literal) end
  return read[kind](type, literal)
end

return M
