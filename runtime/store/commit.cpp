// What one reconcile leaves behind, and what the next one must know first.
#include <tuple>

#include "base/json.h"
#include "store/audit.h"
#include "store/brake.h"
#include "store/codec.h"
#include "store/conflicts.h"
#include "store/counters.h"
#include "store/dirty_keys.h"
#include "store/exchanges.h"
#include "store/intents.h"
#include "store/links.h"
#include "store/operations.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

/// The steps of one commit, in the order in which they may refuse: the link first, because a held key ends it.
class CommitWork {
 public:
  CommitWork(Database& database, const Commit& commit, Instant now) : database_(database), commit_(commit), now_(now) {}

  Result<std::int64_t> run() {
    TRY(write_links());
    TRY(write_intents());
    TRY(write_conflicts());
    TRY(move_keys());
    TRY(write_trail());
    TRY(add_counts(database_, mapping_scope(commit_.mapping), commit_.counters));
    for (const std::string& parent : commit_.wake_children) TRY(wake_waiting_for(database_, parent, now_));
    for (const std::string& parent : commit_.look_at) TRY(look_at_parent(database_, parent, now_));
    for (const auto& [side, key] : commit_.moved) TRY(wake_ambiguous(database_, commit_.mapping, side, key, now_));
    for (const Side side : {Side::kLeft, Side::kRight}) {
      if (commit_.stirred[side]) TRY(wake_key_taken(database_, commit_.mapping, other(side), now_));
    }
    return link_.value_or(0);
  }

 private:
  Result<void> write_links() {
    // A key may pass from the removed link to the new one.
    if (commit_.remove_link) {
      TRY(part_from(database_, {*commit_.remove_link}, now_));
      TRY(delete_link(database_, *commit_.remove_link));
    }
    if (commit_.link) {
      Link link = *commit_.link;
      if (link.mapping.empty()) link.mapping = commit_.mapping;
      link_ = TRY(save_link(database_, link, now_));
    }
    for (const Link& link : commit_.set_aside) TRY(save_link(database_, link, now_));
    return {};
  }

  Result<void> write_intents() {
    for (const std::string& id : commit_.close_intents) TRY(close_intent(database_, id));
    for (Intent intent : commit_.announce) {
      intent.link = resolved(intent.link);
      TRY(write_intent(database_, intent, now_));
    }
    return {};
  }

  /// A link id of 0 in a part of the commit means the link of this commit.
  std::optional<std::int64_t> resolved(std::optional<std::int64_t> link) const {
    return link && *link == 0 ? link_ : link;
  }

  Result<void> write_conflicts() {
    TRY(close_conflicts());
    for (Conflict conflict : commit_.open_conflicts) {
      conflict.link = resolved(conflict.link);
      if (!conflict.link && !conflict.side) conflict.link = link_;
      if (conflict.mapping.empty()) conflict.mapping = commit_.mapping;
      if (!conflict.operation && commit_.operation) conflict.operation = commit_.operation->id;
      TRY(open_conflict(database_, conflict, now_));
    }
    return {};
  }

  /// Of the link, and of its keys from the time before they were linked.
  Result<void> close_conflicts() {
    std::optional<std::int64_t> link = link_;
    if (!link && commit_.remove_link) link = commit_.remove_link;
    if (!link && commit_.operation) link = commit_.operation->link;
    for (const std::string& field : commit_.close_conflict_fields) {
      const auto said = commit_.conflict_said.find(field);
      Closing closing{commit_.conflict_method, commit_.conflict_author, std::nullopt};
      if (said != commit_.conflict_said.end()) std::tie(closing.method, closing.author) = said->second;
      if (commit_.operation) closing.operation = commit_.operation->id;
      closing.agreed = agreed_on(field, closing.method);
      if (link) TRY(close_link_conflict(database_, *link, field, closing, now_));
      for (const auto& [side, key] : record_keys()) {
        TRY(close_record_conflict(database_, commit_.mapping, side, key, field, closing, now_));
      }
    }
    return {};
  }

  /// What this commit leaves both sides with; nullopt where the field was dropped and not decided.
  std::optional<FieldBase> agreed_on(const std::string& field, const std::string& method) const {
    const bool asked_again = std::any_of(commit_.open_conflicts.begin(), commit_.open_conflicts.end(), [&](const Conflict& one) { return one.field == field; });
    if (!commit_.link || asked_again || method == "superseded" || method == "ignored") return std::nullopt;
    const auto base = commit_.link->base.find(field);
    return base == commit_.link->base.end() ? std::nullopt : std::optional(base->second);
  }

  std::vector<std::pair<Side, std::string>> record_keys() const {
    std::vector<std::pair<Side, std::string>> keys;
    for (const Side side : {Side::kLeft, Side::kRight}) {
      if (commit_.link && commit_.link->key[side]) keys.emplace_back(side, *commit_.link->key[side]);
    }
    for (const Commit::Taken& taken : commit_.finished) keys.emplace_back(taken.side, taken.key);
    for (const DirtyKey& row : commit_.standing) keys.emplace_back(row.side, row.key);
    return keys;
  }

  Result<void> move_keys() {
    for (const Commit::Taken& taken : commit_.finished) {
      TRY(finish_taken(database_, commit_.mapping, taken.side, taken.key, taken.last_seq, taken.changes, now_));
    }
    for (const DirtyKey& row : commit_.standing) TRY(keep_standing(database_, row, now_));
    return add_marks(database_, commit_.mapping, commit_.again, now_);
  }

  Result<void> write_trail() {
    std::string operation;
    if (commit_.operation) {
      Operation row = *commit_.operation;
      row.link = resolved(row.link);
      TRY(write_operation(database_, row, now_));
      operation = row.id;
    }
    if (!commit_.pass.empty()) TRY(keep_exchanges(database_, commit_.pass, commit_.exchanges));
    TRY(take_over_exchanges(database_, commit_.pass, commit_.earlier_passes));
    for (const std::string& kind : commit_.brake) {
      TRY(execute(database_, "INSERT INTO brake_log (mapping, at, kind, link) VALUES (?, ?, ?, ?)", commit_.mapping,
                  now_, kind, link_.value_or(commit_.remove_link.value_or(0))));
    }
    for (const std::string& field : commit_.free_fields) TRY(unbrake_field(database_, commit_.mapping, field, link_.value_or(0)));
    for (const std::string& field : commit_.hold_fields) TRY(brake_field(database_, commit_.mapping, field, link_.value_or(0), now_));
    if (commit_.link && commit_.link->state == LinkState::kTombstone && link_) TRY(unbrake_link(database_, *link_));
    if (commit_.audit) TRY(write_audit(database_, *commit_.audit, now_));
    for (const std::string& hook : commit_.hooks) {
      TRY(execute(database_, "INSERT INTO outbox (mapping, operation, hook, attempts, due_at) VALUES (?, ?, ?, 0, ?)",
                  commit_.mapping, operation, hook, now_));
    }
    return {};
  }

  Database& database_;
  const Commit& commit_;
  Instant now_;
  std::optional<std::int64_t> link_;
};

Result<void> find_dirty(Database& database, const std::string& mapping, Side side, const std::string& key,
                        std::vector<DirtyKey>& found) {
  static const std::string sql = select_text(kDirtyColumns, "dirty_keys WHERE mapping = ? AND side = ? AND key = ?");
  Query query(database, sql, mapping, side, key);
  if (TRY(query.next())) found.push_back(TRY(read_dirty_key(query)));
  return {};
}

Result<Known> load_key(Database& database, const std::string& mapping, Side side, const std::string& key) {
  Known known;
  known.link = TRY(find_link(database, mapping, side, key));
  known.tombstones = TRY(find_tombstones(database, mapping, side, key));
  const std::optional<std::int64_t> link = known.link ? std::optional(known.link->id) : std::nullopt;
  known.intents = TRY(find_intents(database, mapping, side, key, link));
  known.conflicts = TRY(find_conflicts(database, mapping, side, key, link));
  TRY(find_dirty(database, mapping, side, key, known.dirty));
  if (known.link && known.link->key[other(side)]) {
    const std::string& twin = *known.link->key[other(side)];
    TRY(find_dirty(database, mapping, other(side), twin, known.dirty));
    // A create that found its record there instead was announced under the other key, before there was a link.
    known.intents = TRY(merged_intents(std::move(known.intents), TRY(find_intents(database, mapping, other(side), twin, std::nullopt))));
  }
  return known;
}

}  // namespace

void Store::load(std::string mapping, std::vector<std::pair<Side, std::string>> keys, Done<std::vector<Known>> done) {
  read_verb(executor_, std::move(done),
            [mapping = std::move(mapping), keys = std::move(keys)](Database& database) -> Result<std::vector<Known>> {
              std::vector<Known> found;
              for (const auto& [side, key] : keys) found.push_back(TRY(load_key(database, mapping, side, key)));
              return found;
            });
}

void Store::commit(Commit commit, Done<std::int64_t> done) {
  // One that announces comes before a request, the others after the answer.
  const bool announces = !commit.announce.empty() && commit.finished.empty();
  const CrashPoints around = announces ? CrashPoints{CrashPoint::kAnnounceInTransaction, CrashPoint::kAnnounceStored} : CrashPoints{CrashPoint::kCommitInTransaction, CrashPoint::kCommitStored};
  write_verb(executor_, around, std::move(done), [commit = std::move(commit), now = clock_.now()](Database& database) {
    return CommitWork(database, commit, now).run();
  });
}

}  // namespace tidewire::store
