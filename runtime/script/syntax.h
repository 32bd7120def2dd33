// syntax.h — what an author may have meant where the compiler says no more than which sign it stumbled over.
#pragma once

#include <string>
#include <string_view>

namespace tidewire::script {

/// ": is a comma missing at the end of line 4?" for the compiler's "mappings/a.lua:5: '}' expected near 'key'" on that text; "" where
/// the line shows none of the slips that are known here.
std::string what_was_meant(std::string_view message, std::string_view text);

}  // namespace tidewire::script
