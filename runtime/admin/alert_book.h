// alert_book.h — who was told what: each condition once, and once more when it is over. Pure; the clock is handed in.
//
// A condition is told after it has stood for `wait`, and over after it has been away for as long; between two tellings of its
// beginning lies at least `again`. So one that comes and goes every minute is told once an hour, and its end once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "admin/conditions.h"

namespace tidewire::admin {

struct Telling {
  enum class What { kBegins, kGrown, kOver };
  What what = What::kBegins;
  Condition condition;
  Instant since{};
};

class AlertBook {
 public:
  /// What an earlier process had written; entries that cannot be read are left out.
  void load(const std::map<std::string, Value>& kept);

  struct Step {
    std::vector<Telling> tellings;
    std::map<std::string, std::optional<Value>> changed;  // by id; nullopt = forget it
    std::vector<Telling> restated;                        // open alerts whose text changed: the list is updated, nobody is notified
  };
  Step advance(Instant now, const Standing& standing, const AlertRules& rules);
  /// Told and not over.
  std::vector<Telling> open() const;

 private:
  struct Entry {
    Condition condition;
    Instant since{};
    bool present = true;
    bool told = false;
    std::optional<Instant> told_at;  // also of the last time, once it is over
    std::optional<Instant> gone_at;
    std::int64_t told_size = 0;
    std::string listed;              // its words in the list; "" = not known
    bool operator==(const Entry& other) const;
  };
  static Value written(const Entry& entry);
  void present(Instant now, const Condition& condition, const AlertRules& rules, Step& step);
  bool absent(Instant now, Entry& entry, const AlertRules& rules, Step& step);
  static void restate(Entry& entry, Step& step);

  std::map<std::string, Entry> entries_;
};

}  // namespace tidewire::admin
