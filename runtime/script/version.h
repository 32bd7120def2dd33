// version.h — the Lua that runs scripts, for `tidewire version`.
#pragma once

namespace tidewire::script {

const char* library_version();

}  // namespace tidewire::script
