// Announced writes whose fate a pass finds out on its way in: written, not written, or not to be told (laws 12, 25, 26).
#include <algorithm>

#include "sync/merge/canonical.h"
#include "sync/merge/rows.h"
#include "sync/reconcile/hooks.h"
#include "sync/reconcile/questions.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::other;

namespace {

const Value& part_of(const Value& announced, const char* name) {
  static const Value nothing;
  const Value* part = announced.find(name);
  return part == nullptr ? nothing : *part;
}

/// What the field's rule makes of a dispute is a value of its own.
bool computes(Mapper& mapper, const Field& field, const Value& left, const Value& right) {
  if (!field.strategy_function) return false;
  Dispute dispute;
  dispute.field = field.name;
  dispute.base = store::FieldBase{left, right};
  dispute.form = {left, right};
  const auto verdict = mapper.resolve(field, *field.strategy_function, dispute);
  return verdict.ok() && verdict->kind == Verdict::Kind::kValue;
}

/// Of a row that both sides have.
bool has_computed_cell(Mapper& mapper, const Field& field, const Value& announced) {
  std::map<std::string, const Value*> left;
  const Value& lefts = part_of(announced, "l");
  const Value& rights = part_of(announced, "r");
  const auto names = row_names(field, Side::kLeft, lefts);
  for (std::size_t i = 0; i < names.size(); ++i) left[names[i]] = &elements_of(lefts)[i];
  const auto there = row_names(field, Side::kRight, rights);
  for (std::size_t i = 0; i < there.size(); ++i) {
    const auto same = left.find(there[i]);
    if (same == left.end()) continue;
    const Value& row = elements_of(rights)[i];
    const bool any = std::any_of(field.rows.begin(), field.rows.end(), [&](const Field& cell) {
      return !cell.judged() && computes(mapper, cell, cell_form(cell, Side::kLeft, *same->second), cell_form(cell, Side::kRight, row));
    });
    if (any) return true;
  }
  return false;
}

}  // namespace

/// What landed of an earlier write that does not count is put back by it (reconcile/group.cpp): the base stays.
bool Reconcile::goes_back(const Value& announced) { return announced.find("back") != nullptr; }

/// One announced at a first contact has no link yet; the key written says whose it is.
bool Reconcile::is_about_us(const store::Intent& intent) const {
  return intent.link ? *intent.link == link_.id : intent.target_key == link_.key[intent.side];
}

bool Reconcile::is_ours(const store::Intent& intent) const {
  return intent.kind == store::IntentKind::kUpdate && intent.requested_at && is_about_us(intent);
}

/// A delete that was announced, and the record lives on: refused, or not sent.
bool Reconcile::is_undone(const store::Intent& intent) const {
  return intent.kind == store::IntentKind::kDelete && is_about_us(intent) && record_[intent.side] && intent.requested_at;
}

/// Announced at a first contact with another record than the one that this is linked to now: that pair never came to be, and
/// what was agreed on in it says nothing of this one.
bool Reconcile::is_of_another_pair(const store::Intent& intent) const {
  const Side source = other(intent.side);
  const auto& key = link_.key[source];
  const bool unlinked = !intent.link && is_ours(intent) && record_[intent.side];
  if (!unlinked || !key || *key == intent.source_key) return false;
  return !intent.source_incarnation || intent.source_incarnation != link_.incarnation[source];
}

/// What nobody makes anything of any more is over when it cannot land, and looked at again until then.
void Reconcile::end_when_settled(const store::Intent& intent) {
  if (cannot_land(intent)) void_.push_back(intent.id);
  else again_.push_back({intent.side, *link_.key[intent.side], "upsert", "again", 0, *intent.requested_at + lane_.capabilities(intent.side).settle});
}

/// A side that shows an announced value counts as written; the base becomes the announced input of the other side. That is
/// stored before anything else, with the announcement, so that the value counts once whatever happens to this pass.
void Reconcile::honour_intents(std::function<void()> then) {
  store::Commit commit;
  std::vector<store::Intent> landed;
  bool entered = false;
  // In the order of writing: what the left shows tells of both.
  std::stable_partition(known_.intents.begin(), known_.intents.end(), [](const store::Intent& intent) { return intent.side == Side::kRight; });
  for (const store::Intent& intent : known_.intents) {
    const auto& source = link_.key[other(intent.side)];
    const bool made = intent.kind == store::IntentKind::kCreate && record_[intent.side] && link_.key[intent.side] && source && *source == intent.source_key;
    if (made) settled_.push_back(intent.id);  // the pair exists, met from whichever side
    made_ |= made && reads_as_sent(intent);
    if (made && met_) take_as_it_reads(intent);
    if ((made || is_ours(intent)) && may_still_make(intent)) making_until_[intent.side] = std::max(making_until_[intent.side], *intent.requested_at + lane_.capabilities(intent.side).settle);
    if (is_undone(intent)) end_when_settled(intent);
    if (is_of_another_pair(intent)) {
      end_when_settled(intent);
      continue;
    }
    if (!is_ours(intent) || !record_[intent.side] || !intent.fields.is_object()) continue;
    const std::set<std::string> written = count_as_written(intent);
    const bool told = !written.empty() || find_doubtful(intent);
    entered |= note_entered_since(intent);
    auto rest = told ? rest_of(intent, written) : std::nullopt;
    if (!written.empty()) landed.push_back(intent);
    if (rest) commit.announce.push_back(std::move(*rest));
    else if (told) commit.close_intents.push_back(intent.id);
    else end_when_settled(intent);
  }
  const auto over = [&](const store::Intent& intent) {
    const auto in = [&](const std::vector<std::string>& ids) { return std::find(ids.begin(), ids.end(), intent.id) != ids.end(); };
    return in(commit.close_intents) || in(settled_) || in(void_);
  };
  std::erase_if(known_.intents, over);
  for (store::Intent& intent : known_.intents) {
    for (const store::Intent& rest : commit.announce) {
      if (rest.id == intent.id) intent = rest;
    }
  }
  const bool noted = entered || (noted_ && link_.id != 0);  // stored before what it was found by is closed
  if ((commit.close_intents.empty() && commit.announce.empty() && !noted) || options_.dry) return then();
  commit.mapping = link_.mapping = lane_.mapping;
  commit.link = link_;
  move_taken(commit);
  commit.wake_children = wake_;
  for (const std::string& name : doubtful_) commit.open_conflicts.push_back(doubt_about(name));
  if (!landed.empty()) {
    commit.operation = told_late(landed);
    commit.hooks = hooks_of(plan_, *commit.operation);
    commit.counters["updated"] += 1;
  }
  const auto told = commit.operation;
  lane_.store.commit(std::move(commit), [self = shared_from_this(), then = std::move(then), told](Result<std::int64_t> stored) {
    if (!stored.ok()) return self->fail(std::move(stored).error());
    self->link_.id = *stored;
    if (self->known_.link) self->known_.link->notes = self->link_.notes;
    self->stored_ = self->link_;
    if (told) self->lane_.around.ears.on_operation(*told);
    for (const std::string& name : self->doubtful_) self->known_.conflicts.push_back(self->doubt_about(name));
    then();
  });
}

/// Open from here on, because what this pass goes on to write would look like the answer to the doubt.
store::Conflict Reconcile::doubt_about(const std::string& name) const {
  const Field& field = *plan_.field(name);
  store::Conflict doubt;
  doubt.mapping = lane_.mapping;
  if (link_.id != 0) doubt.link = link_.id;
  doubt.field = name;
  doubt.kind = "unknown_outcome";
  doubt.operation = operation_.id;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (record_[side]) doubt.shown[side] = form_of(field, side, record_[side]->fields);
  }
  return doubt;
}

/// Whether the side shows a part of what was announced for the field: "to", or "l" or "r". What landed of an earlier write that does not
/// count tells nothing of this one, unless this one gives it back.
bool Reconcile::shows(const store::Intent& intent, const std::string& field, const char* part) const {
  const Field* planned = plan_.field(field);
  if (planned == nullptr) return false;
  const Value& announced = *intent.fields.find(field);
  const Value* was = goes_back(announced) ? nullptr : landed(*planned, intent.side);
  return same_form(*planned, intent.side, was != nullptr ? *was : form_of(*planned, intent.side, record_[intent.side]->fields), part_of(announced, part));
}

/// Found otherwise than by what only we write, a record that a create may have made agrees to what still reads as sent: what its
/// source shows instead by now is an edit (law 25). A name used again inherits no create (law 20).
void Reconcile::take_as_it_reads(const store::Intent& create) {
  const Side source = other(create.side);
  const auto& incarnation = link_.incarnation[source];
  const bool another = incarnation && create.source_incarnation && *incarnation != *create.source_incarnation;
  if (!create.requested_at || another || !record_[create.side] || !create.fields.is_object()) return;
  for (const auto& [name, announced] : create.fields.as_object()) {
    const Field* field = plan_.field(name);
    if (field == nullptr || field->kind == Field::Kind::kRows || link_.base.contains(name)) continue;
    if (shows(create, name, "to")) link_.base[name] = base_as_sent(create, announced);
    else keep_age(create, *field, announced);
  }
  if (made_) note_unsent(create);
}

/// A reference that was owed when the record was made, and what goes with it, is owed still, and what its system filled that with is nobody's
/// word, as where the answer was not lost (reconcile/answer.cpp).
void Reconcile::note_unsent(const store::Intent& create) {
  const auto names = [this](const std::string& name) { return plan_.field(name)->kind == Field::Kind::kReference; };
  for (const Field& field : plan_.fields) {
    const bool compared = field.kind != Field::Kind::kConstant && field.kind != Field::Kind::kRows && flows(field.flow, create.side);
    if (!compared || create.fields.find(field.name) != nullptr || link_.base.contains(field.name)) continue;
    const auto fellows = plan_.whole_record ? std::vector<std::string>() : won_with(plan_, field.name);
    if (!names(field.name) && std::none_of(fellows.begin(), fellows.end(), names)) continue;
    note_owed(field);
    Value filled = form_of(field, create.side, record_[create.side]->fields);
    if (!empty_form(field, create.side, filled)) note_form(link_, field.name, {{"sent", Value()}, {"read", std::move(filled)}, {"side", store::side_name(create.side)}, {"loses", true}});
  }
}

/// What the source was to send it still shows: that value is no younger than the announcement, whatever was edited in its record since, and
/// an edit made in the copy after that is later (law 11).
void Reconcile::keep_age(const store::Intent& create, const Field& field, const Value& announced) {
  const Side source = other(create.side);
  const char* tag = side_tag(source);
  if (!record_[source] || !record_[source]->modified) return;
  const Instant by = create.created_at + lane_.batcher[source]->endpoint().clock_offset();
  const Value form = form_of(field, source, record_[source]->fields);
  if (*record_[source]->modified <= by || !same_form(field, source, form, part_of(announced, tag))) return;
  link_.stamps[field.name][tag] = Value(Object{{"at", Value(by.time_since_epoch().count())}, {"value", form}});
}

/// Most of what a create that may have left has sent: the record is ours, as far as anybody can tell.
bool Reconcile::reads_as_sent(const store::Intent& create) const {
  if (!create.requested_at || !record_[create.side] || !create.fields.is_object()) return false;
  return 2 * shown(create) > static_cast<std::ptrdiff_t>(create.fields.as_object().size());
}

std::ptrdiff_t Reconcile::shown(const store::Intent& intent) const {
  const auto& fields = intent.fields.as_object();
  return std::count_if(fields.begin(), fields.end(), [&](const auto& one) { return shows(intent, one.first, "to"); });
}

/// Of two requests with one guard at most one was applied: the one of which more is shown, else the later.
bool Reconcile::another_landed(const store::Intent& intent) const {
  if (!intent.guard || !lane_.capabilities(intent.side).guarded_writes) return false;
  return std::any_of(known_.intents.begin(), known_.intents.end(), [&](const store::Intent& rival) {
    const bool same_guard = rival.id != intent.id && rival.side == intent.side && is_ours(rival) && rival.guard == intent.guard && rival.fields.is_object();
    return same_guard && std::pair(shown(rival), rival.id) > std::pair(shown(intent), intent.id);
  });
}

/// A request is applied whole: fields that show its result tell of the others too, whatever was made of them since, unless
/// as many still show what they were: the same value may have been typed in by somebody (law 26). Each part is written by a
/// request of its own after the record's, so only its own fields tell of it. The names of the fields; none where nothing
/// shows that it was written.
std::set<std::string> Reconcile::count_as_written(const store::Intent& intent) {
  const std::ptrdiff_t results = shown(intent);
  if (results == 0 || another_landed(intent)) return {};
  std::set<std::string> written;
  const auto& fields = intent.fields.as_object();
  const char* before = side_tag(intent.side);
  const auto part_of_record = [&](const Field& field) {
    const auto& parts = plan_.end[intent.side].parts;
    const std::string top = field.paths[intent.side].empty() ? "" : field.paths[intent.side].front().substr(0, field.paths[intent.side].front().find('.'));
    return std::find(parts.begin(), parts.end(), top) != parts.end() ? top : "";
  };
  std::map<std::string, std::ptrdiff_t> tells;  // by part, "" the record: how many more fields show the result than what they were
  for (const auto& [name, announced] : fields) {
    const Field* field = plan_.field(name);
    const std::ptrdiff_t says = shows(intent, name, "to") ? 1 : shows(intent, name, before) ? -1 : 0;
    tells[""] += says;
    if (const std::string part = field == nullptr ? "" : part_of_record(*field); !part.empty()) tells[part] += says;
  }
  for (const auto& [name, announced] : fields) {
    const Field* field = plan_.field(name);
    if (field == nullptr) continue;
    const bool edited_since = field->kind != Field::Kind::kRows && tells[part_of_record(*field)] > 0 && !shows(intent, name, before);  // rows may be written in part
    if (shows(intent, name, "to") || edited_since) written.insert(name);
  }
  keep_members(intent, written);
  for (const std::string& name : written) {
    const Value& announced = *intent.fields.find(name);
    if (!goes_back(announced)) link_.base[name] = base_as_sent(intent, announced);
  }
  return written;
}

/// A copied field that shows neither what it was nor what it was to become was edited since, also where it shows what both sides had
/// agreed on before that: the request may have landed, and who enters the agreed value on top of it says so against the other side
/// (law 26). Whether it did land nobody knows, so the two are disputed with the values as they are. Kept beside the base, because
/// that is what every later pass compares with; a pass that has stored what the side shows since has taken it into account, and what
/// was agreed on there is no edit. Of rows each cell is looked at, of a list for both sides too: it is made of cells that are copied.
/// True where it is news.
bool Reconcile::note_entered_since(const store::Intent& intent) {
  const Side side = intent.side;
  if (known_.link && known_.link->seen_at[side] && *known_.link->seen_at[side] > intent.created_at) return false;
  const auto is_ours_by_now = [&](const std::string& name) {
    return std::any_of(known_.intents.begin(), known_.intents.end(), [&](const store::Intent& one) { return one.side == side && is_ours(one) && one.fields.is_object() && one.fields.find(name) != nullptr && shows(one, name, "to"); });
  };
  bool news = false;
  for (const auto& [name, announced] : intent.fields.as_object()) {
    const Field* field = plan_.field(name);
    if (field == nullptr || !link_.base.contains(name) || is_ignored(link_, name)) continue;
    if (field->kind == Field::Kind::kRows) {
      news |= note_entered_cells(intent, *field, announced);
      continue;
    }
    if (announced.find("base") != nullptr || doubtful_.contains(name) || changed(*field, side) || shows(intent, name, side_tag(side)) || is_ours_by_now(name)) continue;
    note_entered(link_, *field, side, form_of(*field, side, record_[side]->fields));
    news = true;
  }
  return news;
}

bool Reconcile::note_entered_cells(const store::Intent& intent, const Field& field, const Value& announced) {
  const Side side = intent.side;
  std::vector<Value> known{part_of(announced, side_tag(side))};
  for (const store::Intent& one : known_.intents) {
    const Value* meant = one.side == side && is_ours(one) && one.fields.is_object() ? one.fields.find(field.name) : nullptr;
    if (meant != nullptr) known.push_back(part_of(*meant, "to"));
  }
  const store::FieldBase& base = link_.base.at(field.name);
  Value entered = entered_cells(field, side, form_of(field, side, record_[side]->fields), base[side], known);
  if (entered.as_object().empty()) return false;
  note_entered(link_, field, side, std::move(entered));
  return true;
}

/// Rows and parts of the record are made by requests of their own, which no guard of the record stops: one that was lost may
/// make them until the settle time is over (law 25).
bool Reconcile::may_still_make(const store::Intent& intent) const {
  if (!record_[intent.side] || !intent.requested_at || !intent.fields.is_object()) return false;
  const bool settled = asked_at_[intent.side] >= *intent.requested_at + lane_.capabilities(intent.side).settle;
  const bool whole = shown(intent) == static_cast<std::ptrdiff_t>(intent.fields.as_object().size());
  return !settled && !whole && lane_.batcher[intent.side]->endpoint().makes(intent.sent);
}

/// What stays announced of a write of which a part is found, because the rest may still be made; nullopt where nothing does.
std::optional<store::Intent> Reconcile::rest_of(const store::Intent& intent, const std::set<std::string>& written) const {
  if (!may_still_make(intent)) return std::nullopt;
  store::Intent rest = intent;
  std::erase_if(rest.fields.as_object(), [&](const auto& one) { return written.contains(one.first) || doubtful_.contains(one.first); });
  if (rest.fields.as_object().empty()) return std::nullopt;
  return rest;
}

/// Whether a rule makes a value of the two: then a copy of one side's carries what was computed before. A list for both sides is made of
/// cells that are copied, which can be merged again, unless the rule of one of them computes.
bool Reconcile::is_computed(const Field& field, const Value& announced) const {
  if (field.kind == Field::Kind::kRows) return has_computed_cell(*mapper_, field, announced);
  return announced.find("base") != nullptr || computes(*mapper_, field, part_of(announced, "l"), part_of(announced, "r"));
}

/// A computed field that shows neither what it was nor what it was to become: whether the result is in it cannot be told. A
/// copy of a judged one may be judged again: she chooses between what both sides show, and only a value that she makes of
/// them could count the copy twice (merge/dispute.cpp `judge`).
bool Reconcile::find_doubtful(const store::Intent& intent) {
  bool any = false;
  for (const auto& [name, announced] : intent.fields.as_object()) {
    const Field* field = plan_.field(name);
    if (field == nullptr || goes_back(announced) || shows(intent, name, side_tag(intent.side))) continue;
    const bool rows = field->kind == Field::Kind::kRows;
    const bool judged = field->judged() || std::any_of(field->rows.begin(), field->rows.end(), [](const Field& cell) { return cell.judged(); });
    const bool copied = rows || announced.find("base") == nullptr;
    if (judged && copied) judged_in_doubt_.insert(name);
    if ((judged && copied && !rows) || !is_computed(*field, announced)) continue;
    doubtful_.insert(name);
    any = true;
  }
  return any;
}

/// What a field of it that has arrived leaves as the base.
store::FieldBase Reconcile::base_as_sent(const store::Intent& intent, const Value& announced) {
  if (const Value* half = announced.find("base"); half != nullptr) return {part_of(*half, "l"), part_of(*half, "r")};
  store::FieldBase base{part_of(announced, "l"), part_of(announced, "r")};
  base[intent.side] = part_of(announced, "to");
  return base;
}

/// The settle time is over, or the version that guarded the request is gone.
bool Reconcile::cannot_land(const store::Intent& intent) const {
  const auto& capabilities = lane_.capabilities(intent.side);
  const bool consumed = capabilities.guarded_writes && intent.guard && !record_[intent.side]->version.empty() && record_[intent.side]->version != *intent.guard;
  return (consumed && !may_still_make(intent)) || asked_at_[intent.side] >= *intent.requested_at + capabilities.settle;
}

/// The record that a create was announced for is gone before its outcome was known: what the create may have made has
/// lost its source, and is found by its match fields as sent (law 25: open intents count as links).
bool Reconcile::search_orphan() {
  const auto open = std::find_if(known_.intents.begin(), known_.intents.end(), [&](const store::Intent& intent) {
    const Side source = other(intent.side);
    const bool asked = std::find(settled_.begin(), settled_.end(), intent.id) != settled_.end();
    return intent.kind == store::IntentKind::kCreate && !asked && intent.source_key == (linked_ ? link_.key[source].value_or("") : source == key_.first ? key_.second : "");
  });
  if (open == known_.intents.end()) return false;
  const Side target = open->side;
  key_ = {other(target), open->source_key};
  Query query = stamped_with(target, key_.second);
  for (const Match& match : plan_.matches) {
    if (!query.empty()) break;
    for (const Match::Pair& pair : match.pairs) {
      const std::string& path = pair.path[target];
      if (const Value* sent = open->sent.at_path(path); sent != nullptr && !sent->is_null()) query.push_back({path, *sent, pair.fold});
    }
    if (query.size() != match.pairs.size()) query.clear();
  }
  settled_.push_back(open->id);
  asked_at_[target] = now();
  if (query.empty() || !open->requested_at) return false;
  lane_.batcher[target]->find(std::move(query), heard(target, [this, intent = *open](Result<std::vector<Record>> found) { on_orphan(intent, std::move(found)); }));
  return true;
}

void Reconcile::on_orphan(const store::Intent& intent, Result<std::vector<Record>> found) {
  const Side target = intent.side;
  if (!found.ok()) return fail(std::move(found).error().context("looking for what a create made of '" + key_.second + "', which is gone"));
  const Instant settled = *intent.requested_at + lane_.capabilities(target).settle;
  if (found->empty() && asked_at_[target] < settled) return stand(store::KeyState::kBackingOff, make_error(Code::kNotFound, "'" + key_.second + "' is gone, but its create may still arrive", "it is looked for after the settle time of the connector"), settled);
  if (found->size() != 1) return without_orphan();
  const SideKey twin{target, found->front().key};
  if (!claim(twin)) return finish({Report::End::kBusy, twin, {}, {}, {}});
  lane_.store.load(lane_.mapping, {twin}, [self = shared_from_this(), intent, orphan = std::move(found->front())](Result<std::vector<store::Known>> known) mutable { self->take_orphan(intent, std::move(orphan), std::move(known)); });
}

/// The create made nothing that anybody finds: the pass goes on with what it was about, whatever else was announced for it.
void Reconcile::without_orphan() {
  if (linked_) return gone(key_.first);
  if (record_[key_.first]) return meet();
  nothing_there();
}

/// Linked for as long as it takes to decide what the delete of its source means.
void Reconcile::take_orphan(const store::Intent& intent, Record orphan, Result<std::vector<store::Known>> known) {
  if (!known.ok()) return fail(std::move(known).error());
  if (known->front().link) return without_orphan();
  known_.intents.insert(known_.intents.end(), known->front().intents.begin(), known->front().intents.end());
  for (const store::DirtyKey& row : known->front().dirty) taken_.push_back(row);
  link_.key[intent.side] = orphan.key;
  link_.incarnation[key_.first] = intent.source_incarnation;
  link_.incarnation[intent.side] = orphan.incarnation.empty() ? std::nullopt : std::optional(orphan.incarnation);
  link_.version[intent.side].reset();
  link_.tokens[intent.side].clear();
  take_as_sent(intent);
  linked_ = true;
  record_[intent.side] = std::move(orphan);
  read_[intent.side] = true;
  for (const Field& field : plan_.fields) {
    if (changed(field, intent.side)) unsure_.insert(field.name);  // made of what was sent, or edited there since
  }
  // Of which most is something else: a record that somebody entered there, and all of it is theirs.
  if (2 * unsure_.size() >= intent.fields.as_object().size()) unsure_.clear();
  if (record_[key_.first]) {
    const bool stamped = !stamped_with(intent.side, key_.second).empty();
    made_ = stamped || reads_as_sent(intent);
    // Found by its match it may be somebody else's: only what still reads as sent was agreed on (law 25).
    if (!stamped) std::erase_if(link_.base, [&](const auto& one) { const Field* field = plan_.field(one.first); return field != nullptr && changed(*field, intent.side); });
    return left_scope(key_.first);
  }
  replaced_[key_.first] = true;  // its absence is believed already
  gone(key_.first);
}

}  // namespace tidewire::sync
