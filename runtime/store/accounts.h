// accounts.h — who may use the API: rows of users, tokens and sessions as values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tidewire::store {

struct User {
  std::string name{}, role{}, password{};
  Instant created_at{};
  std::optional<Instant> login_at{};
};

struct Token {
  std::string id{}, name{}, role{}, mapping{}, hash{}, author{};
  Instant created_at{};
  std::optional<Instant> expires_at{}, used_at{};
};

struct Login {
  std::string hash{}, user{}, csrf{};
  Instant created_at{}, seen_at{};
};

struct Accounts {
  std::vector<User> users;
  std::vector<Token> tokens;
  std::vector<Login> logins;
};

/// Why a role or a user stays.
Error nobody_left();

}  // namespace tidewire::store
