-- The statements that `tidewire install supabase` shows, on a real server with what they need of Supabase: `tidewire lua live_supabase.lua --profile io -- URL`.
local url = ...
local tap = require "tap"
local hash = require "tidewire.hash"
local host = require "tidewire.host.connector"
local json = require "tidewire.json"
local sql = require "tidewire.sql"

local array = json.array
local db = assert(sql.postgres { url = url })

-- The vault without its cipher, and pg_net that only notes what it was asked to send.
for _, statement in ipairs { "create schema vault", "create schema net", "create schema extensions", "create extension pgcrypto schema extensions",
  "create table vault.secrets (name text unique, secret text)", "create view vault.decrypted_secrets as select name, secret as decrypted_secret from vault.secrets",
  "create function vault.create_secret(secret text, name text) returns void language sql as 'insert into vault.secrets (name, secret) values ($2, $1)'",
  "create table sent (id int generated always as identity, url text, body text, headers jsonb)",
  [[create function net.http_post(url text, body jsonb, timeout_milliseconds int, headers jsonb) returns void language sql as
    'insert into public.sent (url, body, headers) values ($1, $2::text, $4)']],
  "create table hooked (id int primary key)", "create table hooked_rows (id int primary key)" } do
  assert(db:query(statement))
end

local address = "https://sync.example.org/webhook/app"

-- As the editor runs what is pasted: one transaction.
local function pasted(table, verb)
  local call = host(function() return require "connectors.supabase" end, { name = "app", config = { url = "https://app.example.org", key = "sb_secret_x",
    webhook = { header = "x-signature", secret = "of the connection" } } }).functions
  local statements = {}
  for i, step in ipairs(assert(call[verb]({ name = table, word = "table", key = array { "id" }, fields = array {}, options = {} }, { address = address })).steps) do
    statements[i] = { (step.todo:gsub("THE%-WEBHOOK%-SECRET", "of the connection")) }
  end
  return db:transaction(statements)
end

tap.test("two tables, and one of them again, tell their changes signed", function()
  for _, table in ipairs { "hooked", "hooked_rows", "hooked" } do assert(pasted(table, "install")) end
  assert(db:query "insert into hooked values (1)")
  assert(db:query "insert into hooked_rows values (2)")
  local sent = db:query "select url, body, headers from sent order by id"
  tap.equal(#sent, 2)
  for i, one in ipairs(sent) do
    tap.equal({ one.url, json.decode(one.body).record.id, one.headers["x-signature"] }, { address, i, hash.hmac_sha256("of the connection", one.body) })
  end
end)

tap.test("what was made goes again", function()
  for _, table in ipairs { "hooked", "hooked_rows" } do assert(pasted(table, "uninstall")) end
  assert(db:query "insert into hooked values (3)")
  tap.equal(#db:query "select 1 from sent", 2)
end)

return require "live" "supabase"
