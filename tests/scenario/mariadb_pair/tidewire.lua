return project {
  listen = "127.0.0.1:0",
  connections = {
    shop = mysql { port = 0, database = "practice", user = "practice", password = secret "SHOP_PASSWORD", statement_timeout = 2, limits = { parallel = 4 } },
    app = postgres { url = secret "APP_URL", pooled = true, statement_timeout = 2, limits = { parallel = 4 } },
  },
  defaults = { conflict = "newest", tie = "left", retry = { max = 20, base = "100ms" } },
}
