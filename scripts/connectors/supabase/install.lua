--- What a table needs, as statements for the SQL editor: the API itself cannot change a schema.

local connector = require "tidewire.connector"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local option = require("tidewire.tables").option

local array = json.array
local fail, given = connector.fail, connector.given

local M = {}

local function quoted(name) return '"' .. name:gsub('"', '""') .. '"' end
local function literal(text) return "'" .. text:gsub("'", "''") .. "'" end

local function place(conn, collection)
  local schema = option(conn, collection, "schema") or "public"
  return quoted(schema) .. "." .. quoted(collection.name)
end

-- An index's name is one of its schema, of 63 bytes at most.
local function index_name(collection, column)
  local whole = "tidewire_" .. collection.name .. "_" .. column
  return #whole <= 63 and whole or whole:sub(1, 50) .. "_" .. hash.sha256(whole):sub(1, 12)
end

-- The default comes after the column: nobody knows when the rows that are there were changed, and as edited now they would win by
-- `newest`. A column that is there stays as it is.
local function column_text(name, column)
  local alter = "    alter table " .. name .. " "
  return "do $column$\nbegin\n  if not exists (select from pg_attribute where attrelid = " .. literal(name) .. "::regclass and attname = " .. literal(column)
    .. " and not attisdropped) then\n" .. alter .. "add column " .. quoted(column) .. " timestamptz;\n" .. alter .. "alter column " .. quoted(column)
    .. " set default clock_timestamp();\n  end if;\nend $column$;"
end

local function time_steps(collection, name, column, add)
  local key = collection.key
  local columns = { quoted(column) }
  for _, one in ipairs(key) do columns[#columns + 1] = quoted(one) end
  add("the column that polls read and `newest` decides by, empty in the rows that are there", column_text(name, column))
  add("the function that keeps it", ([[
create or replace function public.tidewire_touch() returns trigger language plpgsql as $touch$
begin
  new := jsonb_populate_record(new, jsonb_build_object(tg_argv[0], clock_timestamp()));
  return new;
end $touch$;]]))
  add("its trigger", "create or replace trigger tidewire_touch before update on " .. name
    .. " for each row execute function public.tidewire_touch(" .. literal(column) .. ");")
  add("the index of polls", "create index if not exists " .. quoted(index_name(collection, column)) .. " on " .. name .. " (" .. table.concat(columns, ", ") .. ");")
end

-- pg_net sends the very text that was signed. The secret is read where Supabase keeps secrets, which triggers show to nobody.
local signing = [[
create or replace function public.tidewire_tell() returns trigger language plpgsql security definer set search_path = '' as $tell$
declare
  payload jsonb := jsonb_build_object('type', tg_op, 'table', tg_table_name, 'schema', tg_table_schema,
    'record', case when tg_op = 'DELETE' then null else to_jsonb(new) end, 'old_record', case when tg_op = 'INSERT' then null else to_jsonb(old) end);
  secret text := (select decrypted_secret from vault.decrypted_secrets where name = 'tidewire_webhook');
begin
  perform net.http_post(url := tg_argv[0], body := payload, timeout_milliseconds := 5000, headers := jsonb_build_object('Content-Type', 'application/json',
    tg_argv[1], tg_argv[2] || encode(extensions.hmac(convert_to(payload::text, 'UTF8'), convert_to(secret, 'UTF8'), 'sha256'), tg_argv[3])));
  return null;
end $tell$;]]

-- A secret's name is unique in the vault, and the editor runs what is pasted as one transaction: a second table finds it there.
local function signed_steps(webhook, proof, name, address, add)
  add("the secret of the webhook, that of the connection in its place; one that is there stays (vault.update_secret changes it)",
    "select vault.create_secret('THE-WEBHOOK-SECRET', 'tidewire_webhook') where not exists (select from vault.secrets where name = 'tidewire_webhook');")
  add("the function that signs what it sends", signing)
  local arguments = { literal(address), literal(proof.header), literal(webhook.prefix or ""), literal(proof.encoding) }
  add("the webhook", "create or replace trigger tidewire_webhook after insert or update or delete on " .. name
    .. " for each row execute function public.tidewire_tell(" .. table.concat(arguments, ", ") .. ");")
end

-- The secret stays out of what is shown: it is set by hand where the placeholder stands.
local function webhook_step(conn, name, options, add)
  local webhook = conn.config.webhook
  if not given(options.address) or not webhook then return end
  local proof = connector.webhook_proof(webhook)
  if proof.kind ~= "header" then return signed_steps(webhook, proof, name, options.address, add) end
  local headers = json.encode { ["Content-Type"] = "application/json", [webhook.header or "Authorization"] = (webhook.prefix or "") .. "THE-WEBHOOK-SECRET" }
  add("the webhook (put the secret of the connection in)", "create or replace trigger tidewire_webhook after insert or update or delete on " .. name
    .. " for each row execute function supabase_functions.http_request(" .. literal(options.address) .. ", 'POST', " .. literal(headers) .. ", '{}', '5000');")
end

local function list()
  local steps = array {}
  return steps, function(title, text) steps[#steps + 1] = { title = title, todo = text } end
end

local function refused(options)
  if not options.apply then return nil end
  return fail("invalid", "the API cannot change a schema", "run the statements in the SQL editor; without --yes they are shown")
end

function M.install(conn, collection, options)
  local none, err = refused(options)
  if err then return none, err end
  local steps, add = list()
  local name, column = place(conn, collection), option(conn, collection, "modified")
  if column then time_steps(collection, name, column, add) end
  webhook_step(conn, name, options, add)
  return { steps = steps, applied = false }
end

function M.uninstall(conn, collection, options)
  local left = connector.left_to_others(options)
  if left then return left end
  local none, err = refused(options)
  if err then return none, err end
  local steps, add = list()
  local name = place(conn, collection)
  add("the trigger of the time column; the column stays", "drop trigger if exists tidewire_touch on " .. name .. ";")
  add("the webhook; the secret tidewire_webhook stays in the vault where there is one", "drop trigger if exists tidewire_webhook on " .. name .. ";")
  return { steps = steps, applied = false }
end

return M
