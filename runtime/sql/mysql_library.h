// mysql_library.h — libmariadb's functions, found at run time. Private to this room.
#pragma once

#include <mysql.h>

#include "base/result.h"

namespace tidewire::sql {

struct MysqlLibrary {
  decltype(&mysql_init) init = nullptr;
  decltype(&mysql_close) close = nullptr;
  decltype(&mysql_optionsv) options = nullptr;
  decltype(&mysql_real_connect) connect = nullptr;
  decltype(&mysql_get_ssl_cipher) cipher = nullptr;
  decltype(&mysql_get_socket) socket = nullptr;
  decltype(&mysql_get_timeout_value_ms) timeout = nullptr;
  decltype(&mysql_real_query_start) query_start = nullptr;
  decltype(&mysql_real_query_cont) query_cont = nullptr;
  decltype(&mysql_use_result) use_result = nullptr;
  decltype(&mysql_free_result) free_result = nullptr;
  decltype(&mysql_fetch_row_start) row_start = nullptr;
  decltype(&mysql_fetch_row_cont) row_cont = nullptr;
  decltype(&mysql_fetch_lengths) lengths = nullptr;
  decltype(&mysql_fetch_fields) fields = nullptr;
  decltype(&mysql_num_fields) field_count = nullptr;
  decltype(&mysql_field_count) expected_fields = nullptr;
  decltype(&mysql_affected_rows) affected = nullptr;
  decltype(&mysql_errno) number = nullptr;
  decltype(&mysql_error) error = nullptr;
  decltype(&mysql_real_escape_string) escape = nullptr;

  /// kUnavailable, with how to install it, where the library is not there. Asked again at the next call.
  static Result<const MysqlLibrary*> get();
};

}  // namespace tidewire::sql
