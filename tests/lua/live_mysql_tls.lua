-- The TLS modes of tidewire.sql towards a real MariaDB: `tidewire lua live_mysql_tls.lua --profile io -- PORT CA [plain]`.
-- The server offers TLS for the name localhost, its certificate signed by CA; with `plain` it offers none.
local port, ca, plain = ...
local tap = require "tap"
local sql = require "tidewire.sql"

-- In capitals it is a name that is looked up; in small letters the library would take the server's socket.
local named, unnamed = "LOCALHOST", "127.0.0.1"

local function ask(host, tls, authority, user)
  local db = assert(sql.mysql { host = host, port = tonumber(port), user = user or "practice", password = "practice", database = "practice", tls = tls, ca = authority })
  local rows, err = db:query "show session status like 'Ssl_cipher'"
  return rows and rows[1].Value, err
end

local function encrypted(...)
  local cipher = assert(ask(...))
  tap.ok(cipher ~= "", "the session is in the clear")
end

local function refused(code, pattern, value, err)
  tap.equal(value, nil)
  tap.equal(err and err.code, code)
  tap.ok(err.message:find(pattern), err.message .. " has no " .. pattern)
end

if plain then
  tap.test("a server that offers no TLS is not spoken to in the clear where TLS is asked for", function()
    refused("unavailable", "offers no TLS", ask(unnamed, "require"))
    refused("unavailable", "TLS", ask(named, "verify", ca))
    tap.equal(ask(unnamed, "off"), "")
    tap.equal(ask(unnamed), "")
  end)
  return require "live" "mysql without TLS"
end

tap.test("off is in the clear, require encrypts whoever answers, verify asks who it is", function()
  tap.equal(ask(unnamed, "off"), "")
  encrypted(unnamed, "require")
  encrypted(named, "verify", ca)
end)

tap.test("a certificate for another name, of an authority that is not trusted, or an authority that is not there: no connection", function()
  refused("unavailable", "[Vv]alidation of SSL server certificate failed", ask(unnamed, "verify", ca))
  refused("unavailable", "certificate", ask(named, "verify"))
  refused("unavailable", "TLS/SSL error", ask(named, "verify", "/nowhere.pem"))
end)

tap.test("a user whom the server wants to come by TLS is let in by it, and not without", function()
  assert(sql.mysql { port = tonumber(port), user = "practice", password = "practice", database = "practice" }:query "select 1")
  encrypted(unnamed, "require", nil, "guarded")
  refused("denied", "1045", ask(unnamed, "off", nil, "guarded"))
end)

tap.test("elsewhere than on this machine the certificate is asked for without a word", function()
  local db = assert(sql.mysql { host = named, port = tonumber(port), user = "practice", password = "practice", database = "practice" })
  refused("unavailable", "certificate", db:query "select 1")
end)

return require "live" "mysql over TLS"
