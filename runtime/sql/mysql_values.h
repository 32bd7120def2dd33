// mysql_values.h — MariaDB's text forms -> Value, and statements with their parameters written in.
//
// int -> int, decimal and float -> exact decimal, json -> its value, binary -> "\x00ff" as PostgreSQL writes it; dates and
// times are text ("2024-05-01 10:11:12.5" as the server has them). Columns that only look like text are text.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"

namespace tidewire::sql {

enum class MysqlForm { kText, kNumber, kJson, kBinary };

Value mysql_value(MysqlForm form, std::string_view text);

/// The text with each ? outside of quotes and comments replaced. `escape` doubles what must be doubled inside '...'.
/// kInvalid where there are more or fewer parameters than places.
Result<std::string> mysql_text(std::string_view text, const std::vector<Value>& parameters, const std::function<std::string(const std::string&)>& escape);

}  // namespace tidewire::sql
