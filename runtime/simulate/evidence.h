// evidence.h — what the state says of a finished run: links, conflicts, standing keys, what operations put on record.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "simulate/world.h"

namespace tidewire::simulate {

class Evidence {
 public:
  static Evidence gather(World& world);

  std::vector<store::Link> links;
  std::vector<store::Intent> intents;
  std::vector<store::Operation> operations;

  /// Keys are waiting or backing off.
  bool moving() const { return !moving_.empty(); }
  const std::string& moving_text() const { return moving_; }
  /// A key waits for a parent that is linked.
  std::optional<std::string> waits_in_vain() const;
  /// What is given up, in words.
  const std::string& dead() const { return dead_; }
  /// Something is, because another record was in the way to the last.
  bool blocked() const { return blocked_; }
  /// Dead, held or in conflict as a whole, or linked to such a key: nothing is promised but the record of it.
  bool excused(Side side, const std::string& key) const;
  /// The sides are to differ in the field: so somebody has said.
  static bool apart(const store::Link& link, const std::string& field) {
    const Value* note = link.notes.find(field);
    return note != nullptr && note->find("apart") != nullptr;
  }
  bool in_conflict(std::int64_t link, const std::string& field) const { return conflicts_.contains({link, field}); }
  /// The link of a key that is alive; nullptr where it has none.
  const store::Link* link(Side side, const std::string& key) const;
  /// The parts of the link's number that a person decided against.
  std::int64_t overruled(const store::Link& link) const;
  /// An operation names the edit as the input that lost, or as one of a conflict.
  bool recorded(int edit) const { return recorded_.contains(edit); }

 private:
  void add_operation(const store::Operation& operation, const Ledger& ledger);
  void add_fields(const Value& fields, const Ledger& ledger);
  void add_number(const store::Operation& operation, const Value& fields);
  void add_lost(const Value* value, const Ledger& ledger);

  std::string moving_, dead_;
  bool blocked_ = false;
  std::map<std::string, std::string> waiting_;  // parent -> who waits for it
  std::set<std::pair<Side, std::string>> standing_;
  std::set<std::pair<std::int64_t, std::string>> conflicts_;
  std::set<int> recorded_;
  std::set<std::string> one_way_;
  std::map<std::int64_t, std::int64_t> overruled_;  // by link
};

}  // namespace tidewire::simulate
