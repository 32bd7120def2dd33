// version.h — the event library's version, for `tidewire version`.
#pragma once

namespace tidewire::loop {

const char* library_version();

}  // namespace tidewire::loop
