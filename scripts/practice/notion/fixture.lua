-- What a workspace begins with.
--
-- A fixture: { users = [ { id, name, email } ], databases = [ { id, title, data_sources = [ { id, name, properties, pages = [ properties or
-- { id, properties, created, edited, user } ] } ] } ] }; `properties` as the API takes them.
local json = require "tidewire.json"
local ids = require "practice.notion.ids"
local pages = require "practice.notion.pages"
local spaces = require "practice.notion.spaces"

local M = {}

M.bot, M.person = "b0700000-0000-4000-8000-000000000001", "b0700000-0000-4000-8000-000000000002"

local function add_user(state, user)
  if not state.store.users[user.id] then state.store.keep("users", user) end
end

--- The bot that speaks for the integration, and one person.
function M.found(state)
  state.bot, state.person = M.bot, M.person
  state.workspace, state.integration = "b0700000-0000-4000-8000-00000000000a", "b0700000-0000-4000-8000-00000000000b"
  add_user(state, { id = M.bot, type = "bot", name = "Practice", bot = { owner = { type = "workspace", workspace = true },
    workspace_id = state.workspace, workspace_name = "Practice", workspace_limits = { max_file_upload_size_in_bytes = 5242880 } } })
  add_user(state, { id = M.person, type = "person", name = "A person", person = { email = "person@example.org" } })
end

local function add_page(state, source, sent)
  local page = pages.create(state, source, sent.properties or sent, sent.user or state.person)
  if sent.id then
    state.store.purge("pages", page.id)
    page.id, page.filed = ids.read(sent.id), nil
  end
  page.created, page.edited = sent.created or page.created, sent.edited or page.edited
  state.store.keep("pages", page)
  return page
end

--- Adds what a fixture says; ids of the pages made, by data source.
function M.load(state, fixture)
  local made = json.object {}
  for _, user in ipairs(fixture.users or {}) do
    add_user(state, { id = ids.read(user.id) or ids.new(), type = "person", name = user.name, person = { email = user.email } })
  end
  for _, sent in ipairs(fixture.databases or {}) do
    if not state.store.databases[ids.read(sent.id) or ""] then
      local first = sent.data_sources[1]
      local database = spaces.create_database(state, { id = sent.id, title = sent.title, initial_data_source = first }, state.person)
      for i = 2, #sent.data_sources do spaces.add_source(state, database, sent.data_sources[i], state.person) end
      for i, source in ipairs(sent.data_sources) do
        local id = database.sources[i]
        made[id] = json.array {}
        for n, page in ipairs(source.pages or {}) do made[id][n] = add_page(state, state.store.sources[id], page).id end
      end
    end
  end
  return made
end

return M
