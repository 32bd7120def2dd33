// version.h — the database library's version, for `tidewire version`.
#pragma once

namespace tidewire::store {

const char* library_version();

}  // namespace tidewire::store
