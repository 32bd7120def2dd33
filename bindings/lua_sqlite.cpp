// tidewire.sqlite — a practice server's private database. Synchronous: only the practice profile has it, where nothing
// else waits for the loop.
#include "bindings/box.h"
#include "bindings/modules.h"
#include "script/convert.h"
#include "script/dec.h"
#include "script/failure.h"
#include "store/database.h"

namespace tidewire::bindings {
namespace {

constexpr const char* kDatabase = "sqlite database";

store::Database& check_database(lua_State* L) { return check_box<store::Database>(L, 1, kDatabase); }

// Not through to_value: a text parameter may hold any bytes.
std::vector<Value> check_parameters(lua_State* L, int first) {
  std::vector<Value> parameters;
  for (int index = first; index <= lua_gettop(L); ++index) {
    if (lua_type(L, index) == LUA_TSTRING) {
      parameters.emplace_back(check_text(L, index));
      continue;
    }
    Value value = script::check_value(L, index, "a parameter");
    if (value.is_array() || value.is_object()) luaL_error(L, "a parameter is a table: write json.encode(...) around it");
    parameters.push_back(std::move(value));
  }
  return parameters;
}

void push_row(lua_State* L, const Object& row) {
  lua_createtable(L, 0, static_cast<int>(row.size()));
  for (const auto& [name, value] : row) {
    if (value.is_null()) continue;
    push_text(L, name);
    script::push_value(L, value);
    lua_rawset(L, -3);
  }
}

/// sqlite.open(path) -> db | nil, err
int sqlite_open(lua_State* L) {
  auto database = store::Database::open(std::string(check_text(L, 1)));
  if (!database.ok()) return script::nil_error(L, database.error());
  push_box(L, kDatabase, std::move(database).value());
  return 1;
}

/// db:exec(sql) -> true | nil, err
int sqlite_exec(lua_State* L) {
  const auto done = check_database(L).exec(std::string(check_text(L, 2)));
  if (!done.ok()) return script::nil_error(L, done.error());
  lua_pushboolean(L, 1);
  return 1;
}

/// db:query(sql, parameters...) -> rows | nil, err
int sqlite_query(lua_State* L) {
  store::Database& database = check_database(L);
  const std::string_view sql = check_text(L, 2);
  const auto rows = database.query(sql, check_parameters(L, 3));
  if (!rows.ok()) return script::nil_error(L, rows.error());
  lua_createtable(L, static_cast<int>(rows->size()), 0);
  script::mark_array(L);
  int position = 0;
  for (const Object& row : *rows) {
    push_row(L, row);
    lua_rawseti(L, -2, ++position);
  }
  return 1;
}

/// db:run(sql, parameters...) -> rows changed, id of the last row inserted | nil, err
int sqlite_run(lua_State* L) {
  store::Database& database = check_database(L);
  const std::string_view sql = check_text(L, 2);
  const auto changed = database.run(sql, check_parameters(L, 3));
  if (!changed.ok()) return script::nil_error(L, changed.error());
  lua_pushnumber(L, static_cast<double>(*changed));
  script::push_value(L, Value(database.last_insert_id()));
  return 2;
}

/// db:close()
int sqlite_close(lua_State* L) {
  close_box<store::Database>(L, 1, kDatabase);
  return 0;
}

constexpr luaL_Reg kDatabaseMethods[] = {
    {"exec", sqlite_exec}, {"query", sqlite_query}, {"run", sqlite_run}, {"close", sqlite_close}, {nullptr, nullptr}};

}  // namespace

int open_sqlite(lua_State* L) {
  make_box_meta<store::Database>(L, kDatabase, kDatabaseMethods);
  lua_newtable(L);
  lua_pushcfunction(L, sqlite_open);
  lua_setfield(L, -2, "open");
  return 1;
}

}  // namespace tidewire::bindings
