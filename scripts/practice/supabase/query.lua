-- The query string of a request: what is selected, filtered, ordered and limited. Syntax only: no table is known here.
--
-- What is said of an embedded table ("lines.qty=gt.1", "lines.order=id") is kept aside as { path, kind, value }.
-- A condition is { field, negated, op, value | list, quantifier } or { logic = "and" | "or", negated, items }.
local errors = require "practice.supabase.errors"
local select = require "practice.supabase.select"

local M = {}
local name_at, field_at = select.name_at, select.field_at

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

local function whole_tree(text, logic, negated)
  local node, at = tree_at(text, 1, logic, negated)
  if at <= #text then bad_tree(text, at, "end of input") end
  return node
end

-- PostgREST reads the parameter's name and value as one text, so columns count from the name on.
local function tree(text, name, negated)
  local ok, node = pcall(whole_tree, text, name:match("%a+$"), negated)
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

local function order_term(text, whole, offset)
  local field, at = field_at(text, 1, "[%.(]")
  local term = { field = field }
  -- By a column of an embedded table: "companies(name).desc"
  if text:sub(at, at) == "(" then
    term.related = field.column
    term.field, at = field_at(text, at + 1, "[%.)]")
    at = at + 1
  end
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

-- "a.b.order" -> {"a", "b"}, "order": the embedded table that a parameter is about, and the rest of its name.
local function split(name)
  local path, at = {}, 1
  while true do
    local segment, stop = name_at(name, at, "%.")
    if name:sub(stop, stop) ~= "." then return path, name:sub(at) end
    path[#path + 1], at = segment, stop + 1
  end
end

local function number(text)
  return tonumber(text or "")
end

local readers = { order = order, limit = number, offset = number }

local function read_parameter(it, name, value)
  local path, last = split(name)
  local kind, read
  if last == "and" or last == "or" then
    local negated = path[#path] == "not"
    if negated then table.remove(path) end
    kind, read = "logic", tree(value, (negated and "not." or "") .. last, negated)
  elseif #path == 0 and reserved[name] then it.given[name] = it.given[name] or value return
  elseif readers[last] then kind, read = last, readers[last](value)
  else kind, read = "filters", filter(field_at(last, 1, "$"), value) end
  if #path > 0 then it.nested[#it.nested + 1] = { path = path, kind = kind, value = read }
  else table.insert(it[kind], read) end
end

--- Everything a table request may say. Raises PGRST100.
function M.parse(list)
  local it = { filters = {}, logic = {}, nested = {}, given = {} }
  for _, pair in ipairs(list) do read_parameter(it, pair[1], pair[2]) end
  it.select = it.given.select and it.given.select ~= "" and select.parse(it.given.select) or { { column = "*" } }
  it.order = it.given.order and order(it.given.order) or {}
  it.columns = it.given.columns and it.given.columns ~= "" and names(it.given.columns) or nil
  it.on_conflict = it.given.on_conflict and names(it.given.on_conflict) or nil
  it.limit, it.offset = number(it.given.limit), number(it.given.offset)
  return it
end

--- For rpc by GET: the arguments are the parameters that are neither reserved nor filters of the result.
function M.split_arguments(list, wanted)
  local arguments, rest = {}, {}
  for _, pair in ipairs(list) do
    local _, last = split(pair[1])
    if wanted[pair[1]] or (not reserved[last] and not operator_of((pair[2]:gsub("^not%.", "")))) then
      arguments[pair[1]] = pair[2]
    else
      rest[#rest + 1] = pair
    end
  end
  return arguments, rest
end

return M
