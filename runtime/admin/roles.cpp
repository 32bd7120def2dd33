#include "admin/roles.h"

namespace tidewire::admin {

const char* role_name(Role role) {
  switch (role) {
    case Role::kNobody: return "nobody";
    case Role::kTrigger: return "trigger";
    case Role::kViewer: return "viewer";
    case Role::kOperator: return "operator";
    case Role::kAdmin: return "admin";
  }
  return "nobody";
}

std::optional<Role> role_from_name(std::string_view name) {
  for (const Role role : {Role::kTrigger, Role::kViewer, Role::kOperator, Role::kAdmin}) {
    if (name == role_name(role)) return role;
  }
  return std::nullopt;
}

}  // namespace tidewire::admin
