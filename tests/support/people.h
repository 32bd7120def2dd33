// people.h — the records of sync_world.h's mapping, a pair that is linked, and an engine that dies and begins again.
#pragma once

#include <string>

#include "support/sync_world.h"

namespace tidewire::test {

Value person(const std::string& email, const std::string& phone = "1");

/// email alone; phone and note are a group, or the whole record is.
sync::Plan grouped(bool whole = false);

/// As kill -9 and a start, up to where the mapping is loaded and nothing has begun: what was in memory is gone, the state is not.
/// `ends`: other ones than the two sides themselves.
void begin_anew(World& world, sync::Plan plan = World::default_plan(), sync::Sides<sync::Endpoint*> ends = {nullptr, nullptr});

/// The same, and it begins.
void restart(World& world, sync::Plan plan = World::default_plan(), sync::Sides<sync::Endpoint*> ends = {nullptr, nullptr});

store::Known known_of(World& world, sync::Side side, const std::string& key);
std::vector<store::Operation> operations_of(World& world, const std::string& outcome = {});
std::vector<store::DirtyKey> standing_of(World& world, std::optional<store::KeyState> state = {});

/// Starts one job; its id.
std::string start_job(World& world, const std::string& kind, Value options = Object{});
store::Job job_of(World& world, const std::string& id);
/// As it has ended.
store::Job run_job(World& world, const std::string& kind, Value options = Object{});
std::vector<store::Finding> findings_of(World& world, const std::string& id);
std::int64_t found_in(const store::Job& job, const char* kind);

/// One linked pair at rest: what happens from here on is what a test is about.
struct Pair {
  World world;
  std::string left, right;
  int writes_before = 0;
  explicit Pair(sync::Plan plan = World::default_plan());
  /// Counts, requests and operations begin here.
  void forget_what_was();
  MemorySide& side(sync::Side which) { return which == sync::Side::kLeft ? world.left : world.right; }
  const std::string& key(sync::Side which) const { return which == sync::Side::kLeft ? left : right; }

  /// Somebody edits; nobody is told yet.
  void edit(sync::Side which, const std::string& field, const std::string& value) { side(which).edit(key(which), field, Value(value)); }
  void edit_both(const std::string& field, const std::string& of_left, const std::string& of_right);
  /// Somebody deletes the record, and its system says so.
  void erase(sync::Side which);
  /// Every request is answered as a paused connection answers, until `denied` of the side is taken back.
  void refuse(sync::Side which, std::chrono::milliseconds pause);
  /// Both systems tell of the pair, and what is due happens.
  void tell(Duration span = std::chrono::milliseconds(500));
  void later(Duration span = std::chrono::minutes(5)) { world.timers.advance(span); }

  std::string shown(sync::Side which, const std::string& field) const;
  bool both_show(const std::string& field, const std::string& value) const { return shown(sync::Side::kLeft, field) == value && shown(sync::Side::kRight, field) == value; }
  int new_writes() const { return world.writes() - writes_before; }
  /// What was asked of a side since, of one verb.
  std::vector<MemorySide::Request> requests(sync::Side which, const std::string& verb);
  /// What the newest operation says of a field.
  Value decided(const std::string& field) const;
  store::Known known(sync::Side which, const std::string& of) { return known_of(world, which, of); }
  store::Link link() { return known(sync::Side::kLeft, left).link.value_or(store::Link{}); }
  /// A person decides the only open conflict of the field, and what is won together with it.
  void resolve(const std::string& field, const std::string& method, Value left_value = Value(), Value right_value = Value());
};

}  // namespace tidewire::test
