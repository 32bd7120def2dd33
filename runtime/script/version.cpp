#include "script/version.h"

#include <luajit.h>

namespace tidewire::script {

const char* library_version() { return LUAJIT_VERSION; }

}  // namespace tidewire::script
