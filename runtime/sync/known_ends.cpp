#include "sync/known_ends.h"

#include "base/text.h"

namespace tidewire::sync {

using store::side_name;

namespace {

Value end_value(const End& end) {
  Array key;
  for (const std::string& field : end.key) key.push_back(Value(field));
  return Value(Object{{"connection", end.connection}, {"collection", end.collection}, {"key", Value(std::move(key))}});
}

Value ends_value(const Plan& plan) { return Value(Object{{"left", end_value(plan.end.left)}, {"right", end_value(plan.end.right)}}); }

std::string in_words(const Value& end) {
  std::vector<std::string> key;
  if (const Value* fields = end.find("key"); fields != nullptr && fields->is_array()) {
    for (const Value& field : fields->as_array()) key.push_back(field.is_string() ? field.as_string() : "");
  }
  return "'" + end.string_or("collection") + "' on " + end.string_or("connection") + " by " + join(key, ", ");
}

}  // namespace

std::optional<std::string> KnownEnds::moved(const Plan& plan) const {
  const Value now = ends_value(plan);
  const auto before = known_.find(plan.name);
  if (before == known_.end()) return std::nullopt;
  std::string words;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const Value* then = before->second.find(side_name(side));
    const Value& here = *now.find(side_name(side));
    if (then == nullptr || *then == here) continue;
    words += (words.empty() ? "" : "; ") + std::string("its links are of ") + in_words(*then) + ", and the file names " + in_words(here);
  }
  return words.empty() ? std::nullopt : std::optional(words);
}

std::vector<std::string> KnownEnds::alike(const Plan& plan) const {
  const auto place = [](const Value& ends, Side side) {
    const Value* end = ends.find(side_name(side));
    return end == nullptr ? std::pair<std::string, std::string>{} : std::pair{end->string_or("connection"), end->string_or("collection")};
  };
  const Value own = ends_value(plan);
  const auto left = place(own, Side::kLeft), right = place(own, Side::kRight);
  std::vector<std::string> out;
  for (const auto& [name, ends] : known_) {
    const auto one = place(ends, Side::kLeft), two = place(ends, Side::kRight);
    if (name != plan.name && ((one == left && two == right) || (one == right && two == left))) out.push_back(name);
  }
  return out;
}

void KnownEnds::keep(const Plan& plan, store::Done<void> done) {
  known_[plan.name] = ends_value(plan);
  store_.kv_set(kDrawer, plan.name, known_[plan.name], std::nullopt, std::move(done));
}

}  // namespace tidewire::sync
