#include "store/database.h"

#include <charconv>
#include <list>
#include <unordered_map>

#include <sqlite3.h>

#include "base/json.h"
#include "store/statement.h"

namespace tidewire::store {
namespace {

constexpr std::size_t kCachedStatements = 256;
constexpr const char* kEveryConnection =
    "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -8000;";
// Above the default of 1000 pages: +24 % at group 64, for stalls that stay near 10 ms.
constexpr const char* kWriter =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit "
    "= 67108864;";

void bind_value(Statement& statement, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      return statement.bind(nullptr);
    case Value::Kind::kBool:
      return statement.bind(value.as_bool());
    case Value::Kind::kInt:
      return statement.bind(value.as_int());
    case Value::Kind::kDecimal:
      return statement.bind(std::string_view(value.decimal_text()));
    case Value::Kind::kString:
      return statement.bind(std::string_view(value.as_string()));
    case Value::Kind::kArray:
    case Value::Kind::kObject:
      return statement.bind(std::string_view(json::dump(value)));
  }
}

Value real_value(double number) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  std::string text(buffer, end);
  // SQLite's own text of a REAL keeps the point, so that 12.0 stays apart from the integer 12.
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return DecimalText{text};
}

Value column_value(sqlite3_stmt* row, int column) {
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
      return Value(static_cast<std::int64_t>(sqlite3_column_int64(row, column)));
    case SQLITE_FLOAT:
      return real_value(sqlite3_column_double(row, column));
    case SQLITE_NULL:
      return nullptr;
    default: {
      const auto* data = static_cast<const char*>(sqlite3_column_blob(row, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
      return data ? std::string(data, size) : std::string();
    }
  }
}

Object row_object(sqlite3_stmt* row) {
  Object object;
  for (int column = 0; column < sqlite3_column_count(row); ++column) {
    object.insert_or_assign(sqlite3_column_name(row, column), column_value(row, column));
  }
  return object;
}

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

}  // namespace

struct Database::State {
  struct Kept {
    std::unique_ptr<Statement> statement;
    std::list<std::string_view>::iterator age;
  };
  sqlite3* handle = nullptr;
  bool failing = false;
  std::unordered_map<std::string, Kept, TextHash, std::equal_to<>> statements;
  std::list<std::string_view> ages;  // newest first; views into the keys of `statements`

  ~State() {
    statements.clear();
    sqlite3_close(handle);
  }
};

Database::Database() : state_(std::make_unique<State>()) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Mode mode) {
  // SQLite counts its memory under a mutex at every allocation; nobody asks for the sum. Only before the first use.
  [[maybe_unused]] static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  std::unique_ptr<Database> database(new Database());
  const int access = mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  // One thread uses a connection at a time, so SQLite's own mutex would only cost.
  const int code = sqlite3_open_v2(path.c_str(), &database->state_->handle, access | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) return sqlite_error(database->handle(), "open " + path);
  sqlite3_extended_result_codes(database->handle(), 1);
  sqlite3_db_config(database->handle(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(database->handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  std::string setup = kEveryConnection;
  if (mode == Mode::kReadWrite) setup += kWriter;
  Result<void> ready = database->exec(setup);
  if (!ready.ok()) return std::move(ready).error().context("open " + path);
  return database;
}

Result<void> Database::exec(const std::string& sql) {
  if (sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  if (disk_failure(handle())) state_->failing = true;
  return sqlite_error(handle(), sql.size() > 200 ? sql.substr(0, 200) + "…" : sql);
}

Result<std::int64_t> Database::run(std::string_view sql, std::span<const Value> parameters) {
  Statement* statement = TRY(prepare(sql));
  statement->bind_all(true);
  for (const Value& value : parameters) bind_value(*statement, value);
  return finish_statement(*this, *statement);
}

Result<std::vector<Object>> Database::query(std::string_view sql, std::span<const Value> parameters) {
  Statement* statement = TRY(prepare(sql));
  statement->bind_all(true);
  for (const Value& value : parameters) bind_value(*statement, value);
  std::vector<Object> rows;
  Result<bool> row = statement->step();
  for (; row.ok() && *row; row = statement->step()) rows.push_back(row_object(statement->handle()));
  statement->reset();
  if (!row.ok()) return row.error();
  return rows;
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(state_->handle); }

Result<Statement*> Database::prepare(std::string_view sql) {
  State& state = *state_;
  if (auto known = state.statements.find(sql); known != state.statements.end()) {
    state.ages.splice(state.ages.begin(), state.ages, known->second.age);
    Statement& statement = *known->second.statement;
    ASSERT(!sqlite3_stmt_busy(statement.handle()), "a statement is used by one reader at a time");
    sqlite3_clear_bindings(statement.handle());
    return &statement;
  }
  sqlite3_stmt* compiled = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &compiled, &tail);
  if (code != SQLITE_OK) {
    if (disk_failure(handle())) state.failing = true;
    return sqlite_error(handle(), sql);
  }
  auto statement = std::make_unique<Statement>(compiled, state.failing);
  const std::string_view rest(tail, static_cast<std::size_t>(sql.data() + sql.size() - tail));
  if (!compiled || rest.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    return make_error(Code::kInvalid, std::string(sql) + ": one statement was expected");
  }
  if (state.statements.size() >= kCachedStatements) {
    state.statements.erase(state.statements.find(state.ages.back()));
    state.ages.pop_back();
  }
  auto kept = state.statements.emplace(std::string(sql), State::Kept{std::move(statement), {}}).first;
  state.ages.push_front(kept->first);
  kept->second.age = state.ages.begin();
  return kept->second.statement.get();
}

bool Database::failing() const { return state_->failing; }

bool Database::in_transaction() const { return sqlite3_get_autocommit(state_->handle) == 0; }

sqlite3* Database::handle() { return state_->handle; }

}  // namespace tidewire::store
