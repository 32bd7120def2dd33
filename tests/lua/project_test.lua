-- profile: project
local tap = require "tap"
local host = require "tidewire.host.project"
local json = require "tidewire.json"

local test, equal, raises = tap.test, tap.equal, tap.raises

local function load(build, environment)
  return host(build, { kinds = { "frappe", "supabase" }, environment = environment })
end

local function erp(e, more)
  local config = { url = e.env "ERP_URL", api_key = e.secret "ERP_KEY" }
  for name, value in pairs(more or {}) do config[name] = value end
  return e.frappe(config)
end

test("what is not said has a default", function()
  local data = load(function(e) return e.project { connections = { erp = erp(e) } } end)
  equal(data.listen, "127.0.0.1:8080")
  equal(data.state, "state/tidewire.db")
  equal(data.keep, "2592000000ms")
  equal(data.exchanges, "all")
  equal(data.log.level, "info")
  equal(data.dry_run, false)
  equal(json.encode(data.cors), "[]")
  equal(data.connections.erp.kind, "frappe")
end)

test("secrets and env stay markers", function()
  local data = load(function(e) return e.project { connections = { erp = erp(e, { webhook_secret = { e.secret "A", e.secret "B" } }) } } end)
  equal(data.connections.erp.config.url, { ["$env"] = "ERP_URL" })
  equal(data.connections.erp.config.webhook_secret, { { ["$secret"] = "A" }, { ["$secret"] = "B" } })
end)

test("the API's names and token are said in admin, the token as a secret", function()
  local data = load(function(e)
    return e.project { connections = { erp = erp(e) }, admin = { hosts = "sync.example.org", token = e.secret "TOKEN" } }
  end)
  equal(json.encode(data.admin.hosts), '["sync.example.org"]')
  equal(load(function(e) return e.project { connections = { erp = erp(e) }, admin = { connections_per_address = 500 } } end).admin.connections_per_address, 500)
  raises(function()
    load(function(e) return e.project { connections = { erp = erp(e) }, admin = { connections_per_address = 0 } } end)
  end, "connections_per_address")
  equal(data.admin.token, { ["$secret"] = "TOKEN" })
  raises(function()
    load(function(e) return e.project { connections = { erp = erp(e) }, admin = { hosts = { "https://x" } } } end)
  end, "'https://x' is no name of a host")
  raises(function()
    load(function(e) return e.project { connections = { erp = erp(e) }, admin = { token = "in the open" } } end)
  end, "token must be a secret")
end)

test("a connection may have further names for webhooks, which are nobody else's", function()
  local function names(said) return load(function(e) return e.project { connections = { erp = erp(e), app = erp(e) }, webhook_names = said } end).webhook_names end
  equal(names { cloud = "erp", ["local"] = "app", frappe = "erp" }, { cloud = "erp", ["local"] = "app", frappe = "erp" })
  equal(json.encode(names(nil)), "{}")
  raises(function() names { cloud = "epr" } end, "webhook_names: there is no connection 'epr' %(did you mean 'erp'%?%)")
  raises(function() names { app = "erp" } end, "webhook_names: 'app' is a connection itself")
  raises(function() names { "erp" } end, "'1' is no name of webhook_names")
  raises(function() names { ["a/b"] = "erp" } end, "'a/b' is no name of webhook_names")
  raises(function() names "erp" end, "webhook_names")
end)

local function alerts(said, more)
  return load(function(e)
    local content = { connections = { erp = erp(e) }, mail = { url = "smtp://mail.example.org:587", from = "sync@example.org" }, alerts = said(e) }
    for name, value in pairs(more or {}) do content[name] = value end
    return e.project(content)
  end)
end

test("alerts say who is told and from when on; what is not said has a default", function()
  local data = alerts(function(e) return { to = { e.mail "ops@example.org", e.post(e.secret "HOOK") }, conflict = "4h", disk = "500MB", queue = false, report = "weekly mon 08:00 Europe/Berlin" } end)
  equal(data.alerts.to, { { kind = "mail", to = "ops@example.org" }, { kind = "post", to = { ["$secret"] = "HOOK" } } })
  equal(data.alerts.conflict, 4 * 3600 * 1000)
  equal(data.alerts.disk, 500000000)
  equal(data.alerts.queue, false)
  equal(data.alerts.wait, 120000)
  equal(data.alerts.webhooks, 10)
  equal(data.alerts.jobs, true)
  equal(data.alerts.report, "weekly mon 08:00 Europe/Berlin")
  equal(alerts(function(e) return { to = e.post "https://chat.example.org/x" } end).alerts.to, { { kind = "post", to = "https://chat.example.org/x" } })
  equal(alerts(function() return { to = false, wait = "1s" } end).alerts.to, json.array {})
end)

test("which exchanges are kept is one of three words", function()
  local data = load(function(e) return e.project { connections = { erp = erp(e) }, exchanges = "failed" } end)
  equal(data.exchanges, "failed")
  raises(function() load(function(e) return e.project { connections = { erp = erp(e) }, exchanges = "some" } end) end, "exchanges")
end)

test("how long is kept is a duration in any of its spellings, with its unit", function()
  local function keep(said) return load(function(e) return e.project { connections = { erp = erp(e) }, keep = said } end).keep end
  equal({ keep "2d", keep "1.5 d", keep "90min" }, { "172800000ms", "129600000ms", "5400000ms" })
  for _, wrong in ipairs { false, 30, "30" } do raises(function() keep(wrong) end, "keep must be a duration such as \"30d\", not '" .. tostring(wrong)) end
  for _, nothing in ipairs { "0s", "0d", "0.0001ms" } do raises(function() keep(nothing) end, "keep must be longer than '" .. nothing .. "'") end
end)

test("a rate is a whole number, as the connection will read it", function()
  local function rate(said) return load(function(e) return e.project { connections = { erp = erp(e, { limits = { rate = said } }) } } end) end
  equal(rate("90/m").connections.erp.config.limits.rate, "90/m")
  for _, said in ipairs { "2.5/s", "2./s", "0/s", "/s", "2", "2/d" } do raises(function() rate(said) end, "rate of limits must be a rate") end
end)

test("alerts that make no sense are refused with what to write", function()
  raises(function() alerts(function() return {} end) end, "alerts needs somebody to tell")
  raises(function() alerts(function() return { to = { "ops@example.org" } } end) end, "to of alerts is mail")
  raises(function() alerts(function(e) return { to = e.mail "a@b.c", quue = "1m" } end) end, "unknown key 'quue' in alerts %(did you mean 'queue'%?%)")
  raises(function() alerts(function(e) return { to = e.mail "a@b.c", disk = "lots" } end) end, 'disk of alerts must be a size such as "1GB" or false')
  raises(function() alerts(function(e) return { to = e.mail "a@b.c", wait = false } end) end, "wait of alerts must be a duration")
  raises(function() alerts(function(e) return { to = e.mail "a@b.c", report = "sometimes" } end) end, "report of alerts does not say when")
  raises(function() load(function(e) return e.project { connections = { erp = erp(e) }, alerts = { to = e.mail "a@b.c" } } end) end, "mail needs a server")
end)

test("tls names two files", function()
  local function tls(said) return load(function(e) return e.project { connections = { erp = erp(e) }, tls = said(e) } end) end
  equal(tls(function(e) return { certificate = "a.pem", key = e.env "KEY_FILE" } end).tls, { certificate = "a.pem", key = { ["$env"] = "KEY_FILE" } })
  raises(function() tls(function() return { certificate = "a.pem" } end) end, 'key of tls must be a file such as "/etc/tidewire/key.pem"')
  raises(function() tls(function() return { certificate = "a.pem", key = "b.pem", ca = "c" } end) end, "unknown key 'ca' in tls")
end)

test("traces name a collector", function()
  local function traces(said) return load(function(e) return e.project { connections = { erp = erp(e) }, traces = said(e) } end) end
  equal(traces(function(e) return { endpoint = "http://127.0.0.1:4318/v1/traces", headers = { Authorization = e.secret "X" }, every = 10 } end).traces.headers, { Authorization = { ["$secret"] = "X" } })
  raises(function() traces(function() return {} end) end, "endpoint of traces must be a collector's address")
  raises(function() traces(function() return { endpoint = "http://c", every = 0.5 } end) end, "every of traces must be a whole number")
end)

test("an environment lies over the project, connections key by key", function()
  local function build(e)
    return e.project {
      connections = { erp = erp(e, { limits = { rate = "20/s", parallel = 8 } }), app = e.supabase { url = "https://a.example.org" } },
      log = { level = "info" },
      environments = {
        staging = {
          dry_run = true, log = { level = "debug" },
          connections = { erp = { url = e.env "STAGING_URL", limits = { rate = "1/s" } }, app = e.supabase { url = "https://b.example.org" } },
        },
        moved = { connections = { app = e.frappe { url = "https://c.example.org" } } },
      },
    }
  end
  local plain = load(build)
  equal(plain.dry_run, false)
  equal(plain.connections.erp.config.url, { ["$env"] = "ERP_URL" })
  local staging = load(build, "staging")
  equal(staging.dry_run, true)
  equal(staging.log.level, "debug")
  equal(staging.environment, "staging")
  equal(staging.connections.erp.kind, "frappe")
  equal(staging.connections.erp.config.url, { ["$env"] = "STAGING_URL" })
  equal(staging.connections.erp.config.api_key, { ["$secret"] = "ERP_KEY" })
  equal(staging.connections.erp.config.limits, { rate = "1/s", parallel = 8 })
  equal(staging.connections.app.config.url, "https://b.example.org")
  equal(load(build, "moved").connections.app.kind, "frappe")
  raises(function() load(build, "stagin") end, "there is no environment 'stagin' %(did you mean 'staging'%?%)")
end)

test("a log file is put aside beyond some size, not beyond none", function()
  local function rotate(size) return load(function(e) return e.project { connections = { erp = erp(e) }, log = { rotate = size } } end).log.rotate end
  equal(rotate "10MB", 10000000)
  for _, size in ipairs { "0KB", "0.0001KB", "much" } do raises(function() rotate(size) end, "rotate of log must be a size") end
end)

test("only data crosses to a connector", function()
  raises(function()
    load(function(e) return e.project { connections = { erp = e.frappe { url = function() end } } } end)
  end, "'erp.url' is a function")
end)

test("words of Lua itself are at hand, the rest is refused", function()
  local data = load(function(e)
    local name = e.string.format("https://%s.example.org", "erp")
    return e.project { connections = { erp = e.frappe { url = name } } }
  end)
  equal(data.connections.erp.config.url, "https://erp.example.org")
  raises(function() load(function(e) return e.projct {} end) end, "unknown name 'projct' %(did you mean 'project'%?%)")
  raises(function() load(function(e) e.x = 1 end) end, "'x' is assigned but not declared")
end)

test("a connection may be called like a word of Lua", function()
  local data = load(function(e) return e.project { connections = { ["local"] = erp(e) } } end)
  equal(data.connections["local"].kind, "frappe")
end)

test("a misspelt rule or tie of the defaults is told at its own line, not at every mapping", function()
  local function defaults(values)
    return function() load(function(e) return e.project { connections = { erp = erp(e) }, defaults = values } end) end
  end
  raises(defaults { conflict = "newset" }, "unknown conflict rule 'newset' %(did you mean 'newest'%?%)")
  raises(defaults { conflict = "erb_wins" }, "did you mean 'erp_wins'")
  raises(defaults { conflict = "no such" }, "unknown conflict rule 'no such'")
  raises(defaults { tie = "lefft" }, "tie of defaults must be left, right or a connection, not 'lefft' %(did you mean 'left'%?%)")
  for _, rule in ipairs { "newest", "manual", "webhook", "source_wins", "erp_wins", "frappe_wins", "sum_delta" } do defaults { conflict = rule }() end
  for _, side in ipairs { "left", "erp" } do defaults { tie = side }() end
end)
