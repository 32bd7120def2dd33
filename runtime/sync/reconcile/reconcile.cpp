#include "sync/reconcile/reconcile.h"

#include <algorithm>

#include "base/decimal.h"
#include "base/json.h"
#include "base/text.h"
#include "sync/merge/canonical.h"
#include "sync/reconcile/questions.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

void start_pass(Lane& lane, std::shared_ptr<Mapper> mapper, SideKey key, PassOptions options, std::function<void(Report)> done) {
  std::make_shared<Reconcile>(lane, std::move(mapper), std::move(key), std::move(options), std::move(done))->start();
}

Reconcile::Reconcile(Lane& lane, std::shared_ptr<Mapper> mapper, SideKey key, PassOptions options, std::function<void(Report)> done)
    : lane_(lane), mapper_(std::move(mapper)), plan_(mapper_->plan()), key_(std::move(key)), options_(std::move(options)), done_(std::move(done)), timeline_(now()) {
  claimed_.push_back(key_);
  operation_.id = lane_.ids.next();
  if (!options_.reversals.empty()) operation_.kind = "revert";
}

/// True where the key is ours, perhaps for long: a pass may meet a record again, and must not wait for itself.
bool Reconcile::claim(const SideKey& key) {
  if (std::find(claimed_.begin(), claimed_.end(), key) != claimed_.end()) return true;
  if (!lane_.owners.claim(key)) return false;
  claimed_.push_back(key);
  return true;
}

void Reconcile::start() {
  lane_.store.load(lane_.mapping, {key_}, [self = shared_from_this()](Result<std::vector<store::Known>> known) { self->on_known(std::move(known)); });
}

void Reconcile::assume(const store::Store::Resolution& decision) {
  const auto say = [&](store::Conflict& open, const store::Sides<std::optional<Value>>& said) {
    open.method = decision.method;
    open.author = decision.author;
    open.said = said;
  };
  for (store::Conflict& open : known_.conflicts) {
    if (open.id == decision.conflict) say(open, decision.said);
    for (const store::Store::Resolution::With& one : decision.with) {
      if (open.field == one.field) say(open, one.said);
    }
  }
}

void Reconcile::on_known(Result<std::vector<store::Known>> known) {
  if (!known.ok()) return finish({Report::End::kDropped, {}, {}, {}, known.error()});
  known_ = std::move(known->front());
  if (options_.assumed) assume(*options_.assumed);
  for (const store::Intent& open : known_.intents) {
    if (open.kind == store::IntentKind::kCreate) open_creates_[open.side].push_back(open.id);
  }
  // Law 4: what is taken is fixed here, before the first read. A change that comes later stays and causes another pass.
  // A revert answers none: what was edited beside its fields waits for a pass of its own.
  if (options_.reversals.empty()) taken_ = known_.dirty;
  // What was given up of the other key is tried again with what came of this one, and its tries begin anew, too.
  for (store::DirtyKey& row : taken_) row.attempts = row.state == store::KeyState::kDead ? 0 : row.attempts;
  if (taken_.empty() && !options_.dry && options_.reversals.empty()) return finish({Report::End::kDropped, {}, {}, {}, {}});
  if (const auto watched = watched_by(key_.second)) return mark_watchers(watched->first, watched->second);
  linked_ = known_.link.has_value();
  if (linked_) {
    link_ = *known_.link;
    epoch_ = forget_left(link_, lane_.joined, plan_);
    reapplies_ = reapplies();
    const auto& there = link_.key[other(key_.first)];
    if (there) {
      const SideKey twin{other(key_.first), *there};
      if (!claim(twin)) return finish({Report::End::kBusy, twin, {}, {}, {}});
    }
    if (link_.state == store::LinkState::kIgnored) return commit_echo("ignored");
  } else {
    begin_link();
    if (!is_source() && !options_.waited_for_creates && !options_.dry && lane_.creates.any(key_.first)) {
      Report report;  // it may be the echo of our own create: look again when those are closed
      report.end = Report::End::kBusy;
      report.creates = key_.first;
      return finish(std::move(report));
    }
  }
  Sides<bool> wanted{options_.read_both, options_.read_both};
  wanted[key_.first] = true;
  for (const store::DirtyKey& row : taken_) wanted[row.side] = true;
  // One row stands for both: what the pass that left it standing had read of the other side nobody tells of again.
  if (std::any_of(taken_.begin(), taken_.end(), [](const store::DirtyKey& row) { return row.error.has_value(); })) wanted = {true, true};
  // Of a frozen link it is not known which side is outside, and nothing travels from the other one.
  const bool frozen = link_.state == store::LinkState::kFrozen;
  if (linked_ && (frozen || !known_.conflicts.empty() || !known_.intents.empty() || lacks_base() || has_members())) wanted = {true, true};
  read_sides(wanted);
}

/// Of a stranger; it has seen every field of today.
void Reconcile::begin_link() {
  link_ = store::Link{};
  link_.mapping = plan_.name;
  link_.key[key_.first] = key_.second;
  link_.created_at = now();
  forget_left(link_, lane_.joined, plan_);
  epoch_ = lane_.joined.epoch;
}

/// Law 2: what the page showed that this pass comes of is a read, unless a change came in since it was asked for.
bool Reconcile::is_shown(Side side) {
  if (std::exchange(looked_, true) || taken_.size() != 1) return false;
  const store::DirtyKey& row = taken_.front();
  auto shown = row.side == side ? lane_.fresh.take(side, row.key) : std::nullopt;
  const bool alone = row.changes == 1 && row.attempts == 0 && row.event == "upsert" && (row.reason == "poll" || row.reason == "job" || row.reason == "resync");
  const bool plain = !options_.dry && !options_.read_both && options_.reversals.empty() && known_.intents.empty();
  if (!shown || !alone || !plain || row.key != link_.key[side]) return false;
  if (link_.seen_at[side] && *link_.seen_at[side] >= shown->asked_at) return false;
  const bool buried_since = std::any_of(known_.tombstones.begin(), known_.tombstones.end(), [&](const store::Link& buried) { return buried.updated_at >= shown->asked_at; });
  if (buried_since) return false;
  record_[side] = std::move(shown->record);
  asked_at_[side] = shown->asked_at;
  read_[side] = from_page_[side] = true;
  return true;
}

/// Where no guard protects a write, or the mapping wants the target read, a page is too old a read to write on, and so is a read
/// that a page has come after (law 24).
bool Reconcile::read_before_writing() {
  const auto too_old = [&](Side side) {
    const bool behind = from_page_[side] || (read_[side] && lane_.fresh.shown_since(side, *link_.key[side], asked_at_[side]));
    return to_write_[side] && behind && (plan_.read_target || !lane_.capabilities(side).guarded_writes);
  };
  if (!too_old(Side::kLeft) && !too_old(Side::kRight)) return false;
  record_ = {};
  read_ = from_page_ = {false, false};
  decisions_ = {};
  read_sides({true, true});
  return true;
}

void Reconcile::read_sides(Sides<bool> wanted) {
  reading_ = 0;
  for (const Side side : {Side::kLeft, Side::kRight}) wanted[side] = wanted[side] && link_.key[side].has_value();
  if (wanted[key_.first] && is_shown(key_.first)) wanted[key_.first] = false;
  for (const Side side : {Side::kLeft, Side::kRight}) reading_ += wanted[side] ? 1 : 0;
  if (reading_ == 0) return on_all_read();
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!wanted[side]) continue;
    asked_at_[side] = now();
    lane_.batcher[side]->read(*link_.key[side], timed("read", side, [this, side](Result<std::optional<Record>> answer) { on_read(side, std::move(answer)); }));
  }
}

void Reconcile::on_read(Side side, Result<std::optional<Record>> answer) {
  if (answer.ok()) {
    record_[side] = std::move(*answer);
    read_[side] = true;
    members_[side].clear();
  } else if (!read_error_) {
    read_error_ = std::move(answer).error().context("reading " + plan_.end[side].collection + " '" + shortened(*link_.key[side], 100) + "' on " + plan_.end[side].connection);
  }
  if (--reading_ == 0) on_all_read();
}

void Reconcile::on_all_read() {
  if (read_error_) {
    // Of a key that is no key there (a word where numbers are) a system says so instead of finding nothing.
    const bool no_key = !linked_ && (read_error_->code == Code::kInvalid || read_error_->code == Code::kNotFound);
    if (!options_.dry || !no_key) return fail(*read_error_);
    fill_operation("look", "stopped");
    return finish({Report::End::kDone, {}, {}, operation_, read_error_, true});
  }
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (is_spelled_otherwise(side)) return take_spelling(side);
  }
  remember_announced();
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!read_[side] || !record_[side]) continue;
    if (!check_tokens(side)) return;
    sight(side, record_[side]->version);
    sighted_[side] = true;
  }
  if (set_back_ && !believed_) return ask_if_restored(*set_back_);
  take_as_read();
}

void Reconcile::take_as_read() {
  if (!check_incarnations()) return;
  sure_ = true;
  if (!linked_) return first_contact();
  if (marked_ && !take_mark_off()) return;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!read_[side] || record_[side] || !link_.key[side]) continue;
    if (link_.id == 0 || met_) return changed_while_met(side);  // what was told of was the record before
    return gone(side);
  }
  for (const Side side : {Side::kLeft, Side::kRight}) {
    // What was announced before it left is seen to first.
    if (record_[side] && !in_scope(side)) return honour_intents([self = shared_from_this(), side] { self->left_scope(side); });
  }
  if (record_[key_.first]) link_.state = store::LinkState::kLive;
  if (record_.left && record_.right && link_.notes.is_object()) {
    link_.notes.as_object().erase(kOutside);
    drop_went();
  }
  honour_intents([self = shared_from_this()] { self->compare(); });
}

/// What an open announcement was decided on was seen, though the pass that saw it has not committed: a read that shows less is
/// behind, and says nothing of the request's fate.
void Reconcile::remember_announced() {
  for (const store::Intent& intent : known_.intents) {
    if (!is_ours(intent)) continue;
    for (const Side side : {Side::kLeft, Side::kRight}) {
      const auto& version = side == intent.side ? intent.guard : intent.source_version;
      auto& tokens = link_.tokens[side];
      const bool seen_since = link_.seen_at[side] && *link_.seen_at[side] >= *intent.requested_at;
      if (!version || seen_since || std::find(tokens.begin(), tokens.end(), *version) != tokens.end()) continue;
      if (sighted_[side]) {
        tokens.insert(tokens.begin(), *version);  // this pass has seen more already
        continue;
      }
      sight(side, *version);
      link_.seen_at[side] = *intent.requested_at;
    }
  }
}

/// Law 20: a name used again is another record. The old one is buried, the new one met as a stranger. Of both sides before
/// either is acted on: what stands under the other name now is not what was edited there.
bool Reconcile::check_incarnations() {
  std::optional<Side> first;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!linked_ || !read_[side] || !record_[side] || record_[side]->incarnation.empty()) continue;
    const std::string& incarnation = record_[side]->incarnation;
    if ((link_.id == 0 || met_) && !link_.incarnation[side]) link_.incarnation[side] = incarnation;
    if (!link_.incarnation[side] || *link_.incarnation[side] == incarnation) continue;
    if (link_.id == 0 || met_) {
      changed_while_met(side);
      return false;
    }
    again_.push_back({side, record_[side]->key, "upsert", "again", 0, now()});
    record_[side].reset();
    replaced_[side] = true;  // positive evidence: the record that was linked is not there any more
    if (!first) first = side;
  }
  if (first) gone(*first);
  return !first;
}

/// Two records that are about to be linked are no pair yet: where one goes away or becomes another, nothing was deleted.
void Reconcile::changed_while_met(Side side) {
  fail(make_error(Code::kUnavailable, "'" + *link_.key[side] + "' on " + plan_.end[side].connection + " went away or became another record while it was met", "it is met again"));
}

bool Reconcile::changed(const Field& field, Side side) const {
  if (field.kind == Field::Kind::kConstant || is_ignored(link_, field.name)) return false;
  const auto base = link_.base.find(field.name);
  if (base == link_.base.end()) return false;
  const Value* was = landed(field, side);
  const Value form = was != nullptr ? *was : form_of(field, side, record_[side]->fields);
  return !same_form(field, side, form, base->second[side]) || is_entered(link_, field, side, form);
}

bool Reconcile::changed(Side side) const {
  return record_[side] && std::any_of(plan_.fields.begin(), plan_.fields.end(), [&](const Field& field) { return changed(field, side); });
}

void Reconcile::compare() {
  pass_over_members();
  if (!watches()) return compare_now();
  look_up([self = shared_from_this()] { self->compare_now(); });
}

void Reconcile::compare_now() {
  const bool refreshed = see_watched();
  note_parts();
  const Sides<bool> moved{changed(Side::kLeft), changed(Side::kRight)};
  // Two that are met now are linked even where there is nothing else to do: the create was ours.
  const bool renamed = operation_.kind == "rename";  // its key moves
  if (link_.id != 0 && !renamed && !marked_ && !moved.left && !moved.right && known_.conflicts.empty() && doubtful_.empty() && !lacks_base() && !has_stamps_due() && members_.left.empty() && members_.right.empty() && !refreshed && !reapplies_ && !made_ && !options_.thorough && options_.reversals.empty()) return commit_echo("echo");
  // What is put back, or turned again, is turned from a side that nothing was told of: functions look at its record.
  const bool turns = (plan_.enforce || reapplies_) && std::any_of(plan_.fields.begin(), plan_.fields.end(), [](const Field& field) { return field.kind == Field::Kind::kFunction || field.kind == Field::Kind::kFind; });
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (read_[side] || !link_.key[side]) continue;
    // The base's version guards the write, so the target need not be read: if somebody changed it, the guard refuses.
    const bool guarded = lane_.capabilities(side).guarded_writes && link_.version[side];
    const bool deep = std::any_of(plan_.fields.begin(), plan_.fields.end(), [&](const Field& field) {
      return field.kind == Field::Kind::kRows || std::any_of(field.paths[side].begin(), field.paths[side].end(), [](const std::string& path) { return path.find('.') != std::string::npos; });
    });
    if (guarded && !deep && !turns && !plan_.whole_record && !plan_.read_target) continue;
    Sides<bool> wanted{false, false};
    wanted[side] = true;
    return read_sides(wanted);
  }
  translate([self = shared_from_this()] { self->look_up([self] { self->decide_now(); }); });
}

/// The state was restored from a copy, and no pass has stored since what that side of the link shows: the base may be older than what
/// the sides agreed on last.
bool Reconcile::is_restored(Side side) const {
  if (!lane_.restored_at || !known_.link || known_.link->created_at > *lane_.restored_at) return false;
  const auto& seen = known_.link->seen_at[side];
  return !seen || *seen <= *lane_.restored_at;
}

Situation Reconcile::situation() const {
  Situation out{.plan = plan_,
                .mapper = *mapper_,
                .link = link_,
                .exists = exists_,
                .conflicts = known_.conflicts,
                .translations = translations_,
                .doubtful = doubtful_,
                .answers = &answers_,
                .refreshed = refreshed_,
                .reversals = options_.reversals.empty() ? nullptr : &options_.reversals,
                .judgements = &judgements_,
                .braked = &braked_,
                .reapply = reapplies_,
                .coming = &coming_,
                .judged_in_doubt = judged_in_doubt_,
                .restored = is_restored(Side::kLeft) || is_restored(Side::kRight),
                .meets = met_ && !options_.dry};
  for (const Side side : {Side::kLeft, Side::kRight}) {
    out.record[side] = record_[side] ? &*record_[side] : nullptr;
    out.capabilities[side] = &lane_.capabilities(side);
    out.clock_offset[side] = lane_.batcher[side]->endpoint().clock_offset();
  }
  return out;
}

/// Asks the links of other mappings for the keys that references name, one call per mapping and direction.
void Reconcile::translate(std::function<void()> then) { translate(references_of(situation()), std::move(then)); }

void Reconcile::translate(const std::vector<Reference>& references, std::function<void()> then) {
  std::map<std::pair<std::string, Side>, std::vector<std::string>> wanted;
  for (const Reference& reference : references) {
    if (!translations_.contains(reference)) wanted[{reference.mapping, reference.from}].push_back(reference.key);
  }
  if (wanted.empty()) return then();
  auto left = std::make_shared<int>(static_cast<int>(wanted.size()));  // owners: the callbacks below
  auto failed = std::make_shared<std::optional<Error>>();
  for (const auto& [whose, keys] : wanted) {
    const auto translator = lane_.translator(whose.first, plan_.end[whose.second]);
    const std::string mapping = translator ? translator->mapping : whose.first;
    const Side from = translator ? translator->from : whose.second;
    std::vector<std::string> spelled = keys;
    for (std::string& key : spelled) key = translator ? translator->spelled(key) : key;
    lane_.store.translate(mapping, from, spelled, [self = shared_from_this(), whose = whose, keys = keys, spelled, left, failed, then](Result<std::vector<std::optional<std::string>>> answer) {
      if (!answer.ok()) *failed = answer.error();
      for (std::size_t i = 0; answer.ok() && i < keys.size(); ++i) {
        const Reference reference{whose.first, whose.second, keys[i]};
        if (!(*answer)[i] && whose.first == self->lane_.mapping) (*answer)[i] = self->kin_of(reference, spelled[i]);
        self->translations_[reference] = (*answer)[i];
        // The way back too: a rule may make a value of both sides.
        if ((*answer)[i]) self->translations_.try_emplace({whose.first, other(whose.second), *(*answer)[i]}, keys[i]);
      }
      if (--*left > 0) return;
      if (*failed) return self->fail(**failed);
      then();
    });
  }
}

/// The counterpart of a record of this mapping that is not linked yet, where a walk has found it.
std::optional<std::string> Reconcile::kin_of(const Reference& reference, const std::string& key) {
  if (options_.kin == nullptr) return std::nullopt;
  const auto& pairs = options_.kin->pair[reference.from];
  const auto found = pairs.find(key);
  if (found != pairs.end()) return found->second;
  if (options_.kin->may_come(reference.from, key)) coming_.insert(reference);
  return std::nullopt;
}

/// What a rule of the mapping or a judge made up, and neither record names: until it is asked for, nobody knows that it is missing.
std::vector<Reference> Reconcile::unasked(const Decisions& decisions) const {
  std::vector<Reference> named = decisions.missing;
  for (const Decision& decision : decisions.fields) {
    if (decision.owes) named.push_back(*decision.owes);
  }
  std::erase_if(named, [this](const Reference& one) { return one.key.empty() || translations_.contains(one); });
  return named;
}

/// The stamp of the read that first showed a disputed value goes with that value (law 11).
void Reconcile::forget_stamps() {
  for (const store::Conflict& open : known_.conflicts) {
    const Field* field = plan_.field(open.field);
    const Value* stamps = field == nullptr ? nullptr : link_.stamps.find(open.field);
    if (stamps == nullptr || !stamps->is_object()) continue;
    for (const Side side : {Side::kLeft, Side::kRight}) {
      const auto& shown = open.shown[side];
      if (record_[side] && (!shown || !same_form(*field, side, form_of(*field, side, record_[side]->fields), *shown))) link_.stamps[open.field].as_object().erase(side_tag(side));
    }
  }
}

void Reconcile::decide_now() {
  if (!deciding_) deciding_ = timeline_.begin("decide", std::nullopt, now());
  forget_stamps();
  Result<Decisions> decided = decide(situation());
  while (decided.ok() && foresee(decided->missing)) decided = decide(situation());
  if (!decided.ok()) return fail(std::move(decided).error());
  if (const auto named = unasked(*decided); !named.empty()) return translate(named, [self = shared_from_this()] { self->decide_now(); });
  const bool may_make = std::all_of(decided->making.begin(), decided->making.end(), [this](const Making& one) { return may_write(one.side); });
  const bool makes = !decided->making.empty() && may_make && decided->missing.empty() && decided->skip.empty() && !options_.dry;
  if (makes) return make_missing(std::move(decided->making));
  if (brake_fields(decided->adopts)) return;
  const bool asks = !decided->asks.empty() && decided->missing.empty() && decided->skip.empty() && !options_.dry;
  if (asks) return ask_judge(std::move(decided->asks));
  checked(std::move(*decided));
}

/// Checks of the mapping refuse a value before anything is written.
void Reconcile::checked(Decisions decisions) {
  if (deciding_) timeline_.end(*std::exchange(deciding_, std::nullopt), now());
  decisions_ = std::move(decisions);
  if (!decisions_.skip.empty()) return commit_echo("filtered");
  const bool looks = creating_ && looks_before_waiting();
  if (!decisions_.missing.empty() && !looks) return wait_for(decisions_.missing.front());
  for (const Plan::Check& check : plan_.checks) {
    for (const Side side : {Side::kLeft, Side::kRight}) {
      const Value* value = decisions_.patch[side].at_path(check.path);
      if (value == nullptr) continue;
      const auto refused = mapper_->check(check, *value);
      if (!refused.ok()) return fail(refused.error());
      if (*refused) return fail(make_error(Code::kInvalid, "check of '" + check.path + "' refused the value: " + **refused, "mend the value on the " + std::string(side_name(other(side))) + " side, or the check in the mapping"));
    }
  }
  if (auto laid = lay_stamps(); !laid.ok()) return fail(std::move(laid).error());
  if (auto laid = lay_mark_off(); !laid.ok()) return fail(std::move(laid).error());
  if (auto laid = lay_members(); !laid.ok()) return fail(std::move(laid).error());
  if (!creating_) return announce();
  if (const auto parent = unmatched_parent(); parent && !looks) return wait_for(*parent);
  if (awaited_parent() && !is_source()) return search(0);  // nothing is made before its parent, so nothing is announced
  announce_create();
}

}  // namespace tidewire::sync
