local function server(url) return { url = secret(url), statement_timeout = 2, limits = { parallel = 4 } } end
local function polled(url) return { url = secret(url), changes = "poll", statement_timeout = 2, limits = { parallel = 4 } } end

return project {
  listen = "127.0.0.1:0",
  connections = { a = postgres(server "A_URL"), b = postgres(server "B_URL"), c = postgres(polled "A_URL"), d = postgres(polled "B_URL"), e = postgres(polled "CLERK_URL") },
  defaults = { conflict = "newest", tie = "left", retry = { max = 20, base = "100ms" } },
}
