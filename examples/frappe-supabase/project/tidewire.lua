-- ERPNext (a Frappe site) and an app's Supabase project. Secrets come from .env, the environment or $CREDENTIALS_DIRECTORY.
return project {
  listen = "127.0.0.1:0",                 -- 0: any free port, told by `tidewire status`
  connections = {
    erp = frappe   { url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET", webhook_secret = secret "ERP_WEBHOOK_SECRET",
                     limits = { rate = "200/s", parallel = 8, batch = 200 } },
    app = supabase { url = env "APP_URL", key = secret "APP_KEY", webhook = { header = "x-app-secret", secret = secret "APP_WEBHOOK_SECRET" } },
  },
  defaults = { conflict = "newest", tie = "left", retry = { max = 8, base = "1s" }, sweep = "daily 03:00 Europe/London" },
  keep = "30d",
}
