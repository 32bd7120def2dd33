return project {
  listen = "127.0.0.1:0",
  connections = {
    blog = wordpress { url = env "BLOG_URL", user = "admin", password = secret "BLOG_PASSWORD", webhook_secret = secret "BLOG_HOOK" },
    app = postgres { url = secret "APP_URL" },
  },
  defaults = { conflict = "newest", tie = "left", retry = { max = 8, base = "100ms" } },
}
