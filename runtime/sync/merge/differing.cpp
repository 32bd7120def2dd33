#include "sync/merge/differing.h"

#include <algorithm>

#include "sync/merge/decide.h"

namespace tidewire::sync {

namespace {

constexpr int kAtATime = 500;

/// Shared: the callback under way and nobody else.
class Count : public std::enable_shared_from_this<Count> {
 public:
  Count(const Workplace& place, Done<std::int64_t> done)
      : store_(place.lane->store), mapper_(place.mapper), done_(std::move(done)) {}

  void next() {
    store_.links(mapper_->plan().name, after_, kAtATime,
                      [self = shared_from_this()](Result<std::vector<store::Link>> links) {
                        if (!links.ok()) return self->done_(links.error());
                        for (const store::Link& link : *links) self->found_ += self->differs(link) ? 1 : 0;
                        if (links->empty()) return self->done_(self->found_);
                        self->after_ = links->back().id;
                        self->next();
                      });
  }

 private:
  bool differs(const store::Link& link) {
    const Plan& plan = mapper_->plan();
    if (link.state != store::LinkState::kLive || link.notes.string_or("$script") == script_note(*mapper_)) return false;
    Sides<Record> record;
    for (const auto& [name, base] : link.base) {
      const Field* field = plan.field(name);
      if (field == nullptr) continue;
      for (const Side side : {Side::kLeft, Side::kRight}) {
        if (!field->paths[side].empty())
          lay_form(*field, side, side == Side::kLeft ? base.left : base.right, record[side].fields);
      }
    }
    Situation situation{plan, *mapper_, link, {&record.left, &record.right}, {true, true}, kNone, kNobody};
    situation.reapply = true;
    const auto decided = decide(situation);
    // What cannot be said by it any more is something else, too; where lookups are missing here, nobody knows.
    if (!decided.ok()) return decided.error().code == Code::kInvalid && plan.lookups.empty();
    // A field without a base is adopted at the link's next pass (or waits for a person): nothing was agreed on that is said otherwise.
    return std::any_of(decided->adopts.begin(), decided->adopts.end(), [&](const std::string& name) { return link.base.contains(name); });
  }

  static inline const std::vector<store::Conflict> kNone;
  static inline const Translations kNobody;
  store::Store& store_;
  std::shared_ptr<Mapper> mapper_;
  Done<std::int64_t> done_;
  std::int64_t after_ = 0, found_ = 0;
};

}  // namespace

std::string script_note(const Mapper& mapper) { return mapper.version().substr(0, 16); }

void count_differing(const Workplace& place, Done<std::int64_t> done) {
  std::make_shared<Count>(place, std::move(done))->next();
}

}  // namespace tidewire::sync
