--- The text of a mapping file for what was chosen.

local spelling = require "tidewire.suggest.names"
local write = require "tidewire.write"

local M = {}

--- "erp.doctype"; of a connection that is called as a word of Lua 'connection "end".doctype'.
function M.place(connection, word)
  local function is_name(text) return write.key(text) == text end
  return (is_name(connection) and connection or "connection " .. write.text(connection)) .. (is_name(word) and "." .. word or write.key(word))
end

local function collection_text(side)
  local place, options = M.place(side.connection, side.word or "collection"), side.options or {}
  if next(options) == nil then return place .. " " .. write.text(side.collection) end
  return ("%s(%s, %s)"):format(place, write.text(side.collection), write.value(options))
end

local function enum_text(words)
  local parts = {}
  for _, one in ipairs(words) do parts[#parts + 1] = write.key(one[1]) .. " = " .. write.value(one[2]) end
  return "t.enum { " .. table.concat(parts, ", ") .. " }"
end

local function words_of(map)
  local words = {}
  for word, other in pairs(map) do words[#words + 1] = { word, other } end
  table.sort(words, function(a, b) return tostring(a[1]) < tostring(b[1]) end)
  return words
end

local function transform_text(transform, name)
  if type(transform) == "string" then return transform end
  if type(transform) ~= "table" then return nil end
  local reference = transform.ref and "t.ref " .. write.text(transform.ref) or transform.self and "t.ref(" .. write.text(name) .. ", { optional = true })"
  if reference then return transform.list and "t.list(" .. reference .. ")" or reference end
  if transform.enum then return enum_text(words_of(transform.enum)) end
  if transform.find then return ("t.find(%s %s, { by = \"name\", take = %s })"):format(M.place(transform.find.connection, transform.find.word), write.text(transform.find.collection), write.text(transform.find.key)) end
  if transform.word then return "t." .. transform.word end
end

-- What a system says of a field, in a line of a comment.
local function in_line(text) return (text:gsub("[%c%s]+", " ")) end

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
  local text = ("    -- %s of the %s side is required there and has no partner: "):format(in_line(one.name), one.side)
  if not one.nearest then return text .. ("{ %s = %s, value = ..., when = \"create\" }"):format(one.side, write.text(one.name)) end
  local left, right = one.side == "left" and one.name or one.nearest, one.side == "left" and one.nearest or one.name
  return text .. ("it is %s, and %s, which may be meant, is %s: { %s, %s, { to_right = ..., to_left = ... } }"):format(in_line(one.types[1]), in_line(one.nearest), in_line(one.types[2]),
    write.text(left), write.text(right))
end

local widest = 110

-- Names of fields in lines of a comment, so many to a line as fit.
local function listed(title, names)
  local lines, row = {}, "    -- " .. title .. ":"
  for i, name in ipairs(names) do
    local item = " " .. in_line(name) .. (i < #names and "," or "")
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

local function match_text(pairs_of)
  local parts = {}
  for i, one in ipairs(pairs_of) do parts[i] = ("{ %s, %s%s }"):format(write.text(one.left), write.text(one.right), one.fold and ", fold = true" or "") end
  return "match = { by.fields { " .. table.concat(parts, ", ") .. " } },"
end

local function is_known(match) return match and match[1] and match[1].left end

--- The lines of `fields`, and whether one of them needs `t`: { name, left, right, rows, unmatched, constants, waiting, left_only, right_only }.
function M.rows(chosen)
  local rows, uses_t = {}, false
  for i, row in ipairs(chosen.rows) do
    local text, transforms = row_text(row, chosen.name)
    local why = row.reason and (" "):rep(math.max(1, 52 - #text)) .. "-- " .. in_line(row.reason) or ""
    rows[i], uses_t = "    " .. text .. "," .. why, uses_t or transforms
  end
  for _, one in ipairs(chosen.constants or {}) do rows[#rows + 1] = "    " .. constant_text(one) .. "," end
  for _, row in ipairs(chosen.waiting or {}) do
    local text = row_text(row, chosen.name)
    rows[#rows + 1] = ("    -- %s,  %s%s"):format(text, row.required and "required; " or "", in_line(row.why))
    uses_t = uses_t or text:find("t.", 1, true) ~= nil
  end
  for _, one in ipairs(chosen.unmatched or {}) do rows[#rows + 1] = required_text(one) end
  add_left_over(rows, "left", chosen.left_only, chosen)
  add_left_over(rows, "right", chosen.right_only, chosen)
  return rows, uses_t
end

-- What a connector's times of edits are called that are not called as it takes for granted.
local edited = {}
for word in ("updated modified changed edited lastupdated lastmodified lastchanged lastedited updatedon modifiedon changedon editedon modifiedat changedat editedat "
  .. "updatetime modifytime changetime writedate mtime"):gmatch "%S+" do edited[word] = true end

--- The options that a described collection needs: of a view a `version`, of a table whose times nobody tells the column that looks like one of them.
function M.needs(side)
  local options, describe = {}, side.describe or {}
  local function time_column(wanted)
    for _, field in ipairs(type(describe.fields) == "table" and describe.fields or {}) do
      if type(field.type) == "table" and field.type.kind == "datetime" and wanted(field) then return field.name end
    end
  end
  if describe.tells_times == false and describe.needs_version ~= nil then
    options.modified = time_column(function(field) return edited[table.concat(spelling.words(field.name))] end)
  end
  if describe.needs_version == true then options.version = options.modified or time_column(function(field) return field.kept == true end) or false end
  return options
end

--- The line of `match`, a list of pairs, of a guess with what is to be said of it; nil where nothing is known by which records are the same.
function M.match_line(match, guess)
  if is_known(match) then return "  " .. match_text(match) end
  return guess and "  " .. match_text { guess } .. "    -- not unique anywhere: say what tells two records apart" or nil
end

local function direction_text(direction, left, right)
  local taker = direction == "left_to_right" and left or direction == "right_to_left" and right
  return write.text(direction) .. "," .. (taker and taker.shut and "    -- nothing can be written to " .. in_line(taker.connection .. " " .. write.text(taker.collection)) or "")
end

-- The line of `stamp`: by the other side's key, written into the record, a new one is found again. nil where no field is named for it.
local function stamp_line(stamp)
  local parts = {}
  for _, side in ipairs { "left", "right" } do
    if stamp[side] then parts[#parts + 1] = ("%s = { %s = link.%s_key }"):format(side, write.key(stamp[side]), side == "left" and "right" or "left") end
  end
  return #parts > 0 and "  stamp = { " .. table.concat(parts, ", ") .. " },    -- all are new to the other side, and found again by its key" or nil
end

-- The lines of `key`, and of what is known of it only by its name.
local function key_lines(chosen)
  local parts, lines = {}, {}
  for _, side in ipairs { "left", "right" } do
    local own = chosen[side]
    local named = in_line(own.connection .. " " .. write.text(own.collection))
    if #own.key > 0 then parts[#parts + 1] = side .. " = " .. key_text(own.key) end
    if own.untold then lines[#lines + 1] = "  -- " .. named .. (#own.key > 0 and " tells no key: it must be unique and never null." or " has no key, and nothing is kept the same without one.") end
  end
  lines[#lines + 1] = "  key   = { " .. table.concat(parts, ", ") .. " },"
  return lines
end

-- The rule for what both sides have changed: of a side that tells no times nobody knows which edit is newer.
local function conflict_line(chosen)
  local untold, why = {}, ""
  for _, side in ipairs { chosen.left, chosen.right } do
    if (side.describe or {}).tells_times == false and not side.options.modified then untold[#untold + 1] = in_line(side.connection .. " " .. write.text(side.collection)) end
  end
  local blind = #untold > 0 and (chosen.direction or "both") == "both"
  local rule = chosen.conflict or blind and "left" or "newest"
  if blind and (rule == "newest" or not chosen.conflict) then
    why = ("    -- %s: %s no times of edits, by which \"newest\" goes; \"manual\" asks a person"):format(table.concat(untold, " and "), #untold > 1 and "they tell" or "it tells")
  end
  return "  conflict = " .. write.text(rule) .. "," .. why
end

--- { name, left, right, rows, match, stamp, guess, direction, conflict, on, unmatched, constants, waiting, left_only, right_only } -> text
function M.text(chosen)
  local rows, uses_t = M.rows(chosen)
  local lines = {}
  local function line(text) lines[#lines + 1] = text end
  local guess = not is_known(chosen.match) and chosen.guess
  if uses_t then line "local t = require \"tidewire.transform\"\n" end
  line "return mapping {"
  if guess then line "  dry_run = true,      -- until `match` is right: it is a guess, see below" end
  line("  left  = " .. collection_text(chosen.left) .. ",")
  line("  right = " .. collection_text(chosen.right) .. ",")
  line("  direction = " .. direction_text(chosen.direction or "both", chosen.left, chosen.right))
  line("  on    = " .. (chosen.on or "{ poll = \"every 5m\" }") .. ",    -- and webhook = true where the system tells its changes (`tidewire install`)")
  for _, text in ipairs(key_lines(chosen)) do line(text) end
  line(M.match_line(chosen.match, guess) or stamp_line(chosen.stamp)
    or "  -- Without `match` every record is new to the other side: name what tells one from another, or a `stamp` that takes the other side's key.")
  line "  fields = {"
  for _, row in ipairs(rows) do line(row) end
  line "  },"
  line(conflict_line(chosen))
  line "  deletes = { to_right = \"ignore\", to_left = \"ignore\" },"
  line "}\n"
  return table.concat(lines, "\n")
end

return M
