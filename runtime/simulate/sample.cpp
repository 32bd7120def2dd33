#include "simulate/sample.h"

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "simulate/as_new.h"
#include "sync/merge/canonical.h"
#include "sync/reconcile/report.h"

namespace tidewire::simulate {
namespace {

constexpr int kAttempts = 40, kDraws = 12;

bool holds(const std::string& path, std::initializer_list<const char*> words) {
  const std::string lower = lower_ascii(path);
  return std::any_of(words.begin(), words.end(), [&](const char* word) { return lower.find(word) != std::string::npos; });
}

/// A rule by which one of the values stays as it is, the other on record.
bool chooses(const std::string& strategy) {
  static const std::set<std::string> kChoosing{"newest", "last_modified_wins", "latest_timestamp", "left", "right", "manual"};
  return kChoosing.contains(strategy) || strategy.ends_with("_wins");
}

/// Puts a value there that meets the condition, where it says which ones do.
void meet(const Value& condition, Value& value, Faults& faults) {
  const bool said = condition.is_object() && condition.find("op") != nullptr;
  const Value* inner = said ? condition.find("value") : &condition;
  const std::string op = said ? condition.string_or("op") : "=";
  if (op == "is_null") value = Value();
  if (inner == nullptr) return;
  if (op == "=") value = *inner;
  if (op == "in" && inner->is_array() && !inner->as_array().empty()) value = inner->as_array()[faults.number("scope", inner->as_array().size())];
}

}  // namespace

Result<std::shared_ptr<const Sample>> Sample::make(std::shared_ptr<sync::Mapper> mapper, Examples examples) {
  std::vector<std::string> left_out;
  auto lone = TRY(alone(std::move(mapper), left_out));
  std::shared_ptr<Sample> sample(new Sample(std::move(lone), std::move(examples), std::move(left_out)));
  const Profile profile;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!sync::flows(sample->plan().flow, store::other(side))) continue;
    Faults faults(1, profile, {});
    std::optional<Error> refused;
    for (int number = 0; number < kAttempts; ++number) {
      const auto record = sample->attempt(side, faults, number);
      const auto fits = record.ok() ? sample->taken(side, *record) : Result<void>(record.error());
      refused.reset();
      if (fits.ok()) break;
      refused = fits.error();
    }
    if (refused) return Error(*refused).context("no record of the " + std::string(store::side_name(side)) + " side was drawn that the mapping takes").with_hint("give the mapping a test with such a record: its values are used");
  }
  return std::shared_ptr<const Sample>(std::move(sample));
}

const sync::Field* Sample::field_at(Side side, const std::string& path) const {
  for (const sync::Field& field : plan().fields) {
    if (std::find(field.paths[side].begin(), field.paths[side].end(), path) != field.paths[side].end()) return &field;
  }
  return nullptr;
}

bool Sample::matches_by(Side side, const std::string& path) const {
  return std::any_of(plan().matches.begin(), plan().matches.end(), [&](const sync::Match& match) {
    return std::any_of(match.pairs.begin(), match.pairs.end(), [&](const auto& pair) { return pair.path[side] == path; });
  });
}

bool Sample::traced(Side side, const std::string& path) const {
  const sync::Field* field = field_at(side, path);
  const bool copied = field != nullptr && field->kind == sync::Field::Kind::kCopy && field->paths.left.size() == 1 && field->paths.right.size() == 1;
  if (!copied || path == "amount" || !chooses(field->strategy)) return false;  // the ledger counts what is called amount
  for (const Side at : {Side::kLeft, Side::kRight}) {
    const sync::Type& type = field->type[at];
    const bool room = type.length < 0 || type.length >= static_cast<std::int64_t>(path.size()) + 8;
    if (type.kind != "text" || !type.options.empty() || !room) return false;
  }
  return true;
}

std::optional<Value> Sample::example(Side side, const std::string& path, Faults& faults) const {
  std::vector<const Value*> values;
  std::string nested = path;
  std::replace(nested.begin(), nested.end(), '/', '.');
  for (const Value& record : examples_[side]) {
    const Value* value = record.at_path(nested);
    const bool like_an_edit = value != nullptr && value->is_string() && value->as_string().find('#') != std::string::npos;
    if (value != nullptr && !like_an_edit) values.push_back(value);
  }
  if (values.empty()) return std::nullopt;
  return *values[faults.number("example of " + path, values.size())];
}

Value Sample::drawn(const sync::Type& type, const std::string& path, Faults& faults) const {
  const auto number = static_cast<long long>(faults.number("drawn " + path, 100'000));
  const std::string& kind = type.kind;
  if (!type.options.empty()) return type.options[static_cast<std::size_t>(number) % type.options.size()];
  if (kind == "bool") return type.form == "01" ? Value(std::int64_t{number % 2}) : Value(number % 2 == 0);
  if (kind == "int" || kind == "float") return Value(std::int64_t{number});
  if (kind == "decimal") {
    const std::string text = type.scale == 0 ? std::to_string(number) : format("%lld.%02lld", number / 100, number % 100);
    return type.form == "text" ? Value(text) : json::parse(text).value();
  }
  const std::string day = format("20%02lld-%02lld-%02lld", number % 40, 1 + number % 12, 1 + number % 28);
  if (kind == "date") return Value(day);
  if (kind == "time") return Value(format("%02lld:%02lld:00", number % 24, number % 60));
  if (kind == "datetime") return Value(type.form == "local" ? day + format(" %02lld:30:00", number % 24) : day + format("T%02lld:30:00Z", number % 24));
  if (kind == "uuid") return Value(format("00000000-0000-4000-8000-%012lld", number));
  if (kind == "file") return Value(Object{{"name", Value("f" + std::to_string(number) + ".png")}, {"sha256", Value(sha256_hex(std::to_string(number)))}, {"size", Value(std::int64_t{number})}});
  if (kind == "list" || kind == "set") return Value(Array{Value("a" + std::to_string(number % 7)), Value("b" + std::to_string(number % 5))});
  if (kind == "json" && type.form != "text") return Value(Object{{"n", Value(std::int64_t{number})}});
  if (kind == "json") return Value(format("{\"n\":%lld}", number));
  std::string text = "v" + std::to_string(number);
  if (holds(path, {"mail"})) text = "p" + std::to_string(number) + "@sample.example";
  if (holds(path, {"phone", "mobile", "cell", "fax"})) text = format("+4477009%05lld", number);
  if (type.length >= 0 && static_cast<std::int64_t>(text.size()) > type.length) text.resize(static_cast<std::size_t>(type.length));
  return Value(std::move(text));
}

/// Of the tests mostly, where they have one; what records are matched by is drawn, so that it is their own.
Value Sample::value(Side side, const sync::Field& field, const std::string& path, Faults& faults, int attempt) const {
  const bool own = matches_by(side, path);
  const std::uint64_t dice = faults.number("kind of " + path, 8);
  const bool from_tests = own ? attempt > kAttempts / 2 : (dice < 4 || attempt > 6);
  if (from_tests) {
    if (auto found = example(side, path, faults)) return std::move(*found);
  }
  const bool may_be_empty = !own && !field.type[side].required && !field.required;
  if (may_be_empty && dice == 7 && attempt < kAttempts / 2) return Value();
  return drawn(field.type[side], path, faults);
}

/// What can be said of one field alone.
Result<void> Sample::fits(Side side, const sync::Field& field, const Value& record) const {
  const Side there = store::other(side);
  if (field.own_function || !sync::flows(field.flow, there) || !sync::flows(plan().flow, there)) return {};
  const auto turned = TRY(AsNew(*mapper_, side, record).turn(field));
  if (!turned || field.paths[there].size() != 1) return {};
  for (const sync::Plan::Check& check : plan().checks) {
    if (check.path != field.paths[there].front()) continue;
    if (const auto refused = TRY(mapper_->check(check, *turned))) return make_error(Code::kInvalid, "check of '" + check.path + "': " + *refused);
  }
  return {};
}

/// Sets the field to a value that fits, if one is found; error: a function broke.
Result<void> Sample::draw(Side side, const sync::Field& field, Value& record, Faults& faults, int attempt) const {
  for (int number = 0; number < kDraws; ++number) {
    for (const std::string& path : field.paths[side]) record[path] = value(side, field, path, faults, attempt + number);
    const auto fits = this->fits(side, field, record);
    if (fits.ok()) return {};
    if (is_broken(fits.error())) return fits.error();
  }
  return {};
}

/// Whether a condition of the scope, of either side, is about the field.
bool Sample::scoped(const sync::Field& field) const {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (const std::string& path : field.paths[side]) {
      if (plan().end[side].scope.find(path) != nullptr) return true;
    }
  }
  return false;
}

Result<Value> Sample::attempt(Side side, Faults& faults, int number) const {
  Value record{Object{}};
  for (const sync::Field& field : plan().fields) {
    if (field.kind != sync::Field::Kind::kConstant) TRY(draw(side, field, record, faults, number));
  }
  for (const Side of : {store::other(side), side}) {
    for (const auto& [path, condition] : plan().end[of].scope.as_object()) {
      const sync::Field* field = field_at(of, path);
      const bool copied = field != nullptr && field->kind == sync::Field::Kind::kCopy && field->paths[side].size() == 1;
      if (of == side || copied) meet(condition, record[of == side ? path : field->paths[side].front()], faults);
    }
  }
  return with_defaults(side, std::move(record));
}

/// As the first pass over a new record would see it.
Result<void> Sample::taken(Side side, const Value& record) const {
  if (!sync::meets(plan().end[side].scope, record, plan(), side)) return make_error(Code::kInvalid, "the record is not in the mapping's scope: " + json::dump(plan().end[side].scope));
  if (!sync::flows(plan().flow, store::other(side))) return {};
  const sync::Decisions decisions = TRY(AsNew(*mapper_, side, record).decide());
  if (!decisions.skip.empty()) return make_error(Code::kInvalid, "the mapping skips it: " + decisions.skip);
  const Side there = store::other(side);
  if (!sync::meets(plan().end[there].scope, with_defaults(there, decisions.patch[there]), plan(), there)) return make_error(Code::kInvalid, "the mapping would make a record outside its own scope: " + json::dump(plan().end[there].scope));
  if (!decisions.missing.empty()) return make_error(Code::kInvalid, "the mapping waits for " + decisions.missing.front().mapping);
  for (const sync::Plan::Check& check : plan().checks) {
    for (const Side at : {Side::kLeft, Side::kRight}) {
      const Value* value = decisions.patch[at].find(check.path);
      if (value == nullptr) continue;
      if (const auto refused = TRY(mapper_->check(check, *value))) return make_error(Code::kInvalid, "check of '" + check.path + "': " + *refused);
    }
  }
  return {};
}

/// Values that can be followed become edits of the ledger.
Result<Value> Sample::entered(Side side, Value record, int thing, Ledger& ledger, const std::set<std::string>& kept) const {
  for (const sync::Field& field : plan().fields) {
    if (field.paths[side].size() != 1 || !traced(side, field.paths[side].front())) continue;
    const std::string& path = field.paths[side].front();
    if (scoped(field) || kept.contains(path)) continue;
    Value marked = record;
    marked[path] = ledger.edit(side, thing, path, Value(), false);
    const auto fits = taken(side, marked);
    if (fits.ok()) record = std::move(marked);
    else ledger.withdraw(Value(Object{{path, *marked.find(path)}}));
    if (!fits.ok() && is_broken(fits.error())) return fits.error();
  }
  return record;
}

Result<std::optional<Value>> Sample::record(Side side, int thing, Ledger& ledger, Faults& faults) const {
  for (int number = 0; number < kAttempts; ++number) {
    Value record = TRY(attempt(side, faults, number));
    const auto fits = taken(side, record);
    if (fits.ok()) return std::optional(TRY(entered(side, std::move(record), thing, ledger)));
    if (is_broken(fits.error())) return fits.error();
  }
  return std::optional<Value>();
}

Result<std::optional<Value>> Sample::twin(Side side, const Value& record, int thing, Ledger& ledger, Faults& faults) const {
  const sync::Decisions decisions = TRY(AsNew(*mapper_, store::other(side), record).decide());
  for (int number = 0; number < kAttempts; ++number) {
    Value twin = TRY(attempt(side, faults, number));
    std::set<std::string> shared;
    for (const sync::Match& match : plan().matches) {
      for (const auto& pair : match.pairs) {
        const std::string& path = pair.path[side];
        const Value* value = decisions.patch[side].find(path);
        if (value != nullptr) twin[path] = *value, shared.insert(path);
      }
    }
    const auto fits = taken(side, twin);
    if (!fits.ok() && is_broken(fits.error())) return fits.error();
    if (!fits.ok()) continue;
    return std::optional(TRY(entered(side, std::move(twin), thing, ledger, shared)));
  }
  return std::optional<Value>();
}

Result<std::optional<Sample::Edited>> Sample::edit(Side side, const Value& record, int thing, Ledger& ledger, Faults& faults) const {
  std::vector<std::pair<const sync::Field*, std::string>> editable;
  for (const sync::Field& field : plan().fields) {
    if (field.kind == sync::Field::Kind::kConstant) continue;
    for (const std::string& path : field.paths[side]) {
      const bool fixed = matches_by(side, path) || scoped(field) || field.type[side].read_only;
      if (!fixed) editable.emplace_back(&field, path);
    }
  }
  if (editable.empty()) return std::optional<Edited>();
  const auto& [field, path] = editable[faults.number("field edited", editable.size())];
  const Value* present = record.find(path);
  for (int number = 0; number < kAttempts; ++number) {
    Value changed = record;
    const bool follow = number == 0 && traced(side, path);
    const Value value = follow ? ledger.edit(side, thing, path, present == nullptr ? Value() : *present, false) : this->value(side, *field, path, faults, number);
    changed[path] = value;
    const auto fits = taken(side, changed);
    if (fits.ok()) return std::optional(Edited(path, value));
    if (follow) ledger.withdraw(Value(Object{{path, value}}));
    if (is_broken(fits.error())) return fits.error();
  }
  return std::optional<Edited>();
}

}  // namespace tidewire::simulate
