// accounts.h — users, tokens and logins, kept in memory beside the store.
//
// Every request asks who it is, so the answer must not wait for a read; one process alone holds the state file, so what is
// kept here is what is stored. A change is stored first and counts from then on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "admin/ports.h"
#include "admin/roles.h"
#include "base/value.h"
#include "store/accounts.h"

namespace tidewire::admin {

class Accounts {
 public:
  static constexpr Duration kIdleLogin = std::chrono::hours(24);
  static constexpr Duration kLongestLogin = std::chrono::hours(24 * 14);

  explicit Accounts(Control& control);
  ~Accounts();

  /// Reads what is stored; nobody but local callers is known before.
  void load(Done<void> done);
  bool loaded() const { return loaded_; }
  bool any_user() const { return !users_.empty(); }

  const store::User* user(const std::string& name) const;
  /// Whoever holds this token; nullopt for an unknown or ended one. A use is remembered to the hour.
  std::optional<Caller> by_token(const std::string& token);
  /// Whoever is logged in with this cookie, likewise to the minute.
  std::optional<Caller> by_cookie(const std::string& cookie);
  /// Whether whoever was told to be this one is so, with that role, by now; no use is remembered.
  bool still_is(const Caller& caller, Role role) const;
  /// What a page of that login must send with each change.
  std::string csrf_of(const Caller& caller) const;

  /// Adds or changes; `role` and `password` "" keep the former one. A password takes 0.1 s of another thread. kInvalid for a bad name, role or
  /// password, or where nobody would remain an administrator.
  void save_user(const std::string& name, const std::string& role, const std::string& password, Done<void> done);
  void remove_user(const std::string& name, Done<void> done);
  struct NewToken {
    std::string name, role, mapping;
    std::optional<Instant> expires_at;
    std::string author;
  };
  /// {id, token}: the only time that the token is told.
  void add_token(NewToken wanted, Done<Value> done);
  void remove_token(const std::string& id, Done<void> done);
  /// Whether the password is that user's; as slow for a name that is nobody's.
  void check_password(const std::string& name, const std::string& password, std::function<void(bool)> done);
  /// The text of a new cookie.
  void log_in(const std::string& name, Done<std::string> done);
  void log_out(const std::string& login, Done<void> done);
  /// A token that is not stored but set in tidewire.lua; "" = none. An administrator's.
  void use_fixed_token(const std::string& token);

  Value users_view() const;
  Value tokens_view() const;

 private:
  Result<void> allowed(const std::string& name, const std::string& role) const;
  void store_user(store::User user, Done<void> done);
  void drop_logins_of(const std::string& user);
  bool has_password(const std::string& name, const std::string& hashed) const;

  Control& control_;
  bool loaded_ = false;
  std::map<std::string, store::User> users_;
  std::map<std::string, store::Token> tokens_;  // by hash
  std::map<std::string, store::Login> logins_;  // by hash
  std::string fixed_token_;                     // its hash
  std::shared_ptr<bool> alive_;                 // owners: this and the callbacks under way
};

}  // namespace tidewire::admin
