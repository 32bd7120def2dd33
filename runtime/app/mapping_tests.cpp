// The `tests` of a mapping file, run with the engine's own decisions.
//
// { left = {...}, right = {...} }: each side, converted, gives the other (as far as the test names fields).
// { base = {...}, left = {...}, right = {...}, changed = { left = "10:00", right = "10:05" }, wins = "left" | "right" | "both" | "manual" }:
// both sides changed since the base. The host chunk has put each field under its own side's path, however it was named.
#include "app/mapping_file.h"

#include "base/json.h"
#include "sync/merge/canonical.h"
#include "sync/merge/decide.h"

namespace tidewire::app {

using store::other;
using store::side_name;
using sync::Decision;
using sync::Field;
using sync::Side;

Value record_of_test(const sync::Plan& plan, Side side, const Value* named) {
  Value record{Object{}};
  if (named == nullptr || !named->is_object()) return record;
  for (const auto& [name, value] : named->as_object()) {
    std::string path = name;
    for (const Field& field : plan.fields) {
      if (field.paths[side].size() != 1) continue;
      const bool mine = field.paths[side].front() == name;
      const bool theirs = field.paths[other(side)].size() == 1 && field.paths[other(side)].front() == name;
      if (mine) path = name;
      if (mine) break;
      if (theirs || field.name == name) path = field.paths[side].front();
    }
    record.set_path(path, value);
  }
  return record;
}

namespace {

std::optional<Instant> time_of(const Value* changed, Side side) {
  const std::string text = changed == nullptr ? "" : changed->string_or(side_name(side));
  if (text.empty()) return std::nullopt;
  const auto whole = parse_instant(text);
  if (whole.ok()) return *whole;
  const auto clock = parse_instant("2024-01-01T" + (text.size() == 5 ? text + ":00" : text) + "Z");
  return clock.ok() ? std::optional(*clock) : std::nullopt;
}

bool names(const Value& record, const Field& field, Side side) {
  for (const std::string& path : field.paths[side]) {
    if (record.at_path(path) != nullptr) return true;
  }
  return false;
}

class OneTest {
 public:
  OneTest(ScriptMapper& mapper, const Value& test, int number) : mapper_(mapper), plan_(mapper.plan()), test_(test), number_(number) {}

  Result<void> run() {
    left_.fields = record_of_test(plan_, Side::kLeft, test_.find("left"));
    right_.fields = record_of_test(plan_, Side::kRight, test_.find("right"));
    left_.modified = time_of(test_.find("changed"), Side::kLeft);
    right_.modified = time_of(test_.find("changed"), Side::kRight);
    if (test_.find("base") != nullptr) return merge();
    for (const Side from : {Side::kLeft, Side::kRight}) TRY(convert(from));
    return {};
  }

 private:
  Error failed(const std::string& what) const { return make_error(Code::kInvalid, "mapping " + plan_.name + ": test " + std::to_string(number_) + " failed: " + what, "mend the mapping or the test"); }

  Result<sync::Decisions> decide(sync::Sides<const sync::Record*> records, sync::Sides<bool> exists, const store::Link& link) {
    const sync::Translations none;
    const std::vector<store::Conflict> no_conflicts;
    sync::Situation situation{plan_, mapper_, link, records, exists, no_conflicts, none, {&capabilities_, &capabilities_}, {}};
    return sync::decide(situation);
  }

  Result<void> convert(Side from) {
    const Side to = other(from);
    const sync::Record& source = from == Side::kLeft ? left_ : right_;
    const sync::Record& wanted = from == Side::kLeft ? right_ : left_;
    if (source.fields.as_object().empty() || wanted.fields.as_object().empty() || !flows(plan_.flow, to)) return {};
    sync::Sides<const sync::Record*> records{nullptr, nullptr};
    records[from] = &source;
    sync::Sides<bool> exists{true, true};
    exists[to] = false;
    const auto decided = TRY(decide(records, exists, store::Link{}));
    for (const Field& field : plan_.fields) {
      if (!flows(field.flow, to) || !names(source.fields, field, from) || !names(wanted.fields, field, to)) continue;
      if (field.kind == Field::Kind::kReference) continue;
      const Value got = sync::form_of(field, to, decided.patch[to]);
      const Value want = sync::form_of(field, to, wanted.fields);
      if (!sync::same_form(field, to, got, want)) return failed("field '" + field.name + "' gives " + json::dump(got) + " on the " + side_name(to) + ", wanted " + json::dump(want));
    }
    return {};
  }

  Result<void> merge() {
    const Value* base = test_.find("base");
    const Value base_left = record_of_test(plan_, Side::kLeft, base->find("left"));
    const Value base_right = record_of_test(plan_, Side::kRight, base->find("right"));
    store::Link link;
    for (const Field& field : plan_.fields) {
      if (!names(base_left, field, Side::kLeft) && !names(base_right, field, Side::kRight)) continue;
      link.base[field.name] = {sync::form_of(field, Side::kLeft, base_left), sync::form_of(field, Side::kRight, base_right)};
    }
    sync::Record left = left_, right = right_;
    for (const Field& field : plan_.fields) {
      if (!link.base.contains(field.name)) continue;
      if (!names(left.fields, field, Side::kLeft)) sync::lay_form(field, Side::kLeft, link.base[field.name].left, left.fields);
      if (!names(right.fields, field, Side::kRight)) sync::lay_form(field, Side::kRight, link.base[field.name].right, right.fields);
    }
    const auto decided = TRY(decide({&left, &right}, {true, true}, link));
    const std::string wins = test_.string_or("wins");
    for (const Decision& decision : decided.fields) {
      if (!link.base.contains(decision.field->name) || decision.kind == Decision::Kind::kNothing || decision.kind == Decision::Kind::kAgree) continue;
      std::string came = decision.winner ? side_name(*decision.winner) : "value";
      if (decision.kind == Decision::Kind::kConflict) came = "manual";
      if (!wins.empty() && wins != "both" && came != wins) return failed("field '" + decision.field->name + "': " + came + " wins (" + decision.rule + "), wanted " + wins);
    }
    if (wins == "both" && decided.merged == 0) return failed("the edits of both sides do not both survive");
    return {};
  }

  ScriptMapper& mapper_;
  const sync::Plan& plan_;
  const Value& test_;
  int number_;
  sync::Record left_, right_;
  sync::Capabilities capabilities_;
};

}  // namespace

Result<int> run_mapping_tests(ScriptMapper& mapper) {
  const Value* tests = mapper.compiled().find("tests");
  if (tests == nullptr || !tests->is_array()) return 0;
  int number = 0;
  for (const Value& test : tests->as_array()) TRY(OneTest(mapper, test, ++number).run());
  return number;
}

}  // namespace tidewire::app
