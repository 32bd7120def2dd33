-- The table on which the MariaDB connector is tried.
create table conformance (
  id bigint not null auto_increment primary key, code varchar(60) unique, name varchar(200), number int not null default 1,
  price decimal(12, 2), big bigint, ratio double, active tinyint(1) not null default 1, born date, wake time(6),
  life longtext, extra json, seen datetime(6), mood enum('ok', 'bad'), raw varbinary(20), photo mediumblob, `order` varchar(20), `odd name` varchar(200),
  updated_at timestamp(6) not null default current_timestamp(6) on update current_timestamp(6)) default charset = utf8mb4;
