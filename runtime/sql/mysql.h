// mysql.h — MariaDB and MySQL through libmariadb on the loop.
//
// The library is LGPL and stays outside the binary: it is loaded when a first session is opened, and where it is absent
// every request says how to install it. Parameters are written into the statement's text, because the text protocol
// alone gives every type digit by digit and takes one round trip. Connecting blocks on a pool thread.
#pragma once

#include <memory>
#include <string>

#include "loop/loop.h"
#include "sql/database.h"
#include "sql/pool.h"

namespace tidewire::sql {

struct MysqlOptions {
  std::string host = "127.0.0.1", socket{}, database{}, user{}, password{};
  unsigned port = 3306;
  std::string tls{};      // "off", "require" (whoever answers), "verify"
  std::string ca_file{};
  Duration connect_time = std::chrono::seconds(10);
  Duration statement_time = std::chrono::seconds(30);
};

std::unique_ptr<Database> open_mysql(loop::Loop& loop, MysqlOptions options, PoolOptions pool);

}  // namespace tidewire::sql
