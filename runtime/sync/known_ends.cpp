#include "sync/known_ends.h"

#include "base/text.h"

namespace tidewire::sync {

using store::side_name;

namespace {

Value end_value(const End& end) {
  Array key;
  for (const std::string& field : end.key) key.push_back(Value(field));
  Value out(Object{{"connection", end.connection}, {"collection", end.collection}, {"key", Value(std::move(key))}});
  if (!end.place.empty()) out["place"] = end.place;
  return out;
}

Value ends_value(const Plan& plan) { return Value(Object{{"left", end_value(plan.end.left)}, {"right", end_value(plan.end.right)}}); }

/// Whether both are one collection, however it is spelled. What was kept without a place, or by a connector that tells none, goes by its name.
bool same_collection(const Value& a, const Value& b) {
  const char* by = a.string_or("place").empty() || b.string_or("place").empty() ? "collection" : "place";
  return a.string_or("connection") == b.string_or("connection") && a.string_or(by) == b.string_or(by);
}

bool same_end(const Value& a, const Value& b) {
  const Value *one = a.find("key"), *two = b.find("key");
  return same_collection(a, b) && one != nullptr && two != nullptr && *one == *two;
}

/// `with_place`: its name does not tell it from the other.
std::string in_words(const Value& end, bool with_place) {
  std::vector<std::string> key;
  if (const Value* fields = end.find("key"); fields != nullptr && fields->is_array()) {
    for (const Value& field : fields->as_array()) key.push_back(field.is_string() ? field.as_string() : "");
  }
  return "'" + end.string_or("collection") + "'" + (with_place && !end.string_or("place").empty() ? " (" + end.string_or("place") + ")" : "") + " on " + end.string_or("connection") + " by " + join(key, ", ");
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
    if (then == nullptr || same_end(*then, here)) continue;
    const bool by_place = then->string_or("collection") == here.string_or("collection") && !same_collection(*then, here);
    words += (words.empty() ? "" : "; ") + std::string("its links are of ") + in_words(*then, by_place) + ", and the file names " + in_words(here, by_place);
  }
  return words.empty() ? std::nullopt : std::optional(words);
}

std::vector<std::string> KnownEnds::alike(const Plan& plan) const {
  const Value own = ends_value(plan);
  std::vector<std::string> out;
  for (const auto& [name, ends] : known_) {
    const auto are = [&, &theirs = ends](Side first, Side second) {
      const Value *one = theirs.find(side_name(first)), *two = theirs.find(side_name(second));
      return one != nullptr && two != nullptr && same_collection(*one, *own.find("left")) && same_collection(*two, *own.find("right"));
    };
    if (name != plan.name && (are(Side::kLeft, Side::kRight) || are(Side::kRight, Side::kLeft))) out.push_back(name);
  }
  return out;
}

bool KnownEnds::knows(const Plan& plan) const {
  const auto known = known_.find(plan.name);
  return known != known_.end() && known->second == ends_value(plan);
}

void KnownEnds::keep(const Plan& plan, store::Done<void> done) {
  known_[plan.name] = ends_value(plan);
  store_.kv_set(kDrawer, plan.name, known_[plan.name], std::nullopt, std::move(done));
}

}  // namespace tidewire::sync
