-- Two systems and what holds for all mappings. Secrets come from .env, the environment or $CREDENTIALS_DIRECTORY.
return project {
  listen = "127.0.0.1:0",                 -- 0: any free port, told by `tidewire status`
  connections = {
    erp = frappe {
      url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET",
      webhook_secret = secret "ERP_WEBHOOK_SECRET",
      limits = { parallel = 8 },
    },
    app = supabase {
      url = env "APP_URL", key = secret "APP_KEY",
      webhook = { header = "x-app-secret", secret = secret "APP_WEBHOOK_SECRET" },
      limits = { parallel = 8 },
    },
  },
  defaults = { conflict = "newest", tie = "left" },
  keep = "7d",
}
