// conditions.h — what stands in the way of a project just now, each as a condition that a person could be told of.
//
// Unlike health.h, which answers a load balancer, this also knows what is nobody's emergency and is easily forgotten: a
// conflict that waits since yesterday, a mapping that somebody paused, webhooks that have stopped coming. Texts carry
// names of the project and counts, never a record's key or value: they leave by mail.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "admin/ports.h"
#include "store/store.h"

namespace tidewire::admin {

/// `alerts` of tidewire.lua; nullopt = never.
struct AlertRules {
  Duration wait = std::chrono::minutes(2);   // what mends itself sooner is not told
  Duration again = std::chrono::hours(1);    // the same at most so often
  Duration look = std::chrono::seconds(30);
  std::optional<Duration> queue = std::chrono::minutes(10);
  std::optional<Duration> conflict = std::chrono::hours(1);
  std::optional<Duration> paused = std::chrono::hours(24);
  std::optional<std::int64_t> disk = 1'000'000'000;  // bytes free
  std::optional<std::int64_t> webhooks = 10;         // changes that polls found alone; nullopt: refused ones are not told either
  bool jobs = true;
  std::string report;                                // a schedule; "" = none
};

struct Condition {
  std::string kind;                  // mapping | poll | held | brake | paused | job | queue | conflict | dead | connection | webhooks | disk | state | certificate | backup
  std::string about;                 // a mapping, "people left", a connection, "erp Employee"; "" = the whole project
  std::string text;                  // a sentence
  std::string advice;
  std::optional<Duration> wait{};    // instead of the rules' own
  std::int64_t size = 0;             // how many; told again where it has grown tenfold
  std::string id() const { return about.empty() ? kind : kind + " " + about; }
};

struct Standing {
  std::vector<Condition> conditions;
  /// Ids of which nothing can be said yet (a poll that has not run since the start): they neither begin nor end.
  std::set<std::string> unknown;
};

/// Those that a person paused, or that are held until he says yes: that what comes waits there is as it should be.
std::set<std::string> resting_mappings(Control& control);

/// Its row in the list, without times: which mapping, side, connection or collection the subject names.
store::Alert alert_about(const Condition& condition);

/// `unannounced`: by "connection collection", how many changes polls found since the last webhook.
Standing standing(Control& control, const Result<store::Summary>& summary, const AlertRules& rules, const std::map<std::string, std::int64_t>& unannounced);

}  // namespace tidewire::admin
