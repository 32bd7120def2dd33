-- The project: which systems there are, and what holds for every mapping.
--
-- `env "X"` is a variable that may be printed; `secret "X"` never is. Both are looked up in $CREDENTIALS_DIRECTORY (secrets
-- alone), the environment and the file .env beside this one. Saving this file swaps only the connections that changed.
return project {
  -- Webhooks, the API and the page. Behind nginx or Caddy keep it on this machine.
  listen = "127.0.0.1:8080",
  -- Or let it speak TLS itself; renewed files are taken up by themselves.
  -- tls = { certificate = "/etc/ssl/tidewire/fullchain.pem", key = "/etc/ssl/tidewire/privkey.pem" },

  connections = {
    -- ERPNext or any Frappe site. The user of this key should be a System Manager, or at least read Deleted Document.
    erp = frappe {
      url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET", webhook_secret = secret "ERP_WEBHOOK_SECRET",
      limits = { rate = "20/s", parallel = 8 },        -- what the site can bear
    },
    -- Supabase. With a secret key; a public one sees what row-level security shows.
    app = supabase {
      url = env "APP_URL", key = secret "APP_KEY",
      webhook = { header = "x-app-secret", secret = secret "APP_WEBHOOK_SECRET" },
    },
    -- Others: postgres, neon, mysql, odoo, notion, wordpress, http. Their options: `tidewire help notion` and so on.
  },

  defaults = {
    conflict = "newest", tie = "left",                 -- the later edit wins; within the clocks' precision the left side
    retry = { max = 8, base = "1s" },                  -- then a dead letter, which waits for a person and is never dropped
    sweep = "daily 03:00",                             -- a full comparison, for what no webhook and no poll told
  },

  -- Who is told when something needs a person: each thing once, and once more when it is over. scripts/tidewire/README.md, "Alerts".
  -- mail = { url = "smtp://mail.example.org:587", from = "sync@example.org", user = "sync@example.org", password = secret "MAIL_PASSWORD" },
  -- alerts = {
  --   to = { mail "ops@example.org", post(secret "CHAT_HOOK") },   -- one or several; what takes {"text": ...} can be a chat
  --   queue = "10m", conflict = "1h", disk = "1GB", webhooks = 10, -- from when on; false = never
  --   report = "weekly mon 08:00 Europe/Berlin",                   -- what was done, by mapping
  -- },

  environments = {
    trial = { dry_run = true },                        -- tidewire run --env trial: decides and records, writes nothing
  },

  -- A copy of the state each night, the last fourteen of them; better on another disk.
  backup = { every = "daily 02:30", keep = 14 },

  keep = "30d",                                        -- how long the record of what was done is kept
}
