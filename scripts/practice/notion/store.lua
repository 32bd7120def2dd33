-- The workspace: users, databases, data sources and pages, in memory while it runs and in SQLite to last.
--
-- thing(kind, id, body): body is the JSON of the object as it is kept; the order of making is the row's number.
local json = require "tidewire.json"
local sqlite = require "tidewire.sqlite"

local M = {}

local schema = [[
CREATE TABLE IF NOT EXISTS thing (position INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
]]

--- store.users, .databases, .sources, .pages by id; store.keep(kind, object) after each change; store.pages_of(source id).
function M.open(path)
  local db = assert(sqlite.open(path))
  assert(db:exec(schema))
  local store = { users = {}, databases = {}, sources = {}, pages = {} }
  local of_source = {}

  local function index(kind, object)
    store[kind][object.id] = object
    if kind ~= "pages" then return end
    local before = object.filed
    if before == object.source then return end
    if before and of_source[before] then of_source[before][object.id] = nil end
    of_source[object.source] = of_source[object.source] or {}
    of_source[object.source][object.id] = object
    object.filed = object.source
  end

  for _, row in ipairs(assert(db:query "SELECT kind, body FROM thing ORDER BY position")) do
    local object = assert(json.decode(row.body))
    object.filed = nil
    index(row.kind, object)
  end

  function store.keep(kind, object)
    index(kind, object)
    assert(db:run("INSERT INTO thing (kind, id, body) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
      kind, object.id, json.encode(object)))
    return object
  end

  --- Removes for good, as the purge of the trash does.
  function store.purge(kind, id)
    local object = store[kind][id]
    if object and object.filed then of_source[object.filed][id] = nil end
    store[kind][id] = nil
    assert(db:run("DELETE FROM thing WHERE id = ?", id))
  end

  function store.pages_of(source)
    return of_source[source] or {}
  end

  return store
end

return M
