#include "sync/merge/membership.h"

#include <algorithm>

namespace tidewire::sync {

namespace {

constexpr const char* kEpoch = "$epoch";

Joined joined_from(const Value& stored) {
  Joined out;
  out.epoch = stored.int_or("epoch", 0);
  const Value* fields = stored.find("fields");
  if (fields == nullptr || !fields->is_object()) return out;
  for (const auto& [name, since] : fields->as_object()) out.fields[name] = since.is_int() ? since.as_int() : 0;
  return out;
}

/// What a person said of the difference in the field outlives its base.
void forget_note(store::Link& link, const std::string& field) {
  const Value* note = link.notes.find(field);
  if (note == nullptr) return;
  const Value* ignored = note->find("ignored");
  if (ignored == nullptr)
    link.notes.as_object().erase(field);
  else
    link.notes[field] = Value(Object{{"ignored", *ignored}});
}

}  // namespace

void Membership::take(const std::map<std::string, Value>& stored) {
  for (const auto& [mapping, one] : stored) known_[mapping] = joined_from(one);
}

Joined Membership::look(const Plan& plan) const {
  const auto present = known_.find(plan.name);
  const bool first = present == known_.end();
  const Joined known = first ? Joined{} : present->second;
  Joined now;
  bool came = false;
  for (const Field& field : plan.fields) {
    const auto before = known.fields.find(field.name);
    came |= !first && before == known.fields.end();
    now.fields[field.name] = before != known.fields.end() ? before->second : (first ? 0 : known.epoch + 1);
  }
  now.epoch = known.epoch + (came ? 1 : 0);
  return now;
}

Joined Membership::of(const Plan& plan) {
  const bool first = !known_.contains(plan.name);
  Joined now = look(plan);
  Joined& known = known_[plan.name];
  const bool news = first || now.fields != known.fields;
  known = std::move(now);
  if (news) keep(plan.name);
  return known;
}

/// Lost with the process before it is stored, it is found again by the next one.
void Membership::keep(const std::string& mapping) {
  const Joined& known = known_[mapping];
  Object fields;
  for (const auto& [name, since] : known.fields) fields[name] = since;
  store_.kv_set(kDrawer, mapping, Value(Object{{"epoch", known.epoch}, {"fields", Value(std::move(fields))}}),
                std::nullopt, [](Result<void>) {});
}

std::int64_t forget_left(store::Link& link, const Joined& joined, const Plan& plan) {
  const std::int64_t seen = link.notes.int_or(kEpoch, 0);
  if (joined.fields.empty()) return seen;  // nobody has said
  for (auto one = link.base.begin(); one != link.base.end();) {
    const auto since = joined.fields.find(one->first);
    if (since != joined.fields.end() && since->second <= seen) {
      ++one;
      continue;
    }
    forget_note(link, one->first);
    link.stamps.as_object().erase(one->first);
    one = link.base.erase(one);
  }
  const bool all = std::all_of(joined.fields.begin(), joined.fields.end(), [&](const auto& one) { return plan.field(one.first) != nullptr; });
  if (joined.epoch != seen && all) link.notes[kEpoch] = joined.epoch;
  return seen;
}

bool has_met(const store::Link& link, const Joined& joined) { return link.notes.int_or(kEpoch, 0) >= joined.epoch; }

std::vector<std::string> unmet_fields(const store::Link& link, const Joined& joined) {
  std::vector<std::string> out;
  for (const auto& [name, since] : joined.fields) {
    if (since > link.notes.int_or(kEpoch, 0)) out.push_back(name);
  }
  return out;
}

}  // namespace tidewire::sync
