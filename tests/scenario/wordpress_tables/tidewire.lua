return project {
  listen = "127.0.0.1:0",
  connections = {
    blog = wordpress { tables = { host = "127.0.0.1", port = 0, database = "practice", user = "practice", password = secret "BLOG_DATABASE" } },
    app = postgres { url = secret "APP_URL" },
  },
  defaults = { conflict = "newest", tie = "left", retry = { max = 8, base = "100ms" } },
}
