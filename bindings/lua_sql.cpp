// tidewire.sql — PostgreSQL and MariaDB for connectors.
#include <algorithm>
#include <map>
#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "bindings/box.h"
#include "bindings/modules.h"
#include "bindings/opts.h"
#include "bindings/recorded.h"
#include "http/client.h"
#include "script/convert.h"
#include "script/failure.h"
#include "script/ref.h"
#include "script/task.h"
#include "sql/mysql.h"
#include "sql/postgres.h"

namespace tidewire::bindings {
namespace {

using script::Task;

constexpr const char* kHandle = "sql database";
constexpr const char* kListener = "sql listener";

struct Handle {
  std::unique_ptr<sql::Database> database;
  std::optional<sql::PostgresOptions> listens;  // how a listener connects
};

Handle& check_handle(lua_State* L) { return check_box<Handle>(L, 1, kHandle); }

loop::Loop& check_loop(lua_State* L) {
  loop::Loop* loop = services(L).loop;
  if (!loop) luaL_error(L, "there is no network here");
  return *loop;
}

/// A call with the userdata it works on, whose collection would end it: who waits has no arguments left that would hold it.
struct Anchored {
  script::LuaRef object;
  std::unique_ptr<sql::Database::Call> call;
};

/// Of the first argument. May raise.
std::unique_ptr<Anchored> anchor(lua_State* L) {
  auto anchored = std::make_unique<Anchored>();
  lua_pushvalue(L, 1);
  anchored->object = script::LuaRef::take(L);
  return anchored;
}

// Statements ---------------------------------------------------------------------------------------------------------

std::vector<Value> statement_parameters(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return {};
  Value list = script::check_value(L, index, "the parameters of a statement");
  if (list.is_object() && list.as_object().empty()) return {};
  luaL_argcheck(L, list.is_array(), index, "the parameters are a list; NULL is json.null");
  return std::move(list.as_array());
}

/// { sql, parameters } at the top of the stack, popped.
sql::Statement pop_statement(lua_State* L) {
  if (!lua_istable(L, -1)) luaL_error(L, "a statement is { sql, parameters }");
  lua_rawgeti(L, -1, 1);  // statement sql
  lua_rawgeti(L, -2, 2);  // statement sql parameters
  sql::Statement statement{std::string(check_text(L, -2)), statement_parameters(L, lua_gettop(L))};
  lua_pop(L, 3);
  return statement;
}

/// `file`: whether a parameter is what is in a file, so that a record of what was said keeps the size only.
sql::Request check_options(lua_State* L, int index, const char* function, bool& file) {
  sql::Request request;
  Opts opts(L, index, function);
  opts.read("write", request.writes).read("timeout", request.deadline).read("file", file).read("max_bytes", request.max_bytes);
  opts.finish();
  return request;
}

void push_rows(lua_State* L, const sql::Rows& rows) {
  luaL_checkstack(L, 8, "rows");
  lua_createtable(L, static_cast<int>(rows.rows.size()), 0);
  script::mark_array(L);
  int position = 0;
  for (const auto& row : rows.rows) {
    lua_createtable(L, 0, static_cast<int>(row.size()));
    for (std::size_t column = 0; column < row.size(); ++column) {
      push_text(L, rows.columns[column]);
      script::push_value(L, row[column]);
      lua_rawset(L, -3);
    }
    lua_rawseti(L, -2, ++position);
  }
}

int push_one(lua_State* L, const Result<std::vector<sql::Rows>>& result) {
  if (!result.ok()) return script::nil_error(L, result.error());
  push_rows(L, result->front());
  lua_pushnumber(L, static_cast<double>(result->front().affected));
  return 2;
}

int push_all(lua_State* L, const Result<std::vector<sql::Rows>>& result) {
  if (!result.ok()) return script::nil_error(L, result.error());
  lua_createtable(L, static_cast<int>(result->size()), 0);
  lua_createtable(L, static_cast<int>(result->size()), 0);
  for (std::size_t at = 0; at < result->size(); ++at) {
    push_rows(L, (*result)[at]);
    lua_rawseti(L, -3, static_cast<int>(at) + 1);
    lua_pushnumber(L, static_cast<double>((*result)[at].affected));
    lua_rawseti(L, -2, static_cast<int>(at) + 1);
  }
  return 2;
}

// What is recorded ------------------------------------------------------------------------------------------------------

constexpr const char* kJsonType = "application/json";
constexpr const char* kSuccess = "00000";

/// The statements, and their parameters as one list, or as a list of lists where there are several.
Recorded record_statements(lua_State* L, const Task& task, const sql::Request& request, bool file) {
  if (task.recording() == nullptr) return {};
  std::string texts;
  Array parameters;
  for (const sql::Statement& statement : request.statements) {
    texts += (texts.empty() ? "" : ";\n") + statement.text;
    parameters.push_back(Value(Array(statement.parameters)));
  }
  Recorded recorded(task, services(L), "SQL", std::move(texts));
  if (!recorded) return recorded;
  const std::string told = json::dump(parameters.size() == 1 ? parameters.front() : Value(std::move(parameters)));
  if (file) recorded.sent_file(kJsonType, told.size());
  else recorded.sent(kJsonType, told);
  return recorded;
}

/// [{rows, affected}] of the statements; of one alone, what it would be in the list.
std::string rows_told(const std::vector<sql::Rows>& answers) {
  Array out;
  for (const sql::Rows& answer : answers) {
    Array rows;
    for (const auto& row : answer.rows) {
      Object one;
      for (std::size_t column = 0; column < row.size(); ++column) one[answer.columns[column]] = row[column];
      rows.push_back(Value(std::move(one)));
    }
    out.push_back(Value(Object{{"rows", Value(std::move(rows))}, {"affected", Value(answer.affected)}}));
  }
  return json::dump(out.size() == 1 ? out.front() : Value(std::move(out)));
}

/// "23505: duplicate key" begins with the database's own code.
std::string sqlstate_in(const std::string& message) {
  const bool stated = message.size() > 6 && message[5] == ':' && message.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5;
  return stated ? message.substr(0, 5) : std::string();
}

/// Rows that are only read are many, and of no interest where reading them went well.
void record_rows(Recorded& recorded, bool writes, const Result<std::vector<sql::Rows>>& result) {
  if (!recorded) return;
  if (!result.ok()) recorded.failed(result.error(), sqlstate_in(result.error().message));
  else recorded.answered(kSuccess, writes ? kJsonType : "", writes ? rows_told(*result) : "");
}

using PushAnswer = int (*)(lua_State*, const Result<std::vector<sql::Rows>>&);

int run(lua_State* L, Task& task, sql::Database& database, sql::Request request, bool file, PushAnswer push) {
  Recorded recorded = record_statements(L, task, request, file);
  auto anchored = anchor(L);
  return task.await(L, [&](Task::Resume resume) {
    anchored->call = database.run(std::move(request), [resume = std::move(resume), push, writes = request.writes, recorded = std::move(recorded)](Result<std::vector<sql::Rows>> result) mutable {
      record_rows(recorded, writes, result);
      resume([result = std::move(result), push](lua_State* state) { return push(state, result); });
    });
    return std::move(anchored);
  });
}

/// db:query(sql [, parameters [, { write, timeout, file, max_bytes }]]) -> rows, affected | nil, err      (waits)
int sql_query(lua_State* L) {
  Task& task = Task::waiting(L);
  sql::Database& database = *check_handle(L).database;
  bool file = false;
  sql::Request request = check_options(L, 4, "db:query", file);
  request.statements.push_back({std::string(check_text(L, 2)), statement_parameters(L, 3)});
  return run(L, task, database, std::move(request), file, push_one);
}

/// db:transaction({ { sql, parameters }, ... } [, { write, timeout, file, max_bytes }]) -> list of rows, list of affected | nil, err      (waits)
int sql_transaction(lua_State* L) {
  Task& task = Task::waiting(L);
  sql::Database& database = *check_handle(L).database;
  luaL_checktype(L, 2, LUA_TTABLE);
  bool file = false;
  sql::Request request = check_options(L, 3, "db:transaction", file);
  const int count = static_cast<int>(lua_objlen(L, 2));
  luaL_argcheck(L, count > 0, 2, "no statement");
  for (int position = 1; position <= count; ++position) {
    lua_rawgeti(L, 2, position);
    request.statements.push_back(pop_statement(L));
  }
  return run(L, task, database, std::move(request), file, push_all);
}

// Listening ----------------------------------------------------------------------------------------------------------

/// db:listen { "channel", ... } -> listener
int sql_listen(lua_State* L) {
  Handle& handle = check_handle(L);
  if (!handle.listens) return luaL_error(L, "this database has no notifications");
  Value channels = script::check_value(L, 2, "db:listen");
  std::vector<std::string> names;
  luaL_argcheck(L, channels.is_array() && !channels.as_array().empty(), 2, "a list of channels");
  for (const Value& name : channels.as_array()) {
    luaL_argcheck(L, name.is_string(), 2, "a channel's name is a text");
    names.push_back(name.as_string());
  }
  push_box(L, kListener, std::make_unique<sql::PostgresListener>(check_loop(L), *handle.listens, std::move(names)));
  return 1;
}

int push_heard(lua_State* L, const Result<std::vector<std::string>>& heard) {
  if (!heard.ok()) return script::nil_error(L, heard.error());
  lua_createtable(L, static_cast<int>(heard->size()), 0);
  script::mark_array(L);
  int position = 0;
  for (const std::string& payload : *heard) {
    push_text(L, payload);
    lua_rawseti(L, -2, ++position);
  }
  return 1;
}

/// listener:wait(seconds) -> payloads | nil, err      (waits)
int sql_wait(lua_State* L) {
  Task& task = Task::waiting(L);
  auto& listener = check_box<sql::PostgresListener>(L, 1, kListener);
  const Duration most = check_seconds(L, 2);
  auto anchored = anchor(L);
  return task.await(L, [&](Task::Resume resume) {
    anchored->call = listener.wait(most, [resume = std::move(resume)](Result<std::vector<std::string>> heard) {
      resume([heard = std::move(heard)](lua_State* state) { return push_heard(state, heard); });
    });
    return std::move(anchored);
  });
}

int listener_close(lua_State* L) {
  close_box<sql::PostgresListener>(L, 1, kListener);
  return 0;
}

// Connecting ---------------------------------------------------------------------------------------------------------

void read_pool(Opts& opts, sql::PoolOptions& pool) {
  std::size_t limit = static_cast<std::size_t>(pool.limit);
  opts.read("limit", limit).read("idle", pool.idle);
  pool.limit = static_cast<int>(std::clamp<std::size_t>(limit, 1, 100));
}

void read_parts(Opts& opts, std::map<std::string, std::string>& parts, const std::map<const char*, const char*>& names) {
  for (const auto& [option, name] : names) {
    std::string value;
    opts.read(option, value);
    if (!value.empty()) parts[name] = value;
  }
}

bool is_near(const std::string& host) { return host.empty() || host.front() == '/' || host == "localhost" || host == "127.0.0.1" || host == "::1"; }

/// Encrypted and verified unless the address says otherwise; on this machine as the server offers.
void complete_tls(std::map<std::string, std::string>& parts) {
  if (!parts.contains("sslmode")) parts["sslmode"] = is_near(parts["host"]) ? "prefer" : "verify-full";
  if (parts["sslmode"].rfind("verify", 0) != 0 || parts.contains("sslrootcert")) return;
  if (const auto file = http::find_ca_file({}); file.ok()) parts["sslrootcert"] = *file;
}

/// sql.postgres { url, host, port, database, user, password, sslmode, ca, options, pooled, limit, idle, connect_timeout, statement_timeout } -> db | nil, err
int sql_postgres(lua_State* L) {
  sql::PostgresOptions options;
  sql::PoolOptions pool;
  std::string url;
  Opts opts(L, 1, "sql.postgres");
  opts.read("url", url);
  if (!url.empty()) {
    auto parts = sql::parse_postgres_url(url);
    if (!parts.ok()) return script::nil_error(L, parts.error());
    options.parameters = std::move(*parts);
  }
  read_parts(opts, options.parameters, {{"host", "host"}, {"port", "port"}, {"database", "dbname"}, {"user", "user"}, {"password", "password"},
                                        {"sslmode", "sslmode"}, {"ca", "sslrootcert"}, {"options", "options"}, {"application", "application_name"}});
  opts.read("pooled", options.pooled).read("connect_timeout", options.connect_time).read("statement_timeout", options.statement_time);
  read_pool(opts, pool);
  opts.finish();
  complete_tls(options.parameters);
  auto handle = std::make_unique<Handle>();
  handle->database = sql::open_postgres(check_loop(L), options, pool);
  handle->listens = std::move(options);
  push_box(L, kHandle, std::move(handle));
  return 1;
}

/// sql.mysql { host, port, socket, database, user, password, tls, ca, limit, idle, connect_timeout } -> db | nil, err
int sql_mysql(lua_State* L) {
  sql::MysqlOptions options;
  sql::PoolOptions pool;
  std::size_t port = 3306;
  Opts opts(L, 1, "sql.mysql");
  opts.read("host", options.host).read("port", port).read("socket", options.socket).read("database", options.database);
  opts.read("user", options.user).read("password", options.password).read("tls", options.tls).read("ca", options.ca_file);
  opts.read("connect_timeout", options.connect_time).read("statement_timeout", options.statement_time);
  read_pool(opts, pool);
  opts.finish();
  if (port < 1 || port > 65535) return script::nil_error(L, make_error(Code::kInvalid, "the port " + std::to_string(port) + " is none", "ports go from 1 to 65535; MySQL and MariaDB listen on 3306 unless told otherwise"));
  options.port = static_cast<unsigned>(port);
  if (options.tls.empty()) options.tls = is_near(options.host) ? "off" : "verify";
  if (options.tls == "verify" && options.ca_file.empty()) {
    if (const auto file = http::find_ca_file({}); file.ok()) options.ca_file = *file;
  }
  auto handle = std::make_unique<Handle>();
  handle->database = sql::open_mysql(check_loop(L), std::move(options), pool);
  push_box(L, kHandle, std::move(handle));
  return 1;
}

/// db:close()
int sql_close(lua_State* L) {
  close_box<Handle>(L, 1, kHandle);
  return 0;
}

constexpr luaL_Reg kHandleMethods[] = {{"query", sql_query}, {"transaction", sql_transaction}, {"listen", sql_listen}, {"close", sql_close}, {nullptr, nullptr}};
constexpr luaL_Reg kListenerMethods[] = {{"wait", sql_wait}, {"close", listener_close}, {nullptr, nullptr}};
constexpr luaL_Reg kSqlFunctions[] = {{"postgres", sql_postgres}, {"mysql", sql_mysql}, {nullptr, nullptr}};

}  // namespace

int open_sql(lua_State* L) {
  make_box_meta<Handle>(L, kHandle, kHandleMethods);
  make_box_meta<sql::PostgresListener>(L, kListener, kListenerMethods);
  luaL_newlib(L, kSqlFunctions);
  return 1;
}

}  // namespace tidewire::bindings
