--- The functions of a mapping as the program calls them: one table of arguments in, one table out.

local json = require "tidewire.json"
local outcome = require "tidewire.mapping.outcome"
local report = require "tidewire.host.report"
local values = require "tidewire.mapping.values"

local M = {}

local null = json.null
local leave = { kind = "leave" }

local function said(result)
  local kind, why = outcome.of(result)
  if kind then return { kind = kind, why = why } end
  if type(result) == "function" then error("a function was returned where a value is expected", 0) end
  return { kind = "value", value = result }
end

local context_names = { "lookup", "now", "op", "target" }
local context_meta = {
  __index = function(_, name)
    if name == "target" or name == "lookup" or name == "now" then return nil end
    error(("ctx has no '%s'%s"):format(tostring(name), report.suggest(name, context_names)), 2)
  end,
}

--- What functions of a mapping see besides their value: `target`, the metatable of the target's record; `lookups`, by name
--- the metatables of what is looked up for the source's records.
function M.surroundings(target, lookups)
  local names = report.names(lookups)
  return { target = target, lookups = lookups, meta = {
    __index = function(_, name)
      if lookups[name] then return nil end
      error(("ctx.lookup has no '%s'%s"):format(tostring(name), #names == 0 and " towards this side" or report.suggest(name, names)), 2)
    end,
  } }
end

local function seen(ctx, about)
  ctx = setmetatable(ctx or {}, context_meta)
  if not about then return ctx end
  local told, found = rawget(ctx, "lookup"), {}
  for name, strict in pairs(about.lookups) do
    local record = type(told) == "table" and told[name] or nil
    if record ~= nil and record ~= null then found[name] = values.guarded(record, strict) end
  end
  rawset(ctx, "lookup", setmetatable(found, about.meta))
  local target = rawget(ctx, "target")
  rawset(ctx, "target", type(target) == "table" and values.guarded(target, about.target) or nil)
  return ctx
end

-- What nothing becomes on the other side is the row's to say, unless the function said something.
local function from_nothing(result, row)
  if row.null == "keep" then return leave end
  if row.null == "replace" then return { kind = "value", value = row.null_value } end
  return said(result == nil and null or result)
end

--- `call(value, record, ctx)` for one value on the source side. To a transform of ours (no `strict`) an empty text is nothing.
local function of_one(call, row, strict, about)
  return function(value, record, ctx)
    if value == null then value = nil end
    local result = call(value, strict and values.guarded(record, strict), seen(ctx, about))
    local nothing = value == nil or value == "" and not strict
    if nothing and (result == nil or result == null) then return from_nothing(result, row) end
    if result == nil then return leave end
    return said(result)
  end
end

--- The same for several: `value` is a strict table by path.
local function of_several(call, paths, strict, side_name, about)
  local declared = {}
  for _, path in ipairs(paths) do declared[path] = true end
  local own = M.strict_of(declared, side_name)
  return function(value, record, ctx)
    local form = values.guarded(value, own)
    local result = call(form, strict and values.guarded(record, strict), seen(ctx, about))
    if result == nil then return leave end
    return said(result)
  end
end

-- A dotted path is one name in the form of several paths.
function M.strict_of(declared, what)
  local meta = values.strict(declared, what)
  local inner = meta.__index
  meta.__index = function(form, name)
    if declared[name] then return nil end
    return inner(form, name)
  end
  return meta
end

--- A row's conversion towards one side. `row`: null, null_value; `strict`: metatable of the source's record, nil of a transform
--- of the library, which looks at no record.
function M.conversion(call, paths, row, strict, side_name, about)
  if #paths == 1 then return of_one(call, row, strict, about) end
  return of_several(call, paths, strict, side_name, about)
end

local function set_of(list)
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end

-- What a function declared to read, out of its side's form.
local function readings(reads, paths, form, strict)
  local record = {}
  for _, path in ipairs(reads) do
    local value = form
    if #paths > 1 then value = type(form) == "table" and form[path] or nil end
    if value ~= null then record[path] = value end
  end
  return setmetatable(record, strict)
end

--- `fn({ reads, writes }, f)` as a conversion: f(rec, out, ctx) fills `out`; what it leaves out is left alone.
function M.declared(declaration, source_paths, target_paths, side_name, about)
  local reads, writes = declaration.reads, declaration.writes
  local writable, strict = set_of(writes), M.strict_of(set_of(reads), side_name)
  local out_meta = {
    __newindex = function(out, name, value)
      if not writable[name] then
        error(("out has no '%s'%s: say it in writes"):format(tostring(name), report.suggest(name, writes)), 2)
      end
      rawset(out, name, value)
    end,
  }
  return function(value, _, ctx)
    local out = setmetatable({}, out_meta)
    local record = readings(reads, source_paths, value, strict)
    local result = declaration.call(record, out, seen(ctx, about))
    if outcome.of(result) then return said(result) end
    if result ~= nil then error("a function with writes fills out and returns nothing, or skip, wait or dead", 0) end
    if next(out) == nil then return leave end
    if #target_paths == 1 then return said(out[target_paths[1]]) end
    return { kind = "value", value = setmetatable(out, nil) }
  end
end

-- What a strategy gets: nulls gone, records strict.
local function readable(dispute, context)
  local d = {}
  for key, value in pairs(dispute) do
    if value ~= null then d[key] = value end
  end
  if d.base then d.base = values.guarded(d.base) end
  if d.left_record then d.left_record = values.guarded(d.left_record, context.strict.left) end
  if d.right_record then d.right_record = values.guarded(d.right_record, context.strict.right) end
  d.type, d.kind = context.type, context.type and context.type.kind
  return d
end

--- A strategy for one field. `context`: name, sides (name of a connection -> side), strict, type (of the left).
function M.strategy(call, context)
  return function(dispute)
    local verdict = call(readable(dispute, context))
    if type(verdict) == "string" then
      verdict = context.sides[verdict] or verdict
      if verdict == "manual" then return { kind = "manual" } end
      if verdict == "left" or verdict == "right" then return { kind = "side", side = verdict } end
    elseif type(verdict) == "table" then
      if verdict.value ~= nil then return { kind = "value", left = verdict.value } end
      if verdict.left ~= nil or verdict.right ~= nil then return { kind = "value", left = verdict.left, right = verdict.right } end
    end
    error(("the strategy %s must return \"left\", \"right\", \"manual\", { value = ... } or { left = ..., right = ... }, not %s")
      :format(context.name, type(verdict) == "string" and "'" .. verdict .. "'" or type(verdict)), 0)
  end
end

--- A check: nil where the value passes, else the message.
function M.check(call, message)
  return function(value)
    local passes, why = call(values.given(value))
    if passes then return nil end
    return type(why) == "string" and why or message
  end
end

return M
