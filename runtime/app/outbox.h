// outbox.h — what `after` of the mappings and `alerts` of the project promise: posts and mails, after the commit that they
// tell of, at least once.
//
// A row leaves the outbox only when somebody took it; the operation's (or notice's) id goes along, so that a receiver can tell
// a second telling from a second event.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "http/client.h"
#include "store/store.h"

namespace tidewire::app {

struct MailServer {
  std::string url;  // "" = none
  std::string from, user, password;
};

/// The value of a mail's header with a short name, which may hold anything that a record brought: of other signs than ASCII in encoded
/// words (RFC 2047), each of whole letters; control characters, which would begin a header of their own, become spaces.
std::string header_text(std::string text);

class Outbox {
 public:
  struct Ports {
    loop::Loop& loop;
    const Clock& clock;
    Random& random;
    store::Store& store;
    http::Client& client;
    Logger& log;
    std::function<std::vector<std::string>()> mappings;  // those loaded, whether they tell anybody or not
    std::function<Result<MailServer>()> mail;
    std::function<Result<Value>(const Value& marked)> resolve;  // an address that is kept as a secret
    std::function<std::string(const std::string&)> redacted;    // what is stored of an error
  };
  explicit Outbox(Ports ports);
  ~Outbox();  // what is under way is dropped, and told again

  /// Something may be due.
  void look();
  /// Once, past the table, for what could not be written there.
  void send_now(const Value& notice);

 private:
  /// What is said, before it is known how it travels.
  struct Letter {
    std::string id, subject, text;  // the text of a mail
    Value body;                     // of a post
  };
  static Letter letter_of(const store::Hook& hook, const store::Operation& operation);
  static Letter letter_of(const Value& notice);
  void look_for(const std::string& mapping);
  void deliver(const store::Hook& hook, const Letter& letter);
  Result<http::Exchange> message(const Value& hook, const Letter& letter) const;
  void answered(const store::Hook& hook, const http::Response& answer);
  void again(const store::Hook& hook, const Error& error);
  void delivered(std::int64_t id);
  void rest(std::int64_t id, std::function<void()> then);

  Ports ports_;
  std::map<std::int64_t, std::unique_ptr<http::Client::Call>> under_way_;
  std::map<std::int64_t, std::unique_ptr<Timer>> resting_;  // of those whose row could not be written
  std::int64_t passing_by_ = 0;  // counts down, below the ids of rows
  std::unique_ptr<Timer> timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // owners: this and the callbacks under way
};

}  // namespace tidewire::app
