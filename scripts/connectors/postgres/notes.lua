--- The functions that the triggers of an outbox call, and which of them a former version made.

local M = {}

--- The channel on which the outbox's triggers say "schema.table".
M.channel = "tidewire"

local texts = {}

-- A changed key, even in its spelling alone, is a deletion and a new row. Arguments: the table as mappings name it (a partition is another
-- one), the key's columns. What the writer's session is set to must not tell in the key: a float whole, a range of times without a doubt.
texts.note = [[
create or replace function tidewire.note() returns trigger language plpgsql security definer set search_path = pg_catalog
  set timezone = 'UTC' set datestyle = 'ISO, YMD' set intervalstyle = 'postgres' set bytea_output = 'hex' set extra_float_digits = 1 as $note$
declare
  place text := tg_argv[0];
  before jsonb;
  after jsonb;
begin
  if tg_op <> 'INSERT' then
    select jsonb_agg(to_jsonb(old) -> name order by n) into before from unnest(tg_argv) with ordinality a(name, n) where n > 1;
  end if;
  if tg_op <> 'DELETE' then
    select jsonb_agg(to_jsonb(new) -> name order by n) into after from unnest(tg_argv) with ordinality a(name, n) where n > 1;
  end if;
  if before is not null and before::text is distinct from after::text then
    insert into tidewire.outbox ("table", op, key) values (place, 'DELETE', before);
  end if;
  if after is not null then
    insert into tidewire.outbox ("table", op, key) values (place, tg_op, after);
  end if;
  perform pg_notify('CHANNEL', place);
  return null;
end $note$]]

-- A truncate fires no trigger of rows: which ones it took nobody can tell any more. Argument: the table as mappings name it.
texts.note_emptied = [[
create or replace function tidewire.note_emptied() returns trigger language plpgsql security definer set search_path = pg_catalog as $note$
begin
  insert into tidewire.outbox ("table", op, key) values (tg_argv[0], 'TRUNCATE', '[]');
  perform pg_notify('CHANNEL', tg_argv[0]);
  return null;
end $note$]]

-- Whose a row was that is deleted, or moves to another record. Arguments: the table as mappings name it, the columns that name a record.
texts.note_parents = [[
create or replace function tidewire.note_parents() returns trigger language plpgsql security definer set search_path = pg_catalog
  set timezone = 'UTC' set datestyle = 'ISO, YMD' set intervalstyle = 'postgres' set bytea_output = 'hex' set extra_float_digits = 1 as $note$
declare
  before jsonb := to_jsonb(old);
  after jsonb := '{}';
begin
  if tg_op = 'UPDATE' then after := to_jsonb(new); end if;
  insert into tidewire.outbox ("table", op, key)
    select tg_argv[0], 'PARENT', jsonb_build_object(name, before -> name) from unnest(tg_argv) with ordinality a(name, n)
    where n > 1 and before ->> name is not null and (before -> name)::text is distinct from (after -> name)::text;
  return null;
end $note$]]

-- A time that the statement itself sets stands. A column without a zone is read as UTC.
texts.touch = [[
create or replace function tidewire.touch() returns trigger language plpgsql set timezone = 'UTC' as $touch$
begin
  if to_jsonb(new) -> tg_argv[0] is not distinct from to_jsonb(old) -> tg_argv[0] then
    new := jsonb_populate_record(new, jsonb_build_object(tg_argv[0], clock_timestamp()));
  end if;
  return new;
end $touch$]]

-- The same of a column without a zone that goes by the one named.
texts.touch_local = [[
create or replace function tidewire.touch_local() returns trigger language plpgsql as $touch$
begin
  if to_jsonb(new) -> tg_argv[0] is not distinct from to_jsonb(old) -> tg_argv[0] then
    new := jsonb_populate_record(new, jsonb_build_object(tg_argv[0], clock_timestamp() at time zone tg_argv[1]));
  end if;
  return new;
end $touch$]]

--- The statement that makes one of them, or makes it anew.
function M.text(name) return (texts[name]:gsub("CHANNEL", M.channel)) end

-- Whether the server has the function as this version makes it: its text, and what it sets beside it.
local function is_ours(name, has)
  local text = M.text(name)
  return has.text == text:match "%$%w+%$(.*)%$%w+%$$" and (has.exact or not text:find("extra_float_digits = 1", 1, true))
end

--- Whether a function that the table's triggers call is not the one of this version.
function M.outdated(about, name)
  local has = about.functions[name]
  return has ~= nil and not is_ours(name, has)
end

--- The names of those.
function M.former(about)
  local list = {}
  for _, name in ipairs { "note", "note_emptied", "note_parents", "touch", "touch_local" } do
    if M.outdated(about, name) then list[#list + 1] = name end
  end
  return list
end

return M
