-- The app's database and the vault of decisions in Notion. Secrets come from .env, the environment or $CREDENTIALS_DIRECTORY.
return project {
  listen = "127.0.0.1:0",                 -- 0: any free port, told by `tidewire status`
  connections = {
    app   = supabase { url = env "APP_URL", key = secret "APP_KEY" },
    vault = notion { token = secret "NOTION_TOKEN", url = env "NOTION_URL" },   -- without `url`: Notion itself
  },
  defaults = { conflict = "newest", tie = "left", sweep = "daily 03:00" },
  keep = "90d",
}
