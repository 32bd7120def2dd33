return project {
  listen = "127.0.0.1:0",
  connections = {
    erp = frappe { url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET", webhook_secret = { secret "ERP_WEBHOOK_SECRET", secret "ERP_WEBHOOK_NEXT" }, limits = { parallel = 8 } },
    app = supabase { url = env "APP_URL", key = secret "APP_KEY", webhook = { header = "x-app-secret", secret = secret "APP_WEBHOOK_SECRET" }, limits = { parallel = 8 } },
  },
  defaults = { conflict = "newest", tie = "left", retry = { max = 8, base = "100ms" } },
}
