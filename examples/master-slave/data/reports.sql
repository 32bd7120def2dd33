-- Neon: what the analysts read. They may edit what is theirs (notes).
create table items (item_no text primary key, title text, price numeric(10,2), state text, withdrawn_at timestamptz, notes text);
create table people (mail text primary key, full_name text, rebate integer);
insert into items (item_no, title, price, state, notes) values ('LAMP-1', 'Desk lamp', 45, 'live', 'sells well in winter'), ('CHAIR-1', 'Chair', 89, 'soon', null);
