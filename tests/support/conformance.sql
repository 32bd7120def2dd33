-- The table on which the Supabase connector is tried.
create type conformance_mood as enum ('ok', 'bad');
create table conformance (
  id uuid primary key default gen_random_uuid(), code text unique, name text, number int not null default 1,
  price numeric(12, 2), big bigint, ratio double precision, active boolean not null default true, born date, wake time,
  seen timestamptz, mood conformance_mood, tags text[], meta jsonb, "order" text, "odd name" text, photo bytea,
  updated_at timestamptz not null default clock_timestamp());
create function conformance_touch() returns trigger language plpgsql as $$
begin
  new.updated_at = clock_timestamp();
  return new;
end $$;
create trigger touch before update on conformance for each row execute function conformance_touch();
