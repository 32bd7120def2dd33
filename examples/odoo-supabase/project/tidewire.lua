-- Odoo on the left, Supabase on the right. Secrets come from .env, the environment or $CREDENTIALS_DIRECTORY.
return project {
  listen = "127.0.0.1:0",
  connections = {
    erp = odoo {
      url = env "ERP_URL", database = env "ERP_DATABASE", login = env "ERP_LOGIN", api_key = secret "ERP_KEY",
      overlap = "10m",                     -- above the longest import or scheduled action
      limits = { parallel = 2 },           -- Odoo has few workers; on odoo.com one, with rate = "1/s"
    },
    app = supabase {
      url = env "APP_URL", key = secret "APP_KEY", webhook = { header = "x-app-secret", secret = secret "APP_WEBHOOK_SECRET" },
      limits = { parallel = 8 },
    },
  },
  defaults = {
    conflict = "newest", tie = "left",
    on = { left = { poll = "every 1m" }, right = { webhook = true, poll = "every 15m" } },   -- the app tells its changes at once
    sweep = "daily 03:00",                 -- finds what moves no write_date: stock levels, deletions
  },
  keep = "30d",
}
