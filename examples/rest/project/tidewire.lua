-- A system that nobody has written a connector for: its REST API as tables. Beside it a Supabase table.
return project {
  listen = "127.0.0.1:0",
  connections = {
    crm = http {
      url = env "CRM_URL",
      auth = { bearer = secret "CRM_TOKEN" },
      collections = {
        contacts = {
          path = "/contacts",                                     -- GET lists, POST creates
          item = "/contacts/{key}",                               -- GET, PATCH, DELETE
          key = "id",
          list = "data", one = "data",                            -- where records stand in an answer
          page = { by = "page", param = "page", limit = "per_page", size = 50 },
          filter = { "{field}", "{value}" },                      -- GET /contacts?email=ada@example.org
          since = { "updated_since", "{time}" }, modified = "updated_at",
          version = "etag", guard = "If-Match",                   -- a write that comes too late is refused
          fields = { email = { kind = "text", unique = true }, name = "text", phone = "text", vip = "bool" },
        },
      },
    },
    app = supabase { url = env "APP_URL", key = secret "APP_KEY" },
  },
  defaults = { conflict = "newest", tie = "left", sweep = "daily 03:00" },     -- a sweep finds what was deleted, which a list does not tell
}
