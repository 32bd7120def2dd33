-- The project that is measured. Everything that differs between runs comes from the environment.
return project {
  connections = {
    erp = frappe {
      url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET",
      webhook_secret = secret "ERP_WEBHOOK_SECRET",
      limits = { inbound = "1000000/s", parallel = 64 },
    },
    app = supabase {
      url = env "APP_URL", key = secret "APP_KEY",
      webhook = { header = "x-app-secret", secret = secret "APP_WEBHOOK_SECRET" },
      limits = { inbound = "1000000/s", parallel = 64 },
    },
  },
  defaults = { conflict = "newest", tie = "left" },
  log = { level = "warn" },
  admin = { token = secret "BENCH_TOKEN" },
}
