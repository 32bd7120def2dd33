#include "store/accounts.h"

#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

std::optional<Instant> instant_or_none(Query& query, int column) {
  if (query.is_null(column)) return std::nullopt;
  return query.instant(column);
}

Result<Accounts> read_accounts(Database& database) {
  Accounts found;
  Query users(database, "SELECT name, role, password, created_at, login_at FROM users ORDER BY name");
  while (TRY(users.next())) {
    found.users.push_back({std::string(users.text(0)), std::string(users.text(1)), std::string(users.text(2)), users.instant(3), instant_or_none(users, 4)});
  }
  Query tokens(database, "SELECT id, name, role, mapping, hash, author, created_at, expires_at, used_at FROM tokens ORDER BY created_at");
  while (TRY(tokens.next())) {
    found.tokens.push_back({std::string(tokens.text(0)), std::string(tokens.text(1)), std::string(tokens.text(2)), std::string(tokens.text(3)), std::string(tokens.text(4)),
                            std::string(tokens.text(5)), tokens.instant(6), instant_or_none(tokens, 7), instant_or_none(tokens, 8)});
  }
  Query logins(database, "SELECT hash, user, csrf, created_at, seen_at FROM sessions");
  while (TRY(logins.next())) {
    found.logins.push_back({std::string(logins.text(0)), std::string(logins.text(1)), std::string(logins.text(2)), logins.instant(3), logins.instant(4)});
  }
  return found;
}

Result<bool> is_user(Database& database, const std::string& name) { return TRY(number(database, "SELECT count(*) FROM users WHERE name = ?", 0, name)) > 0; }

}  // namespace

Error nobody_left() { return make_error(Code::kInvalid, "nobody would remain an administrator", "make another user an administrator first"); }

void Store::accounts(Done<Accounts> done) { read_verb(executor_, std::move(done), read_accounts); }

void Store::save_user(User user, Done<void> done) {
  write_verb(executor_, std::move(done), [user = std::move(user)](Database& database) -> Result<void> {
    // In the statement itself: two administrators who take each other's role ask at the same time, and each sees the other as one.
    const std::int64_t changed = TRY(execute(database,
                                             "UPDATE users SET role = iif(?2 = '', role, ?2), password = iif(?3 = '', password, ?3) WHERE name = ?1 AND (?2 IN ('', 'admin') OR role <> 'admin' OR "
                                             "EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND name <> ?1))",
                                             user.name, user.role, user.password));
    if (changed > 0) return {};
    if (TRY(is_user(database, user.name))) return nobody_left();
    if (user.role.empty() || user.password.empty()) return make_error(Code::kNotFound, "no user '" + user.name + "'", "`tidewire user list` has them all");
    TRY(execute(database, "INSERT INTO users (name, role, password, created_at, login_at) VALUES (?, ?, ?, ?, ?)", user.name, user.role, user.password, user.created_at, user.login_at));
    return {};
  });
}

void Store::remove_user(std::string name, Done<void> done) {
  write_verb(executor_, std::move(done), [name = std::move(name)](Database& database) -> Result<void> {
    TRY(execute(database, "DELETE FROM users WHERE name = ?1 AND (role <> 'admin' OR EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND name <> ?1))", name));
    if (TRY(is_user(database, name))) return nobody_left();
    TRY(execute(database, "DELETE FROM sessions WHERE user = ?", name));
    return {};
  });
}

void Store::add_token(Token token, Done<void> done) {
  write_verb(executor_, std::move(done), [token = std::move(token)](Database& database) -> Result<void> {
    TRY(execute(database,
                "INSERT INTO tokens (id, name, role, mapping, hash, author, created_at, expires_at, used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                token.id, token.name, token.role, token.mapping, token.hash, token.author, token.created_at, token.expires_at, token.used_at));
    return {};
  });
}

void Store::remove_token(std::string id, Done<void> done) {
  write_verb(executor_, std::move(done), [id = std::move(id)](Database& database) -> Result<void> {
    TRY(execute(database, "DELETE FROM tokens WHERE id = ?", id));
    return {};
  });
}

void Store::add_login(Login login, Done<void> done) {
  write_verb(executor_, std::move(done), [login = std::move(login)](Database& database) -> Result<void> {
    TRY(execute(database,
                "INSERT INTO sessions (hash, user, csrf, created_at, seen_at) VALUES (?, ?, ?, ?, ?)",
                login.hash, login.user, login.csrf, login.created_at, login.seen_at));
    return {};
  });
}

void Store::remove_logins(std::vector<std::string> hashes, Done<void> done) {
  write_verb(executor_, std::move(done), [hashes = std::move(hashes)](Database& database) -> Result<void> {
    for (const std::string& hash : hashes) TRY(execute(database, "DELETE FROM sessions WHERE hash = ?", hash));
    return {};
  });
}

void Store::note_user_login(std::string name, Instant at, Done<void> done) {
  write_verb(executor_, std::move(done), [name = std::move(name), at](Database& database) -> Result<void> {
    TRY(execute(database, "UPDATE users SET login_at = ? WHERE name = ?", at, name));
    return {};
  });
}

void Store::note_token_use(std::string id, Instant at, Done<void> done) {
  write_verb(executor_, std::move(done), [id = std::move(id), at](Database& database) -> Result<void> {
    TRY(execute(database, "UPDATE tokens SET used_at = ? WHERE id = ?", at, id));
    return {};
  });
}

void Store::note_login_use(std::string hash, Instant at, Done<void> done) {
  write_verb(executor_, std::move(done), [hash = std::move(hash), at](Database& database) -> Result<void> {
    TRY(execute(database, "UPDATE sessions SET seen_at = ? WHERE hash = ?", at, hash));
    return {};
  });
}

}  // namespace tidewire::store
