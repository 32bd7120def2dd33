#include "simulate/run.h"

#include <functional>
#include <map>

#include "base/hash.h"
#include "base/json.h"

namespace tidewire::simulate {
namespace {

std::map<std::pair<Side, int>, Value> things_of(World& world) {
  std::map<std::pair<Side, int>, Value> things;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (const auto& [key, row] : world.side(side).rows()) things[{side, world.ledger().thing_of(row.fields)}] = row.fields;
  }
  return things;
}

std::string digest_of(World& world) {
  std::string text = std::to_string(world.steps()) + " " + std::to_string(world.writes());
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (const auto& [key, row] : world.side(side).rows()) text += key + " " + std::to_string(row.seq) + " " + json::dump(row.fields) + "\n";
  }
  for (const std::string& fault : world.faults().struck()) text += fault + "\n";
  return sha256_hex(text);
}

}  // namespace

Outcome run(std::uint64_t seed, const Profile& profile, const Wraps& wraps, const Omissions& omissions, bool with_history) {
  const std::vector<Act> drawn = draw_history(seed, profile);
  std::vector<Act> acts;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    if (!omissions.acts.contains(i)) acts.push_back(drawn[i]);
  }
  World world(seed, profile, omissions.faults, wraps, with_history);
  world.play(acts);
  world.run((drawn.empty() ? Duration{} : drawn.back().at) + std::chrono::minutes(2));
  Outcome outcome;
  outcome.faults = world.faults().struck();
  outcome.acts = acts.size();
  const auto violation = check(world);
  outcome.ok = !violation;
  if (violation) outcome.violation = *violation;
  outcome.history = world.notes();
  outcome.steps = world.steps();
  outcome.digest = digest_of(world);
  return outcome;
}

Outcome run_twice_ordered(std::uint64_t seed, const Profile& profile, const Wraps& wraps) {
  Profile calm = profile;
  calm.rate = {};
  calm[Fault::kHookLate] = 1;
  std::vector<Act> acts = draw_history(seed, profile);
  std::erase_if(acts, [](const Act& act) { return act.kind > Act::Kind::kEditBoth; });
  Outcome outcome;
  outcome.acts = acts.size();
  std::map<std::pair<Side, int>, Value> first;
  for (const int order : {0, 1}) {
    World world(seed, calm, {}, wraps, false, order);
    world.stop_engine();
    world.play(acts);
    world.run((acts.empty() ? Duration{} : acts.back().at) + std::chrono::minutes(2));
    world.start_engine();
    world.run(std::chrono::minutes(2));
    if (const auto violation = check(world)) outcome.violation = *violation;
    auto things = things_of(world);
    if (order == 1 && things != first && outcome.violation.law.empty()) outcome.violation = {"order independence", "the same edits, told in another order, end otherwise"};
    first = std::move(things);
    outcome.steps += world.steps();
  }
  outcome.ok = outcome.violation.law.empty();
  return outcome;
}

namespace {

class Shrinking {
 public:
  Shrinking(std::uint64_t seed, const Profile& profile, const Wraps& wraps, int tries) : seed_(seed), profile_(profile), wraps_(wraps), tries_(tries) {}

  Outcome shortest() {
    Outcome found = run(seed_, profile_, wraps_);
    if (found.ok) return found;
    law_ = found.violation.law;
    for (bool shorter = true; shorter && tries_ > 0;) {
      shorter = drop_acts();
      shorter = drop_faults() || shorter;
    }
    return run(seed_, profile_, wraps_, omitted_, true);
  }

 private:
  bool still(const Omissions& omissions) {
    if (--tries_ < 0) return false;
    const Outcome outcome = run(seed_, profile_, wraps_, omissions);
    return !outcome.ok && outcome.violation.law == law_;
  }

  /// Halves first, then quarters, down to one at a time.
  template <typename T>
  bool drop(const std::vector<T>& candidates, const std::function<void(Omissions&, const T&)>& omit) {
    bool any = false;
    std::vector<T> left = candidates;
    for (std::size_t chunk = std::max<std::size_t>(1, left.size()); chunk > 0 && tries_ > 0; chunk /= 2) {
      for (std::size_t from = 0; from < left.size();) {
        const std::size_t to = std::min(left.size(), from + chunk);
        Omissions fewer = omitted_;
        for (std::size_t i = from; i < to; ++i) omit(fewer, left[i]);
        if (!still(fewer)) {
          from = to;
          continue;
        }
        omitted_ = std::move(fewer);
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(from), left.begin() + static_cast<std::ptrdiff_t>(to));
        any = true;
      }
    }
    return any;
  }

  bool drop_acts() {
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < draw_history(seed_, profile_).size(); ++i) {
      if (!omitted_.acts.contains(i)) numbers.push_back(i);
    }
    return drop<std::size_t>(numbers, [](Omissions& omissions, const std::size_t& number) { omissions.acts.insert(number); });
  }

  bool drop_faults() {
    const Outcome present = run(seed_, profile_, wraps_, omitted_);
    return drop<std::string>(present.faults, [](Omissions& omissions, const std::string& name) { omissions.faults.insert(name); });
  }

  std::uint64_t seed_;
  const Profile& profile_;
  const Wraps& wraps_;
  int tries_;
  std::string law_;
  Omissions omitted_;
};

}  // namespace

Outcome shrink(std::uint64_t seed, const Profile& profile, const Wraps& wraps, int tries) { return Shrinking(seed, profile, wraps, tries).shortest(); }

}  // namespace tidewire::simulate
