-- One ERPNext in the cloud, one in the house. Secrets come from .env, the environment or $CREDENTIALS_DIRECTORY.
return project {
  listen = "127.0.0.1:0",                 -- 0: any free port, told by `tidewire status`
  connections = {
    cloud     = frappe { url = env "CLOUD_URL", api_key = secret "CLOUD_KEY", api_secret = secret "CLOUD_SECRET", webhook_secret = secret "CLOUD_WEBHOOK_SECRET",
                         limits = { parallel = 8 } },
    ["local"] = frappe { url = env "LOCAL_URL", api_key = secret "LOCAL_KEY", api_secret = secret "LOCAL_SECRET", webhook_secret = secret "LOCAL_WEBHOOK_SECRET",
                         limits = { parallel = 8 } },
  },
  defaults = { conflict = "newest", tie = "left", sweep = "daily 03:00 Europe/London" },
  keep = "30d",
}
