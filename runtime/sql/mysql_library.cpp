#ifdef TIDEWIRE_MARIADB

#include "sql/mysql_library.h"

#include <dlfcn.h>

namespace tidewire::sql {
namespace {

template <typename Function>
bool find(void* library, const char* name, Function& out) {
  out = reinterpret_cast<Function>(dlsym(library, name));
  return out != nullptr;
}

bool find_all(void* library, MysqlLibrary& out) {
  return find(library, "mysql_init", out.init) && find(library, "mysql_close", out.close) &&
         find(library, "mysql_optionsv", out.options) && find(library, "mysql_real_connect", out.connect) &&
         find(library, "mysql_get_ssl_cipher", out.cipher) && find(library, "mysql_get_socket", out.socket) &&
         find(library, "mysql_get_timeout_value_ms", out.timeout) &&
         find(library, "mysql_real_query_start", out.query_start) &&
         find(library, "mysql_real_query_cont", out.query_cont) &&
         find(library, "mysql_use_result", out.use_result) && find(library, "mysql_free_result", out.free_result) &&
         find(library, "mysql_fetch_row_start", out.row_start) && find(library, "mysql_fetch_row_cont", out.row_cont) &&
         find(library, "mysql_fetch_lengths", out.lengths) && find(library, "mysql_fetch_fields", out.fields) &&
         find(library, "mysql_num_fields", out.field_count) &&
         find(library, "mysql_field_count", out.expected_fields) && find(library, "mysql_affected_rows", out.affected) && find(library, "mysql_errno", out.number) &&
         find(library, "mysql_error", out.error) && find(library, "mysql_real_escape_string", out.escape);
}

}  // namespace

Result<const MysqlLibrary*> MysqlLibrary::get() {
  static MysqlLibrary found;
  if (found.escape != nullptr) return &found;
  void* library = dlopen("libmariadb.so.3", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return make_error(Code::kUnavailable, "libmariadb.so.3 is not installed on this machine", "apt-get install libmariadb3");
  MysqlLibrary whole;
  if (!find_all(library, whole)) return make_error(Code::kUnavailable, "libmariadb.so.3 here lacks functions that are needed", "version 3.1 or later");
  found = whole;
  return &found;
}

}  // namespace tidewire::sql

#endif  // TIDEWIRE_MARIADB
