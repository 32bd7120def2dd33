// What people do, while all runs, to links and to keys that stand; and what they take up again before all is judged.
#include "simulate/side_words.h"
#include "simulate/world.h"

namespace tidewire::simulate {

using MendingAct = sync::Mending::Act;

void World::perform_mending(const Act& act) {
  const auto key = side(act.side).key_of(act.thing);
  if (!key || !engine_) return;
  const std::uint64_t kind = act.number % 10, more = act.number / 10;
  const auto& fields = edited_fields(profile_);
  const std::string field = fields[more % fields.size()];
  const auto half = side(store::other(act.side)).key_of(act.thing);
  sync::Mending what{MendingAct::kUnlink, mapper_->plan().name, {act.side, *key}, {}, "", "ann"};
  switch (kind) {
    case 0: break;
    case 1: what.act = MendingAct::kRelink; break;
    case 2: what.act = MendingAct::kIgnore; break;
    case 3: what.act = MendingAct::kHeed; break;
    case 4: what.act = MendingAct::kIgnore, what.field = field; break;
    case 5: what.act = MendingAct::kHeed, what.field = field; break;
    case 6: what.act = MendingAct::kResetBase; break;
    case 7: what.act = MendingAct::kResetBase, what.field = field; break;
    case 8: what.act = MendingAct::kMerge; break;
    default: return forget(act.side, act.thing);
  }
  if (kind == 1 || (kind == 8 && more % 2 == 0)) {  // the halves of one thing
    if (!half) return;
    what.with = sync::SideKey{store::other(act.side), *half};
  } else if (kind == 8) {
    const auto fellow = another(act.side, *key, more);
    if (!fellow) return;
    what.with = sync::SideKey{act.side, *fellow};
    attend(ledger_.thing_of(side(act.side).rows().at(*fellow).fields));
  }
  if (kind != 2 && kind != 4) attend(act.thing);
  mend(std::move(what));
}

void World::mend(sync::Mending what) {
  engine_->mend(what, [this, what](Result<store::Operation> done) {
    const std::string with = what.with ? " with " + what.with->second : (what.field.empty() ? "" : " " + what.field);
    note(std::string("person: ") + sync::act_name(what.act) + " " + what.key.second + with + (done.ok() ? "" : ", refused: " + done.error().message));
    if (done.ok()) mended(what, *done);
    if (what.act == MendingAct::kIgnore) return;
    for (const auto& key : {std::optional(what.key), what.with}) {  // told to ignore while this was on its way
      const auto row = key ? side(key->first).rows().find(key->second) : left_.rows().end();
      if (key && row != side(key->first).rows().end() && what.act != MendingAct::kMerge) attend(ledger_.thing_of(row->second.fields));
    }
  });
}

/// From here on nobody writes there.
void World::mended(const sync::Mending& what, const store::Operation& operation) {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (what.act == MendingAct::kIgnore && operation.key[side] && what.field.empty()) ignored_.insert({side, *operation.key[side]});
    if (what.act == MendingAct::kIgnore && operation.key[side] && !what.field.empty()) ignored_fields_.insert({{side, *operation.key[side]}, what.field});
    const std::string aside = operation.record.string_or(std::string("set_aside_") + store::side_name(side));
    if (!aside.empty()) ignored_.insert({side, aside});
  }
}

/// Whatever was set aside of it may be written again.
void World::attend(int thing) {
  for (const Side at : {Side::kLeft, Side::kRight}) {
    const auto key = side(at).key_of(thing);
    if (!key) continue;
    ignored_.erase({at, *key});
    std::erase_if(ignored_fields_, [&](const auto& one) { return one.first == std::pair(at, *key); });
  }
}

void World::look_at_written(Side side, const std::string& key, const Value* values) {
  const std::string where = key + " on the " + store::side_name(side);
  if (ignored_.contains({side, key})) wrongs_.emplace_back("ignored stays alone", where + " was written, which a person told to ignore");
  if (values == nullptr) return;
  for (const auto& [field, value] : values->as_object()) {
    const sync::Field* planned = plain_mapper_->plan().field(field);
    if (planned != nullptr && !sync::flows(planned->flow, side)) wrongs_.emplace_back("one way", field + " of " + where + " was written, where it only comes from");
    if (ignored_fields_.contains({{side, key}, field})) wrongs_.emplace_back("ignored stays alone", field + " of " + where + " was written, which a person told to ignore");
  }
}

/// What the state said of it is gone once it has: from when on, nobody knows until the answer.
void World::forget(Side side, int thing) {
  const std::string key = *this->side(side).key_of(thing);
  attend(thing);
  forgetting_.insert(thing);
  engine_->forget(mapper_->plan().name, {side, key}, "ann", [this, key, thing](Result<std::map<std::string, std::int64_t>> gone) {
    note("person: has " + key + " forgotten" + (gone.ok() ? "" : ", refused: " + gone.error().message));
    if (gone.ok() || gone.error().code != Code::kStale) forgotten(thing);
    attend(thing);
    forgetting_.erase(thing);
  });
}

void World::forgotten(int thing) {
  forgetting_.erase(thing);
  ledger_.forget(thing, [&](const Edit& edit) {
    for (const Side at : {Side::kLeft, Side::kRight}) {
      const auto key = side(at).key_of(thing);
      const Value* value = key ? side(at).rows().at(*key).fields.find(edit.field) : nullptr;
      const Edit* stands = value == nullptr ? nullptr : ledger_.of(*value);
      if (stands != nullptr && stands->id == edit.id) return true;
    }
    return false;
  });
}

/// Retries all or one of what stands, or discards one.
void World::deal(bool discards, std::uint64_t number) {
  const std::string mapping = mapper_->plan().name;
  const auto wake = [this, mapping](Result<std::int64_t> done) {
    if (done.ok() && engine_) engine_->wake(mapping);
  };
  if (!discards && number % 2 == 0) {
    note("person: tries again all that stands");
    return store_.retry(mapping, std::nullopt, wake);
  }
  store_.standing(mapping, std::nullopt, {}, [this, mapping, discards, number, wake](Result<store::Paged<store::DirtyKey>> page) {
    if (!page.ok() || page->rows.empty()) return;
    const store::DirtyKey& row = page->rows[number / 2 % page->rows.size()];
    note(word_of(row.side, "person") + ": " + (discards ? "discards " : "tries again ") + row.key);
    if (discards) store_.discard(mapping, row.side, row.key, "not wanted", "ann", wake);
    else store_.retry(mapping, std::pair(row.side, row.key), wake);
  });
}

bool World::tidy_up() {
  bool any = false;
  if (profile_.revised && !grown_) {
    note("the mapping gets the field extra back");
    put_mapping(true);
    any = true;
  }
  if (profile_.mended) any |= heed_all();
  if (profile_.demanding) any |= fill_in();
  return any;
}

bool World::heed_all() {
  bool any = false;
  for (const store::Link& link : asked<std::vector<store::Link>>([this](auto done) { store_.links("things", 0, 10'000, std::move(done)); })) {
    if (link.state == store::LinkState::kTombstone) continue;
    const Side at = link.key.left ? Side::kLeft : Side::kRight;
    sync::Mending what{MendingAct::kHeed, mapper_->plan().name, {at, *link.key[at]}, {}, "", "ann"};
    for (const auto& [field, said] : link.notes.as_object()) {
      if (said.find("ignored") == nullptr) continue;
      what.field = field;
      any = true;
      mend(what);
    }
    what.field.clear();
    if (link.state != store::LinkState::kIgnored) continue;
    any = true;
    mend(what);
  }
  ignored_.clear();
  ignored_fields_.clear();
  return any;
}

/// Of each thing one side at a time, as whoever is told of the dead letter does.
bool World::fill_in() {
  std::vector<std::pair<Side, std::string>> empty;
  std::set<int> things;
  for (const Side at : {Side::kLeft, Side::kRight}) {
    for (const auto& [key, row] : side(at).rows()) {
      const Value* title = row.fields.find("title");
      if ((title == nullptr || title->is_null()) && things.insert(ledger_.thing_of(row.fields)).second) empty.emplace_back(at, key);
    }
  }
  for (const auto& [at, key] : empty) edit_field(at, key, ledger_.thing_of(side(at).rows().at(key).fields), "title");
  return !empty.empty();
}

}  // namespace tidewire::simulate
