// planted.h — known bugs, put between the engine and its ports or under its state: the checks must notice each one.
//
// None is compiled into the product. Each takes one law away; the numbers are those of the engine's specification.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "simulate/run.h"
#include "support/through.h"

namespace tidewire::simulate {

using test::Through;

class WithoutGuard final : public Through {
 public:
  using Through::Through;
  void update(std::string key, Value values, std::optional<std::string>, sync::Done<sync::Record> done) override { inner_.update(std::move(key), std::move(values), std::nullopt, std::move(done)); }
  void remove(std::string key, std::optional<std::string>, sync::Done<sync::Answered> done) override { inner_.remove(std::move(key), std::nullopt, std::move(done)); }
};

/// It says that it keeps guards, and does not: what was read of it counts as protected.
class KeepsNoGuard final : public Through {
 public:
  explicit KeepsNoGuard(sync::Endpoint& inner) : Through(inner) { able_.guarded_writes = true; }
  void update(std::string key, Value values, std::optional<std::string>, sync::Done<sync::Record> done) override { inner_.update(std::move(key), std::move(values), std::nullopt, std::move(done)); }
};

/// A record whose stamp is not after the last look is taken for unchanged.
class ByTime final : public Through {
 public:
  ByTime(sync::Endpoint& inner, VirtualTime& time) : Through(inner), time_(time) {}
  void read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) override {
    inner_.read(std::move(keys), [this, done = std::move(done)](Result<std::vector<sync::Record>> found) {
      if (!found.ok()) return done(std::move(found));
      for (sync::Record& record : *found) {
        const auto [seen, fresh] = seen_.try_emplace(record.key, time_.now(), record.fields);
        if (!fresh && record.modified && *record.modified <= seen->second.first) record.fields = seen->second.second;
        seen->second = {time_.now(), record.fields};
      }
      done(std::move(found));
    });
  }

 private:
  VirtualTime& time_;
  std::map<std::string, std::pair<Instant, Value>> seen_;
};

/// After a write without answer a mood or a mark that is not as it was sent counts as not written, whatever somebody has entered.
class TakenForUnwritten final : public Through {
 public:
  using Through::Through;
  void read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) override {
    inner_.read(std::move(keys), [this, done = std::move(done)](Result<std::vector<sync::Record>> found) {
      if (!found.ok()) return done(std::move(found));
      for (sync::Record& record : *found) {
        const auto open = open_.find(record.key);
        for (const char* field : {"mood", "marks"}) {
          const Value* sent = open == open_.end() ? nullptr : open->second.second.find(field);
          if (sent != nullptr && !(record.fields[field] == *sent)) record.fields[field] = open->second.first[field];
        }
        shown_[record.key] = record.fields;
      }
      done(std::move(found));
    });
  }
  void update(std::string key, Value values, std::optional<std::string> guard, sync::Done<sync::Record> done) override {
    open_[key] = {shown_[key], values};
    inner_.update(key, std::move(values), std::move(guard), [this, key, done = std::move(done)](Result<sync::Record> answer) {
      if (answer.ok()) open_.erase(key);
      done(std::move(answer));
    });
  }

 private:
  std::map<std::string, Value> shown_;
  std::map<std::string, std::pair<Value, Value>> open_;  // what was there, what was sent
};

/// The cursor moves past a row that no page has shown.
class EarlyCursor final : public Through {
 public:
  using Through::Through;
  void changes(Value cursor, int limit, sync::Done<sync::ChangesPage> done) override {
    inner_.changes(std::move(cursor), limit, [done = std::move(done)](Result<sync::ChangesPage> page) {
      if (page.ok() && !page->records.empty()) page->cursor = Value(page->cursor.as_int() + 1);
      done(std::move(page));
    });
  }
};

/// What an answer shows beyond what was written counts as known: it is never looked at as a change.
class WholeAnswer final : public Through {
 public:
  using Through::Through;
  void read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) override {
    inner_.read(std::move(keys), [this, done = std::move(done)](Result<std::vector<sync::Record>> found) {
      if (!found.ok()) return done(std::move(found));
      for (sync::Record& record : *found) {
        for (const auto& [field, taken] : taken_[record.key]) {
          if (record.fields[field] == taken.first) record.fields[field] = taken.second;
        }
        shown_[record.key] = record.fields;
      }
      done(std::move(found));
    });
  }
  void update(std::string key, Value values, std::optional<std::string> guard, sync::Done<sync::Record> done) override {
    inner_.update(key, values, std::move(guard), [this, key, values, done = std::move(done)](Result<sync::Record> answer) {
      const auto before = shown_.find(key);
      if (answer.ok() && before != shown_.end()) {
        for (auto& [field, value] : answer->fields.as_object()) {
          const Value* then = before->second.find(field);
          if (values.find(field) != nullptr || then == nullptr || *then == value) continue;
          taken_[key][field] = {value, *then};
          value = *then;
        }
      }
      done(std::move(answer));
    });
  }

 private:
  std::map<std::string, Value> shown_;
  std::map<std::string, std::map<std::string, std::pair<Value, Value>>> taken_;
};

/// A name used again looks like the record before.
class WithoutIncarnation final : public Through {
 public:
  explicit WithoutIncarnation(sync::Endpoint& inner) : Through(inner) { able_.incarnation = false; }
  void read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) override {
    inner_.read(std::move(keys), [done = std::move(done)](Result<std::vector<sync::Record>> found) {
      if (found.ok()) {
        for (sync::Record& record : *found) record.incarnation.clear();
      }
      done(std::move(found));
    });
  }
};

class CountNotAsked final : public Through {
 public:
  using Through::Through;
  void count(sync::Done<std::optional<std::int64_t>> done) override { done(std::optional<std::int64_t>()); }
};

class FindsNothing final : public Through {
 public:
  using Through::Through;
  void find(std::vector<sync::Query> queries, sync::Done<std::vector<std::vector<sync::Record>>> done) override {
    inner_.find(std::move(queries), [done = std::move(done)](Result<std::vector<std::vector<sync::Record>>> found) {
      if (found.ok()) {
        for (auto& list : *found) list.clear();
      }
      done(std::move(found));
    });
  }
};

/// Declares what is not true.
class Declares final : public Through {
 public:
  Declares(sync::Endpoint& inner, const std::function<void(sync::Capabilities&)>& change) : Through(inner) { change(able_); }
};

/// Remembers when this side was last written.
class Timed final : public Through {
 public:
  Timed(sync::Endpoint& inner, VirtualTime& time, std::shared_ptr<std::map<std::string, Ticks>> written) : Through(inner), time_(time), written_(std::move(written)) {}
  void update(std::string key, Value values, std::optional<std::string> guard, sync::Done<sync::Record> done) override {
    inner_.update(key, std::move(values), std::move(guard), [this, key, done = std::move(done)](Result<sync::Record> answer) {
      (*written_)[key] = time_.ticks();
      done(std::move(answer));
    });
  }

 private:
  VirtualTime& time_;
  std::shared_ptr<std::map<std::string, Ticks>> written_;  // owners: this and the ear for webhooks
};

class CountsTwice final : public sync::Mapper {
 public:
  explicit CountsTwice(std::shared_ptr<sync::Mapper> inner) : inner_(std::move(inner)) {}
  const sync::Plan& plan() const override { return inner_->plan(); }
  const std::string& version() const override { return inner_->version(); }
  Result<sync::Outcome> convert(const sync::Field& field, Side to, const Value& form, const Value& record, std::string_view op) override { return inner_->convert(field, to, form, record, op); }
  Result<std::optional<std::string>> check(const sync::Plan::Check& check, const Value& value) override { return inner_->check(check, value); }
  Result<sync::Verdict> resolve(const sync::Field& field, std::int64_t strategy, const sync::Dispute& dispute) override {
    auto verdict = inner_->resolve(field, strategy, dispute);
    const bool sum = verdict.ok() && verdict->kind == sync::Verdict::Kind::kValue;
    if (sum) verdict->value.left = verdict->value.right = Value(verdict->value.left.as_int() + dispute.form.left.as_int() - dispute.base->left.as_int());
    return verdict;
  }

 private:
  std::shared_ptr<sync::Mapper> inner_;
};

/// A mapping of which something is not so.
class Edited final : public sync::Mapper {
 public:
  Edited(std::shared_ptr<sync::Mapper> inner, const std::function<void(sync::Plan&)>& edit) : inner_(std::move(inner)), plan_(inner_->plan()) { edit(plan_); }
  const sync::Plan& plan() const override { return plan_; }
  const std::string& version() const override { return inner_->version(); }
  Result<sync::Outcome> convert(const sync::Field& field, Side to, const Value& form, const Value& record, std::string_view op) override { return inner_->convert(field, to, form, record, op); }
  Result<std::optional<std::string>> check(const sync::Plan::Check& check, const Value& value) override { return inner_->check(check, value); }
  Result<sync::Verdict> resolve(const sync::Field& field, std::int64_t strategy, const sync::Dispute& dispute) override { return inner_->resolve(field, strategy, dispute); }

 private:
  std::shared_ptr<sync::Mapper> inner_;
  sync::Plan plan_;
};

struct Planted {
  std::string name, law;
  std::vector<std::string> breaks;  // checks that may be what notices it: a bug that another one meets first would hide that its own is blind
  Profile profile;
  int within = 0;                // histories that are enough to notice it
  std::function<Wraps()> wraps;  // anew for each history
};

template <typename Bug>
Wraps endpoint_bug() {
  Wraps wraps;
  wraps.endpoint = [](sync::Endpoint& inner, Side, VirtualTime&) { return std::make_unique<Bug>(inner); };
  return wraps;
}

inline Wraps declaring(std::function<void(sync::Capabilities&)> change) {
  Wraps wraps;
  wraps.endpoint = [change = std::move(change)](sync::Endpoint& inner, Side, VirtualTime&) { return std::make_unique<Declares>(inner, change); };
  return wraps;
}

inline Wraps sql_bug(const std::string& sql) {
  Wraps wraps;
  wraps.sql = sql;
  return wraps;
}

inline Wraps echo_window() {
  const auto written = std::make_shared<std::map<std::string, Ticks>>();
  Wraps wraps;
  wraps.endpoint = [written](sync::Endpoint& inner, Side, VirtualTime& time) { return std::make_unique<Timed>(inner, time, written); };
  wraps.hook = [written](Side, const std::string& key, const VirtualTime& time) {
    const auto last = written->find(key);
    return last == written->end() || time.ticks() - last->second > std::chrono::milliseconds(500);
  };
  return wraps;
}

inline Wraps by_time() {
  Wraps wraps;
  wraps.endpoint = [](sync::Endpoint& inner, Side, VirtualTime& time) { return std::make_unique<ByTime>(inner, time); };
  return wraps;
}

inline Wraps counts_twice() {
  Wraps wraps;
  wraps.mapper = [](std::shared_ptr<sync::Mapper> inner) { return std::make_shared<CountsTwice>(std::move(inner)); };
  return wraps;
}

inline Wraps edited_plan(std::function<void(sync::Plan&)> edit) {
  Wraps wraps;
  wraps.mapper = [edit = std::move(edit)](std::shared_ptr<sync::Mapper> inner) { return std::make_shared<Edited>(std::move(inner), edit); };
  return wraps;
}

inline Wraps edited(std::function<void(sync::Field&)> edit) {
  return edited_plan([edit = std::move(edit)](sync::Plan& plan) {
    for (sync::Field& field : plan.fields) edit(field);
  });
}

/// Each field of a group, or of a record that is won as a whole, is decided by itself.
inline Wraps tears_groups() {
  return edited_plan([](sync::Plan& plan) {
    plan.whole_record = false;
    for (sync::Field& field : plan.fields) field.group = -1;
  });
}

inline std::vector<Planted> planted_bugs() {
  const auto profile = [](const char* name) { return *find_profile(name); };
  Profile loose = profile("plain");  // no guards, and answers that show what is stored
  loose.system.left.guarded = loose.system.right.guarded = false;
  loose[Fault::kPerson] = 0.4;
  const char* kDropKey = "CREATE TRIGGER planted AFTER INSERT ON dirty_keys WHEN new.last_seq % 5 = 0 BEGIN DELETE FROM dirty_keys WHERE mapping = new.mapping AND side = new.side AND key = new.key; END";
  const char* kLate = "CREATE TRIGGER planted AFTER UPDATE ON dirty_keys WHEN new.state = 'waiting' AND new.changes < old.changes BEGIN DELETE FROM dirty_keys WHERE mapping = new.mapping AND side = new.side AND key = new.key; END";
  const char* kForget = "CREATE TRIGGER planted AFTER INSERT ON intents BEGIN DELETE FROM intents WHERE id = new.id; END";
  const char* kInPart = "CREATE TRIGGER planted AFTER UPDATE OF notes ON links WHEN new.notes LIKE '%landed%' BEGIN UPDATE links SET notes = '{}' WHERE id = new.id; END";
  const char* kTokens =
      "CREATE TRIGGER planted AFTER INSERT ON links BEGIN UPDATE links SET left_tokens = '[]', right_tokens = '[]' WHERE id = new.id; END;"
      "CREATE TRIGGER planted_too AFTER UPDATE OF left_tokens, right_tokens ON links WHEN new.left_tokens <> '[]' OR new.right_tokens <> '[]' BEGIN UPDATE links SET left_tokens = '[]', right_tokens = '[]' WHERE id = new.id; END";
  const char* kConflicts = "CREATE TRIGGER planted AFTER INSERT ON conflicts BEGIN DELETE FROM conflicts WHERE id = new.id; END";
  const char* kGivenUp = "CREATE TRIGGER planted AFTER UPDATE OF state ON dirty_keys WHEN new.state = 'dead' BEGIN DELETE FROM dirty_keys WHERE mapping = new.mapping AND side = new.side AND key = new.key; END";
  const char* kOperations = "CREATE TRIGGER planted AFTER INSERT ON operations WHEN new.kind = 'update' BEGIN DELETE FROM operations WHERE id = new.id; END";
  const char* kBase = "CREATE TRIGGER planted AFTER UPDATE OF base ON links WHEN new.id % 2 = 0 AND new.base <> old.base BEGIN UPDATE links SET base = old.base WHERE id = new.id; END";
  const char* kHeeded = "CREATE TRIGGER planted AFTER UPDATE OF state ON links WHEN new.state = 'ignored' AND new.left_key IS NOT NULL AND new.right_key IS NOT NULL BEGIN UPDATE links SET state = 'live' WHERE id = new.id; END";
  return {
      {"drop a dirty key", "1, 31", {"balance", "convergence"}, profile("plain"), 20, [=] { return sql_bug(kDropKey); }},
      {"skip a guard", "24", {"no lost edit"}, profile("plain"), 40, endpoint_bug<WithoutGuard>},
      {"believe in a guard that is not kept", "24", {"no lost edit"}, profile("pages"), 200, endpoint_bug<KeepsNoGuard>},
      {"compare by time", "6", {"convergence", "nothing stuck"}, profile("plain"), 20, by_time},
      {"advance a cursor early", "5", {"convergence", "quiescence"}, profile("polls"), 120, endpoint_bug<EarlyCursor>},
      {"forget an intent", "12", {"no invention", "no lost edit"}, profile("lost-answers"), 200, [=] { return sql_bug(kForget); }},
      {"echo by time window", "6", {"convergence", "quiescence"}, profile("plain"), 250, echo_window},
      {"take a whole answer into the base", "28", {"convergence"}, loose, 60, endpoint_bug<WholeAnswer>},
      {"commit changes that arrived after the read", "4", {"balance", "convergence"}, profile("plain"), 60, [=] { return sql_bug(kLate); }},
      {"trust a stale read", "3", {"no lost edit", "no invention"}, profile("replicas"), 300, [=] { return sql_bug(kTokens); }},
      {"apply sum_delta twice", "10", {"no invention"}, profile("plain"), 20, counts_twice},
      {"tear a group", "10", {"no torn group"}, profile("groups"), 20, tears_groups},
      {"leave a group in part", "14", {"no torn group"}, profile("groups"), 60, [=] { return sql_bug(kInPart); }},
      {"write against a direction", "23", {"one way", "replay equality"}, profile("groups"), 20, [] { return edited([](sync::Field& field) { field.flow = sync::Flow::kBoth; }); }},
      {"create without a search", "25", {"no duplicate create"}, profile("lost-answers"), 40, endpoint_bug<FindsNothing>},
      {"believe at once that nothing arrives late", "25, 26", {"no duplicate create"}, profile("editable-match"), 300, [] { return declaring([](sync::Capabilities& able) { able.settle = {}; }); }},
      {"take what was entered over a lost answer for unwritten", "26", {"no lost edit", "convergence"}, profile("typed-again"), 40, endpoint_bug<TakenForUnwritten>},
      {"know no incarnations", "20", {"no invention", "convergence"}, profile("deletes"), 60, endpoint_bug<WithoutIncarnation>},
      {"believe that absence proves a delete", "16", {"convergence", "no delete of our own"}, profile("hidden-rows"), 400, [] { return declaring([](sync::Capabilities& able) { able.absence_proves_delete = true; }); }},
      {"do not ask how many there are", "16", {"no delete of our own"}, profile("short-lists"), 400, endpoint_bug<CountNotAsked>},
      {"forget conflicts", "13", {"convergence"}, profile("plain"), 40, [=] { return sql_bug(kConflicts); }},
      {"forget what is given up", "30", {"balance", "convergence", "no lost edit"}, profile("outages"), 60, [=] { return sql_bug(kGivenUp); }},
      {"keep no record of what lost", "12, 32", {"no lost edit"}, profile("plain"), 40, [=] { return sql_bug(kOperations); }},
      {"commit without the base", "31", {"no invention", "quiescence"}, profile("plain"), 40, [=] { return sql_bug(kBase); }},
      {"heed what is ignored", "29", {"ignored stays alone"}, profile("mended-links"), 60, [=] { return sql_bug(kHeeded); }},
      {"require nothing", "required", {"required fields"}, profile("required-fields"), 40, [] { return edited([](sync::Field& field) { field.required = false; }); }},
      {"copy a reference as it is", "22", {"convergence", "no invention", "nothing stuck"}, profile("renamed-parents"), 40, [] { return edited([](sync::Field& field) { field.kind = sync::Field::Kind::kCopy; }); }},
  };
}

/// The number of the first history that notices it, counted from 1; 0: none of `most`.
inline int noticed_after(const Planted& planted, std::uint64_t seed, int most, Violation* violation = nullptr) {
  for (int i = 1; i <= most; ++i) {
    const Outcome outcome = run(seed + static_cast<std::uint64_t>(i), planted.profile, planted.wraps());
    if (outcome.ok) continue;
    if (violation != nullptr) *violation = outcome.violation;
    return i;
  }
  return 0;
}

}  // namespace tidewire::simulate
