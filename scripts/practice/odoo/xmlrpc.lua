-- XML-RPC: requests as values, results and faults as XML.

local calls = require "practice.odoo.calls"
local decimal = require "tidewire.decimal"
local errors = require "practice.odoo.errors"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local python = require "practice.shared.python"
local service = require "practice.odoo.service"

local M = {}

local entities = { lt = "<", gt = ">", amp = "&", quot = '"', apos = "'" }

local function utf8_of(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64) end
  return string.char(0xF0 + math.floor(code / 262144), 0x80 + math.floor(code / 4096) % 64, 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local function unescaped(text)
  return (text:gsub("&(#?x?)(%w+);", function(mark, name)
    if mark == "" then return entities[name] or "?" end
    return utf8_of(tonumber(name, mark == "#x" and 16 or 10) or 63)
  end))
end

-- A reader goes through the text by tags: { text, at }.
local function next_tag(reader)
  local from, to, slash, name, rest = reader.text:find("<(/?)([%w%.%?!_-]+)([^>]*)>", reader.at)
  if not from then error({ exception = "xml.parsers.expat.ExpatError", message = "no element found" }, 0) end
  local before = reader.text:sub(reader.at, from - 1)
  reader.at = to + 1
  return name, slash == "/", before, rest:sub(-1) == "/"
end

local read_value

local function read_list(reader)
  local list = json.array {}
  while true do
    local name, closing = next_tag(reader)
    if name == "array" and closing then return list end
    if name == "value" and not closing then list[#list + 1] = read_value(reader) end
  end
end

local function read_struct(reader)
  local object, member = json.object {}, nil
  while true do
    local name, closing, before = next_tag(reader)
    if name == "struct" and closing then return object end
    if name == "name" and closing then member = unescaped(before) end
    if name == "value" and not closing then object[member] = read_value(reader) end
  end
end

local scalars = {
  int = tonumber, i4 = tonumber, double = tonumber, string = unescaped, boolean = function(text) return text == "1" end,
  base64 = function(text) return hash.from_base64((text:gsub("%s", ""))) end,
  ["dateTime.iso8601"] = function(text) return (text:gsub("^(%d%d%d%d)(%d%d)(%d%d)T", "%1-%2-%3 ")) end,
}

-- After <value>: up to its end.
function read_value(reader)
  local name, closing, before, empty = next_tag(reader)
  if name == "value" and closing then return unescaped(before) end
  local value
  if name == "array" then value = empty and json.array {} or read_list(reader)
  elseif name == "struct" then value = empty and json.object {} or read_struct(reader)
  elseif name == "nil" then value = json.null
  elseif empty then value = ""
  else
    local _, _, inside = next_tag(reader)
    value = (scalars[name] or unescaped)(inside)
  end
  repeat name, closing = next_tag(reader) until name == "value" and closing
  return value
end

local function read_call(text)
  local reader, method, params = { text = text, at = 1 }, nil, json.array {}
  while true do
    local name, closing, before = next_tag(reader)
    if name == "methodName" and closing then method = unescaped(before) end
    if name == "value" and not closing then params[#params + 1] = read_value(reader) end
    if name == "methodCall" and closing then return method, params end
  end
end

local marks = { ["<"] = "&lt;", [">"] = "&gt;", ["&"] = "&amp;" }

-- Control characters are left out, as the real server does.
local function escaped(text)
  return (text:gsub("[%z\1-\8\11\12\14-\31]", ""):gsub("[<>&]", marks))
end

local function write(value, out)
  local kind = type(value)
  if value == nil or value == json.null or value == calls.none then
    error({ exception = "TypeError", message = "cannot marshal None unless allow_none is enabled", none = true }, 0)
  elseif kind == "boolean" then out[#out + 1] = "<value><boolean>" .. (value and "1" or "0") .. "</boolean></value>"
  elseif kind == "string" then out[#out + 1] = "<value><string>" .. escaped(value) .. "</string></value>"
  elseif kind == "number" then out[#out + 1] = ("<value><int>%d</int></value>"):format(value)
  elseif python.is_raw(value) or decimal.is(value) then out[#out + 1] = "<value><double>" .. (value.text or tostring(value)) .. "</double></value>"
  elseif python.is_list(value) then
    out[#out + 1] = "<value><array><data>\n"
    for _, one in ipairs(value) do write(one, out) end
    out[#out + 1] = "</data></array></value>\n"
  else
    out[#out + 1] = "<value><struct>\n"
    for _, key in ipairs(python.sorted_keys(value)) do
      out[#out + 1] = "<member>\n<name>" .. escaped(key) .. "</name>\n"
      write(value[key], out)
      out[#out + 1] = "</member>\n"
    end
    out[#out + 1] = "</struct></value>\n"
  end
end

local function reply(body)
  return { status = 200, headers = { ["Content-Type"] = "text/xml" }, body = "<?xml version='1.0'?>\n<methodResponse>\n" .. body .. "</methodResponse>\n" }
end

local function fault(failure, first_version)
  local code, text = errors.fault(failure)
  if failure.none then code, text = 1, failure.message end
  local out = {}
  -- Version 1 tells the exception in the code, as text.
  if first_version and code ~= 1 then code, text = "warning -- " .. failure.exception .. "\n\n" .. failure.message, "" end
  write({ faultCode = code, faultString = text }, out)
  return reply("<fault>\n" .. table.concat(out) .. "</fault>\n")
end

--- The answer of a failure.
function M.failed(request, failure) return fault(failure, request.segments[2] ~= "2") end

--- POST /xmlrpc/2/SERVICE and /xmlrpc/SERVICE. The answer and what was written.
function M.answer(request, stamp)
  local first_version = request.segments[2] ~= "2"
  local name = request.segments[first_version and 2 or 3]
  local ok, method, params = pcall(read_call, request.body or "")
  if not ok then return fault(errors.of(method), first_version) end
  local result, more = service.call(name, method, params, stamp, "xmlrpc")
  if result == nil then return fault(more, first_version) end
  local out = {}
  local written, problem = pcall(write, result, out)
  if not written then return fault(errors.of(problem), first_version), more end
  return reply("<params>\n<param>\n" .. table.concat(out) .. "</param>\n</params>\n"), more
end

return M
