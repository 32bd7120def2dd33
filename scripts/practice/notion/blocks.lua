-- The body of a page: blocks of one level, kept with the page as { id, type, content, created, edited, by }.
local json = require "tidewire.json"
local errors = require "practice.notion.errors"
local ids = require "practice.notion.ids"
local pages = require "practice.notion.pages"
local query = require "practice.notion.query"
local rich_text = require "practice.notion.rich_text"

local array, null = json.array, json.null

local M = {}

local function plain_name() return nil end

local function show(it, page, block)
  local content = { color = "default", rich_text = rich_text.show(block.content, plain_name, false) }
  local shown = { object = "block", id = block.id, type = block.type, [block.type] = content, has_children = false,
    parent = { type = "page_id", page_id = page.id } }
  return pages.stamped(it, shown, { id = block.id, created = block.created, edited = block.edited, created_by = block.by, edited_by = block.by,
    in_trash = block.in_trash })
end

-- The page and the block of an id.
local function find(state, text)
  local id = ids.read(text)
  for _, page in pairs(id and not state.store.pages[id] and state.store.pages or {}) do
    for place, block in ipairs(page.blocks or {}) do
      if block.id == id then return page, block, place end
    end
  end
  errors.not_found("block", tostring(text))
end

local function touched(state, page, user, changed)
  if not state.quiet_blocks then page.edited, page.edited_by = state.clock.utc(), user end
  state.store.keep("pages", page)
  state.hooks.content(page, user, changed)
end

--- A page of the blocks below a page.
function M.children(state, it, page)
  local live = {}
  for _, block in ipairs(page.blocks or {}) do
    if not block.in_trash then live[#live + 1] = block end
  end
  local place = query.place(state, it.query.start_cursor, "blocks " .. page.id)
  local rows, cursor = query.slice(state, live, place, query.page_size(it.query.page_size, "query.page_size"))
  for i, block in ipairs(rows) do rows[i] = show(it, page, block) end
  return { object = "list", type = "block", block = json.object {}, results = rows, next_cursor = cursor, has_more = cursor ~= null }
end

-- Where new blocks go: behind a block, at the start, else at the end. `after` gave way to `position`.
local function place_for(it, page)
  local body = it.body
  if it.version >= "2026-03-11" and body.after ~= nil then errors.should("body.after", "not present", body.after) end
  if it.version < "2026-03-11" and body.position ~= nil then errors.should("body.position", "not present", body.position) end
  local position = body.position or {}
  if position.type == "start" then return 1 end
  local after = body.after or position.after_block and position.after_block.id
  if not after then return #page.blocks + 1 end
  for place, block in ipairs(page.blocks) do
    if block.id == ids.read(after) then return place + 1 end
  end
  errors.not_found("block", after)
end

local function read_block(state, sent, at, user)
  local kind = sent.type
  for name, value in pairs(sent) do
    if type(value) == "table" and value.rich_text then kind = name end
  end
  if not kind or type(sent[kind]) ~= "table" then errors.should(at .. ".paragraph", "defined", "undefined") end
  local now = state.clock.utc()
  return { id = ids.new(), type = kind, content = rich_text.read(sent[kind].rich_text or array {}, at .. "." .. kind .. ".rich_text"),
    created = now, edited = now, by = user }
end

--- Adds blocks to a page, 100 at most.
function M.append(state, it, page)
  pages.check_writable(state, page, {})
  page.blocks = page.blocks or array {}
  local made, place, changed = array {}, place_for(it, page), array {}
  for i, sent in ipairs(rich_text.check_count(it.body.children, 100, "body.children")) do
    made[i] = read_block(state, sent, ("body.children[%d]"):format(i - 1), it.user)
  end
  for i, block in ipairs(made) do
    table.insert(page.blocks, place + i - 1, block)
    changed[i] = { id = block.id, type = "block" }
  end
  touched(state, page, it.user, changed)
  local results = array {}
  for i, block in ipairs(made) do results[i] = show(it, page, block) end
  return { object = "list", type = "block", block = json.object {}, results = results, next_cursor = null, has_more = false }
end

--- One block.
function M.get(state, it, id)
  local page, block = find(state, id)
  return show(it, page, block)
end

--- Changes the text of a block, or moves it into the trash.
function M.update(state, it, id, trash)
  local page, block = find(state, id)
  pages.check_writable(state, page, {})
  local sent = it.body[block.type]
  if sent then block.content = rich_text.read(sent.rich_text, "body." .. block.type .. ".rich_text") end
  if trash ~= nil then block.in_trash = trash end
  block.edited, block.by = state.clock.utc(), it.user
  touched(state, page, it.user, array { { id = block.id, type = "block" } })
  return show(it, page, block)
end

return M
