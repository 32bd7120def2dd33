#include "script/loader.h"

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "script/failure.h"
#include "script/syntax.h"
#include "script/vm.h"

namespace tidewire::script {
namespace {

constexpr const char* kLoaded = "tidewire.loaded";    // name -> value
constexpr const char* kBuiltins = "tidewire.builtin";  // name -> opening function, or the sentence that refuses it

void push_registry_table(lua_State* L, const char* name) {
  lua_getfield(L, LUA_REGISTRYINDEX, name);
  if (lua_istable(L, -1)) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, name);
}

int require_module(lua_State* L) {
  std::size_t size = 0;
  const char* name = luaL_checklstring(L, 1, &size);
  Vm::of(L).get<Loader>().push_module(L, std::string(name, size));
  return 1;
}

std::vector<std::string> builtin_names(lua_State* L) {
  std::vector<std::string> names;
  push_registry_table(L, kBuiltins);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    names.emplace_back(lua_tostring(L, -1));
  }
  lua_pop(L, 1);
  return names;
}

void remember(lua_State* L, const std::string& module) {  // stack: value -> value
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
  }
  push_registry_table(L, kLoaded);                          // value loaded
  lua_pushlstring(L, module.data(), module.size());         // value loaded name
  lua_pushvalue(L, -3);                                     // value loaded name value
  lua_rawset(L, -3);                                        // value loaded
  lua_pop(L, 1);
}

bool push_loaded(lua_State* L, const std::string& module) {
  push_registry_table(L, kLoaded);
  lua_pushlstring(L, module.data(), module.size());
  lua_rawget(L, -2);
  lua_remove(L, -2);
  if (!lua_isnil(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

bool push_builtin(lua_State* L, const std::string& module) {
  push_registry_table(L, kBuiltins);
  lua_pushlstring(L, module.data(), module.size());
  lua_rawget(L, -2);
  lua_remove(L, -2);
  if (lua_type(L, -1) == LUA_TSTRING) luaL_error(L, "%s", lua_tostring(L, -1));
  if (lua_isfunction(L, -1)) {
    lua_call(L, 0, 1);
    remember(L, module);
    return true;
  }
  lua_pop(L, 1);
  return false;
}

bool well_named(const std::string& module) {
  const bool letters = std::all_of(module.begin(), module.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
  return letters && !module.empty() && module.front() != '.' && module.back() != '.' && module.find("..") == std::string::npos;
}

}  // namespace

void add_module(lua_State* L, const char* name, lua_CFunction open) {
  push_registry_table(L, kBuiltins);
  lua_pushcfunction(L, open);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

void refuse_module(lua_State* L, const char* name, const char* sentence) {
  push_registry_table(L, kBuiltins);
  lua_pushstring(L, sentence);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

void push_compiled(lua_State* L, const std::string& path, const std::string& text) {
  if (text.starts_with('\x1b')) {
    push_error(L, make_error(Code::kScript, path + ": this is bytecode: a script is its text"));
    lua_error(L);
  }
  if (luaL_loadbufferx(L, text.data(), text.size(), ("@" + path).c_str(), "t") == 0) return;
  Error error = read_error(L, -1);
  if (error.message.find(path) == std::string::npos) error.message = path + ": " + error.message;
  error.message += what_was_meant(error.message, text);
  push_error(L, error);
  lua_error(L);
}

void Loader::open(lua_State* L) {
  lua_pushcfunction(L, require_module);
  lua_setglobal(L, "require");
}

void Loader::push_module(lua_State* L, const std::string& module) {
  luaL_checkstack(L, 8, "modules nested too deep");
  if (std::find(loading_.begin(), loading_.end(), module) != loading_.end()) refuse_cycle(L, module);
  if (push_loaded(L, module) || push_builtin(L, module)) return;
  load(L, module);
  remember(L, module);
}

void Loader::load(lua_State* L, const std::string& module) {
  auto file = sources_ && well_named(module) ? sources_->find(module) : std::nullopt;
  if (!file) refuse_missing(L, module);
  push_compiled(L, file->path, file->text);
  record(std::move(*file));
  struct Loading {
    explicit Loading(std::vector<std::string>& names, const std::string& name) : names(names) { names.push_back(name); }
    ~Loading() { names.pop_back(); }
    std::vector<std::string>& names;
  } const loading(loading_, module);
  lua_pushlstring(L, module.data(), module.size());
  lua_call(L, 1, 1);
}

void Loader::refuse_missing(lua_State* L, const std::string& module) {
  Error error = make_error(Code::kNotFound, "there is no module '" + module + "'" + suggestion(module, builtin_names(L)));
  std::string path = module;
  std::replace(path.begin(), path.end(), '.', '/');
  error.hint = "looked for " + path + ".lua in the project and in the binary";
  raise_error(L, std::move(error));
}

void Loader::refuse_cycle(lua_State* L, const std::string& module) {
  std::string chain;
  for (auto at = std::find(loading_.begin(), loading_.end(), module); at != loading_.end(); ++at) chain += *at + " -> ";
  raise_error(L, make_error(Code::kScript, "modules require each other: " + chain + module));
}

// Sorted by path, so that requiring in another order is the same version.
void Loader::record(Sources::File file) {
  std::string line = file.path + " " + sha256_hex(file.text) + "\n";
  version_.files.push_back(std::move(file));
  const auto place = std::upper_bound(lines_.begin(), lines_.end(), line);
  lines_.insert(place, std::move(line));
  version_.hash = sha256_hex(base_ + "\n" + join(lines_, ""));
}

}  // namespace tidewire::script
