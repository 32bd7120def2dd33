#include "store/version.h"

#include <sqlite3.h>

namespace tidewire::store {

const char* library_version() { return sqlite3_libversion(); }

}  // namespace tidewire::store
