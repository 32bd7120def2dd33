-- Rich text: what is sent in, what is kept, what is shown.
local json = require "tidewire.json"
local errors = require "practice.notion.errors"

local array, null = json.array, json.null

local M = {}

--- Length in UTF-16 code units: what lies beyond U+FFFF counts twice.
function M.units(text)
  local count = 0
  for i = 1, #text do
    local byte = text:byte(i)
    if byte < 0x80 or byte >= 0xC0 then count = count + 1 end
    if byte >= 0xF0 then count = count + 1 end
  end
  return count
end

--- Raises unless `text` is a text of at most `most` units.
function M.check_length(text, most, at)
  if type(text) ~= "string" then errors.should(at, "a string", text) end
  local units = M.units(text)
  if units > most then
    errors.validation("body failed validation: %s.length should be ≤ `%d`, instead was `%d`.", at, most, units)
  end
  return text
end

function M.check_count(list, most, at)
  if not json.is_array(list) then errors.should(at, "an array", list) end
  if #list > most then
    errors.validation("body failed validation: %s.length should be ≤ `%d`, instead was `%d`.", at, most, #list)
  end
  return list
end

local function given(value)
  if value ~= null then return value end
end

local function read_run(run, at)
  if type(run) ~= "table" then errors.should(at, "an object", run) end
  local annotations = given(run.annotations)
  if run.mention then return { mention = run.mention, annotations = annotations } end
  if run.equation then
    return { equation = M.check_length(run.equation.expression, 1000, at .. ".equation.expression"), annotations = annotations }
  end
  if type(run.text) ~= "table" then errors.should(at .. ".text", "defined", "undefined") end
  local link = given(run.text.link)
  return {
    content = M.check_length(run.text.content, 2000, at .. ".text.content"), annotations = annotations,
    link = link and M.check_length(link.url, 2000, at .. ".text.link.url") or nil,
  }
end

--- What is kept of rich text sent in; empty runs are dropped.
function M.read(list, at)
  local runs = array {}
  for i, run in ipairs(M.check_count(list, 100, at)) do
    local kept = read_run(run, at .. "[" .. i - 1 .. "]")
    if kept.content ~= "" then runs[#runs + 1] = kept end
  end
  return runs
end

local function annotated(annotations)
  local all = { bold = false, italic = false, strikethrough = false, underline = false, code = false, color = "default" }
  for name, value in pairs(annotations or {}) do all[name] = value end
  return all
end

local function mention_text(mention, title_of)
  if mention.page then return title_of(mention.page.id) or "Untitled" end
  if mention.user then return "@" .. mention.user.id end
  return mention.date and mention.date.start or ""
end

--- The plain text of kept runs.
function M.plain(runs, title_of)
  local out = {}
  for i, run in ipairs(runs or {}) do
    out[i] = run.content or run.equation or mention_text(run.mention, title_of)
  end
  return table.concat(out)
end

local function show_run(run, title_of)
  local shown = { annotations = annotated(run.annotations), href = run.link or null }
  shown.plain_text = M.plain({ run }, title_of)
  if run.mention then
    shown.type, shown.mention = "mention", run.mention
    shown.mention.type = shown.mention.type or next(run.mention)
  elseif run.equation then
    shown.type, shown.equation = "equation", { expression = run.equation }
  else
    shown.type, shown.text = "text", { content = run.content, link = run.link and { url = run.link } or null }
  end
  return shown
end

-- Somewhere in the middle, between two characters.
local function split(run)
  local at = math.floor(#run.content / 2)
  while at > 0 and (run.content:byte(at + 1) or 0) >= 0x80 and (run.content:byte(at + 1) or 0) < 0xC0 do at = at - 1 end
  if at < 1 then return { run } end
  local function part(content) return { content = content, annotations = run.annotations, link = run.link } end
  return { part(run.content:sub(1, at)), part(run.content:sub(at + 1)) }
end

--- Kept runs as they are shown, `in_two` where the service may cut them up.
function M.show(runs, title_of, in_two)
  local shown = array {}
  for _, run in ipairs(runs or {}) do
    for _, part in ipairs(in_two and run.content and split(run) or { run }) do shown[#shown + 1] = show_run(part, title_of) end
  end
  return shown
end

return M
