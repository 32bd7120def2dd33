-- A shop that everybody edits, and the copy that a branch reads. Secrets come from .env, the environment or $CREDENTIALS_DIRECTORY.
return project {
  listen = "127.0.0.1:0",                 -- 0: any free port, told by `tidewire status`
  connections = {
    shop   = supabase { url = env "SHOP_URL", key = secret "SHOP_KEY", webhook = { header = "x-shop-secret", secret = secret "SHOP_WEBHOOK_SECRET" } },
    branch = supabase { url = env "BRANCH_URL", key = secret "BRANCH_KEY" },
  },
  defaults = { sweep = "daily 03:00 Europe/London" },
  keep = "30d",
}
