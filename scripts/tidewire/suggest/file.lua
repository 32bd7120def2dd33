--- The text of a mapping file for what was chosen.

local write = require "tidewire.write"

local M = {}

local function collection_text(side)
  local connection = side.connection
  local word = side.word or "collection"
  local options = side.options or {}
  if next(options) == nil then return ("%s.%s %s"):format(connection, word, write.text(side.collection)) end
  return ("%s.%s(%s, %s)"):format(connection, word, write.text(side.collection), write.value(options))
end

local function transform_text(transform, name)
  if type(transform) == "string" then return transform end
  if type(transform) ~= "table" then return nil end
  if transform.self then return "t.ref(" .. write.text(name) .. ", { optional = true })" end
  if transform.ref then return "t.ref " .. write.text(transform.ref) end
  if transform.enum then return "t.enum " .. write.value(transform.enum) end
  if transform.word then return "t." .. transform.word end
end

local function row_text(row, name)
  local parts = { write.text(row.left), write.text(row.right) }
  local transform = transform_text(row.transform, name)
  if transform then parts[#parts + 1] = transform end
  if row.only then parts[#parts + 1] = "only = " .. write.text(row.only) end
  if row.file then parts[#parts + 1] = "file = true" end
  if row.conflict then parts[#parts + 1] = "conflict = " .. write.text(row.conflict) end
  return "{ " .. table.concat(parts, ", ") .. " }", transform ~= nil and transform:find "^t%." ~= nil
end

local function key_text(key)
  if #key == 1 then return write.text(key[1]) end
  return write.value(key)
end

local function constant_text(one)
  return ("{ %s = %s, value = %s, when = \"create\" }"):format(one.side, write.text(one.field), write.value(one.value))
end

-- A required field that no row fills: what it may belong to, else a constant.
local function required_text(one)
  local text = ("    -- %s of the %s side is required there and has no partner: "):format(one.name, one.side)
  if not one.nearest then return text .. ("{ %s = %s, value = ..., when = \"create\" }"):format(one.side, write.text(one.name)) end
  local left, right = one.side == "left" and one.name or one.nearest, one.side == "left" and one.nearest or one.name
  return text .. ("it is %s, and %s, which may be meant, is %s: { %s, %s, { to_right = ..., to_left = ... } }"):format(one.types[1], one.nearest, one.types[2],
    write.text(left), write.text(right))
end

local widest = 110

-- Names of fields in lines of a comment, so many to a line as fit.
local function listed(title, names)
  local lines, row = {}, "    -- " .. title .. ":"
  for i, name in ipairs(names) do
    local item = " " .. name .. (i < #names and "," or "")
    if #row + #item > widest then
      lines[#lines + 1] = row
      row = "    --  "
    end
    row = row .. item
  end
  lines[#lines + 1] = row
  return lines
end

-- What is left over on each side and not required there.
local function add_left_over(rows, side, fields, chosen)
  local told, names, stamped = {}, {}, {}
  for _, one in ipairs(chosen.constants or {}) do told[one.side .. "." .. one.field] = true end
  for _, one in ipairs(chosen.unmatched or {}) do told[one.side .. "." .. one.name] = true end
  for _, field in ipairs(fields or {}) do
    if field.stamped then stamped[#stamped + 1] = field.name
    elseif not told[side .. "." .. field.name] then names[#names + 1] = field.name end
  end
  local of = (", of %s %s"):format(chosen[side].connection, write.text(chosen[side].collection))
  for _, group in ipairs { { "Without a partner", names }, { "For `stamp`, not a row", stamped } } do
    for _, text in ipairs(#group[2] > 0 and listed(group[1] .. of, group[2]) or {}) do rows[#rows + 1] = text end
  end
end

local function match_text(match)
  return ("match = { by.fields { { %s, %s%s } } },"):format(write.text(match.left), write.text(match.right), match.fold and ", fold = true" or "")
end

--- The lines of `fields`, and whether one of them needs `t`: { name, left, right, rows, unmatched, constants, waiting, left_only, right_only }.
function M.rows(chosen)
  local rows, uses_t = {}, false
  for i, row in ipairs(chosen.rows) do
    local text, transforms = row_text(row, chosen.name)
    local why = row.reason and (" "):rep(math.max(1, 52 - #text)) .. "-- " .. row.reason or ""
    rows[i], uses_t = "    " .. text .. "," .. why, uses_t or transforms
  end
  for _, one in ipairs(chosen.constants or {}) do rows[#rows + 1] = "    " .. constant_text(one) .. "," end
  for _, row in ipairs(chosen.waiting or {}) do
    local text = row_text(row, chosen.name)
    rows[#rows + 1] = ("    -- %s,  once a mapping of %s links what it refers to"):format(text, row.of)
    uses_t = true
  end
  for _, one in ipairs(chosen.unmatched or {}) do rows[#rows + 1] = required_text(one) end
  add_left_over(rows, "left", chosen.left_only, chosen)
  add_left_over(rows, "right", chosen.right_only, chosen)
  return rows, uses_t
end

--- The line of `match`; nil where nothing is known by which records are the same.
function M.match_line(match) return match and match.left and "  " .. match_text(match) or nil end

--- { name, left, right, rows, match, guess, direction, conflict, on, unmatched, constants, waiting, left_only, right_only } -> text
function M.text(chosen)
  local rows, uses_t = M.rows(chosen)
  local lines = {}
  local function line(text) lines[#lines + 1] = text end
  if uses_t then line "local t = require \"tidewire.transform\"\n" end
  line "return mapping {"
  line("  left  = " .. collection_text(chosen.left) .. ",")
  line("  right = " .. collection_text(chosen.right) .. ",")
  line("  direction = " .. write.text(chosen.direction or "both") .. ",")
  line("  on    = " .. (chosen.on or "{ poll = \"every 5m\" }") .. ",    -- and webhook = true where the system tells its changes (`tidewire install`)")
  line("  key   = { left = " .. key_text(chosen.left.key) .. ", right = " .. key_text(chosen.right.key) .. " },")
  local match = chosen.match
  if match and match.left then
    line(M.match_line(match))
  else
    if chosen.guess then line("  -- " .. match_text(chosen.guess) .. "  not unique anywhere: say what tells two records apart") end
    line "  -- Without `match` every record is new to the other side: name what tells one from another before both sides are filled."
  end
  line "  fields = {"
  for _, row in ipairs(rows) do line(row) end
  line "  },"
  line("  conflict = " .. write.text(chosen.conflict or "newest") .. ",")
  line "  deletes = { to_right = \"ignore\", to_left = \"ignore\" },"
  line "}\n"
  return table.concat(lines, "\n")
end

return M
