-- The office's PostgreSQL: in use for years, so two articles of the shop are there already, one of them out of date, and one that only the office sells.
create table catalogue (
  item_no text primary key, title text not null, price_cents bigint not null, state text not null check (state in ('live', 'soon', 'gone')), labels text[],
  slug text generated always as (lower(item_no)) stored, shelf text, withdrawn_at timestamptz
);
create table customers (
  id bigint generated always as identity primary key, mail text not null unique, full_name text, phone text, preferences jsonb, credit numeric(10,2), rebate integer
);
insert into catalogue (item_no, title, price_cents, state, labels, shelf) values
  ('LAMP-1', 'Desk lamp', 4500, 'live', '{light}', 'A4'),
  ('CHAIR-1', 'Chair', 8900, 'soon', '{wood}', 'C1'),
  ('OLD-9', 'An article of the office alone', 100, 'live', null, 'Z1');
insert into customers (mail, full_name, phone, preferences, credit, rebate) values
  ('grace@example.org', 'Grace Hopper', '+441632960002', '{"letters": false}', 1000, 10),
  ('ada@example.org', 'Ada L.', '+441632960111', '{"letters": true}', 500, 5);
