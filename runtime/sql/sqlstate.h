// sqlstate.h — what a database's own error code means for the engine.
#pragma once

#include <string_view>

#include "base/result.h"

namespace tidewire::sql {

/// Of a statement that the server refused with an ERROR, so that its transaction was rolled back: never kUnknown.
Code code_of_sqlstate(std::string_view state);

/// Whether the session refused it because it had planned something for columns that have other types by now; `function` is where in the
/// server's code that was said, since the text is in the server's language.
bool is_outdated_plan(std::string_view state, std::string_view function);

/// Of a MariaDB or MySQL error number, of a server's answer or of the client library. `sent`: a write had left.
Code code_of_mysql(unsigned number, bool sent);

}  // namespace tidewire::sql
