// side_words.h — how chances for trouble are named: "left update".
#pragma once

#include <string>

#include "store/types.h"

namespace tidewire::simulate {

inline std::string word_of(store::Side side, const char* what) { return std::string(store::side_name(side)) + " " + what; }

}  // namespace tidewire::simulate
