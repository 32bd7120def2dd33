#include "store/intents.h"

#include "base/json.h"
#include "store/codec.h"
#include "store/operations.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

Error rival_create(Database& database, const Intent& intent) {
  static const std::string sql =
      "SELECT id, source_key FROM intents WHERE mapping = ?1 AND side = ?2 AND kind = 'create' AND source_key = ?3 "
      "UNION ALL SELECT id, source_key FROM intents WHERE mapping = ?1 AND side = ?2 AND kind = 'create' AND "
      "match_hash = ?4";
  Query query(database, sql, intent.mapping, intent.side, intent.source_key, intent.match_hash);
  const Result<bool> found = query.next();
  if (!found.ok()) return found.error();
  const std::string rival = *found ? std::string(query.text(0)) + " of " + std::string(query.text(1)) : "another";
  return make_error(Code::kStale,
                    intent.mapping + ": a create for " + intent.source_key + " is under way as intent " + rival);
}

}  // namespace

Result<std::vector<Intent>> merged_intents(std::vector<Intent> first, std::vector<Intent> second) {
  for (Intent& intent : second) {
    bool known = false;
    for (const Intent& other : first) known = known || other.id == intent.id;
    if (!known) first.push_back(std::move(intent));
  }
  return first;
}

Result<void> write_intent(Database& database, const Intent& intent, Instant now) {
  const Result<std::int64_t> written = execute(
      database,
      "INSERT INTO intents (id, mapping, link, kind, side, source_key, source_incarnation, source_version, target_key, guard, "
      "fields, sent, "
      "match_hash, operation, state, requested_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (id) DO UPDATE SET link = excluded.link, kind = excluded.kind, source_key = excluded.source_key, "
      "source_incarnation = excluded.source_incarnation, source_version = excluded.source_version, target_key = excluded.target_key, guard = excluded.guard, "
      "fields = excluded.fields, sent = excluded.sent, match_hash = excluded.match_hash, operation = "
      "excluded.operation, "
      "state = excluded.state, requested_at = excluded.requested_at, created_at = excluded.created_at",
      intent.id, intent.mapping, intent.link, std::string_view(intent_kind_name(intent.kind)), intent.side,
      intent.source_key, intent.source_incarnation, intent.source_version, intent.target_key, intent.guard, json::dump(intent.fields),
      json::dump(intent.sent), intent.match_hash, intent.operation,
      std::string_view(intent.in_doubt ? "in_doubt" : "open"), intent.requested_at,
      intent.created_at == Instant{} ? now : intent.created_at);
  if (written.ok()) return {};
  if (unique_violation(database)) return rival_create(database, intent);
  return written.error();
}

Result<void> close_intent(Database& database, const std::string& id) {
  TRY(execute(database, "DELETE FROM intents WHERE id = ?", id));
  return {};
}

Result<std::vector<Intent>> find_intents(Database& database, const std::string& mapping, Side side,
                                         const std::string& key, std::optional<std::int64_t> link) {
  // Asked apart: an OR over three indexes makes SQLite's planner scan.
  static const std::string by_link = select_text(kIntentColumns, "intents WHERE link = ? ORDER BY id");
  static const std::string by_source =
      select_text(kIntentColumns, "intents WHERE mapping = ? AND side = ? AND source_key = ? AND kind = 'create'");
  static const std::string by_target =
      select_text(kIntentColumns, "intents WHERE mapping = ? AND side = ? AND target_key = ? ORDER BY id");
  std::vector<Intent> found;
  if (link) {
    Query query(database, by_link, *link);
    found = TRY(read_all(query, read_intent));
  }
  Query source(database, by_source, mapping, other(side), key);
  found = TRY(merged_intents(std::move(found), TRY(read_all(source, read_intent))));
  Query target(database, by_target, mapping, side, key);
  return merged_intents(std::move(found), TRY(read_all(target, read_intent)));
}

void Store::announce(std::vector<Intent> intents, std::optional<Operation> operation, Done<void> done) {
  write_verb(executor_, {CrashPoint::kAnnounceInTransaction, CrashPoint::kAnnounceStored}, std::move(done),
             [intents = std::move(intents), operation = std::move(operation),
              now = clock_.now()](Database& database) -> Result<void> {
               for (const Intent& intent : intents) TRY(write_intent(database, intent, now));
               if (operation) TRY(write_operation(database, *operation, now));
               return {};
             });
}

void Store::open_creates(std::string mapping, Side side, Done<std::vector<Intent>> done) {
  read_verb(executor_, std::move(done), [mapping = std::move(mapping), side](Database& database) {
    // By the index of a create's source: the only one that every create is in.
    static const std::string sql =
        select_text(kIntentColumns, "intents WHERE mapping = ? AND side = ? AND kind = 'create' ORDER BY id");
    Query query(database, sql, mapping, side);
    return read_all(query, read_intent);
  });
}

void Store::renew_intents(Done<std::int64_t> done) {
  write_verb(executor_, std::move(done), [now = clock_.now()](Database& database) -> Result<std::int64_t> {
    const std::int64_t clean = TRY(execute(database, "DELETE FROM meta WHERE name = 'clean_stop'"));
    if (clean > 0) return 0;
    return execute(database, "UPDATE intents SET requested_at = ?1 WHERE requested_at < ?1", now);
  });
}

void Store::note_clean_stop(Done<void> done) {
  write_verb(executor_, std::move(done), [now = clock_.now()](Database& database) -> Result<void> {
    TRY(execute(database, "INSERT INTO meta (name, value) VALUES ('clean_stop', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                std::to_string(now.time_since_epoch().count())));
    return {};
  });
}

void Store::open_intents(std::string mapping, Done<std::vector<Intent>> done) {
  read_verb(executor_, std::move(done), [mapping = std::move(mapping)](Database& database) {
    static const std::string sql =
        select_text(kIntentColumns, "intents WHERE ?1 = '' OR mapping = ?1 ORDER BY created_at, id");
    Query query(database, sql, mapping);
    return read_all(query, read_intent);
  });
}

}  // namespace tidewire::store
