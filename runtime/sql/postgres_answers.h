// postgres_answers.h — what libpq's results and failures mean. Private to this room.
#pragma once

#include <string>

#include <libpq-fe.h>

#include "base/result.h"
#include "sql/database.h"

namespace tidewire::sql {

/// "" where the server did not say.
std::string error_field(const PGresult* result, int code);
/// A statement that was refused: "23505: what; detail (column "x")".
Error refusal(const PGresult* result);
/// Whether it was refused for a plan of the session that fits the table no more (sqlstate.h): the session would refuse it again.
bool is_outdated(const PGresult* result);
/// What kept the connection from being made; libpq's text is of several lines.
Error connect_failure(std::string text);
/// Adds the result's rows, and what they take while they are kept.
void add_rows(Rows& rows, const PGresult* result, std::size_t& bytes);

}  // namespace tidewire::sql
