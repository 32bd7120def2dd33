-- A shop that is the master, the office's database, and two copies of what the office has. Secrets come from .env, the environment or $CREDENTIALS_DIRECTORY.
return project {
  listen = "127.0.0.1:0",                 -- 0: any free port, told by `tidewire status`
  connections = {
    shop    = supabase  { url = env "SHOP_URL", key = secret "SHOP_KEY", webhook = { header = "x-shop-secret", secret = secret "SHOP_WEBHOOK_SECRET" } },
    office  = postgres  { url = secret "OFFICE_URL" },
    site    = wordpress { url = env "SITE_URL", user = env "SITE_USER", password = secret "SITE_PASSWORD", webhook_secret = secret "SITE_WEBHOOK_SECRET" },
    reports = neon      { url = secret "REPORTS_URL", pooled = true },      -- of a host with `-pooler` in its name that is known
  },
  defaults = { sweep = "daily 03:00 Europe/London" },
  backup = { every = "daily 02:00", keep = 14 },
  keep = "30d",
}
