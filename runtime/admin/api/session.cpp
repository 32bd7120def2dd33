// Logging in and out, and the first set-up.
#include "admin/access.h"
#include "admin/api/api.h"
#include "base/text.h"

namespace tidewire::admin {
namespace {

std::string cookie(const http::Request& request, const std::string& text, std::int64_t seconds) {
  std::string out = std::string(kCookie) + "=" + text + "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds);
  if (is_secure(request)) out += "; Secure";
  return out;
}

Value session_view(Api& api, const Caller& caller) {
  Object out{{"role", role_name(caller.role)}, {"any_user", api.accounts().any_user()}};
  if (caller.role != Role::kNobody) out["user"] = caller.author;
  if (caller.way == Caller::Way::kLogin) out["csrf"] = api.accounts().csrf_of(caller);
  return Value(std::move(out));
}

void show_session(Api& api, const Call& call) { (*call.reply)(answer(session_view(api, call.caller))); }

void begin(Api& api, const Call& call, const std::string& name) {
  api.accounts().log_in(name, api.guarded([&api, call](Result<std::string> text) {
    if (!text.ok()) return (*call.reply)(problem(text.error()));
    const auto caller = api.accounts().by_cookie(*text);
    if (!caller) return (*call.reply)(problem(make_error(Code::kDenied, "the user is gone")));
    http::Response response = answer(session_view(api, *caller));
    const auto longest = std::chrono::duration_cast<std::chrono::seconds>(Accounts::kLongestLogin).count();
    response.headers.add("Set-Cookie", cookie(call.request, *text, longest));
    (*call.reply)(std::move(response));
  }));
}

/// Whether the password of the body is this user's; who missed too often is told when to come again.
void with_password(Api& api, const Call& call, const std::string& name, std::function<void(bool right)> then) {
  const std::string of_name = by_name(name), of_peer = "from " + network_of(sender_of(call.request));
  const Duration by_peer = api.lockout().wait(of_peer);
  if (const Duration wait = std::max(api.lockout().wait(of_name), by_peer); wait > Duration::zero()) {
    // A new password ends the wait of the name alone.
    Error error = by_peer > Duration::zero() ? make_error(Code::kThrottled, "too many wrong passwords from this address", "wait as long as Retry-After says, or log in from another address")
                                             : make_error(Code::kThrottled, "too many wrong passwords", "wait as long as Retry-After says; an administrator sets a new password: tidewire user add " + name);
    error.retry_after = std::chrono::ceil<std::chrono::milliseconds>(wait);
    return (*call.reply)(problem(error));
  }
  api.lockout().tried(of_name);
  api.lockout().tried(of_peer);
  api.accounts().check_password(name, call.text("password"), [&api, of_name, of_peer, then = std::move(then)](bool right) {
    if (right) {
      api.lockout().succeeded(of_name);
      api.lockout().forgiven(of_peer);
    }
    then(right);
  });
}

/// A page of somebody else's can have a browser send a form or a text here, and leave it logged in as whom that page likes. JSON it cannot,
/// without the preflight that only pages of ours and of `origins` pass; not compared with Host, which a proxy may have written anew.
bool may_be_foreign(const http::Request& request) {
  const std::string* media = request.headers.find("Content-Type");
  return request.headers.find("Origin") != nullptr && (media == nullptr || !http::equal_ignoring_case(trim(media->substr(0, media->find(';'))), "application/json"));
}

void log_in(Api& api, const Call& call) {
  if (may_be_foreign(call.request)) return (*call.reply)(problem(403, make_error(Code::kDenied, "a browser's login is no JSON, so it may be of a foreign page", "log in on the page of this server; a page of your own sends Content-Type: application/json")));
  const std::string name = call.text("name");
  with_password(api, call, name, [&api, call, name](bool right) {
    if (right) return begin(api, call, name);
    api.control().warn("login_refused", "a login with a wrong name or password from " + sender_of(call.request));
    (*call.reply)(problem(401, make_error(Code::kDenied, "the name or the password is wrong")));
  });
}

void log_out(Api& api, const Call& call) {
  if (call.caller.way != Caller::Way::kLogin) return (*call.reply)(answer(Value(Object{{"logged_out", false}})));
  api.accounts().log_out(call.caller.login, [call](Result<void> done) {
    if (!done.ok()) return (*call.reply)(problem(done.error()));
    http::Response response = answer(Value(Object{{"logged_out", true}}));
    response.headers.add("Set-Cookie", cookie(call.request, "", 0));
    (*call.reply)(std::move(response));
  });
}

void set_up(Api& api, const Call& call) {
  const std::string code = call.text("code");
  if (!api.take_setup_code(code)) {
    return (*call.reply)(problem(403, make_error(Code::kDenied, "this set-up link is used or of an earlier start", "`tidewire run` prints the present one while there is no user; `tidewire user add NAME --role admin` needs none")));
  }
  const std::string name = call.text("name");
  api.accounts().save_user(name, "admin", call.text("password"), api.guarded([&api, call, name, code](Result<void> saved) {
    if (!saved.ok()) {
      api.give_back_setup_code(code);
      return (*call.reply)(problem(saved.error()));
    }
    api.control().store().audit(name, "set_up", name, Value(Object{}), api.guarded([&api, call, name](Result<void>) { begin(api, call, name); }));
  }));
}

void change_password(Api& api, const Call& call) {
  if (call.caller.way != Caller::Way::kLogin) return (*call.reply)(problem(make_error(Code::kInvalid, "only a user has a password of their own", "tidewire user add NAME sets one")));
  const std::string name = call.caller.author;
  with_password(api, call, name, [&api, call, name](bool right) {
    if (!right) return (*call.reply)(problem(403, make_error(Code::kDenied, "the present password is wrong")));
    if (api.accounts().user(name) == nullptr) return (*call.reply)(problem(make_error(Code::kNotFound, "no user '" + name + "'")));
    api.accounts().save_user(name, "", call.text("new_password"), api.guarded([&api, call, name](Result<void> saved) {
      if (!saved.ok()) return (*call.reply)(problem(saved.error()));
      begin(api, call, name);  // the change ended this login too
    }));
  });
}

}  // namespace

std::span<const Route> session_routes() {
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/session", .role = Role::kNobody, .id = "session", .summary = "Who is asking, and what a page of a login sends with each change", .handler = show_session, .answer = "Session"},
      {.method = "POST", .path = "/api/v1/login", .role = Role::kNobody, .id = "log_in", .summary = "Logs in with a password; the answer sets the cookie", .handler = log_in, .body = "Login", .answer = "Session", .shows_secret = true},
      {.method = "POST", .path = "/api/v1/logout", .role = Role::kNobody, .id = "log_out", .summary = "Ends the login", .handler = log_out, .body = "Empty", .answer = "LoggedOut"},
      {.method = "POST", .path = "/api/v1/setup", .role = Role::kNobody, .id = "set_up", .summary = "Makes the first administrator with the one-time code that `tidewire run` prints", .handler = set_up, .body = "SetUp", .answer = "Session", .shows_secret = true},
      {.method = "POST", .path = "/api/v1/password", .role = Role::kViewer, .id = "change_password", .summary = "Changes one's own password; all other logins of the user end", .handler = change_password, .body = "PasswordChange", .answer = "Session",
       .action = "password_change", .shows_secret = true},
  };
  return routes;
}

}  // namespace tidewire::admin
