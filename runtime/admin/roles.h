// roles.h — who asks, and how much they may.
//
// A role may do all that the roles before it may. `trigger` is for a program that does nothing but run one mapping.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidewire::admin {

enum class Role { kNobody, kTrigger, kViewer, kOperator, kAdmin };

const char* role_name(Role role);  // "viewer"; "nobody"
/// nullopt for "nobody" and for what is no role.
std::optional<Role> role_from_name(std::string_view name);

struct Caller {
  enum class Way { kNone, kLocal, kToken, kLogin };  // kLocal: the socket, or this process itself

  Role role = Role::kNobody;
  Way way = Way::kNone;
  std::string author{};      // for the audit trail: "ada", "token ci", "uid 1000", "local"
  std::string mapping{};     // of a trigger token: the only one it may run
  std::string login{};       // kLogin, kToken: the hash that the session or the token is stored under
  bool neighbour = false;    // a program on this machine that is no proxy
};

}  // namespace tidewire::admin
