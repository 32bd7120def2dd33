#include "simulate/history.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "simulate/faults.h"

namespace tidewire::simulate {
namespace {

class Drawing {
 public:
  Drawing(std::uint64_t seed, const Profile& profile) : random_(seed * 2 + 1), profile_(profile) {}

  std::vector<Act> draw() {
    const int things = 1 + below(profile_.most_things);
    for (int thing = 0; thing < things; ++thing) acts_.push_back(create(thing));
    const int more = 2 + below(profile_.most_acts - 1);
    for (int i = 0; i < more; ++i) {
      if (profile_.grows && i == more / 2) acts_.push_back(act(Act::Kind::kGrow, 0));
      acts_.push_back(something(below(things)));
    }
    return std::move(acts_);
  }

 private:
  int below(int limit) { return static_cast<int>(random_.next() % static_cast<std::uint64_t>(limit)); }

  Act act(Act::Kind kind, int thing) {
    // Bursts and pauses: within a request, within the life of a change, beyond every settle time.
    static constexpr Duration kGaps[] = {Duration(0),           std::chrono::milliseconds(1),  std::chrono::milliseconds(8), std::chrono::milliseconds(25),
                                         std::chrono::milliseconds(90), std::chrono::milliseconds(600), std::chrono::seconds(5),      std::chrono::seconds(40),
                                         std::chrono::minutes(3)};
    at_ += kGaps[below(9)];
    return {at_, kind, below(2) == 0 ? Side::kLeft : Side::kRight, thing, {}, random_.next()};
  }

  Act create(int thing) { return act(profile_.entered_twice && below(5) == 0 ? Act::Kind::kCreateBoth : Act::Kind::kCreate, thing); }

  Act something(int thing) {
    const int dice = below(100);
    if (profile_.deletes && dice < 14) return act(Act::Kind::kDelete, thing);
    if (profile_.key_reuse && dice >= 14 && dice < 22) return act(Act::Kind::kReuse, thing);
    if (profile_.scoped && dice < 16) return act(Act::Kind::kScope, thing);
    if (profile_.renames && dice < 14) return act(Act::Kind::kRename, thing);
    if (profile_.recreates && dice >= 22 && dice < 28) return act(Act::Kind::kRecreate, thing);
    if (const auto side = rekeyed(); side && dice < 14) {
      Act edit = act(Act::Kind::kRekey, thing);
      edit.side = *side;
      return edit;
    }
    if (profile_.outages && dice < 12) return act(Act::Kind::kAway, thing);
    if (profile_.parted && dice < 12) return act(Act::Kind::kPart, thing);
    if (profile_.mended && dice < 27) return act(Act::Kind::kMend, thing);
    if (profile_.dealt && dice >= 12 && dice < 27) return act(dice < 18 ? Act::Kind::kRetry : Act::Kind::kDiscard, thing);
    if (profile_.demanding && dice < 14) return act(Act::Kind::kEmpty, thing);
    if (profile_.pinned && dice >= 14 && dice < 27) return act(dice < 18 ? Act::Kind::kPin : Act::Kind::kHandOn, thing);
    if (profile_.revised && dice < 18) return act(Act::Kind::kRevise, thing);
    if (profile_.grouped && dice < 6) return act(Act::Kind::kRevert, thing);
    if (profile_.related && dice >= 14 && dice < 27) return act(Act::Kind::kName, thing);
    if (profile_.retyped && dice >= 40) return act(Act::Kind::kRetype, thing);
    if (profile_.jumps && dice >= 22 && dice < 28) return act(Act::Kind::kJump, thing);
    if (dice >= 28 && dice < 33) return act(Act::Kind::kResolve, thing);
    if (dice >= 33 && dice < 36) return act(Act::Kind::kPoll, thing);
    if (profile_.sweeps && dice >= 36 && dice < 39) return act(Act::Kind::kSweep, thing);
    Act edit = act(dice < 60 ? Act::Kind::kEditBoth : Act::Kind::kEdit, thing);
    const auto& fields = edited_fields(profile_);
    edit.field = fields[static_cast<std::size_t>(below(static_cast<int>(fields.size())))];
    return edit;
  }

  std::optional<Side> rekeyed() const {
    for (const Side side : {Side::kLeft, Side::kRight}) {
      if (profile_.system[side].rekeys) return side;
    }
    return std::nullopt;
  }

  SimulatedRandom random_;
  const Profile& profile_;
  Duration at_{};
  std::vector<Act> acts_;
};

}  // namespace

const std::vector<std::string>& edited_fields(const Profile& profile) {
  static const std::vector<std::string> fields{"phone", "note", "amount", "code", "name", "street", "city"};
  static const std::vector<std::string> judged{"phone", "note", "amount", "code", "name", "street", "city", "price", "price", "price"};
  static const std::vector<std::string> grown{"phone", "note", "amount", "code", "name", "street", "city", "extra", "extra", "extra"};
  static const std::vector<std::string> grouped{"phone", "note", "name", "street", "city", "zip", kAddress, kAddress, kAddress};
  static const std::vector<std::string> demanding{"phone", "note", "amount", "code", "name", "street", "city", "title", "title", "title"};
  // What counts of both sides' sums is told by link, and a pair that meets again has another one.
  static const std::vector<std::string> parted{"phone", "note", "name", "street", "city"};
  if (profile.parted || profile.mended) return parted;
  if (profile.grows || profile.revised) return grown;
  if (profile.demanding) return demanding;
  if (profile.grouped) return grouped;
  return profile.judged ? judged : fields;
}

std::vector<Act> draw_history(std::uint64_t seed, const Profile& profile) { return Drawing(seed, profile).draw(); }

std::string describe(const Act& act) {
  const std::string side = store::side_name(act.side);
  const std::string thing = "thing " + std::to_string(act.thing);
  switch (act.kind) {
    case Act::Kind::kCreate: return side + ": " + thing + " is entered";
    case Act::Kind::kCreateBoth: return "both: " + thing + " is entered twice";
    case Act::Kind::kEdit: return side + ": " + thing + " gets another " + act.field;
    case Act::Kind::kEditBoth: return "both: " + thing + " gets another " + act.field + " on each side";
    case Act::Kind::kDelete: return side + ": " + thing + " is deleted";
    case Act::Kind::kRecreate: return side + ": " + thing + ", which was deleted, is entered again";
    case Act::Kind::kRekey: return side + ": " + thing + " gets another e-mail, which it is matched by";
    case Act::Kind::kReuse: return side + ": the key of " + thing + " is used again";
    case Act::Kind::kRename: return side + ": " + thing + " gets another key";
    case Act::Kind::kResolve: return "somebody resolves a conflict for the " + side;
    case Act::Kind::kPoll: return side + " is polled";
    case Act::Kind::kSweep: return "a sweep begins";
    case Act::Kind::kJump: return "somebody sets the clock";
    case Act::Kind::kScope: return "left: " + thing + " leaves the scope, or comes back";
    case Act::Kind::kAway: return side + " answers nobody for a while";
    case Act::Kind::kPart: return thing + " is parted from its other half";
    case Act::Kind::kGrow: return "the mapping gets the field extra";
    case Act::Kind::kMend: return side + ": a person mends the link of " + thing;
    case Act::Kind::kRetry: return "a person tries again what stands";
    case Act::Kind::kDiscard: return "a person discards something that stands";
    case Act::Kind::kEmpty: return side + ": " + thing + " loses its title";
    case Act::Kind::kPin: return side + ": something refers to " + thing + " for a while";
    case Act::Kind::kHandOn: return side + ": " + thing + " hands its badge on";
    case Act::Kind::kRevise: return "the mapping loses the field extra, or gets it back";
    case Act::Kind::kName: return side + ": " + thing + " names another as its boss";
    case Act::Kind::kRetype: return side + ": " + thing + " gets another mood or mark";
    case Act::Kind::kRevert: return "a person takes back what was written of " + thing;
  }
  return "";
}

}  // namespace tidewire::simulate
