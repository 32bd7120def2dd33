// belongings.h — what records below a record (belongings/with_rows.h) and records beside it (belongings/with_parts.h) have in common: the marks they
// carry as values of their record, the version that covers them, and a write that takes several requests.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/ports.h"

namespace tidewire::sync::belongings {

// Which record of its own a value stands for: columns that no mapping names, so the engine carries them over when it writes.
constexpr const char* kKey = "$key";
constexpr const char* kVersion = "$version";

/// A key as text; "" for null and for nothing.
std::string text_of(const Value* value);

/// A set of keys compared as databases compare them, which may take for the same what is spelled otherwise: 2.50 and 2.5 of columns of two
/// scales, ABC and abc where case does not count, blanks at the end.
class Keys {
 public:
  void add(const std::string& key);
  /// The one that `key` means: spelled like it, else the only one that may be the same; nullopt where there is none, or several.
  std::optional<std::string> meant(const std::string& key) const;

 private:
  std::set<std::string> exact_;
  std::map<std::string, std::optional<std::string>> loose_;  // nothing where several are alike
};

/// A record's version is "<its own>/<what tells one state of its belongings from another>". nullopt stays nullopt.
std::optional<std::string> own_guard(const std::optional<std::string>& guard);
/// True where `guard` is for another state of the belongings than `token`; that of a record that was found, and not read with them, says
/// nothing of them.
bool is_past(const std::optional<std::string>& guard, const std::string& token);

/// What guards a write of the belonging `present`; nullopt where its collection is not `able` to, or it has no version.
std::optional<std::string> guard_of(const Value& present, bool able);

/// Whether a refused delete may have been refused because of a belonging: then those go first.
inline bool may_be_held_fast(const Error& refused) { return refused.code == Code::kInvalid || refused.code == Code::kBlocked; }

/// What one of several requests brought: what was said for it, or its error.
inline Result<Answered> plain_answer(const Result<Record>& answer) {
  return answer.ok() ? Result<Answered>(Answered{answer->exchanges}) : Result<Answered>(answer.error());
}

/// One record's write: its steps one after the other, then all of it read back from `whole`. What fails after a step may have
/// been applied is kUnknown. Nothing is called any more once `*alive` is false.
class Write : public std::enable_shared_from_this<Write> {
 public:
  using Step = std::function<void(Done<Answered>)>;

  /// `whole` outlives this as long as `*alive`.
  Write(Endpoint& whole, std::shared_ptr<bool> alive, std::string key, Done<Record> done);

  const std::string& key() const { return key_; }
  bool alive() const { return *alive_; }
  bool empty() const { return steps_.empty(); }
  void add(Step step) { steps_.push_back(std::move(step)); }
  void add_first(Step step) { steps_.insert(steps_.begin(), std::move(step)); }

  /// Belongings of `endpoint` made, in one call.
  void add_create(Endpoint& endpoint, std::vector<CreateRequest> requests);
  /// One belonging of `endpoint` written or removed, under its version where that can be; one that is gone already is removed.
  void add_update(Endpoint& endpoint, const Value& present, Value changed);
  void add_remove(Endpoint& endpoint, const Value& present);

  /// Something of the record is written already (a create).
  void touch() { touched_ = true; }
  /// The last step takes the record away: there is nothing to read back, `done` gets an empty record.
  void ends_gone() { gone_ = true; }
  /// A request before the steps was answered so.
  void heard(const Exchanges& exchanges) { tidewire::add(exchanges_, exchanges); }

  void go() { next(0); }
  void stop(Error error);

 private:
  void next(std::size_t number);
  void read_back();

  Endpoint& whole_;
  std::shared_ptr<bool> alive_;  // owners: the endpoint and its callbacks
  std::string key_;
  bool touched_ = false, gone_ = false;
  std::vector<Step> steps_;
  Exchanges exchanges_;
  Done<Record> done_;
};

/// What `root` has brought back, with what belongs to it by now: `attach` as read() has it. One that cannot be read whole is there all the
/// same, so that is kUnknown.
using Attach = std::function<void(std::vector<Record>, Done<std::vector<Record>>)>;
void put_back(Endpoint& root, std::shared_ptr<bool> alive, std::string key, Attach attach, Done<Record> done);

/// Creates the records on `root`, then completes each that was made: `complete(i, key, done)` writes its belongings. One whose
/// belongings failed may have some of them. Answers as Endpoint::create.
using Complete = std::function<void(std::size_t, const std::string&, Done<Record>)>;
void create(Endpoint& root, std::shared_ptr<bool> alive, std::vector<CreateRequest> requests, Complete complete, Done<std::vector<Result<Record>>> done);

}  // namespace tidewire::sync::belongings
