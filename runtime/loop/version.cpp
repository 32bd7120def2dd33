#include "loop/version.h"

#include <uv.h>

namespace tidewire::loop {

const char* library_version() { return uv_version_string(); }

}  // namespace tidewire::loop
