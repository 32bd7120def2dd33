// verify.h — compares both sides completely, page by page, whatever the state believes: what differs, what is on one side
// only, what is gone. With the option `repair` what was found is put before the engine, which mends it by the mapping's rules.
//
// Pairs are compared by content alone, without their base, many at a time. Only what looks wrong is looked at again singly,
// as a pass would (owned, read fresh), so that records under way are not reported. A difference that both sides' bases agree
// on is `accepted`: a person settled it so, or a system stores a form of its own; it is counted and left alone. Where the mapping was edited
// since and says it otherwise now, it is `edited`: no repair is asked for, a resync over all writes it. Left alone is one that a person let be until a side
// changes, `skipped`, and so are records that the mapping leaves without an equal: `ignored_delete` (it stays after a delete that was
// not made there), `out_of_scope`, `ignored` (by a person). An edit of the side that a one-way mapping writes to is `drift`, which its
// rules leave alone: no repair is asked for.
#pragma once

#include "sync/reconcile/look.h"
#include "sync/jobs/walk.h"

namespace tidewire::sync {

class Verify final : public Walk {
 public:
  using Walk::Walk;

 private:
  struct Suspect {
    SideKey key;
    bool unlinked = false;
    std::optional<Side> missing;  // the linked record did not answer there
    bool compared = false;        // side by side, without the base: they differ
    std::string left_alone{};     // why it stays without an equal, where an earlier link tells
    bool edited = false;          // the mapping, since the pair was level with it; once looked at: and says it otherwise
  };
  struct Pair;

  void look_at(std::vector<Record> records, Done<Page> done) override;
  std::string after_all() override { return "links"; }
  void step_phase(const std::string& phase, Done<Page> done) override;
  void on_known(std::vector<Record> records, std::vector<store::Known> known, Done<Page> done);
  void compare(std::vector<Pair> pairs, std::vector<Suspect> suspects, Done<Page> done);
  void translate(std::shared_ptr<std::vector<Pair>> pairs, std::function<void(Result<Translations>)> then);
  bool comparable(const Pair& pair, const Translations& translations);
  bool differ(const Pair& pair, const Translations& translations);
  void confirm(std::vector<Suspect> suspects, Done<Page> done);
  void look_edited(std::vector<Suspect> suspects, std::vector<Report> reports, Done<Page> done);
  std::string kind_of(const Suspect& suspect, const Report& report);
  void note(const Suspect& suspect, const Report& report, Page& page);

  Sides<SeenKeys> seen_;
};

}  // namespace tidewire::sync
