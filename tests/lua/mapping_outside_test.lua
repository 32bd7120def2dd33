local tap = require "tap"
local case = require "mapping_case"

local test, ok = tap.test, tap.ok
local field, warned = case.field, case.warned

local function described(right)
  local list = { field "id", field "email" }
  for _, one in ipairs(right) do list[#list + 1] = one end
  return { describe = { left = { key = { "name" }, fields = { field "name", field "email", field "kind" } }, right = { key = { "id" }, fields = list } } }
end

-- What check says of a mapping with this scope on the right, and these rows besides the one that matches.
local function said(scope, rows, right, more)
  local _, result = case.load(function(e)
    local content = { fields = { { "email", "email" } }, scope = { right = scope(e) } }
    for _, row in ipairs(rows) do content.fields[#content.fields + 1] = row end
    for key, value in pairs(more or {}) do content[key] = value end
    return content
  end, described(right or { field "kind" }))
  return result
end

-- The line that the warning with this text names.
local function place(result, text)
  for _, warning in ipairs(result.warnings) do
    if warning:find(text, 1, true) then return warning:match "^[%w_]+%.lua:(%d+): " end
  end
end

local made = "every record made in app.table \"employees\" gets kind = "
local bare = "the scope of app.table \"employees\" goes by 'kind', and no row fills that"

test("a constant that the scope of its own side leaves out is warned of, where it stands", function()
  local result = said(function() return { kind = "customer" } end, { { right = "kind", value = "supplier", when = "create" } })
  ok(warned(result, made .. "supplier"))
  ok(place(result, made))
  ok(warned(said(function(e) return { kind = e.one_of { "a", "b" } } end, { { right = "kind", value = "c" } }), made))
  ok(warned(said(function(e) return { kind = e.at_least(18) } end, { { right = "kind", value = 17 } }), made))
  ok(warned(said(function(e) return { kind = e.null } end, { { right = "kind", value = "c" } }), made))
  ok(warned(said(function() return { kind = "customer" } end, {}, nil, { stamp = { right = { kind = "x" } } }), made .. "x"))
end)

test("one that the scope takes is not, nor one of which only the types tell", function()
  local function quiet(...) return not warned(said(...), "leaves the mapping as soon as") end
  ok(quiet(function() return { kind = "customer" } end, { { right = "kind", value = "customer", when = "create" } }))
  ok(quiet(function() return { kind = 1 } end, { { right = "kind", value = true } }))
  ok(quiet(function(e) return { kind = e.none_of { "a", "b" } } end, { { right = "kind", value = "c" } }))
  ok(quiet(function(e) return { kind = e.more_than "2026-01-01" } end, { { right = "kind", value = "2025-01-01" } }))
end)

test("nor a field that a row, the system or nobody fills as the scope wants it", function()
  local function quiet(...) return not warned(said(...), bare) end
  local function customers() return { kind = "customer" } end
  ok(not quiet(customers, {}))
  ok(warned(said(customers, {}), "{ right = \"kind\", value = \"customer\", when = \"create\" }"))
  ok(quiet(customers, { { "kind", "kind" } }))
  ok(not quiet(customers, { { "kind", "kind", only = "to_left" } }))
  ok(quiet(customers, {}, { field("kind", "text", { default = "customer" }) }))
  ok(quiet(function(e) return { kind = e.null } end, {}))
  ok(quiet(function(e) return { kind = e.none_of { "x", "y" } } end, {}))
end)

test("nor a flag or a number that may begin as the scope wants it, though nobody tells", function()
  local function quiet(kind, value, more)
    return not warned(said(function(e) return { kind = type(value) == "function" and value(e) or value } end, {}, { field("kind", kind, more) }), bare)
  end
  ok(quiet("bool", false))
  ok(quiet("bool", function(e) return e.not_equal(true) end))
  for _, kind in ipairs { "int", "float", "decimal" } do
    ok(quiet(kind, 0))
    ok(quiet(kind, function(e) return e.less_than(5) end))
    ok(not quiet(kind, 1))
  end
  ok(not quiet("text", "0"))
  for _, default in ipairs { 1, "1", true, "true" } do
    ok(quiet("bool", true, { default = default }))
    ok(not quiet("bool", false, { default = default }))
  end
  ok(not quiet("bool", true, { default = "0" }))
  ok(quiet("bool", true, { default = "is_weekday()" }))
end)

test("a flag that a scope wants set begins unset, where no default says otherwise: the row that sets it is spelled out", function()
  local result = said(function() return { kind = true } end, {}, { field("kind", "bool") })
  ok(warned(result, bare))
  ok(warned(result, "{ right = \"kind\", value = true, when = \"create\" }"))
  ok(not warned(said(function() return { kind = true } end, { { right = "kind", value = true, when = "create" } }, { field("kind", "bool") }), bare))
end)

test("nor of a side where the mapping makes no records, or records of its own by `where`", function()
  ok(not warned(said(function() return { kind = "customer" } end, {}, nil, { direction = "right_to_left" }), bare))
  local _, result = case.load(function(e)
    return { right = e.app.table("employees", { where = { kind = "customer" }, claims = "kind" }), fields = { { "email", "email" } } }
  end, described { field "kind" })
  ok(not warned(result, "leaves the mapping as soon as"))
end)
