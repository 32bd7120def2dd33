// lookups.h — records of other collections that decisions depend on: gathered in batches, kept for a while, recorded with the
// operation, so that a decision can be made again from what it saw (law 8).
//
// What cannot be asked now is a retry; only what was surely not there is missing. A record that is made because it was
// missing is announced first, so that no second one is made while the first may still arrive (law 25).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/store.h"
#include "sync/batcher.h"
#include "sync/ports.h"

namespace tidewire::sync {

struct Question {
  std::string id;      // of the collection
  std::string by;      // "" = its key
  Value value;
  Duration cache{};
  bool redact = false;  // neither the value nor what is found is told
  std::string name() const;
  std::string told() const;  // the value, for people
};
/// By name of the question; nullopt: surely not there.
using Answers = std::map<std::string, std::optional<Record>>;

/// The key under which a mapping looks for the records whose watched lookup names `key`, or of which `key` is a part, by "@" and the part's
/// name; no record has such a key.
std::string watch_key(const std::string& lookup, const std::string& key);
/// The lookup and the key of a watch_key; nullopt for any other key.
std::optional<std::pair<std::string, std::string>> watched_by(const std::string& key);

class Lookups {
 public:
  /// The endpoints, by id of the plan, outlive this.
  Lookups(std::string mapping, const std::map<std::string, Endpoint*>& further, store::Store& store, const Surroundings& around);
  ~Lookups();

  void ask(Question question, Done<std::optional<Record>> done);
  /// The record has changed: no kept answer shows it.
  void drop(const std::string& id, const std::string& key);
  /// Makes the record that `question` did not find; one request per question at a time, found again before another is sent.
  void make(Question question, Value values, Done<Record> done);

 private:
  struct Kept {
    std::optional<Record> answer;  // always one
    Instant until{};
  };
  void search(const Question& question, Done<std::optional<Record>> done);
  void announce(const Question& question, Done<void> done);
  void send(const Question& question, Value values, Done<Record> done);
  void ended(const std::string& name, const Result<Record>& made);
  Batcher* of(const std::string& id) const;

  std::string mapping_;
  store::Store& store_;
  const Surroundings& around_;
  std::map<std::string, std::unique_ptr<Batcher>> batchers_;
  std::map<std::string, Kept> kept_;
  std::uint64_t drops_ = 0;  // what was asked before one is not kept after it
  std::map<std::string, std::vector<Done<Record>>> making_;
  std::shared_ptr<bool> alive_;  // owners: this and the callbacks under way
};

}  // namespace tidewire::sync
