#include "app/outbox.h"

#include <algorithm>
#include <ctime>

#include "app/address.h"
#include "base/crash_point.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "sched/backoff.h"

namespace tidewire::app {
namespace {

constexpr int kMostAttempts = 200;  // more than a week
constexpr Duration kLook = std::chrono::seconds(15);

Value told(const store::Hook& hook, const store::Operation& operation) {
  Object out{{"event", Value(hook.hook.string_or("event"))}, {"operation", Value(operation.id)}, {"mapping", Value(operation.mapping)}, {"at", Value(format_instant(operation.at))},
             {"kind", Value(operation.kind)}, {"outcome", Value(operation.outcome)}, {"record", operation.record}};
  if (operation.key.left) out["left_key"] = *operation.key.left;
  if (operation.key.right) out["right_key"] = *operation.key.right;
  if (operation.job) out["job"] = *operation.job;
  return Value(std::move(out));
}

/// As log lines name it: an address that is a secret is not said.
std::string address_of(const store::Hook& hook) { return hook.hook.string_or("to", "who is to be told"); }

Error shown_of(Error error, const std::string& url) {
  error.message = by_host(error.message, url);
  return error;
}

std::string what_of(const store::Hook& hook) {
  const Value* notice = hook.hook.find("notice");
  if (notice != nullptr) return "notice '" + notice->string_or("title") + "'";
  return hook.mapping + ": " + hook.hook.string_or("event") + " of operation " + hook.operation;
}

/// "Thu, 01 Jan 2026 00:00:00 +0000"
std::string mail_date(Instant at) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40] = "";
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &parts);
  return text;
}

/// Lines of 76 signs: what a mail quotes may be one line of any length, and a server need not take more than 998.
std::string base64_lines(const std::string& body) {
  const std::string all = base64(body);
  std::string out;
  for (std::size_t at = 0; at < all.size(); at += 76) out += all.substr(at, 76) + "\r\n";
  return out;
}

std::string as_mail(const std::string& to, const std::string& id, const std::string& subject, const std::string& body, const MailServer& server, Instant now) {
  std::string text = "From: " + server.from + "\r\nTo: " + to + "\r\nSubject: " + header_text(subject) + "\r\n";
  text += "Date: " + mail_date(now) + "\r\nMessage-ID: <" + id + "@tidewire>\r\n";
  text += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n";
  return text + base64_lines(body);
}

}  // namespace

std::string header_text(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return text;
  constexpr std::size_t kMostBytes = 39;  // a line with such a word has 76 signs at most, the header's name among them
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    std::size_t length = std::min(kMostBytes, rest.size());
    while (length < rest.size() && length > 1 && (static_cast<unsigned char>(rest[length]) & 0xc0) == 0x80) --length;
    out += (out.empty() ? "" : "\r\n ") + ("=?utf-8?B?" + base64(rest.substr(0, length)) + "?=");
    rest.remove_prefix(length);
  }
  return out;
}

Outbox::Outbox(Ports ports) : ports_(std::move(ports)) {}

Outbox::~Outbox() { *alive_ = false; }

void Outbox::look() {
  timer_ = ports_.loop.after(kLook, [this] { look(); });
  for (const std::string& mapping : ports_.mappings()) look_for(mapping);
  look_for("");
}

void Outbox::look_for(const std::string& mapping) {
  ports_.store.due_hooks(mapping, 20, [this, alive = alive_](Result<std::vector<store::Hook>> hooks) {
    if (!*alive || !hooks.ok()) return;
    for (const store::Hook& hook : *hooks) {
      if (!under_way_.emplace(hook.id, nullptr).second) continue;
      const Value* notice = hook.hook.find("notice");
      if (notice != nullptr) {
        deliver(hook, letter_of(*notice));
        continue;
      }
      ports_.store.operation(hook.operation, [this, alive, hook](Result<store::Operation> operation) {
        if (!*alive) return;
        if (operation.ok()) return deliver(hook, letter_of(hook, *operation));
        again(hook, operation.error());
      });
    }
  });
}

Outbox::Letter Outbox::letter_of(const store::Hook& hook, const store::Operation& operation) {
  const std::string event = hook.hook.string_or("event");
  const std::string keys = operation.key.left.value_or("-") + " <> " + operation.key.right.value_or("-");
  const Value body = told(hook, operation);
  return {operation.id + "." + event, operation.mapping + ": " + event + (operation.job ? "" : " " + keys), json::dump_pretty(body), body};
}

Outbox::Letter Outbox::letter_of(const Value& notice) {
  std::string text = notice.string_or("text") + "\n";
  if (const std::string advice = notice.string_or("advice"); !advice.empty()) text += "\n" + advice + "\n";
  text += "\nproject " + notice.string_or("project") + ", " + notice.string_or("at");
  if (const std::string since = notice.string_or("since"); !since.empty()) text += ", since " + since;
  return {notice.string_or("id"), "[tidewire " + notice.string_or("project") + "] " + notice.string_or("title"), text, notice};
}

Result<http::Exchange> Outbox::message(const Value& hook, const Letter& letter) const {
  http::Exchange exchange;
  exchange.deadline = std::chrono::seconds(30);
  exchange.request.method = "POST";
  const Value* marked = hook.find("to");
  const Value to = TRY(ports_.resolve(marked == nullptr ? Value("") : *marked));
  if (!to.is_string()) return make_error(Code::kInvalid, "an address to tell is no text");
  if (hook.string_or("kind") != "mail") {
    exchange.request.target = to.as_string();
    exchange.request.headers.set("Content-Type", "application/json");
    exchange.request.headers.set("Idempotency-Key", letter.id);
    exchange.request.body = json::dump(letter.body);
    return exchange;
  }
  const MailServer server = TRY(ports_.mail());
  if (server.url.empty()) return make_error(Code::kInvalid, "no server to send mail by", "say mail = { url = \"smtp://...\", from = \"...\" } in tidewire.lua");
  exchange.request.target = server.url;
  exchange.mail = http::Mail{server.from, {to.as_string()}, server.user, server.password};
  exchange.request.body = as_mail(to.as_string(), letter.id, letter.subject, letter.text, server, ports_.clock.now());
  return exchange;
}

void Outbox::deliver(const store::Hook& hook, const Letter& letter) {
  auto exchange = message(hook.hook, letter);
  if (!exchange.ok()) return again(hook, exchange.error());
  const std::string url = exchange->request.target;
  under_way_[hook.id] = ports_.client.send(std::move(*exchange), [this, hook, url](Result<http::Response> answer) {
    // The call must outlive its own callback.
    auto call = std::shared_ptr<http::Client::Call>(std::move(under_way_[hook.id]));
    ports_.loop.post([call] {});
    if (!answer.ok()) return again(hook, shown_of(std::move(answer).error(), url));
    answered(hook, *answer);
  });
}

void Outbox::send_now(const Value& hook) {
  const Value* notice = hook.find("notice");
  auto exchange = message(hook, letter_of(notice == nullptr ? Value(Object{}) : *notice));
  if (!exchange.ok()) return ports_.log.warn("alert", "a notice could not be sent: " + to_string(exchange.error()));
  const std::int64_t id = --passing_by_;
  const std::string url = exchange->request.target;
  under_way_[id] = ports_.client.send(std::move(*exchange), [this, id, url](Result<http::Response> answer) {
    auto call = std::shared_ptr<http::Client::Call>(std::move(under_way_[id]));
    ports_.loop.post([call] {});
    under_way_.erase(id);
    if (!answer.ok()) ports_.log.warn("alert", "a notice could not be sent: " + to_string(shown_of(std::move(answer).error(), url)));
  });
}

void Outbox::answered(const store::Hook& hook, const http::Response& answer) {
  if (answer.status < 200 || answer.status >= 300) return again(hook, make_error(Code::kUnavailable, address_of(hook) + " answered " + std::to_string(answer.status)));
  pass(CrashPoint::kHookAnswered);
  delivered(hook.id);
}

/// Told it is, whatever becomes of its row: until that is written, it is kept from being told again.
void Outbox::delivered(std::int64_t id) {
  ports_.store.hook_done(id, [this, alive = alive_, id](Result<void> stored) {
    if (!*alive) return;
    if (!stored.ok()) return rest(id, [this, id] { delivered(id); });
    under_way_.erase(id);
    if (under_way_.empty()) look();  // more than one look shows may be due
  });
}

void Outbox::rest(std::int64_t id, std::function<void()> then) {
  resting_[id] = ports_.loop.after(kLook, [this, id, then = std::move(then)] {
    const auto timer = std::shared_ptr<Timer>(std::move(resting_[id]));  // it must outlive its own callback
    ports_.loop.post([timer] {});
    resting_.erase(id);
    then();
  });
}

void Outbox::again(const store::Hook& hook, const Error& error) {
  const bool hopeless = hook.attempts + 1 >= kMostAttempts;
  ports_.log.write(hopeless ? Level::kError : Level::kWarn, "after", what_of(hook) + (hopeless ? " is given up: " : " is told again: ") + to_string(error), {{"mapping", Value(hook.mapping)}, {"operation", Value(hook.operation)}});
  const auto ended = [this, alive = alive_, id = hook.id](Result<void> stored) {
    if (!*alive) return;
    if (!stored.ok()) return rest(id, [this, id] { under_way_.erase(id); });  // still due at once, by its row
    under_way_.erase(id);
  };
  if (hopeless) return ports_.store.hook_given_up(hook.id, ports_.redacted(to_string(error)), ended);
  sched::Backoff backoff;
  backoff.cap = std::chrono::hours(1);
  const Duration wait = sched::delay(backoff, hook.attempts + 1, error.retry_after, ports_.random);
  ports_.store.hook_again(hook.id, ports_.clock.now() + wait, ports_.redacted(to_string(error)), ended);
  if (wait < kLook) timer_ = ports_.loop.after(wait + std::chrono::milliseconds(20), [this] { look(); });
}

}  // namespace tidewire::app
