// A record that leaves the scope of its mapping (law 23). Its link is frozen, or parted, or the record of the other side goes
// as if this one had been deleted. Entering again is an ordinary pass, or a first contact.
#include <algorithm>
#include <utility>

#include "base/decimal.h"
#include "base/json.h"
#include "sync/merge/canonical.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::other;

namespace {

bool meets_one(const Value& condition, const Value* found, const Type& type) {
  const Value value = found == nullptr ? Value() : *found;
  std::string op = "=";
  Value operand = condition;
  if (condition.is_object() && condition.find("op") != nullptr) {
    op = condition.string_or("op");
    const Value* inner = condition.find("value");
    operand = inner == nullptr ? Value() : *inner;
  }
  if (op == "is_null") return empty(value, type);
  if (op == "not_null") return !empty(value, type);
  if (op == "in" || op == "not_in") {
    const bool any = operand.is_array() && std::any_of(operand.as_array().begin(), operand.as_array().end(), [&](const Value& one) { return same(one, value, type); });
    return any == (op == "in");
  }
  if (op == "=" || op == "!=") return same(value, operand, type) == (op == "=");
  const auto a = canonical(value, type);
  const auto b = canonical(operand, type);
  if (!a.ok() || !b.ok() || a->is_null() || b->is_null()) return false;
  if (a->is_number() && b->is_number()) {
    const auto left = Decimal::from(*a);
    const auto right = Decimal::from(*b);
    if (!left.ok() || !right.ok()) return false;
    if (op == ">") return *left > *right;
    if (op == ">=") return *left >= *right;
    if (op == "<") return *left < *right;
    return op == "<=" && *left <= *right;
  }
  const std::string x = a->is_string() ? a->as_string() : json::dump(*a);
  const std::string y = b->is_string() ? b->as_string() : json::dump(*b);
  if (op == ">") return x > y;
  if (op == ">=") return x >= y;
  if (op == "<") return x < y;
  return op == "<=" && x <= y;
}

/// "country = \"FR\"", "age >= 18", "country is null".
std::string said(const Unfit& unfit) {
  const Value& condition = unfit.condition;
  const bool spelt = condition.is_object() && condition.find("op") != nullptr;
  const std::string op = spelt ? condition.string_or("op") : "=";
  if (op == "is_null") return unfit.field + " to have no value";
  if (op == "not_null") return unfit.field + " to have one";
  const Value* operand = spelt ? condition.find("value") : &condition;
  return unfit.field + " " + (op == "not_in" ? "not in" : op) + " " + json::dump(operand == nullptr ? Value() : *operand);
}

bool is_secret(const Plan& plan, Side side, const std::string& path) {
  return std::any_of(plan.fields.begin(), plan.fields.end(), [&](const Field& field) {
    const auto& paths = field.paths[side];
    return is_redacted(field) && std::find(paths.begin(), paths.end(), path) != paths.end();
  });
}

}  // namespace

std::optional<Unfit> unfit(const Value& scope, const Value& record, const Plan& plan, Side side) {
  if (!scope.is_object()) return std::nullopt;
  for (const auto& [path, condition] : scope.as_object()) {
    Type type;
    type.kind = "text";
    type.empty_is_null = true;
    for (const Field& field : plan.fields) {
      if (field.paths[side].size() == 1 && field.paths[side].front() == path) type = field.type[side];
    }
    const Value* found = record.at_path(path);
    if (!meets_one(condition, found, type)) return Unfit{path, condition, found == nullptr ? Value() : *found};
  }
  return std::nullopt;
}

bool meets(const Value& scope, const Value& record, const Plan& plan, Side side) { return !unfit(scope, record, plan, side); }

bool Reconcile::in_scope(Side side) const { return meets(plan_.end[side].scope, record_[side]->fields, plan_, side); }

/// Which condition keeps a record that was read out of the scope; "" where none does.
std::string Reconcile::outside_text() const {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!record_[side]) continue;
    const auto found = unfit(plan_.end[side].scope, record_[side]->fields, plan_, side);
    if (!found) continue;
    const std::string value = is_secret(plan_, side, found->field) ? "a value that is told to nobody" : found->value.is_null() ? "no value" : json::dump(found->value);
    return "outside the scope of the mapping: " + plan_.end[side].connection + " has " + value + " in " + found->field + ", and the scope asks for " + said(*found);
  }
  return "";
}

/// Why a look finds nothing to do, where that is not because the sides agree.
std::string Reconcile::idle_text(const std::string& counter) const {
  const Side there = other(key_.first);
  if (!decisions_.skip.empty()) return "skipped by the mapping: " + decisions_.skip;
  if (counter == "ignored" && link_.state == store::LinkState::kIgnored) return "ignored: a person set it aside, `tidewire heed` takes that back";
  if (counter == "ignored") return "ignored: its counterpart was deleted in " + plan_.end[there].connection + ", and the mapping ignores deletes";
  if (counter == "filtered" && !flows(plan_.flow, there)) return "not taken: the mapping writes nothing to " + plan_.end[there].connection + ", and this record of " + plan_.end[key_.first].connection + " has no counterpart";
  return outside_text();
}

void Reconcile::left_scope(Side side) {
  const Side there = other(side);
  if (link_.id == 0 && !link_.base.empty()) {
    // What a create made of it, found only now: a link that is there to be frozen, or to go in a pass of its own.
    link_.state = store::LinkState::kFrozen;
    operation_.kind = "link";
    if (plan_.leave != Plan::Leave::kFreeze) again_.push_back({side, *link_.key[side], "upsert", "again", 0, now()});
    return commit_pass();
  }
  const bool goes = plan_.leave == Plan::Leave::kSoft || plan_.leave == Plan::Leave::kDelete;
  // Made outside by a create of ours, it has not left the scope: what it was made from stays until it was inside once.
  const bool outside = link_.notes.find(kOutside) != nullptr;
  const bool freezes = plan_.leave == Plan::Leave::kFreeze || outside || link_.id == 0 || !link_.key[there];
  if (freezes || (goes && !flows(plan_.flow, there))) {
    link_.state = store::LinkState::kFrozen;
    return commit_echo("left_scope");
  }
  if (in_another_system("'" + *link_.key[side] + "' left the scope of the mapping")) return;
  if (plan_.leave == Plan::Leave::kUnlink) {
    operation_.kind = "unlink";  // both records stay, and the one that stayed in is nobody's business until the other comes back
    return bury(side, "unlink", "applied");
  }
  if (!read_[there]) {
    Sides<bool> wanted{false, false};
    wanted[there] = true;
    return read_sides(wanted);
  }
  ask_if_edited(there, [self = shared_from_this(), side](bool edited) { self->decide_leave(side, edited); });
}

void Reconcile::decide_leave(Side side, bool edited) {
  const Side there = other(side);
  if (edited) {
    return stand_whole("left_scope", make_error(Code::kInvalid, "'" + *link_.key[side] + "' left the scope of the mapping, but '" + *link_.key[there] + "' was edited on " + plan_.end[there].connection + " meanwhile: it is not deleted",
                                                "bring the one back into the scope, or delete the other by hand"));
  }
  leaving_ = plan_.leave == Plan::Leave::kSoft ? DeletePolicy::kSoft : DeletePolicy::kDelete;
  if (options_.dry || !may_write(there)) {
    note_write(there, *leaving_ == DeletePolicy::kSoft ? "soft delete" : "delete", Value(Object{}), "would be deleted");
    return would_write("delete");
  }
  brake(side);
}

/// What a delete on the other side, or leaving the scope there, does here.
DeletePolicy Reconcile::deletes_on(Side side) const { return leaving_.value_or(plan_.end[side].deletes); }

}  // namespace tidewire::sync
