#include "admin/accounts.h"

#include <algorithm>
#include <iterator>

#include "base/hash.h"
#include "base/password.h"
#include "base/text.h"
#include "base/utf8.h"

namespace tidewire::admin {
namespace {

constexpr std::size_t kLeastPassword = 10;
constexpr std::size_t kMostPassword = 1000;
constexpr std::size_t kSecretBytes = 32;
constexpr const char* kTokenMark = "tw_";  // so that secret scanners can know one

/// Blanks, and signs that nobody sees or that turn what stands beside them: with them two names look the same, in a list as in the audit trail.
bool is_unseen(char32_t sign) {
  struct Range {
    char32_t first, last;
  };
  constexpr Range kUnseen[] = {{0x00, 0x20},     {0x7f, 0xa0},     {0xad, 0xad},     {0x034f, 0x034f}, {0x061c, 0x061c}, {0x115f, 0x1160}, {0x1680, 0x1680},
                               {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f}, {0x2800, 0x2800}, {0x3000, 0x3000},
                               {0x3164, 0x3164}, {0xe000, 0xf8ff}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xffff}, {0xe0000, 0x10ffff}};
  return std::any_of(std::begin(kUnseen), std::end(kUnseen), [&](const Range& range) { return sign >= range.first && sign <= range.last; });
}

/// Well-formed UTF-8 whose every sign is seen; of a name of several words the blanks between them, too.
bool is_legible(std::string_view text, bool words) {
  while (!text.empty()) {
    const std::size_t length = utf8::sequence(text);
    if (length == 0) return false;
    const char32_t sign = utf8::decode(text, length);
    if (is_unseen(sign) && !(words && sign == ' ')) return false;
    text.remove_prefix(length);
  }
  return true;
}

Result<void> fitting_name(const std::string& name) {
  if (name == "local") return make_error(Code::kInvalid, "the name 'local' is taken", "the audit trail calls commands so that work without the daemon");
  if (!name.empty() && name.size() <= 64 && is_legible(name, false)) return {};
  return make_error(Code::kInvalid, "a name has 1 to 64 bytes, no blanks, and no sign that is not seen");
}

Result<void> fitting_token_name(const std::string& name) {
  if (name.size() <= 64 && trim(name) == name && !name.empty() && is_legible(name, true)) return {};
  return make_error(Code::kInvalid, "a token's name has 1 to 64 bytes, no blanks around it, and no sign that is not seen");
}

Result<void> fitting_password(const std::string& password) {
  if (password.size() > kMostPassword) return make_error(Code::kInvalid, "the password is longer than " + std::to_string(kMostPassword) + " bytes");
  if (code_points(trim(password)) >= kLeastPassword) return {};
  return make_error(Code::kInvalid, "the password is too short", "at least " + std::to_string(kLeastPassword) + " characters, blanks around it not counted; a few words are easier to remember than signs");
}

/// Too long unused, or too old.
bool is_over(const store::Login& login, Instant now) { return now - login.seen_at > Accounts::kIdleLogin || now - login.created_at > Accounts::kLongestLogin; }

void put_moment(Object& out, const char* name, const std::optional<Instant>& at) {
  if (at) out[name] = format_instant(*at);
}

}  // namespace

Accounts::Accounts(Control& control) : control_(control), alive_(std::make_shared<bool>(true)) {}

Accounts::~Accounts() { *alive_ = false; }

void Accounts::load(Done<void> done) {
  control_.store().accounts([this, alive = alive_, done = std::move(done)](Result<store::Accounts> found) {
    if (!*alive) return;
    if (!found.ok()) return done(std::move(found).error());
    for (auto& user : found->users) users_[user.name] = std::move(user);
    for (auto& token : found->tokens) tokens_[token.hash] = std::move(token);
    for (auto& login : found->logins) logins_[login.hash] = std::move(login);
    loaded_ = true;
    done({});
  });
}

const store::User* Accounts::user(const std::string& name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : &found->second;
}

std::optional<Caller> Accounts::by_token(const std::string& token) {
  const std::string hash = sha256_hex(token);
  if (!fixed_token_.empty() && constant_time_equal(hash, fixed_token_)) return Caller{.role = Role::kAdmin, .way = Caller::Way::kToken, .author = "token of tidewire.lua", .login = hash};
  const auto found = tokens_.find(hash);
  if (found == tokens_.end()) return std::nullopt;
  store::Token& known = found->second;
  const Instant now = control_.clock().now();
  if (known.expires_at && *known.expires_at <= now) return std::nullopt;
  if (!known.used_at || now - *known.used_at >= std::chrono::hours(1)) {
    known.used_at = now;
    control_.store().note_token_use(known.id, now, [](Result<void>) {});
  }
  return Caller{.role = role_from_name(known.role).value_or(Role::kNobody), .way = Caller::Way::kToken, .author = "token " + known.name, .mapping = known.mapping, .login = hash};
}

std::optional<Caller> Accounts::by_cookie(const std::string& cookie) {
  const auto found = logins_.find(sha256_hex(cookie));
  if (found == logins_.end()) return std::nullopt;
  store::Login& login = found->second;
  const Instant now = control_.clock().now();
  const auto user = users_.find(login.user);
  if (is_over(login, now) || user == users_.end()) {
    control_.store().remove_logins({login.hash}, [](Result<void>) {});
    logins_.erase(found);
    return std::nullopt;
  }
  if (now - login.seen_at >= std::chrono::minutes(1)) {
    login.seen_at = now;
    control_.store().note_login_use(login.hash, now, [](Result<void>) {});
  }
  return Caller{.role = role_from_name(user->second.role).value_or(Role::kNobody), .way = Caller::Way::kLogin, .author = login.user, .login = login.hash};
}

bool Accounts::still_is(const Caller& caller, Role role) const {
  if (caller.way == Caller::Way::kLocal || (!fixed_token_.empty() && caller.login == fixed_token_)) return true;
  if (const auto token = tokens_.find(caller.login); token != tokens_.end()) {
    const bool ended = token->second.expires_at && *token->second.expires_at <= control_.clock().now();
    return !ended && role_from_name(token->second.role).value_or(Role::kNobody) >= role;
  }
  const auto login = logins_.find(caller.login);
  const store::User* known = login == logins_.end() || is_over(login->second, control_.clock().now()) ? nullptr : user(login->second.user);
  return known != nullptr && role_from_name(known->role).value_or(Role::kNobody) >= role;
}

std::string Accounts::csrf_of(const Caller& caller) const {
  const auto found = logins_.find(caller.login);
  return found == logins_.end() ? "" : found->second.csrf;
}

Result<void> Accounts::allowed(const std::string& name, const std::string& role) const {
  if (role == "admin") return {};
  const auto others = std::count_if(users_.begin(), users_.end(), [&](const auto& one) { return one.first != name && one.second.role == "admin"; });
  const store::User* present = user(name);
  const bool last = others == 0 && (users_.empty() || (present != nullptr && present->role == "admin"));
  if (last && users_.empty()) return make_error(Code::kInvalid, "the first user must be an administrator", "role admin: tidewire user add NAME --role admin");
  if (last) return store::nobody_left();
  return {};
}

void Accounts::save_user(const std::string& name, const std::string& role, const std::string& password, Done<void> done) {
  const store::User* present = user(name);
  const bool is_new = present == nullptr;
  const auto checked = [&]() -> Result<void> {
    if (is_new) TRY(fitting_name(name));
    const auto known = role_from_name(role);
    if ((is_new || !role.empty()) && (!known || *known < Role::kViewer)) return make_error(Code::kInvalid, "'role' must be viewer, operator or admin");
    if (is_new || !password.empty()) TRY(fitting_password(password));
    return role.empty() ? Result<void>() : allowed(name, role);
  }();
  if (!checked.ok()) return control_.poster().post([done = std::move(done), error = checked.error()] { done(error); });
  store::User wanted{.name = name, .role = role, .created_at = control_.clock().now()};
  if (password.empty()) return store_user(std::move(wanted), std::move(done));
  auto hashed = std::make_shared<std::string>();  // owners: the work and the callback after it
  control_.work([hashed, password] { *hashed = hash_password(password); },
                [this, alive = alive_, hashed, wanted = std::move(wanted), is_new, done = std::move(done)]() mutable {
                  if (!*alive) return;
                  // Somebody may have changed or removed the user while the password was hashed.
                  if (user(wanted.name) == nullptr && !is_new) return done(make_error(Code::kNotFound, "no user '" + wanted.name + "'", "`tidewire user list` has them all"));
                  if (const auto fits = wanted.role.empty() ? Result<void>() : allowed(wanted.name, wanted.role); !fits.ok()) return done(fits.error());
                  wanted.password = *hashed;
                  drop_logins_of(wanted.name);
                  store_user(std::move(wanted), std::move(done));
                });
}

/// What others ask for at the same time is not undone: what is not given stays as it is by then, in the store as here.
void Accounts::store_user(store::User user, Done<void> done) {
  control_.store().save_user(user, [this, alive = alive_, user, done = std::move(done)](Result<void> stored) {
    if (!*alive) return;
    if (!stored.ok()) return done(std::move(stored));
    const bool first = users_.empty();
    const auto [former, added] = users_.try_emplace(user.name, user);
    if (!added && !user.role.empty()) former->second.role = user.role;
    if (!added && !user.password.empty()) {
      former->second.password = user.password;
      drop_logins_of(user.name);  // those that began while this was stored
    }
    if (first) control_.first_user_added();
    done({});
  });
}

/// A changed password ends what was begun with the former one.
void Accounts::drop_logins_of(const std::string& user) {
  std::vector<std::string> gone;
  std::erase_if(logins_, [&](const auto& one) {
    if (one.second.user != user) return false;
    gone.push_back(one.first);
    return true;
  });
  control_.store().remove_logins(std::move(gone), [](Result<void>) {});
}

void Accounts::remove_user(const std::string& name, Done<void> done) {
  const auto fits = [&]() -> Result<void> {
    if (user(name) == nullptr) return make_error(Code::kNotFound, "no user '" + name + "'", "`tidewire user list` has them all");
    return allowed(name, "");
  }();
  if (!fits.ok()) return control_.poster().post([done = std::move(done), error = fits.error()] { done(error); });
  control_.store().remove_user(name, [this, alive = alive_, name, done = std::move(done)](Result<void> removed) {
    if (!*alive) return;
    if (removed.ok()) {
      users_.erase(name);
      std::erase_if(logins_, [&](const auto& one) { return one.second.user == name; });
    }
    done(std::move(removed));
  });
}

void Accounts::add_token(NewToken wanted, Done<Value> done) {
  if (const auto fits = fitting_token_name(wanted.name); !fits.ok()) return control_.poster().post([done = std::move(done), error = fits.error()] { done(error); });
  const std::string text = kTokenMark + secret_text(kSecretBytes);
  const std::string hash = sha256_hex(text);
  store::Token token{.id = hash.substr(0, 12), .name = wanted.name, .role = wanted.role, .mapping = wanted.mapping, .hash = hash, .author = wanted.author,
                     .created_at = control_.clock().now(), .expires_at = wanted.expires_at};
  control_.store().add_token(token, [this, alive = alive_, token, text, done = std::move(done)](Result<void> stored) {
    if (!*alive) return;
    if (!stored.ok()) return done(std::move(stored).error());
    tokens_[token.hash] = token;
    done(Value(Object{{"id", token.id}, {"token", text}}));
  });
}

void Accounts::remove_token(const std::string& id, Done<void> done) {
  const auto found = std::find_if(tokens_.begin(), tokens_.end(), [&](const auto& one) { return one.second.id == id; });
  if (found == tokens_.end()) return control_.poster().post([done = std::move(done), id] { done(make_error(Code::kNotFound, "no token '" + id + "'", "`tidewire token list` has them all, each with its id")); });
  control_.store().remove_token(id, [this, alive = alive_, hash = found->first, done = std::move(done)](Result<void> removed) {
    if (!*alive) return;
    if (removed.ok()) tokens_.erase(hash);
    done(std::move(removed));
  });
}

void Accounts::check_password(const std::string& name, const std::string& password, std::function<void(bool)> done) {
  // A name that is nobody's takes as long, so that names cannot be found out by the clock.
  static const std::string kNobodys = "scrypt$15$8$1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  const store::User* known = user(name);
  auto right = std::make_shared<bool>(false);  // owners: the work and the callback after it
  control_.work([right, stored = known != nullptr ? known->password : kNobodys, password] { *right = tidewire::check_password(password, stored); },
                [this, alive = alive_, right, name, stored = known != nullptr ? known->password : "", done = std::move(done)] {
                  if (*alive) done(*right && has_password(name, stored));
                });
}

/// Somebody may have changed it, or removed the user, while something else was done.
bool Accounts::has_password(const std::string& name, const std::string& hashed) const {
  const store::User* now = user(name);
  return now != nullptr && now->password == hashed;
}

void Accounts::log_in(const std::string& name, Done<std::string> done) {
  const store::User* known = user(name);
  if (known == nullptr) return control_.poster().post([done = std::move(done)] { done(make_error(Code::kDenied, "the user is gone")); });
  const std::string cookie = secret_text(kSecretBytes);
  const Instant now = control_.clock().now();
  store::Login login{sha256_hex(cookie), name, secret_text(16), now, now};
  control_.store().add_login(login, [this, alive = alive_, login, cookie, now, password = known->password, done = std::move(done)](Result<void> stored) {
    if (!*alive) return;
    if (!stored.ok()) return done(std::move(stored).error());
    if (!has_password(login.user, password)) {
      control_.store().remove_logins({login.hash}, [](Result<void>) {});
      return done(make_error(Code::kDenied, "the password was changed meanwhile"));
    }
    logins_[login.hash] = login;
    users_[login.user].login_at = now;
    control_.store().note_user_login(login.user, now, [](Result<void>) {});
    done(cookie);
  });
}

void Accounts::log_out(const std::string& login, Done<void> done) {
  control_.store().remove_logins({login}, [this, alive = alive_, login, done = std::move(done)](Result<void> removed) {
    if (!*alive) return;
    if (removed.ok()) logins_.erase(login);
    done(std::move(removed));
  });
}

void Accounts::use_fixed_token(const std::string& token) { fixed_token_ = token.empty() ? "" : sha256_hex(token); }

Value Accounts::users_view() const {
  Array rows;
  for (const auto& [name, user] : users_) {
    Object row{{"name", name}, {"role", user.role}, {"created_at", format_instant(user.created_at)}};
    put_moment(row, "login_at", user.login_at);
    rows.push_back(Value(std::move(row)));
  }
  return Value(Object{{"users", Value(std::move(rows))}});
}

Value Accounts::tokens_view() const {
  Array rows;
  for (const auto& [hash, token] : tokens_) {
    Object row{{"id", token.id}, {"name", token.name}, {"role", token.role}, {"author", token.author}, {"created_at", format_instant(token.created_at)}};
    if (!token.mapping.empty()) row["mapping"] = token.mapping;
    put_moment(row, "expires_at", token.expires_at);
    put_moment(row, "used_at", token.used_at);
    rows.push_back(Value(std::move(row)));
  }
  std::sort(rows.begin(), rows.end(), [](const Value& a, const Value& b) { return a.string_or("created_at") < b.string_or("created_at"); });
  return Value(Object{{"tokens", Value(std::move(rows))}});
}

}  // namespace tidewire::admin
