#include "sync/merge/differing.h"

#include <algorithm>

#include "sync/merge/decide.h"

namespace tidewire::sync {

namespace {

constexpr int kAtATime = 500;

/// All links that are live, one after the other. Shared: the callback under way and nobody else.
class EachLink : public std::enable_shared_from_this<EachLink> {
 public:
  EachLink(const Workplace& place, std::function<void(const store::Link&)> visit, Done<void> done)
      : store_(place.lane->store), mapping_(place.lane->mapping), visit_(std::move(visit)), done_(std::move(done)) {}

  void next() {
    store_.links(mapping_, after_, kAtATime, [self = shared_from_this()](Result<std::vector<store::Link>> links) {
      if (!links.ok()) return self->done_(links.error());
      for (const store::Link& link : *links) {
        if (link.state == store::LinkState::kLive) self->visit_(link);
      }
      if (links->empty()) return self->done_({});
      self->after_ = links->back().id;
      self->next();
    });
  }

 private:
  store::Store& store_;
  std::string mapping_;
  std::function<void(const store::Link&)> visit_;
  Done<void> done_;
  std::int64_t after_ = 0;
};

class Differing {
 public:
  explicit Differing(std::shared_ptr<Mapper> mapper) : mapper_(std::move(mapper)) {}

  bool operator()(const store::Link& link) const {
    const Plan& plan = mapper_->plan();
    if (link.notes.string_or("$script") == script_note(*mapper_)) return false;
    Sides<Record> record;
    for (const auto& [name, base] : link.base) {
      const Field* field = plan.field(name);
      if (field == nullptr) continue;
      for (const Side side : {Side::kLeft, Side::kRight}) {
        if (!field->paths[side].empty())
          lay_form(*field, side, base[side], record[side].fields);
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

 private:
  static inline const std::vector<store::Conflict> kNone;
  static inline const Translations kNobody;
  std::shared_ptr<Mapper> mapper_;
};

}  // namespace

std::string script_note(const Mapper& mapper) { return mapper.version().substr(0, 16); }

void count_differing(const Workplace& place, Done<std::int64_t> done) {
  const auto found = std::make_shared<std::int64_t>(0);  // owners: both callbacks
  const auto visit = [found, differs = Differing(place.mapper)](const store::Link& link) { *found += differs(link) ? 1 : 0; };
  std::make_shared<EachLink>(place, visit, [found, done = std::move(done)](Result<void> read) { done(read.ok() ? Result<std::int64_t>(*found) : read.error()); })->next();
}

void count_unmet(const Workplace& place, Joined joined, Done<Unmet> done) {
  if (joined.epoch == 0) return place.lane->around.poster.post([done = std::move(done)] { done(Unmet{}); });  // no field ever came
  // What only a new record gets none of them ever meets.
  for (const Field& field : place.mapper->plan().fields) {
    if (field.when == Field::When::kCreate) joined.fields.erase(field.name);
  }
  const auto found = std::make_shared<Unmet>();  // owners: both callbacks
  const auto visit = [found, joined = std::move(joined)](const store::Link& link) {
    const auto fields = unmet_fields(link, joined);
    found->links += fields.empty() ? 0 : 1;
    found->fields.insert(fields.begin(), fields.end());
  };
  std::make_shared<EachLink>(place, visit, [found, done = std::move(done)](Result<void> read) { done(read.ok() ? Result<Unmet>(*found) : read.error()); })->next();
}

}  // namespace tidewire::sync
