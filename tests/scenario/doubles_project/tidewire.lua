return project {
  listen = "127.0.0.1:0",
  connections = {
    crm = supabase { url = env "APP_URL", key = secret "APP_KEY" },
    app = supabase { url = env "APP_URL", key = secret "APP_KEY" },
  },
  defaults = { conflict = "newest", tie = "left", on = { poll = "every 1h" } },
}
