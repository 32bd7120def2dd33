--- `lifecycle = { { "docstatus", "state" }, states = { [0] = "draft", [1] = "posted" }, left = { ["draft>posted"] = erp.submit } }`:
--- a field whose value is moved by verbs of a connector, and what may be edited in which state.

local json = require "tidewire.json"
local mark = require "tidewire.mapping.mark"
local report = require "tidewire.host.report"
local enum = require "tidewire.transform.enum"

local M = {}

local sides = { "left", "right" }
local members = { "states", "left", "right", "edit_after", "conflict", "tie" }
local example = "lifecycle = { { \"docstatus\", \"state\" }, states = { [0] = \"draft\", [1] = \"posted\" }, left = { [\"draft>posted\"] = erp.submit } }"

local numeric = { int = true, decimal = true, float = true }
local worded = { text = true, enum = true }

-- A state that the described side spells otherwise, or does not have, is never read or reached there.
local function check_states(c, side, states, described, moved, at)
  local t = described[side .. "_type"]
  if not t then return end
  local path, has, options = described[side .. "_paths"][1], {}, {}
  for _, option in ipairs(type(t.options) == "table" and t.options or {}) do
    has[option] = true
    if option ~= "" then options[#options + 1] = tostring(option) end
  end
  for _, state in ipairs(report.names(states)) do
    if numeric[t.kind] and type(state) == "string" or worded[t.kind] and type(state) == "number" then
      c.r:problem(at, "'%s' of %s is a %s: its state is written %s, not %s", path, c.title[side], t.kind, numeric[t.kind] and "[" .. state .. "]" or '"' .. state .. '"',
        numeric[t.kind] and '"' .. state .. '"' or tostring(state))
    elseif #options > 0 and not has[state] then
      (moved and c.r.problem or c.r.warn)(c.r, at, "the lifecycle names the state '%s', which '%s' of %s does not have: it has %s%s", tostring(state), path, c.title[side],
        table.concat(options, ", "), report.suggest(state, options))
    end
  end
  for option in pairs(has) do
    if option ~= "" and states[option] == nil then
      c.r:warn(at, "the lifecycle does not name '%s', a state of '%s' of %s: a record that comes into it becomes a dead letter", tostring(option), path, c.title[side])
    end
  end
end

-- The words of the right as a table of states; nil and a problem where two states have one word.
local function by_word(c, states, at)
  local result = {}
  for _, left in ipairs(report.names(states)) do
    local word = states[left]
    if type(word) == "table" or type(word) == "function" then return c.r:problem(at, "states are plain values, not a %s: %s", type(word), example) end
    if result[word] ~= nil then
      return c.r:problem(at, "both '%s' and '%s' are called '%s': a word of the lifecycle means one state", tostring(result[word]), tostring(left), tostring(word))
    end
    result[word] = left
  end
  return result
end

-- The states as a transform that says itself what does not fit.
local function words_of(c, said, at)
  local back = by_word(c, said.states, at)
  if not back then return nil end
  return { name = "lifecycle", to_right = enum.towards(said.states, "a state of the lifecycle"), to_left = enum.towards(back, "a state of the lifecycle"),
    bind = function(described)
      check_states(c, "left", said.states, described, said.left ~= nil, at)
      check_states(c, "right", back, described, said.right ~= nil, at)
    end }
end

--- The row of the state among the fields, or nil where the mapping has no lifecycle.
function M.spec(c, content)
  local at = c.r:key("lifecycle", c.at)
  local said = c.r:typed(content, "lifecycle", "table", "the mapping", c.at)
  if said == nil then return nil end
  local pair, named = said[1], {}
  for key, value in pairs(said) do if key ~= 1 then named[key] = value end end
  c.r:keys(named, members, "lifecycle", at)
  if type(pair) ~= "table" or type(pair[1]) ~= "string" or type(pair[2]) ~= "string" or type(said.states) ~= "table" or next(said.states) == nil then
    return c.r:problem(at, "a lifecycle names a field on both sides and its states: %s", example)
  end
  local words = words_of(c, said, c.r:key("states", at))
  if not words then return nil end
  return { row = { pair[1], pair[2], mark.make("transform", words, at), conflict = said.conflict, tie = said.tie }, at = at, lifecycle = true,
    moved = { left = said.left ~= nil, right = said.right ~= nil } }
end

--- The fields of the state by side, which `all` leaves to it.
function M.fields(content)
  local pair = type(content.lifecycle) == "table" and content.lifecycle[1]
  if type(pair) ~= "table" or type(pair[1]) ~= "string" or type(pair[2]) ~= "string" then return nil end
  return { left = { [pair[1]] = true }, right = { [pair[2]] = true } }
end

-- A state as { left, right }, by the word of the right; nil where there is none.
local function state_of(states, word)
  for left, right in pairs(states) do
    if tostring(right) == tostring(word) then return { left = left, right = right } end
  end
end

-- What the system says a verb makes of the state, where it says so.
local function check_verb(c, side, path, verb, to, at)
  local described = c.described[side] and c.described[side][path]
  local leads = described and described.verbs and described.verbs[verb.name]
  if leads ~= nil and leads ~= to[side] then
    c.r:problem(at, "%s.%s makes '%s' %s, and '%s' is %s by states", c[side].connection, verb.name, path, tostring(leads), tostring(to.right), tostring(to[side]))
  end
end

-- Verbs by "from>to" of one side.
local function moves_of(c, said, side, moves)
  local near = c.r:key(side, c.r:key("lifecycle", c.at))
  local own = c.r:typed(said, side, "table", "lifecycle", near) or {}
  local words = {}
  for _, word in pairs(said.states) do words[#words + 1] = tostring(word) end
  for _, name in ipairs(report.names(own)) do
    local at = c.r:key(tostring(name), near)
    local from, to = tostring(name):match "^%s*([^>]-)%s*>%s*(.-)%s*$"
    local knows_from, knows_to = state_of(said.states, from), state_of(said.states, to)
    local verb = own[name]
    if not from then
      c.r:problem(at, "a move of lifecycle is written [\"draft>posted\"], not '%s'", tostring(name))
    elseif not knows_from or not knows_to then
      local unknown = knows_from and to or from
      c.r:problem(at, "'%s' is no state%s", unknown, report.suggest(unknown, words))
    elseif mark.word(verb) ~= "verb" or verb.connection ~= c[side].connection then
      c.r:problem(at, "the move %s is made by a verb of %s, such as %s.submit", name, c[side].connection, c[side].connection)
    else
      check_verb(c, side, said[1][side == "left" and 1 or 2], verb, knows_to, at)
      moves[#moves + 1] = { side = side, verb = verb.name, from_word = from, to_word = to, from = knows_from[side], to = knows_to[side] }
    end
  end
end

-- The states as pairs, the one first that no move leads to.
local function states_of(said, moves)
  local reached, list = {}, json.array {}
  for _, move in ipairs(moves) do reached[move.to_word] = true end
  for _, left in ipairs(report.names(said.states)) do
    local state = { left = left, right = said.states[left] }
    if not reached[tostring(state.right)] and list.begins == nil then
      list.begins = state
    else
      list[#list + 1] = state
    end
  end
  if list.begins then table.insert(list, 1, list.begins) end
  list.begins = nil
  return list
end

local function allowed(c, side, value, at)
  local paths = json.array {}
  if value == "nothing" then return paths end
  if value == "allowed_fields" then
    for name, field in pairs(c.described[side] or {}) do
      if field.type.editable_after then paths[#paths + 1] = name end
    end
    return paths
  end
  if type(value) ~= "table" or mark.word(value) then
    c.r:problem(at, "edit_after says what may still be edited: \"allowed_fields\", \"nothing\", or a list of fields")
    return paths
  end
  for _, name in ipairs(value) do
    if c.described[side] and not c.described[side][name] then
      c.r:problem(at, "'%s' is no field of %s%s", tostring(name), c.title[side], report.suggest(name, report.names(c.described[side])))
    end
    paths[#paths + 1] = name
  end
  return paths
end

local function edits_of(c, said, moves)
  local near = c.r:key("edit_after", c.r:key("lifecycle", c.at))
  local own, result, has_verbs = c.r:typed(said, "edit_after", "table", "lifecycle", near) or {}, json.array {}, {}
  for _, move in ipairs(moves) do has_verbs[move.side] = true end
  for _, word in ipairs(report.names(own)) do
    local known = state_of(said.states, word)
    local at = c.r:key(tostring(word), near)
    if not known then c.r:problem(at, "'%s' is no state", tostring(word)) end
    for _, side in ipairs(sides) do
      if known and has_verbs[side] then
        result[#result + 1] = { side = side, state = known[side], paths = allowed(c, side, own[word], at) }
      end
    end
  end
  return result
end

--- { field, states, moves, edit_after } for the program; nil where the mapping has none.
function M.compile(c, content, field)
  local said = content.lifecycle
  if type(said) ~= "table" or not field then return nil end
  local moves = json.array {}
  local named = false
  for _, side in ipairs(sides) do
    moves_of(c, said, side, moves)
    named = named or type(said[side]) == "table" and next(said[side]) ~= nil
  end
  if not named then c.r:problem(c.r:key("lifecycle", c.at), "a lifecycle says which verbs move a record: %s", example) end
  return { field = field.name, states = states_of(said, moves), moves = moves, edit_after = edits_of(c, said, moves) }
end

return M
