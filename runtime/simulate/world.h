// world.h — one simulated run: the engine with its real store between two systems in memory, people, webhooks, crashes.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "simulate/history.h"
#include "simulate/judge.h"
#include "simulate/mapping.h"
#include "simulate/mishaps.h"
#include "simulate/retyped.h"
#include "simulate/sample.h"
#include "simulate/side.h"
#include "store/database.h"
#include "store/executor.h"
#include "store/store.h"
#include "sync/engine.h"

namespace tidewire::simulate {

/// What a test puts between the engine and its ports, to see whether the checks notice. Empty: nothing.
struct Wraps {
  std::function<std::unique_ptr<sync::Endpoint>(sync::Endpoint&, Side, VirtualTime&)> endpoint;
  std::function<std::shared_ptr<sync::Mapper>(std::shared_ptr<sync::Mapper>)> mapper;
  std::function<bool(Side, const std::string& key, const VirtualTime&)> hook;  // false: the webhook is dropped
  std::string sql;  // run on the fresh state: triggers
  std::shared_ptr<const Sample> sample;  // of a user's own mapping, which then runs instead of the built-in one; owners: this and whoever drew it
};

class World final : public sync::Ears {
 public:
  World(std::uint64_t seed, const Profile& profile, std::set<std::string> left_out, const Wraps& wraps, bool noting, int order = 0);
  ~World() override;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void play(const std::vector<Act>& acts);
  void start_engine();
  void stop_engine();
  void run(Duration span);
  /// A webhook for every record of both sides, `times` over.
  void hook_everything(int times);
  void sweep();
  /// A resync: also what seems level.
  void sweep_all();
  void poll();
  /// The mapping gets its further field.
  void grow() { put_mapping(true); }
  /// A person takes up again what keeps records apart: heeds what is ignored, fills in what is required, gives the mapping its field
  /// back. True where there was something to do.
  bool tidy_up();
  /// A person lets go what the brake holds.
  void release();
  /// A person lets dead and held keys try again.
  void retry();
  /// Asks the store and lets time go on until it has answered.
  template <typename T>
  T asked(std::function<void(sync::Done<T>)> ask);

  /// Of the real mapping: without faults.
  sync::Mapper& mapper() { return *plain_mapper_; }
  MemorySide& side(Side which) { return which == Side::kLeft ? left_ : right_; }
  store::Store& store() { return store_; }
  Faults& faults() { return faults_; }
  const Ledger& ledger() const { return ledger_; }
  const Profile& profile() const { return profile_; }
  const std::vector<std::string>& notes() const { return notes_; }
  const std::vector<std::pair<std::string, std::string>>& wrongs() const { return wrongs_; }
  std::uint64_t steps() const { return time_.steps(); }
  Instant now() const { return time_.now(); }
  int writes() const { return left_.writes() + right_.writes(); }
  /// The thing's left record is outside the mapping's scope: nothing of it travels.
  bool outside(int thing) const;
  /// A badge was handed on to the thing, which is an edit that no value tells of.
  bool handed(int thing) const { return handed_.contains(thing); }
  const Retyped& retyped() const { return retyped_; }
  /// A user's own mapping runs.
  bool samples() const { return wraps_.sample != nullptr; }
  /// The first error by which a function of that mapping broke on a drawn value.
  const std::optional<std::string>& broken() const { return broken_; }
  /// Steps without end: time could not go on.
  bool runaway() const { return runaway_; }
  int unheard() const { return unheard_; }  // webhooks not yet accepted

  void on_operation(const store::Operation& operation) override;
  void on_retry(const std::string& mapping, Side side, const std::string& key, const Error& error, Instant again) override;

 private:
  SideEvents events();
  Sides<sync::Endpoint*> ends();
  void crash();
  void perform(const Act& act);
  void perform_on_both(const Act& act);
  // sample_people.cpp
  void perform_on_sample(const Act& act);
  template <typename T>
  std::optional<T> came_of(Side side, Result<std::optional<T>> drawn);
  void enter_sample(Side side, const std::optional<Value>& fields, const std::string& key = {});
  void edit_sample(Side side, const std::string& key);
  void bury_sample(Side side, const std::string& key);
  std::optional<std::string> some_key(Side side, int number);
  // people.cpp
  void enter(Side side, int thing, const Value& fields, const std::string& key = {});
  Value fresh_fields(Side side, int thing);
  void edit(Side side, int thing, const std::string& field, std::uint64_t number);
  void edit_row(Side side, const std::string& key, int thing, const std::string& field, std::uint64_t number);
  void edit_field(Side side, const std::string& key, int thing, const std::string& field);
  void bury(Side side, int thing);
  void enter_again(Side side, int thing);
  void reuse(Side side, int thing);
  void resolve(Side side, bool alone);
  void part(Side side, int thing);
  void revert(Side side, int thing, std::uint64_t number);
  void put_mapping(bool grown);
  void empty(Side side, int thing);
  void hand_on(Side side, int thing, std::uint64_t number);
  void name_boss(Side side, int thing, std::uint64_t number);
  void retype(Side side, int thing, const std::string& cell, bool back);
  Sides<const Value*> shown_of(int thing) const;
  Value fresh_word() { return Value("word-" + std::to_string(++words_)); }
  std::optional<std::string> another(Side side, const std::string& key, std::uint64_t number);
  // menders.cpp
  void perform_mending(const Act& act);
  void mend(sync::Mending what);
  void mended(const sync::Mending& what, const store::Operation& operation);
  void attend(int thing);
  void forget(Side side, int thing);
  void forgotten(int thing);
  void deal(bool discards, std::uint64_t number);
  void look_at_written(Side side, const std::string& key, const Value* values);
  bool heed_all();
  bool fill_in();
  void changed(Side side, const std::string& key, const std::string& event);
  void deliver(Side side, const std::string& key, const std::string& event, const std::string& id);
  void note(const std::string& line);

  const std::uint64_t seed_;
  const Profile& profile_;
  const Wraps& wraps_;
  bool noting_, runaway_ = false;
  const int order_;  // webhooks come in another order for another number
  VirtualTime time_;
  Faults faults_;
  Ledger ledger_;
  SimulatedRandom random_;
  std::unique_ptr<store::Database> database_;
  ShakyDisk disk_;
  store::Store store_;
  MemorySide left_, right_;
  MemoryJudge judge_;
  Sides<std::unique_ptr<sync::Endpoint>> wrapped_;
  std::shared_ptr<sync::Mapper> plain_mapper_, mapper_;  // owners: this and the engine
  std::unique_ptr<sync::Engine> engine_;
  std::set<std::pair<Side, std::string>> linked_;  // keys that the engine said to be a pair
  std::set<std::pair<Side, std::string>> ignored_;
  std::set<std::pair<std::pair<Side, std::string>, std::string>> ignored_fields_;
  std::set<int> forgetting_;  // things that the state is asked to forget
  std::set<int> handed_;
  Retyped retyped_;
  bool grown_;
  int deliveries_ = 0, unheard_ = 0, things_ = 100, badges_ = 0, words_ = 0;
  std::vector<std::string> notes_;
  std::vector<std::pair<std::string, std::string>> wrongs_;  // law, what broke it
  std::optional<std::string> broken_;
};

template <typename T>
T World::asked(std::function<void(sync::Done<T>)> ask) {
  std::optional<T> out;
  ask([&out](Result<T> answer) {
    ASSERT(answer.ok(), "the store answers where nothing fails");
    out = std::move(*answer);
  });
  while (!out) {
    ASSERT(!runaway_, "nothing is asked of a world that runs in circles");
    run(std::chrono::milliseconds(1));
  }
  return std::move(*out);
}

}  // namespace tidewire::simulate
