return project {
  listen = "127.0.0.1:0",
  connections = {
    erp = frappe { url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET" },
    app = supabase { url = env "APP_URL", key = secret "APP_KEY" },
  },
  defaults = { conflict = "newest", tie = "left" },
}
