// What people do in a simulated world.
#include <algorithm>

#include "simulate/side_words.h"
#include "simulate/world.h"

namespace tidewire::simulate {

void World::play(const std::vector<Act>& acts) {
  for (const Act& act : acts) time_.outside(act.at, [this, act] { perform(act); });
}

void World::perform(const Act& act) {
  using Kind = Act::Kind;
  if (samples()) return perform_on_sample(act);
  switch (act.kind) {
    case Kind::kCreate: return enter(act.side, act.thing, fresh_fields(act.side, act.thing));
    case Kind::kCreateBoth: {
      // The same thing, known by the same e-mail, entered by two people who know nothing of each other.
      Value left = fresh_fields(Side::kLeft, act.thing), right = fresh_fields(Side::kRight, act.thing);
      ledger_.withdraw(Value(Object{{"email", *right.find("email")}}));
      right["email"] = *left.find("email");
      enter(Side::kLeft, act.thing, left);
      return enter(Side::kRight, act.thing, right);
    }
    case Kind::kEdit: return edit(act.side, act.thing, act.field, act.number);
    case Kind::kEditBoth:
      edit(Side::kLeft, act.thing, act.field, act.number);
      return edit(Side::kRight, act.thing, act.field, act.number / 7);
    case Kind::kDelete: return bury(act.side, act.thing);
    case Kind::kRecreate: return enter_again(act.side, act.thing);
    case Kind::kRekey: return edit(act.side, act.thing, "email", 0);
    case Kind::kReuse: return reuse(act.side, act.thing);
    case Kind::kRename:
      if (const auto key = side(act.side).key_of(act.thing)) {
        const std::string to = side(act.side).fresh_key();
        note(word_of(act.side, "person") + ": renames " + *key + " to " + to);
        side(act.side).rename(*key, to);
      }
      return;
    case Kind::kEmpty: return empty(act.side, act.thing);
    case Kind::kHandOn: return hand_on(act.side, act.thing, act.number);
    case Kind::kName: return name_boss(act.side, act.thing, act.number);
    case Kind::kRetype: {
      const std::string& cell = Retyped::cells()[act.number % 3];
      if (act.number / 3 % 2 == 0) retype(other(act.side), act.thing, cell, false);
      return retype(act.side, act.thing, cell, false);
    }
    case Kind::kPin:
      if (const auto key = side(act.side).key_of(act.thing)) {
        const auto span = std::chrono::seconds(1 + static_cast<int>(act.number % 1200));
        note(word_of(act.side, "person") + ": refers to " + *key + " for " + format_duration(span));
        side(act.side).pin(*key, span);
      }
      return;
    default: return perform_on_both(act);
  }
}

/// What is no edit of a record.
void World::perform_on_both(const Act& act) {
  using Kind = Act::Kind;
  switch (act.kind) {
    case Kind::kResolve: return resolve(act.side, profile_.grouped && act.number % 3 == 0);
    case Kind::kPoll:
      note("a poll");
      return poll();
    case Kind::kSweep:
      note("a sweep");
      return sweep();
    case Kind::kJump: {
      const auto by = std::chrono::minutes(static_cast<int>(act.number % 240) - 120);
      note("the clock is set by " + format_duration(by));
      return time_.jump(by);
    }
    case Kind::kScope:
      if (const auto key = left_.key_of(act.thing)) {
        const bool out = left_.rows().at(*key).fields.string_or("status") == "out";
        note("left person: " + *key + (out ? " comes back into the scope" : " leaves the scope"));
        left_.set(*key, "status", Value(out ? "in" : "out"));
      }
      return;
    case Kind::kPart: return part(act.side, act.thing);
    case Kind::kRevert: return revert(act.side, act.thing, act.number);
    case Kind::kAway: {
      const auto span = std::chrono::minutes(1 + static_cast<int>(act.number % 30));
      note(word_of(act.side, "") + "answers nobody for " + format_duration(span));
      return side(act.side).go_away(span);
    }
    case Kind::kGrow:
      note("the mapping gets the field extra");
      return grow();
    case Kind::kRevise:
      note(grown_ ? "the mapping loses the field extra" : "the mapping gets the field extra back");
      return put_mapping(!grown_);
    case Kind::kMend: return perform_mending(act);
    case Kind::kRetry:
    case Kind::kDiscard: return deal(act.kind == Kind::kDiscard, act.number);
    default: return;
  }
}

bool World::outside(int thing) const {
  const auto key = left_.key_of(thing);
  return key && left_.rows().at(*key).fields.string_or("status") == "out";
}

Value World::fresh_fields(Side side, int thing) {
  Value fields{Object{}};
  fields["email"] = ledger_.edit(side, thing, "email", Value(), false);
  fields["amount"] = Value(std::int64_t{0});
  for (const char* field : {"phone", "note", "name", "street", "city"}) fields[field] = ledger_.edit(side, thing, field, Value(), false);
  if (profile_.scoped && side == Side::kLeft) fields["status"] = Value("in");
  if (profile_.grows || profile_.revised) fields["extra"] = ledger_.edit(side, thing, "extra", Value(), false);
  if (profile_.grouped) fields["zip"] = ledger_.edit(side, thing, "zip", Value(), false);
  if (profile_.demanding) fields["title"] = faults_.number("left empty", 3) == 0 ? Value() : ledger_.edit(side, thing, "title", Value(), false);
  if (profile_.retyped) {
    fields["mood"] = fresh_word();
    fields["marks"] = Value(Array{});
    for (const char* mark : {"a", "b"}) fields["marks"].as_array().push_back(Value(Object{{"mark", mark}, {"says", fresh_word()}}));
  }
  if (profile_.pinned) fields["badge"] = Value("badge-" + std::to_string(++badges_));
  if (const auto boss = profile_.related && faults_.number("boss", 2) == 0 ? another(side, "", faults_.number("which boss", 100)) : std::nullopt) fields["boss"] = Value(*boss);
  if (profile_.judged) fields["price"] = ledger_.edit(side, thing, "price", Value(), false);
  fields["code"] = side == Side::kLeft ? ledger_.edit(side, thing, "code", Value(), false) : Value();
  return fields;
}

void World::enter(Side side, int thing, const Value& fields, const std::string& key) {
  const auto made = this->side(side).insert(fields, key);
  if (!made) ledger_.withdraw(fields);
  if (made) ledger_.compose(thing, this->side(side).rows().at(*made).fields);
  note(word_of(side, "person") + ": enters thing " + std::to_string(thing) + (made ? " as " + *made : ", refused"));
}

void World::edit(Side side, int thing, const std::string& field, std::uint64_t number) {
  if (const auto key = this->side(side).key_of(thing)) edit_row(side, *key, thing, field, number);
}

/// kAddress: which of them, `number` says. They are saved at once: nobody reads the record between the one and the other.
void World::edit_row(Side side, const std::string& key, int thing, const std::string& field, std::uint64_t number) {
  static constexpr const char* kParts[] = {"street", "city", "zip"};
  if (field != kAddress) edit_field(side, key, thing, field);
  for (std::size_t part = 0; field == kAddress && part < 3; ++part) {
    if ((((1 + number % 7) >> part) & 1) != 0) edit_field(side, key, thing, kParts[part]);
  }
  ledger_.compose(thing, this->side(side).rows().at(key).fields);
}

void World::edit_field(Side side, const std::string& key, int thing, const std::string& field) {
  const Value* present = this->side(side).rows().at(key).fields.find(field);
  const bool blank = field == "name" && side == Side::kLeft && faults_.number("blank", 2) == 0;
  const Value value = ledger_.edit(side, thing, field, present == nullptr ? Value() : *present, blank);
  note(word_of(side, "person") + ": " + key + " " + field + "=" + (value.is_string() ? "'" + value.as_string() + "'" : std::to_string(value.as_int())));
  if (!linked_.contains({side, key})) this->side(side).edit_unmet(key);
  this->side(side).set(key, field, value);
}

void World::empty(Side side, int thing) {
  const auto key = this->side(side).key_of(thing);
  if (!key) return;
  note(word_of(side, "person") + ": " + *key + " loses its title");
  if (const Value* title = this->side(side).rows().at(*key).fields.find("title")) ledger_.empty(*title);
  this->side(side).set(*key, "title", Value());
}

/// Whoever hands it on takes a fresh one.
void World::hand_on(Side side, int thing, std::uint64_t number) {
  const auto from = this->side(side).key_of(thing);
  const auto to = from ? another(side, *from, number) : std::nullopt;
  if (!to) return;
  const std::string badge = this->side(side).rows().at(*from).fields.string_or("badge");
  if (badge.empty()) return;
  note(word_of(side, "person") + ": " + *from + " hands " + badge + " on to " + *to);
  this->side(side).set(*from, "badge", Value("badge-" + std::to_string(++badges_)));
  this->side(side).set(*to, "badge", Value(badge));
  handed_.insert({thing, ledger_.thing_of(this->side(side).rows().at(*to).fields)});
}

void World::name_boss(Side side, int thing, std::uint64_t number) {
  const auto key = this->side(side).key_of(thing);
  const auto boss = key ? another(side, *key, number) : std::nullopt;
  if (!boss) return;
  note(word_of(side, "person") + ": " + *key + " names " + *boss + " as its boss");
  this->side(side).set(*key, "boss", Value(*boss));
}

Sides<const Value*> World::shown_of(int thing) const {
  Sides<const Value*> shown{nullptr, nullptr};
  for (const Side at : {Side::kLeft, Side::kRight}) {
    const MemorySide& there = at == Side::kLeft ? left_ : right_;
    if (const auto key = there.key_of(thing)) shown[at] = &there.rows().at(*key).fields;
  }
  return shown;
}

/// Another value; `back`: the one that both sides had before, over what the engine has written since, where there is one.
void World::retype(Side side, int thing, const std::string& cell, bool back) {
  const auto key = this->side(side).key_of(thing);
  if (!key || (back && !linked_.contains({side, *key}))) return;
  const auto shown = shown_of(thing);
  retyped_.look(thing, shown);
  const Value value = back ? retyped_.agreed_before(side, thing, shown, cell) : fresh_word();
  if (value.is_null()) return;
  note(word_of(side, "person") + ": " + *key + " " + cell + "='" + value.as_string() + (back ? "', as both sides had it" : "'"));
  if (back) retyped_.entered(thing, {side, *key, cell, value, time_.now()});
  else retyped_.edited(side, thing, cell);
  if (!linked_.contains({side, *key})) this->side(side).edit_unmet(*key);
  this->side(side).set(*key, Retyped::field_of(cell), Retyped::with(*shown[side], cell, value));
}

std::optional<std::string> World::another(Side side, const std::string& key, std::uint64_t number) {
  std::vector<std::string> others;
  for (const auto& [one, row] : this->side(side).rows()) {
    if (one != key) others.push_back(one);
  }
  if (others.empty()) return std::nullopt;
  return others[number % others.size()];
}

void World::bury(Side side, int thing) {
  const auto key = this->side(side).key_of(thing);
  if (!key) return;
  note(word_of(side, "person") + ": deletes " + *key);
  const MemorySide& there = this->side(side);
  const bool binding = linked_.contains({side, *key}) && !there.unmet(*key) && !there.unanswered(*key);
  ledger_.bury({side, thing, *key, there.asked(*key), {}, binding}, there.rows().at(*key).fields);
  this->side(side).erase(*key);
}

/// Who enters it again knows the e-mail and nothing else of what was there.
void World::enter_again(Side side, int thing) {
  const bool deleted = std::any_of(ledger_.burials().begin(), ledger_.burials().end(), [&](const Burial& burial) { return burial.thing == thing; });
  if (!deleted || this->side(side).key_of(thing)) return;
  Value fields = fresh_fields(side, thing);
  ledger_.withdraw(Value(Object{{"email", *fields.find("email")}}));
  fields["email"] = ledger_.first(thing, "email");
  enter(side, thing, fields);
}

/// The record is deleted and its name given to another thing.
void World::reuse(Side side, int thing) {
  const auto key = this->side(side).key_of(thing);
  if (!key || !profile_.system[side].incarnation) return;
  bury(side, thing);
  const int another = ++things_;
  enter(side, another, fresh_fields(side, another), *key);
}

void World::part(Side side, int thing) {
  const auto key = this->side(side).key_of(thing);
  if (!engine_ || !key) return;
  engine_->mend({sync::Mending::Act::kUnlink, mapper_->plan().name, {side, *key}, {}, "", "ann"}, [this, key = *key](Result<store::Operation> parted) {
    note("person: parts " + key + (parted.ok() ? "" : ", refused: " + parted.error().message));
  });
}

/// Of the last seconds, minutes or all.
void World::revert(Side side, int thing, std::uint64_t number) {
  static constexpr std::chrono::milliseconds kSpans[] = {std::chrono::milliseconds(300), std::chrono::seconds(10), std::chrono::minutes(2), std::chrono::minutes(20), std::chrono::hours(3)};
  const auto key = this->side(side).key_of(thing);
  if (!engine_ || !key || !ledger_.whole()) return;  // a record that was left to differ goes on field by field
  const Duration span = kSpans[number % 5];
  store::Job job;
  job.mapping = mapper_->plan().name;
  job.kind = "revert";
  job.author = "ann";
  job.options = Value(Object{{"since", Value(format_instant(time_.now() - span))}, {"apply", Value(true)}, {"key", Value(*key)}, {"side", Value(store::side_name(side))}});
  note("person: takes back what was written of " + *key + " in the last " + format_duration(span));
  engine_->jobs().start({std::move(job)}, [](Result<std::string>) {});
}

/// `alone`: of one field only, although others may be won with it.
void World::resolve(Side winner, bool alone) {
  if (!engine_) return;
  const std::string mapping = mapper_->plan().name;
  store_.conflicts(mapping, false, {}, [this, winner, alone, mapping](Result<store::Paged<store::Conflict>> page) {
    if (!page.ok() || page->rows.empty()) return;
    const store::Conflict& open = page->rows.front();
    note("person: resolves the conflict of " + open.field + " for the " + store::side_name(winner));
    store::Store::Resolution said{open.id, store::side_name(winner), "ann", {}, open.shown_at};
    for (std::string& fellow : sync::won_with(mapper_->plan(), open.field)) {
      if (!alone) said.with.push_back({std::move(fellow), {}});
    }
    store_.resolve(std::move(said), [this, mapping](Result<void> done) {
      if (done.ok() && engine_) engine_->wake(mapping);
    });
  });
}

}  // namespace tidewire::simulate
