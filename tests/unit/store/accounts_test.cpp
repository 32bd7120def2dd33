#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

Accounts all_accounts(StoreFixture& f) {
  return f.ask<Accounts>([&](auto done) { f.store.accounts(done); });
}

void save(StoreFixture& f, const User& user) {
  f.ask<void>([&](auto done) { f.store.save_user(user, done); });
}

void save(StoreFixture& f, const Login& login) {
  f.ask<void>([&](auto done) { f.store.add_login(login, done); });
}

void save(StoreFixture& f, const Token& token) {
  f.ask<void>([&](auto done) { f.store.add_token(token, done); });
}

}  // namespace

TEST_CASE("accounts: a user is saved, changed, and leaves with the logins", "[store]") {
  StoreFixture f;
  User ada{.name = "ada", .role = "viewer", .password = "one", .created_at = f.clock.now()};
  save(f, ada);
  save(f, Login{"h1", "ada", "c", f.clock.now(), f.clock.now()});
  save(f, Login{"h2", "grace", "c", f.clock.now(), f.clock.now()});
  ada.role = "operator";
  save(f, ada);
  f.ask<void>([&](auto done) { f.store.note_user_login("ada", f.clock.now(), done); });

  REQUIRE(all_accounts(f).users.size() == 1);
  CHECK(all_accounts(f).users[0].role == "operator");
  CHECK(all_accounts(f).users[0].login_at == f.clock.now());
  f.ask<void>([&](auto done) { f.store.remove_user("ada", done); });

  CHECK(all_accounts(f).users.empty());
  REQUIRE(all_accounts(f).logins.size() == 1);
  CHECK(all_accounts(f).logins[0].user == "grace");
}

TEST_CASE("accounts: a use that is noted late brings nothing back that was removed", "[store]") {
  StoreFixture f;
  save(f, Login{"h", "ada", "c", f.clock.now(), f.clock.now()});
  f.ask<void>([&](auto done) { f.store.remove_logins({"h"}, done); });
  f.ask<void>([&](auto done) { f.store.note_login_use("h", f.clock.now(), done); });
  f.ask<void>([&](auto done) { f.store.note_token_use("gone", f.clock.now(), done); });
  f.ask<void>([&](auto done) { f.store.note_user_login("gone", f.clock.now(), done); });

  CHECK(all_accounts(f).logins.empty());
  CHECK(all_accounts(f).tokens.empty());
  CHECK(all_accounts(f).users.empty());
}

TEST_CASE("accounts: a token keeps what it was made with, and when it was used last", "[store]") {
  StoreFixture f;
  Token token{.id = "a", .name = "ci", .role = "viewer", .hash = "h", .author = "ada", .created_at = f.clock.now(), .expires_at = f.clock.now()};
  save(f, token);
  f.ask<void>([&](auto done) { f.store.note_token_use("a", f.clock.now(), done); });

  REQUIRE(all_accounts(f).tokens.size() == 1);
  CHECK(all_accounts(f).tokens[0].role == "viewer");
  CHECK(all_accounts(f).tokens[0].used_at == f.clock.now());
  CHECK(all_accounts(f).tokens[0].expires_at == f.clock.now());
  f.ask<void>([&](auto done) { f.store.remove_token("a", done); });
  CHECK(all_accounts(f).tokens.empty());
}

TEST_CASE("accounts: logins leave by their hashes", "[store]") {
  StoreFixture f;
  for (const char* hash : {"a", "b", "c"}) save(f, Login{hash, "ada", "c", f.clock.now(), f.clock.now()});

  f.ask<void>([&](auto done) { f.store.remove_logins({"a", "c", "none"}, done); });

  REQUIRE(all_accounts(f).logins.size() == 1);
  CHECK(all_accounts(f).logins[0].hash == "b");
}
