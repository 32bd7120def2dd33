// One person's data leaves the state: every row that is about the records, and after that the file is written anew, because
// SQLite leaves deleted bytes in free pages and in the log until something else is written there.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include <sqlite3.h>

#include "base/hash.h"
#include "base/json.h"
#include "store/audit.h"
#include "store/counters.h"
#include "store/exchanges.h"
#include "store/files.h"
#include "store/links.h"
#include "store/search.h"
#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

using SideKey = std::pair<Side, std::string>;

/// True where `text` holds `key` as a word of its own: a key "7" must not be found in "2017".
bool names(std::string_view text, std::string_view key) {
  const auto part_of_word = [&](std::size_t at) { return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0; };
  for (std::size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    if ((at == 0 || !part_of_word(at - 1)) && !part_of_word(at + key.size())) return true;
  }
  return false;
}

class Forgetter {
 public:
  Forgetter(Database& database, const Forgetting& what, Instant now) : database_(database), what_(what), now_(now) {}

  Result<std::map<std::string, std::int64_t>> run() {
    for (const SideKey& key : what_.keys) keys_.insert(key);
    TRY(gather());
    TRY(gather_parts());
    for (const auto& [side, key] : keys_) TRY(refuse_announced(side, key));
    for (const std::int64_t link : links_) TRY(forget_link(link));
    for (const auto& [side, key] : keys_) TRY(forget_key(side, key));
    for (const auto& [side, key] : parts_) TRY(forget_unparsed(side, key));
    if (met_ == 0 && !TRY(was_forgotten())) return unknown();
    TRY(count("exchanges", forget_unnamed_exchanges(database_, now_)));
    TRY(drop_words(database_));
    // Answers kept for repeated requests may quote any record.
    TRY(execute(database_, "DELETE FROM kv WHERE namespace = 'idempotency'"));
    const SideKey first = what_.keys.front();
    Object detail;
    for (const auto& [table, count] : counts_) detail[table] = count;
    TRY(write_audit(database_, {what_.author, "forget", subject(first), Value(std::move(detail))}, now_));
    return counts_;
  }

 private:
  /// A record may have had other keys and other links: each link found names a further key.
  Result<void> gather() {
    for (std::size_t before = 0; before != keys_.size() + links_.size();) {
      before = keys_.size() + links_.size();
      const std::set<SideKey> known = keys_;
      for (const auto& [side, key] : known) TRY(gather_links(side, key));
    }
    return {};
  }

  Result<void> gather_links(Side side, const std::string& key) {
    for (const char* state : {"<> 'tombstone'", "= 'tombstone'"}) {
      const std::string column = side == Side::kLeft ? "left_key" : "right_key";
      Query row(database_, "SELECT id, left_key, right_key FROM links WHERE mapping = ? AND " + column + " = ? AND state " + state,
                what_.mapping, key);
      while (TRY(row.next())) {
        links_.insert(row.integer(0));
        if (!row.is_null(1)) keys_.insert({Side::kLeft, std::string(row.text(1))});
        if (!row.is_null(2)) keys_.insert({Side::kRight, std::string(row.text(2))});
      }
    }
    return {};
  }

  /// The record's parts in other collections: what is told of one goes by a key made of the part's (sync/reconcile/lookups.cpp
  /// `watch_key`), and a body that nobody could read may name it.
  Result<void> gather_parts() {
    const std::set<SideKey> known = keys_;
    for (const auto& [side, key] : known) {
      const std::string places = what_.mapping + "/" + side_name(side) + "/";
      Query row(database_, "SELECT substr(key, length(?1) + 1) FROM kv WHERE namespace = 'parts' AND substr(key, 1, length(?1)) = ?1 AND value = ?2", places, json::dump(Value(key)));
      while (TRY(row.next())) {
        const std::string place(row.text(0));
        const std::size_t slash = place.find('/');
        if (slash == std::string::npos) continue;
        const std::string part = place.substr(0, slash), part_key = place.substr(slash + 1);
        keys_.insert({side, std::string(kWatchKey) + "@" + part + " " + part_key});
        parts_.insert({side, part_key});
      }
    }
    return {};
  }

  Result<void> refuse_announced(Side side, const std::string& key) {
    const std::int64_t open = TRY(number(
        database_,
        "SELECT count(*) FROM intents WHERE mapping = ?1 AND ((side = ?2 AND target_key = ?3) OR (side <> ?2 AND source_key = ?3))",
        0, what_.mapping, side, key));
    if (open == 0) return {};
    return make_error(Code::kStale, "a write to this record is announced and its outcome is not known yet",
                      "try again when `tidewire status` shows nothing under way");
  }

  Result<void> count(const char* table, Result<std::int64_t> rows) {
    const std::int64_t gone = TRY(meet(std::move(rows)));
    if (gone > 0) counts_[table] += gone;
    return {};
  }

  /// What was found of the record, if only a job about it or a line of the audit trail.
  Result<std::int64_t> meet(Result<std::int64_t> rows) {
    if (rows.ok()) met_ += *rows;
    return rows;
  }

  /// The file is written anew once more: whoever stopped the process between the two left the bytes behind.
  Result<bool> was_forgotten() {
    for (const SideKey& key : what_.keys) {
      if (TRY(number(database_, "SELECT count(*) FROM audit WHERE action = 'forget' AND subject = ?", 0, subject(key))) > 0) return true;
    }
    return false;
  }

  Error unknown() const {
    const auto& [side, key] = what_.keys.front();
    return make_error(Code::kNotFound, "the state holds nothing of a key '" + key + "' of the " + side_name(side) + " of " + what_.mapping,
                      "looked at: links, operations with their requests, conflicts, keys, what was received, findings, jobs, parts, files, the audit trail. Is the key spelt as `tidewire links` and `tidewire ops` show it, and of this mapping?");
  }

  /// What was said to the systems for the operations that `from` selects.
  template <typename... P>
  Result<void> forget_exchanges_of(const std::string& from, const P&... parameters) {
    std::vector<std::string> operations;
    {
      Query row(database_, "SELECT id FROM " + from, parameters...);
      while (TRY(row.next())) operations.emplace_back(row.text(0));
    }
    for (const std::string& operation : operations) TRY(count("exchanges", forget_exchanges(database_, operation, now_)));
    return {};
  }

  Result<void> forget_link(std::int64_t link) {
    TRY(count("hooks", execute(database_, "DELETE FROM outbox WHERE operation IN (SELECT id FROM operations WHERE link = ?)", link)));
    TRY(forget_exchanges_of("operations WHERE link = ?1", link));
    TRY(count("operations", execute(database_, "DELETE FROM operations WHERE link = ?", link)));
    TRY(count("conflicts", execute(database_, "DELETE FROM conflicts WHERE link = ?", link)));
    TRY(count("brake_log", execute(database_, "DELETE FROM brake_log WHERE link = ?", link)));
    TRY(count("files", forget_files(database_, link)));
    TRY(delete_link(database_, link));
    counts_["links"] += 1;
    ++met_;
    return {};
  }

  Result<void> forget_key(Side side, const std::string& key) {
    const std::string column = side == Side::kLeft ? "left_key" : "right_key";
    const std::string& mapping = what_.mapping;
    // Of a link that was taken apart the conflicts have one key only, and the operation that told of them both.
    TRY(count("conflicts", execute(database_,
                                   "DELETE FROM conflicts WHERE mapping = ?1 AND link IS NULL AND operation IN "
                                   "(SELECT id FROM operations WHERE link IS NULL AND mapping = ?1 AND " + column + " = ?2)",
                                   mapping, key)));
    TRY(forget_exchanges_of("operations WHERE link IS NULL AND mapping = ?1 AND " + column + " = ?2", mapping, key));
    TRY(forget_exchanges_of("(SELECT operation AS id FROM dirty_keys WHERE mapping = ?1 AND side = ?2 AND key = ?3)", mapping, side, key));
    TRY(count("operations", execute(database_, "DELETE FROM operations WHERE link IS NULL AND mapping = ? AND " + column + " = ?", mapping, key)));
    TRY(count("conflicts", execute(database_, "DELETE FROM conflicts WHERE mapping = ? AND side = ? AND key = ?", mapping, side, key)));
    TRY(meet(execute(database_, "DELETE FROM kv WHERE namespace = 'parts' AND substr(key, 1, length(?1)) = ?1 AND value = ?2", mapping + "/" + side_name(side) + "/", json::dump(Value(key)))));
    const std::int64_t waiting = TRY(execute(database_, "DELETE FROM dirty_keys WHERE mapping = ? AND side = ? AND key = ?", mapping, side, key));
    TRY(count("dirty_keys", waiting));
    TRY(add_count(database_, mapping_scope(mapping), "discarded", waiting));  // the balance goes on
    // What a judge said of the record (sync/reconcile/judge.cpp) is kept by its left key.
    if (side == Side::kLeft) TRY(meet(execute(database_, "DELETE FROM kv WHERE namespace = 'judge ' || ?1 AND substr(key, 1, length(?2) + 1) = ?2 || char(10)", mapping, key)));
    TRY(count("findings", execute(database_,
                                  "DELETE FROM findings WHERE " + column + " = ? AND job IN (SELECT id FROM jobs WHERE mapping = ?)", key, mapping)));
    // Without its key a job that has not begun would go over everything.
    TRY(meet(execute(database_,
                     "UPDATE jobs SET options = '{}', summary = json_remove(summary, '$.error', '$.trouble'), state = CASE WHEN state IN ('queued', 'running', 'paused') THEN 'cancelled' ELSE state END "
                     "WHERE mapping = ? AND options ->> 'key' = ? AND coalesce(options ->> 'side', 'left') = ?",
                     mapping, key, side)));
    const std::string parent = mapping + "/" + side_name(side) + "/" + key;
    TRY(meet(execute(database_,
                     "UPDATE dirty_keys SET state = 'waiting', parent = NULL, error = NULL, due_at = ?1, since = ?1 WHERE parent = ?2 AND state = "
                     "'waiting_for'",
                     now_, parent)));
    TRY(forget_names(side, key));
    TRY(forget_received(side, key));
    return forget_unparsed(side, key);
  }

  /// What a person did to the record is told of it by its key: with its side or without, as the subject or in the detail.
  Result<void> forget_names(Side side, const std::string& key) {
    const std::string& mapping = what_.mapping;
    const std::string sided = std::string(side_name(side)) + "/" + key;
    TRY(meet(execute(database_,
                     "UPDATE audit SET subject = ?1, detail = '{}' WHERE subject = ?2 || '/' || ?3 OR subject = ?2 || '/' || ?4 OR ((subject = ?2 OR substr(subject, 1, length(?2) + 1) = ?2 || '/') AND "
                     "EXISTS (SELECT 1 FROM json_tree(audit.detail) WHERE atom IN (?3, ?4)))",
                     subject({side, key}), mapping, key, sided)));
    TRY(meet(execute(database_, "UPDATE operations SET record = '{}' WHERE mapping = ?1 AND kind IN ('merge', 'relink') AND EXISTS (SELECT 1 FROM json_tree(operations.record) WHERE atom = ?2)", mapping, key)));
    return {};
  }

  Result<void> forget_received(Side side, const std::string& key) {
    const auto& [connection, collection] = what_.source[side];
    return count("received", execute(database_, "DELETE FROM received WHERE connection = ? AND collection = ? AND key = ?", connection, collection, key));
  }

  /// Bodies that nobody could read, and that name it.
  Result<void> forget_unparsed(Side side, const std::string& key) {
    const std::string& connection = what_.source[side].first;
    std::vector<std::int64_t> unparsed;
    {
      Query row(database_, "SELECT seq, payload FROM received WHERE event = 'unparsed' AND connection = ? AND payload IS NOT NULL", connection);
      while (TRY(row.next())) {
        if (names(row.text(1), key)) unparsed.push_back(row.integer(0));
      }
    }
    for (const std::int64_t seq : unparsed) TRY(count("received", execute(database_, "DELETE FROM received WHERE seq = ?", seq)));
    return {};
  }

  /// Tells the same person again without saying who it was.
  std::string subject(const SideKey& key) const {
    return what_.mapping + "/" + side_name(key.first) + "/sha256:" + sha256_hex(key.second).substr(0, 16);
  }

  Database& database_;
  const Forgetting& what_;
  Instant now_;
  std::set<SideKey> keys_;
  std::set<SideKey> parts_;  // keys of parts
  std::set<std::int64_t> links_;
  std::map<std::string, std::int64_t> counts_;
  std::int64_t met_ = 0;  // rows that told of it
};

/// SQLite builds the new file in a temporary one, as large as the state: beside it, where there is room, not in memory nor in a
/// /tmp that may be small or memory too.
Result<void> vacuum(Database& database) {
  const std::string file = sqlite3_db_filename(database.handle(), "main");
  if (file.empty()) return database.exec("VACUUM");
  std::string folder;
  for (const char sign : std::filesystem::path(file).parent_path().string()) folder += sign == '\'' ? "''" : std::string(1, sign);
  TRY(database.exec("PRAGMA temp_store_directory = '" + folder + "'; PRAGMA temp_store = FILE"));
  Result<void> done = database.exec("VACUUM");
  const Result<void> back = database.exec("PRAGMA temp_store = MEMORY; PRAGMA temp_store_directory = ''");
  return done.ok() ? back : done;
}

Result<void> rewrite_file(Database& database) {
  TRY(vacuum(database));
  Query row(database, "PRAGMA wal_checkpoint(TRUNCATE)");
  const bool told = TRY(row.next());
  if (told && row.integer(0) != 0) return make_error(Code::kUnavailable, "the log could not be emptied while somebody reads the state", "run it again");
  return {};
}

}  // namespace

void Store::forget(Forgetting what, Done<std::map<std::string, std::int64_t>> done) {
  ASSERT(!what.keys.empty(), "there is somebody to forget");
  write_verb(executor_, {CrashPoint::kForgetInTransaction, CrashPoint::kForgetStored}, std::move(done), [what = std::move(what), now = clock_.now()](Database& database) {
    return Forgetter(database, what, now).run();
  });
}

void Store::rewrite(Done<void> done) { executor_.maintain(rewrite_file, std::move(done)); }

}  // namespace tidewire::store
