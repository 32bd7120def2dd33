#ifdef TIDEWIRE_LIBPQ

#include "sql/postgres_answers.h"

#include "base/text.h"
#include "sql/postgres_values.h"
#include "sql/session.h"
#include "sql/sqlstate.h"

namespace tidewire::sql {
namespace {

// The details of a missing or a failed value print the whole row, which is nobody's business in a log.
bool detail_is_discreet(const std::string& state) { return state != "23502" && state != "23514"; }

}  // namespace

std::string error_field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

Error refusal(const PGresult* result) {
  const std::string state = error_field(result, PG_DIAG_SQLSTATE);
  std::string message = state + ": " + error_field(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string detail = error_field(result, PG_DIAG_MESSAGE_DETAIL);
  if (!detail.empty() && detail_is_discreet(state)) message += "; " + detail;
  const std::string column = error_field(result, PG_DIAG_COLUMN_NAME);
  if (!column.empty() && message.find('"' + column + '"') == std::string::npos) message += " (column \"" + column + "\")";
  if (is_outdated(result)) return make_error(Code::kUnavailable, std::move(message), "a column has another type by now: it is tried again in a new session; behind a pooler that kept its own, say RECONNECT to the pooler");
  return make_error(code_of_sqlstate(state), std::move(message), error_field(result, PG_DIAG_MESSAGE_HINT));
}

bool is_outdated(const PGresult* result) {
  return is_outdated_plan(error_field(result, PG_DIAG_SQLSTATE), error_field(result, PG_DIAG_SOURCE_FUNCTION));
}

Error connect_failure(std::string text) {
  for (char& sign : text) sign = sign == '\n' || sign == '\t' ? ' ' : sign;
  const std::string message = "no connection: " + std::string(trim(text));
  const auto says = [&](const char* words) { return text.find(words) != std::string::npos; };
  if (says("password authentication failed") || says("no pg_hba.conf entry") || says("SASL authentication failed") || (says("role \"") && says("does not exist")))
    return make_error(Code::kDenied, message, "check user and password, and pg_hba.conf of the server");
  if (says("certificate"))
    return make_error(Code::kUnavailable, message, "give the authority's certificate as `ca`, or sslmode = \"require\" to trust whoever answers");
  if (says("unsupported startup parameter"))
    return make_error(Code::kUnavailable, message, "a pooler answers here: say pooled = true");
  if (says("server does not support SSL"))
    return make_error(Code::kUnavailable, message, "say sslmode = \"disable\" where the way is trusted");
  return make_error(Code::kUnavailable, message);
}

void add_rows(Rows& rows, const PGresult* result, std::size_t& bytes) {
  const int columns = PQnfields(result);
  for (int column = static_cast<int>(rows.columns.size()); column < columns; ++column) rows.columns.emplace_back(PQfname(result, column));
  for (int row = 0; row < PQntuples(result); ++row) {
    auto& values = rows.rows.emplace_back();
    values.reserve(static_cast<std::size_t>(columns));
    std::size_t texts = 0;
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result, row, column)) {
        values.emplace_back();
        continue;
      }
      const std::string_view text(PQgetvalue(result, row, column), static_cast<std::size_t>(PQgetlength(result, row, column)));
      texts += text.size();
      values.push_back(postgres_value(PQftype(result, column), text));
    }
    bytes += kept_bytes(values.size(), texts);
  }
  rows.affected = std::strtoll(PQcmdTuples(const_cast<PGresult*>(result)), nullptr, 10);
}

}  // namespace tidewire::sql

#endif  // TIDEWIRE_LIBPQ
