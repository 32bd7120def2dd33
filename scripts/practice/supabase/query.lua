-- The query string of a request: what is selected, filtered, ordered and limited. Syntax only: no table is known here.
--
-- A condition is { field, negated, op, value | list, quantifier } or { logic = "and" | "or", negated, items }.
local errors = require "practice.supabase.errors"

local M = {}

local operators = {}
for name in ("eq gt gte lt lte neq like ilike match imatch is isdistinct in cs cd ov sl sr nxr nxl adj " ..
  "fts plfts phfts wfts"):gmatch("%a+") do
  operators[name] = true
end
local quantified = { eq = true, gt = true, gte = true, lt = true, lte = true, like = true, ilike = true, match = true,
  imatch = true }
local reserved = { select = true, columns = true, on_conflict = true, order = true, limit = true, offset = true,
  ["and"] = true, ["or"] = true, ["not.and"] = true, ["not.or"] = true, apikey = true }

local function decode(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

--- "a=1&b=x%20y" -> list of {name, value}, in order; + is a blank.
function M.pairs(text)
  local out = {}
  for part in text:gmatch("[^&]+") do
    local name, value = part:match("^([^=]*)=?(.*)$")
    out[#out + 1] = { decode(name), decode(value) }
  end
  return out
end

-- A name at `at`, quoted or up to one of `stops`: the name, and the position behind it.
local function name_at(text, at, stops)
  if text:sub(at, at) == '"' then
    local stop = text:find('"', at + 1, true)
    if stop then return text:sub(at + 1, stop - 1), stop + 1 end
  end
  local stop = text:find(stops, at) or #text + 1
  local dash = text:find("->", at, true)
  if dash and dash < stop then stop = dash end
  return text:sub(at, stop - 1), stop
end

-- "doc->a->>b" at `at`: {column, path}, position behind it.
local function field_at(text, at, stops)
  local column, path, arrow
  column, at = name_at(text, at, stops)
  while text:sub(at, at + 1) == "->" do
    arrow = text:sub(at, at + 2) == "->>" and "->>" or "->"
    path = path or {}
    path[#path + 1] = { arrow = arrow }
    path[#path].key, at = name_at(text, at + #arrow, stops)
  end
  return { column = column, path = path }, at
end

local expected_operator = '"not" or operator (eq, gt, ...)'

-- "op", "op(any)", "fts(english)" at the start of `text`: op, quantifier, position behind the dot.
local function operator_of(text)
  local op, argument, at = text:match("^(%a+)%(?(%a*)%)?%.()")
  if not op or not operators[op] then return nil end
  if argument ~= "" and (argument == "any" or argument == "all") and not quantified[op] then return nil end
  return op, argument ~= "" and argument or nil, at
end

local function is_value(it, whole)
  local word = it.value:lower()
  if word == "null" or word == "true" or word == "false" or word == "unknown" then
    it.value = word
    return it
  end
  local matched = ("null"):sub(1, 1) == word:sub(1, 1) and 1 or 0
  error(errors.bad_syntax("filter", whole, 4 + matched, ('"%s"'):format(it.value:sub(1 + matched, 1 + matched)),
    "null or trilean value (unknown, true, false)"))
end

local function list_item(text, at)
  if text:sub(at, at) ~= '"' then
    local stop = text:find("[,)]", at) or #text + 1
    return text:sub(at, stop - 1), stop
  end
  local out, from = {}, at + 1
  while true do
    local stop = text:find('["\\]', from)
    if not stop then return text:sub(at), #text + 1 end
    out[#out + 1] = text:sub(from, stop - 1)
    if text:sub(stop, stop) == '"' then return table.concat(out), stop + 1 end
    out[#out + 1] = text:sub(stop + 1, stop + 1)
    from = stop + 2
  end
end

-- The items of "(a,"b,c")" at `at`; position behind the bracket.
local function list_at(text, at)
  local items = {}
  if text:sub(at, at) ~= "(" then return nil end
  at = at + 1
  if text:sub(at, at) == ")" then return items, at + 1 end
  while true do
    items[#items + 1], at = list_item(text, at)
    local char = text:sub(at, at)
    if char == ")" then return items, at + 1 end
    if char ~= "," then return nil end
    at = at + 1
  end
end

local function filter(field, text)
  local it = { field = field }
  local rest = text
  if rest:sub(1, 4) == "not." then it.negated, rest = true, rest:sub(5) end
  local op, quantifier, at = operator_of(rest)
  if not op then
    error(errors.bad_syntax("filter", text, 1, ('"%s"'):format(text:sub(1, 1)), expected_operator))
  end
  it.op, it.quantifier, it.value = op, quantifier, rest:sub(at)
  if op == "is" then return is_value(it, text) end
  if op == "in" then
    it.list = list_at(it.value, 1)
    if not it.list then error(errors.bad_syntax("filter", text, #text + 1, "end of input", '","')) end
  end
  return it
end

local tree_at

local function bad_tree(text, at, expecting)
  local unexpected = at > #text and "end of input" or ('"%s"'):format(text:sub(at, at))
  error(errors.bad_syntax("logic tree", text, at, unexpected, expecting))
end

local function value_at(text, at)
  if text:sub(at, at) == '"' then return list_item(text, at) end
  if text:sub(at, at) == "{" then
    local stop = text:find("}", at, true) or #text
    return text:sub(at, stop), stop + 1
  end
  local stop = text:find("[,)]", at) or #text + 1
  return text:sub(at, stop - 1), stop
end

local function leaf_at(text, at)
  local it = {}
  it.field, at = field_at(text, at, "[.,()]")
  if text:sub(at, at) ~= "." then bad_tree(text, at, '"."') end
  at = at + 1
  if text:sub(at, at + 3) == "not." then it.negated, at = true, at + 4 end
  local op, quantifier, width = operator_of(text:sub(at))
  if not op then bad_tree(text, at, expected_operator) end
  it.op, it.quantifier = op, quantifier
  at = at + width - 1
  if op == "in" then
    it.list, at = list_at(text, at)
    if not it.list then bad_tree(text, #text + 1, '"," or ")"') end
    return it, at
  end
  it.value, at = value_at(text, at)
  return op == "is" and is_value(it, text) or it, at
end

local function node_at(text, at)
  local start = at
  local negated = text:sub(at, at + 3) == "not."
  if negated then at = at + 4 end
  local logic = text:match("^(and)%(", at) or text:match("^(or)%(", at)
  if not logic then return leaf_at(text, start) end
  return tree_at(text, at + #logic, logic, negated)
end

-- "(a.eq.1,b.eq.2)" at `at`
function tree_at(text, at, logic, negated)
  local node = { logic = logic, negated = negated, items = {} }
  if text:sub(at, at) ~= "(" then bad_tree(text, at, '"("') end
  at = at + 1
  while true do
    node.items[#node.items + 1], at = node_at(text, at)
    local char = text:sub(at, at)
    if char == ")" then return node, at + 1 end
    if char ~= "," then bad_tree(text, at, '"," or ")"') end
    at = at + 1
  end
end

local function whole_tree(text, name)
  local node, at = tree_at(text, 1, name:match("%a+$"), name:find("^not%.") ~= nil)
  if at <= #text then bad_tree(text, at, "end of input") end
  return node
end

-- PostgREST reads the parameter's name and value as one text, so columns count from the name on.
local function tree(text, name)
  local ok, node = pcall(whole_tree, text, name)
  if ok then return node end
  if errors.is_fault(node) then
    node.message = node.message:gsub("column (%d+)", function(column) return "column " .. (tonumber(column) + #name) end)
  end
  error(node, 0)
end

--- One condition written as in a logic tree: "hidden.is.false", "or(a.eq.1,b.eq.2)".
function M.condition(text)
  return (node_at(text, 1))
end

local function select_item(text, at)
  local item = {}
  local field
  field, at = field_at(text, at, "[,:()!]")
  if text:sub(at, at) == ":" and text:sub(at, at + 1) ~= "::" then
    item.alias = field.column
    field, at = field_at(text, at + 1, "[,:()!]")
  end
  item.column, item.path = field.column, field.path
  if text:sub(at, at + 1) == "::" then
    local stop = text:find("[,)]", at) or #text + 1
    item.cast = text:sub(at + 2, stop - 1)
    at = stop
  end
  return item, at
end

local function embed_or_aggregate(item, text, at)
  local inside = text:match("^[^%(]*%b()()", at)
  if item.column:find("^%.") or text:sub(at, at + 1) == "()" then
    error(errors.pgrst("123", 400, "Use of aggregate functions is not allowed"))
  end
  item.embed = true
  return inside or #text + 1
end

local function select(text)
  local items, at = {}, 1
  text = text:gsub("%s+$", "")
  while true do
    local item
    local start = at
    item, at = select_item(text, at)
    if item.column == "" then
      error(errors.bad_syntax("select parameter", text, start, start > #text and "end of input" or '"' ..
        text:sub(start, start) .. '"', '"...", field name (* or [a..z0..9_$]), "*" or "count()"'))
    end
    local char = text:sub(at, at)
    if char == "(" or char == "!" then at = embed_or_aggregate(item, text, at) end
    items[#items + 1] = item
    if at > #text then return items end
    at = at + 1
  end
end

local function order_term(text, whole, offset)
  local field, at = field_at(text, 1, "%.")
  local term = { field = field }
  for word in text:sub(at):gmatch("%.([^.]*)") do
    if (word == "asc" or word == "desc") and not term.direction and not term.nulls then
      term.direction = word
    elseif word == "nullsfirst" or word == "nullslast" then
      term.nulls = word
    else
      error(errors.bad_syntax("order", whole, offset + at, ('"%s"'):format(word:sub(1, 1)),
        '"asc", "desc", "nullsfirst" or "nullslast"'))
    end
  end
  return term
end

local function order(text)
  local terms, at = {}, 1
  while at <= #text do
    local quoted = text:match('^"[^"]*"[^,]*', at) or text:match("^[^,]*", at)
    terms[#terms + 1] = order_term(quoted, text, at)
    at = at + #quoted + 1
  end
  return terms
end

local function names(text)
  local out = {}
  for name in text:gmatch("[^,]+") do out[#out + 1] = (name:match('^%s*"?(.-)"?%s*$')) end
  return out
end

--- Everything a table request may say. Raises PGRST100.
function M.parse(list)
  local it = { filters = {}, logic = {}, given = {} }
  for _, pair in ipairs(list) do
    local name, value = pair[1], pair[2]
    if name:find("^and$") or name:find("^or$") or name:find("^not%.and$") or name:find("^not%.or$") then
      it.logic[#it.logic + 1] = tree(value, name)
    elseif reserved[name] then it.given[name] = it.given[name] or value
    else it.filters[#it.filters + 1] = filter(field_at(name, 1, "$"), value) end
  end
  it.select = it.given.select and it.given.select ~= "" and select(it.given.select) or { { column = "*" } }
  it.order = it.given.order and order(it.given.order) or {}
  it.columns = it.given.columns and it.given.columns ~= "" and names(it.given.columns) or nil
  it.on_conflict = it.given.on_conflict and names(it.given.on_conflict) or nil
  it.limit, it.offset = tonumber(it.given.limit or ""), tonumber(it.given.offset or "")
  return it
end

--- For rpc by GET: the arguments are the parameters that are neither reserved nor filters of the result.
function M.split_arguments(list, wanted)
  local arguments, rest = {}, {}
  for _, pair in ipairs(list) do
    if wanted[pair[1]] or (not reserved[pair[1]] and not operator_of((pair[2]:gsub("^not%.", "")))) then
      arguments[pair[1]] = pair[2]
    else
      rest[#rest + 1] = pair
    end
  end
  return arguments, rest
end

return M
