// tidewire.hash — digests, proofs and base64.
#include "base/hash.h"
#include "base/id.h"
#include "bindings/modules.h"
#include "script/failure.h"
#include "script/vm.h"

namespace tidewire::bindings {
namespace {

constexpr const char* kForms[] = {"hex", "base64", "raw", nullptr};

/// hash.sha256(text) -> 64 hex digits
int hash_sha256(lua_State* L) {
  push_text(L, sha256_hex(check_text(L, 1)));
  return 1;
}

/// hash.md5(text) -> 32 hex digits
int hash_md5(lua_State* L) {
  push_text(L, md5_hex(check_text(L, 1)));
  return 1;
}

/// hash.hmac_sha256(key, text [, "hex" | "base64" | "raw"]) -> text
int hash_hmac_sha256(lua_State* L) {
  const std::string_view key = check_text(L, 1), text = check_text(L, 2);
  const int form = luaL_checkoption(L, 3, "hex", kForms);
  const std::string raw = Hmac(key).sign(text);
  push_text(L, form == 0 ? hex(raw) : form == 1 ? base64(raw) : raw);
  return 1;
}

/// hash.base64(bytes) -> text
int hash_base64(lua_State* L) {
  push_text(L, base64(check_text(L, 1)));
  return 1;
}

/// hash.from_base64(text) -> bytes | nil, err
int hash_from_base64(lua_State* L) {
  const auto bytes = from_base64(check_text(L, 1));
  if (!bytes) return script::nil_error(L, make_error(Code::kInvalid, "not base64"));
  push_text(L, *bytes);
  return 1;
}

/// hash.equal(a, b) -> boolean, in constant time
int hash_equal(lua_State* L) {
  lua_pushboolean(L, constant_time_equal(check_text(L, 1), check_text(L, 2)));
  return 1;
}

/// hash.id() -> a new UUID that sorts by time
int hash_id(lua_State* L) {
  script::Vm& vm = script::Vm::of(L);
  IdMaker* maker = vm.find<IdMaker>();
  if (!maker) {
    const Services& have = services(L);
    if (!have.clock || !have.random) return luaL_error(L, "there is no source of ids here");
    maker = &vm.emplace<IdMaker>(*have.clock, *have.random);
  }
  push_text(L, maker->next());
  return 1;
}

constexpr luaL_Reg kHashFunctions[] = {{"sha256", hash_sha256},           {"md5", hash_md5},                 {"hmac_sha256", hash_hmac_sha256}, {"base64", hash_base64},
                                       {"from_base64", hash_from_base64}, {"equal", hash_equal},             {nullptr, nullptr}};

}  // namespace

int open_hash(lua_State* L) {
  luaL_newlib(L, kHashFunctions);
  return 1;
}

int open_hash_io(lua_State* L) {
  open_hash(L);
  lua_pushcfunction(L, hash_id);
  lua_setfield(L, -2, "id");
  return 1;
}

}  // namespace tidewire::bindings
