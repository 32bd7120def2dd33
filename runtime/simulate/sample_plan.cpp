// A user's mapping as it runs alone, and the trouble that its systems can be in.
#include <algorithm>

#include "base/text.h"
#include "simulate/sample.h"

namespace tidewire::simulate {
namespace {

class LoneMapper final : public sync::Mapper {
 public:
  LoneMapper(std::shared_ptr<sync::Mapper> inner, sync::Plan plan) : inner_(std::move(inner)), plan_(std::move(plan)) {}
  const sync::Plan& plan() const override { return plan_; }
  const std::string& version() const override { return inner_->version(); }
  Result<sync::Outcome> convert(const sync::Field& field, Side to, const Value& form, const Value& record, std::string_view op) override { return inner_->convert(field, to, form, record, op); }
  Result<sync::Outcome> convert_in(const sync::Field& field, Side to, const Value& form, const Value& record, const sync::CallContext& context) override { return inner_->convert_in(field, to, form, record, context); }
  Result<sync::Verdict> resolve(const sync::Field& field, std::int64_t strategy, const sync::Dispute& dispute) override { return inner_->resolve(field, strategy, dispute); }
  Result<std::optional<std::string>> check(const sync::Plan::Check& check, const Value& value) override { return inner_->check(check, value); }

 private:
  std::shared_ptr<sync::Mapper> inner_;  // owners: this alone
  sync::Plan plan_;
};

/// "address.city" is one field of a flat record here.
std::string flat(std::string path) {
  std::replace(path.begin(), path.end(), '.', '/');
  return path;
}

void flatten(sync::Plan& plan) {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (sync::Field& field : plan.fields) {
      for (std::string& path : field.paths[side]) path = flat(path);
    }
    for (sync::Match& match : plan.matches) {
      for (auto& pair : match.pairs) {
        std::string& path = pair.path[side];
        path = flat(path);
      }
    }
    plan.end[side].parts.clear();
  }
  for (sync::Plan::Check& check : plan.checks) check.path = flat(check.path);
}

/// A reference is the same text on both sides.
void copy_as_text(sync::Field& field) {
  field.kind = sync::Field::Kind::kCopy;
  field.reference.clear();
  field.words.clear();
  field.list = field.optional_reference = false;
  field.type = {sync::Type::of("text"), sync::Type::of("text")};
}

/// Why the field is not simulated; nullptr where it is.
const char* why_left_out(const sync::Plan& plan, const sync::Field& field) {
  if (field.name == plan.lifecycle.field && !field.name.empty()) return "a state that verbs move";
  if (field.kind == sync::Field::Kind::kRows) return "rows";
  const bool refers = field.kind == sync::Field::Kind::kReference || field.kind == sync::Field::Kind::kFind;
  if (refers && (field.paths.left.size() > 1 || field.paths.right.size() > 1)) return "a reference of two parts";
  const bool dotted = std::any_of(plan.fields.begin(), plan.fields.end(), [](const sync::Field& one) { return one.own_function; });
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (const std::string& path : field.paths[side]) {
      if (dotted && path.find('.') != std::string::npos) return "a part of a record, beside functions that may look at it";
    }
  }
  return nullptr;
}

bool names(const sync::Plan& plan, Side side, const std::string& path) {
  return std::any_of(plan.fields.begin(), plan.fields.end(), [&](const sync::Field& field) { return std::find(field.paths[side].begin(), field.paths[side].end(), path) != field.paths[side].end(); });
}

/// A value that meets the condition, null where that does or none is known.
Value default_of(const Value& condition) {
  const bool said = condition.is_object() && condition.find("op") != nullptr;
  const Value* inner = said ? condition.find("value") : &condition;
  const std::string op = said ? condition.string_or("op") : "=";
  if (op == "not_null") return Value("given");
  if (inner == nullptr) return Value();
  if (op == "in") return inner->is_array() && !inner->as_array().empty() ? inner->as_array().front() : Value();
  return op == "=" || op == ">=" || op == "<=" ? *inner : Value();
}

}  // namespace

Value Sample::defaults_of(const sync::Plan& plan, Side side) {
  Object out;
  for (const auto& [path, condition] : plan.end[side].scope.as_object()) {
    if (names(plan, side, path)) continue;
    if (Value value = default_of(condition); !value.is_null()) out[path] = std::move(value);
  }
  return Value(std::move(out));
}

Value Sample::with_defaults(Side side, Value record) const {
  for (const auto& [path, value] : defaults_[side].as_object()) {
    if (record[path].is_null()) record[path] = value;
  }
  return record;
}

Result<std::shared_ptr<sync::Mapper>> alone(std::shared_ptr<sync::Mapper> mapper, std::vector<std::string>& left_out) {
  sync::Plan plan = mapper->plan();
  if (!plan.lookups.empty()) return make_error(Code::kInvalid, "mapping '" + plan.name + "' looks records up in other collections (lookup), which are not simulated", "its functions would see nothing there");
  std::erase_if(plan.fields, [&](const sync::Field& field) {
    const char* why = why_left_out(mapper->plan(), field);
    if (why != nullptr) left_out.push_back(field.name + " (" + why + ")");
    return why != nullptr;
  });
  for (sync::Field& field : plan.fields) {
    if (field.kind == sync::Field::Kind::kReference || field.kind == sync::Field::Kind::kFind) {
      left_out.push_back(field.name + " (a reference, copied as it is)");
      copy_as_text(field);
    }
    if (!field.judged()) continue;
    left_out.push_back(field.name + " (nobody is asked: " + (plan.judge ? plan.judge->fallback : "") + ")");
    field.strategy = field.strategy_function ? "fallback" : "manual";
  }
  for (sync::Field& field : plan.fields) field.redact = false;  // no secret here, and an edit is found by its value
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!sync::flows(plan.flow, side)) continue;
    for (const auto& [path, condition] : plan.end[side].scope.as_object()) {
      if (!names(plan, side, path)) left_out.push_back(path + " (a scope that is not mapped: what is made on the " + store::side_name(side) + " side gets it by the system's default)");
    }
  }
  std::erase_if(plan.matches, [&](const sync::Match& match) {
    return std::any_of(match.pairs.begin(), match.pairs.end(), [&](const auto& pair) { return !names(plan, Side::kLeft, pair.path.left) || !names(plan, Side::kRight, pair.path.right); });
  });
  plan.lifecycle = {};
  plan.judge.reset();
  plan.hooks.clear();
  plan.name = "things";
  plan.read_only = {false, false};
  for (const Side side : {Side::kLeft, Side::kRight}) {
    plan.end[side].connection = side == Side::kLeft ? "erp" : "app";
    plan.end[side].collection = "things";
    plan.end[side].webhook = true;
    plan.end[side].poll = "every 1h";
  }
  flatten(plan);
  return std::shared_ptr<sync::Mapper>(std::make_shared<LoneMapper>(std::move(mapper), std::move(plan)));
}

/// Whether a create of unknown outcome can be found there: else doubles are nobody's fault, and `tidewire check` says so.
bool Sample::found_again(Side side, const sync::Capabilities& able) const {
  const bool names_keys = able.client_keys && plan().assigned_by == (side == Side::kLeft ? sync::Plan::AssignedBy::kRight : sync::Plan::AssignedBy::kLeft);
  const auto& stamps = plan().end[side].stamps;
  const auto other_key = side == Side::kLeft ? sync::Stamp::What::kRightKey : sync::Stamp::What::kLeftKey;
  return names_keys || !plan().matches.empty() || std::any_of(stamps.begin(), stamps.end(), [&](const sync::Stamp& stamp) { return stamp.what == other_key; });
}

std::optional<Profile> Sample::adapted(Profile profile, const Sides<sync::Capabilities>& able) const {
  if (profile.grows || profile.judged || profile.scoped || profile.grouped || profile.parted || profile.mended || profile.dealt) return std::nullopt;
  if (profile.demanding || profile.pinned || profile.revised || profile.related) return std::nullopt;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    Profile::System& system = profile.system[side];
    if (system.rekeys || system.trash || (system.hides && able[side].absence_proves_delete)) return std::nullopt;
    system.guarded = able[side].guarded_writes;
    system.ordered = able[side].ordered_versions;
    system.incarnation = able[side].incarnation;
    system.answer = able[side].answer;
    system.client_keys = able[side].client_keys;
    system.hides = !able[side].absence_proves_delete;
    system.pages = able[side].page_reads;
    system.unique = system.normalises = false;
    // A state left behind that was never seen, and no guard to refuse what is made of it: no engine can tell.
    system.reads_behind = system.reads_behind && able[side].guarded_writes;
    if (!sync::flows(plan().flow, side) || found_again(side, able[side])) continue;
    for (const Fault fault : {Fault::kLostRequest, Fault::kLostAnswer, Fault::kLate, Fault::kFailedAfter, Fault::kCrash, Fault::kDisk, Fault::kFsync, Fault::kScript}) profile[fault] = 0;
  }
  // Entered twice at once where a search may miss the other one, no engine makes one of it.
  const bool seen = profile[Fault::kStaleRead] == 0 && profile[Fault::kHidden] == 0 && !plan().matches.empty();
  profile.entered_twice = profile.entered_twice && seen;
  return profile;
}

}  // namespace tidewire::simulate
