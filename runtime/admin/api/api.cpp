#include "admin/api/api.h"

#include <algorithm>
#include <set>

#include "admin/named.h"
#include "admin/redaction.h"
#include "admin/schema.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/password.h"
#include "base/text.h"

namespace tidewire::admin {
namespace {

constexpr std::size_t kMostBody = 2u << 20;
constexpr Duration kRecent = std::chrono::seconds(1);
constexpr Duration kRemembered = std::chrono::hours(24);

bool is_secret(const std::string& member) { return member == "code" || member == "token" || member.ends_with("password"); }

/// What a person decides may be of a person: the operation has it, and gives it up when that one is forgotten.
bool is_decided(const std::string& action, const std::string& member) {
  static const std::set<std::string_view> members{"value", "left", "right", "values", "right_values", "left_value", "right_value"};
  return action.starts_with("resolve") && members.contains(member);
}

/// Of a connection the names of what is set; and its address, which is no secret where it stands among the options.
Value names_of(const std::string& member, const Value& value) {
  Array names;
  for (const auto& [name, unused] : value.as_object()) names.push_back(Value(name));
  if (member == "options" && value.find("url") != nullptr) return Value(Object{{"set", Value(std::move(names))}, {"url", *value.find("url")}});
  return Value(std::move(names));
}

/// What the audit trail keeps of a body: no secret, of a script and of values their hash, of a connection what was set. Whom it names as
/// the author is the entry's author where that may be said, and else nobody's.
Value audit_detail(const std::string& action, const Value& body) {
  Object detail;
  for (const auto& [name, value] : body.as_object()) {
    if (is_secret(name) || name == "author") continue;
    if (is_decided(action, name)) detail[name + "_hash"] = sha256_hex(json::dump(value)).substr(0, 16);
    else if (name == "source" && value.is_string()) detail["source_hash"] = sha256_hex(value.as_string());
    else if ((name == "secrets" || name == "options") && value.is_object()) detail[name] = names_of(name, value);
    else detail[name] = value;
  }
  return Value(std::move(detail));
}

std::string audit_subject(const Route& route, const Call& call) {
  std::vector<std::string> parts;
  for (const std::string& piece : split(route.path, '/')) {
    if (piece.starts_with('{')) parts.push_back(call.params[piece.substr(1, piece.size() - 2)]);
  }
  for (const char* name : {"mapping", "side", "key", "id", "name", "accept"}) {
    if (const std::string text = call.text(name); !text.empty()) parts.push_back(text);
  }
  return join(parts, "/");
}

/// Only what a route knows is taken, so that a misspelt filter does not show everything.
Result<void> check_query(const Route& route, const http::Request& request) {
  const auto mark = request.target.find('?');
  if (mark == std::string::npos) return {};
  std::vector<std::string> names;
  for (const Parameter& one : route.query) names.emplace_back(one.name);
  for (const auto& [name, value] : http::parse_query(std::string_view(request.target).substr(mark + 1))) {
    const auto known = std::find_if(route.query.begin(), route.query.end(), [&, &name = name](const Parameter& one) { return name == one.name; });
    if (known == route.query.end()) return make_error(Code::kInvalid, "unknown parameter '" + name + "'" + suggestion(name, names), names.empty() ? "this path takes none" : "it takes " + join(names, ", "));
    if (known->type == Parameter::Type::kFlag && !value.empty() && value != "0" && value != "1" && value != "true" && value != "false") return make_error(Code::kInvalid, "'" + name + "' must be 1 or 0, not '" + value + "'");
    if (!valid_utf8(value)) return make_error(Code::kInvalid, "'" + name + "' is no UTF-8");
    if (known->type == Parameter::Type::kTime && !value.empty()) {
      auto at = parse_instant(value);
      if (!at.ok()) return std::move(at).error().context("'" + name + "'");
    }
  }
  return {};
}

Error too_little(const Route& route, const Caller& caller, const http::Request& request) {
  if (caller.role == Role::kNobody) {
    const std::string* said = request.headers.find("Authorization");
    if (said != nullptr && starts_with_ignoring_case(*said, "bearer ")) return make_error(Code::kDenied, "nobody knows this token", "it is mistyped, was removed or has ended: `tidewire token list` shows those there are");
    return make_error(Code::kDenied, "who asks? this needs a login or a token", "log in on the page, send `Authorization: Bearer TOKEN` (`tidewire token add`), or use the commands on the machine itself: they speak to the socket in the project's state folder");
  }
  return make_error(Code::kDenied, std::string("this needs the role ") + role_name(route.role) + "; " + caller.author + " has " + role_name(caller.role), caller.way == Caller::Way::kToken ? "an administrator makes a token with that role: tidewire token add NAME --role " + std::string(role_name(route.role)) : "an administrator changes roles: tidewire user add NAME --role " + std::string(role_name(route.role)));
}

}  // namespace

Api::Api(Control& control)
    : control_(control), accounts_(control), gate_(control, accounts_), lockout_(control.clock()), jobs_(control), events_(control), triggers_(control, jobs_),
      alive_(std::make_shared<bool>(true)) {
  for (const Route* route : all_routes()) {
    if (route->handler != nullptr) add(*route);
  }
  load();
}

Api::~Api() { *alive_ = false; }

void Api::load() {
  if (std::exchange(loading_, true)) return;
  accounts_.load(guarded([this](Result<void> result) { loaded(result); }));
}

void Api::loaded(const Result<void>& result) {
  loading_ = false;
  const auto waiting = std::exchange(waiting_, {});
  for (const auto& one : waiting) one(result);
}

void Api::when_loaded(Done<void> done) {
  if (accounts_.loaded()) return done({});
  waiting_.push_back(std::move(done));
  load();  // again, where the first read failed
}

void Api::add(const Route& route) {
  router_.add(route.method, route.path, [this, &route](http::Request request, http::Params params, http::Reply reply) { dispatch(route, std::move(request), std::move(params), std::move(reply)); });
}

std::string Api::setup_code() {
  if (accounts_.any_user()) return "";
  if (setup_code_.empty()) setup_code_ = secret_text(24);
  return setup_code_;
}

bool Api::take_setup_code(const std::string& code) {
  const bool right = !setup_code_.empty() && !accounts_.any_user() && constant_time_equal(code, setup_code_);
  if (right) setup_code_.clear();
  return right;
}

void Api::with_summary(WithSummary then) {
  control_.store().summary(guarded([then = std::move(then)](Result<store::Summary> summary) { then(summary); }));
}

void Api::with_recent_summary(WithSummary then) {
  recent_waiting_.push_back(std::move(then));
  if (recent_waiting_.size() > 1) return;
  const auto tell = [this](const Result<store::Summary>& summary) {
    for (const auto& one : std::exchange(recent_waiting_, {})) one(summary);
  };
  if (recent_ && control_.clock().ticks() - recent_at_ < kRecent) return control_.poster().post([alive = alive_, this, tell] {
    if (*alive) tell(*recent_);
  });
  with_summary([this, tell](const Result<store::Summary>& summary) {
    recent_ = summary.ok() ? std::optional(*summary) : std::nullopt;
    recent_at_ = control_.clock().ticks();
    tell(summary);
  });
}

void Api::handle(http::Request request, http::Reply reply) {
  // Every answer is dressed, and a problem where it is none: also what the router says of itself.
  auto asked = std::make_shared<http::Request>();  // owner: the reply, which must be copyable
  asked->method = request.method;
  asked->target = request.target;
  asked->headers = request.headers;
  auto kept = std::make_shared<http::Reply>(std::move(reply));  // likewise
  http::Reply dressed([this, alive = alive_, asked, kept](http::Response response) {
    response = as_problem(std::move(response));
    if (*alive) gate_.dress(*asked, response);
    (*kept)(std::move(response));
  });
  if (!accounts_.loaded()) {
    auto later = std::make_shared<std::pair<http::Request, http::Reply>>(std::move(request), std::move(dressed));  // owner: the callback
    return when_loaded([this, later](Result<void> loaded) {
      if (!loaded.ok()) return later->second(problem(loaded.error()));
      serve(std::move(later->first), std::move(later->second));
    });
  }
  serve(std::move(request), std::move(dressed));
}

void Api::serve(http::Request request, http::Reply dressed) {
  if (auto answered = gate_.preflight(request)) return dressed(std::move(*answered));
  const bool unknown = request.path().starts_with("/api/") && gate_.caller_of(request).role == Role::kNobody && !router_.knows(request.path());
  if (unknown) return dressed(problem(401, make_error(Code::kDenied, "who asks? this needs a login or a token", "/docs lists what there is")));
  router_.handle(std::move(request), std::move(dressed));
}

void Api::dispatch(const Route& route, http::Request request, http::Params params, http::Reply reply) {
  Call call{std::move(request), std::move(params), Value(Object{}), Caller{}, std::make_shared<http::Reply>(std::move(reply)), &route};
  call.caller = gate_.caller_of(call.request);
  call.reply = redacted(call);
  const auto refuse = [&](http::Response response) { (*call.reply)(std::move(response)); };
  if (auto refused = gate_.refusal(call.request, call.caller, route.any_host)) return refuse(std::move(*refused));
  if (call.caller.role < route.role) {
    http::Response response = problem(call.caller.role == Role::kNobody ? 401 : 403, too_little(route, call.caller, call.request));
    if (response.status == 401) response.headers.set("WWW-Authenticate", "Bearer");
    return refuse(std::move(response));
  }
  if (call.request.body.size() > kMostBody) return refuse(problem(413, make_error(Code::kInvalid, "the body is longer than 2 MiB")));
  if (const auto fits = check_query(route, call.request); !fits.ok()) return refuse(problem(fits.error()));
  if (*route.body != '\0') {
    auto body = trim(call.request.body).empty() ? Result<Value>(Value(Object{})) : json::parse(call.request.body);
    if (body.ok() && route.alias != nullptr) body = in_our_words(std::move(*body), *route.alias);
    if (body.ok() && route.alias != nullptr) body = known_members(std::move(*body), route.body);
    const Result<void> fits = body.ok() ? check_shape(*body, route.body) : Result<void>(body.error());
    if (!fits.ok()) return refuse(problem(fits.error()));
    if (const auto clear = refuse_marks(control_, call.request.body); !clear.ok()) return refuse(problem(clear.error()));
    call.body = std::move(*body);
  }
  const std::string* key = std::string_view(route.method) == "GET" ? nullptr : call.request.headers.find("Idempotency-Key");
  const bool somebody = call.caller.role != Role::kNobody;  // strangers would share their keys
  if (key != nullptr && trim(*key).empty()) return refuse(problem(make_error(Code::kInvalid, "the header Idempotency-Key is empty", "send a new text for each change, or leave it out")));
  if (key != nullptr && somebody && !route.shows_secret) return once(route, std::move(call), *key);
  run(route, std::move(call));
}

void Api::run(const Route& route, Call call) {
  if (*route.action != '\0') {
    call.entry = std::make_shared<store::AuditEntry>(store::AuditEntry{author_of(call), route.action, audit_subject(route, call), audit_detail(route.action, call.body)});
    call.reply = audited(call);
  }
  route.handler(*this, call);
}

/// Who may write scripts sees them as they are.
void Api::redact(const Caller& caller, http::Response& response) const {
  const std::string* media = response.headers.find("Content-Type");
  if (media != nullptr && media->find("json") != std::string::npos) response.body = without_secrets(control_, std::move(response.body), caller.role >= Role::kAdmin);
}

SharedReply Api::redacted(const Call& call) {
  auto then = [this, alive = alive_, reply = call.reply, caller = call.caller](http::Response response) {
    if (*alive) redact(caller, response);
    (*reply)(std::move(response));
  };
  return std::make_shared<http::Reply>(std::move(then));
}

/// What was done is in the audit trail before it is answered.
SharedReply Api::audited(const Call& call) {
  auto then = [this, alive = alive_, reply = call.reply, entry = call.entry](http::Response response) {
    if (response.status >= 400 || !*alive) return (*reply)(std::move(response));
    auto kept = std::make_shared<http::Response>(std::move(response));  // owner: the callback, which must be copyable
    control_.store().audit(entry->author, entry->action, entry->subject, entry->detail, guarded([this, reply, kept, entry](Result<void> stored) {
      if (!stored.ok()) control_.warn("audit_failed", entry->action + " was done but is not in the audit trail: " + to_string(stored.error()));
      (*reply)(std::move(*kept));
    }));
  };
  return std::make_shared<http::Reply>(std::move(then));
}

/// The second request of a key gets the answer of the first, for a day. A crash between doing and remembering does it again.
void Api::once(const Route& route, Call call, const std::string& key) {
  const std::string name = sha256_hex(call.caller.author + "\n" + key);
  const std::string fingerprint = sha256_hex(call.request.method + " " + call.request.target + "\n" + call.request.body);
  if (!under_way_.insert(name).second) {
    Error under_way = make_error(Code::kStale, "the first request of this idempotency key is under way", "ask again, when Retry-After says");
    under_way.retry_after = std::chrono::seconds(1);
    return (*call.reply)(problem(409, under_way));
  }
  control_.store().kv_get("idempotency", name, guarded([this, &route, call = std::move(call), name, fingerprint](Result<std::optional<Value>> found) mutable {
    const auto end_with = [this, name, reply = call.reply](http::Response response) {
      under_way_.erase(name);
      (*reply)(std::move(response));
    };
    if (!found.ok()) return end_with(problem(found.error()));
    if (*found) {
      if ((*found)->string_or("fingerprint") != fingerprint) return end_with(problem(422, make_error(Code::kInvalid, "this idempotency key was used for another request", "make a new key for each change")));
      http::Response response = http::Response::json(static_cast<int>((*found)->int_or("status", 200)), (*found)->string_or("body"));
      if (const std::string place = (*found)->string_or("location"); !place.empty()) response.headers.set("Location", place);
      response.headers.set("Idempotent-Replayed", "true");
      return end_with(std::move(response));
    }
    const SharedReply reply = call.reply;
    call.reply = std::make_shared<http::Reply>([this, alive = alive_, name, fingerprint, end_with, reply, caller = call.caller](http::Response response) {
      if (!*alive) return (*reply)(std::move(response));
      if (response.status >= 400) return end_with(std::move(response));
      redact(caller, response);  // what is kept is in the state and its copies
      auto kept = std::make_shared<http::Response>(std::move(response));  // owner: the callback, which must be copyable
      Value memory = Object{{"fingerprint", fingerprint}, {"status", kept->status}, {"body", kept->body}};
      if (const std::string* place = kept->headers.find("Location")) memory["location"] = *place;
      control_.store().kv_set("idempotency", name, std::move(memory), kRemembered, guarded([end_with, kept](Result<void>) { end_with(std::move(*kept)); }));
    });
    run(route, std::move(call));
  }));
}

}  // namespace tidewire::admin
