#include "store/conflicts.h"

#include "base/json.h"
#include "store/codec.h"
#include "store/dirty_keys.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

const std::string kFirstContacts = " conflicts INDEXED BY conflicts_first_contact WHERE mapping = ?2 AND closed_at IS NULL AND link IS NULL AND field = ''";

std::optional<std::string> conflict_base(const Conflict& conflict) {
  if (!conflict.base.left && !conflict.base.right) return std::nullopt;
  Object base;
  if (conflict.base.left) base.emplace("l", *conflict.base.left);
  if (conflict.base.right) base.emplace("r", *conflict.base.right);
  return json::dump(std::move(base));
}

std::string open_conflict_text(const char* target) {
  return std::string(
             "INSERT INTO conflicts (mapping, link, side, key, field, kind, base, left_value, right_value, opened_at, "
             "shown_at, "
             "operation) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT ") +
         target +
         " DO UPDATE SET shown_at = excluded.shown_at, method = NULL, author = NULL, said_left = NULL, said_right = NULL, kind = excluded.kind, base = "
         "excluded.base, "
         "left_value = excluded.left_value, right_value = excluded.right_value, operation = excluded.operation "
         "WHERE kind IS NOT excluded.kind OR base IS NOT excluded.base OR left_value IS NOT excluded.left_value "
         "OR right_value IS NOT excluded.right_value OR ?13";
}

/// A person saw what the row shows at this moment, and nobody decided meanwhile; else the decision is about something that is no more.
Result<Conflict> shown_still(Database& database, const Store::Resolution& resolution) {
  static const std::string sql = select_text(kConflictColumns, "conflicts WHERE id = ? AND closed_at IS NULL");
  Query query(database, sql, resolution.conflict);
  if (!TRY(query.next())) return make_error(Code::kNotFound, "no open conflict " + std::to_string(resolution.conflict));
  Conflict conflict = TRY(read_conflict(query));
  const bool again = conflict.method == resolution.method && conflict.author.value_or("") == resolution.author && conflict.said.left == resolution.said.left && conflict.said.right == resolution.said.right;
  if (resolution.shown_at == Instant{} || resolution.shown_at == conflict.shown_at || again) return conflict;
  const std::string which = std::to_string(resolution.conflict), who = conflict.author.value_or("somebody");
  if (conflict.method) return make_error(Code::kStale, "conflict " + which + " was decided by " + who + " since you looked", "look at that decision; until it is carried out it can be changed");
  return make_error(Code::kStale, "conflict " + which + " shows other values since " + format_instant(conflict.shown_at), "look at the new values and decide again");
}

Result<std::vector<DirtyMark>> conflict_marks(Database& database, const Conflict& conflict) {
  std::vector<DirtyMark> marks;
  const auto add = [&marks](Side side, std::string_view key) {
    marks.push_back(DirtyMark{side, std::string(key), "upsert", "person"});
  };
  if (!conflict.link) {
    if (conflict.side) add(*conflict.side, conflict.key);
    return marks;
  }
  Query row(database, "SELECT left_key, right_key FROM links WHERE id = ?", *conflict.link);
  if (!TRY(row.next())) return marks;
  if (!row.is_null(0)) add(Side::kLeft, row.text(0));
  if (!row.is_null(1)) add(Side::kRight, row.text(1));
  return marks;
}

Result<void> store_resolution(Database& database, const Store::Resolution& resolution, Instant now) {
  const Conflict conflict = TRY(shown_still(database, resolution));
  // Of an edit that was deleted with its record nothing is left to be written: it is closed by having been seen.
  TRY(execute(database, "UPDATE conflicts SET method = ?1, author = ?2, said_left = ?3, said_right = ?4, shown_at = ?6, closed_at = iif(kind = 'delete_update', ?6, NULL) WHERE id = ?5",
              resolution.method, or_null(resolution.author), dumped(resolution.said.left), dumped(resolution.said.right), conflict.id, now));
  for (const Store::Resolution::With& one : resolution.with) {
    if (!conflict.link) break;
    TRY(execute(database, "UPDATE conflicts SET method = ?1, author = ?2, said_left = ?3, said_right = ?4, shown_at = ?7 WHERE link = ?5 AND field = ?6 AND closed_at IS NULL AND kind <> 'delete_update'",
                resolution.method, or_null(resolution.author), dumped(one.said.left), dumped(one.said.right), *conflict.link, one.field, now));
  }
  return add_marks(database, conflict.mapping, TRY(conflict_marks(database, conflict)), now);
}

/// Those of the record that a side calls so: of its links, and of the time before it had one.
std::string called_text(std::optional<Side> side) {
  std::string links, alone;
  for (const Side one : {Side::kLeft, Side::kRight}) {
    if (side && *side != one) continue;
    const std::string name = side_name(one);
    for (const char* state : {"state <> 'tombstone'", "state = 'tombstone'"}) {  // an index each
      links += (links.empty() ? "" : " UNION ") + std::string("SELECT id FROM links WHERE mapping = ?1 AND ") + name + "_key = ?6 AND " + state;
    }
    alone += (alone.empty() ? "'" : ", '") + name + "'";
  }
  return " AND (link IN (" + links + ") OR (key = ?6 AND side IN (" + alone + ")))";
}

std::optional<std::string> agreed_text(const Closing& closing, Side side) {
  if (!closing.agreed) return std::nullopt;
  return json::dump((*closing.agreed)[side]);
}

/// Past ones come by when they were closed, the others by when they were opened.
struct ListPlace {
  Instant closed_at = Instant::max();
  std::int64_t id = INT64_MAX;
};

std::string mark_text(const Conflict& last, bool past) {
  if (!past) return std::to_string(last.id);
  return json::dump(Array{last.closed_at->time_since_epoch().count(), last.id});
}

Result<ListPlace> list_place(const std::string& after, bool past) {
  ListPlace mark;
  if (after.empty()) return mark;
  if (!past) {
    mark.id = TRY(row_mark(after, INT64_MAX));
    return mark;
  }
  const auto said = json::parse(after);
  const bool fits = said.ok() && said->is_array() && said->as_array().size() == 2 && said->as_array()[0].is_int() && said->as_array()[1].is_int();
  if (!fits) return no_mark(after);
  mark.closed_at = Instant(Duration(said->as_array()[0].as_int()));
  mark.id = said->as_array()[1].as_int();
  return mark;
}

/// Parameters: 1 mapping, 2 before, 3 limit, 4 field, 5 kind, 6 key, 7 left, 8 right, 9 closed before, 10 job.
std::string conflicts_text(const ConflictFilter& filter) {
  const bool past = filter.which == ConflictFilter::Which::kClosed;
  std::string sql = select_text(kConflictColumns, past ? "conflicts WHERE closed_at IS NOT NULL AND (closed_at, id) < (?9, ?2)" : "conflicts WHERE id < ?2");
  if (!filter.mapping.empty()) sql += " AND mapping = ?1";
  if (!filter.job.empty()) sql += " AND +mapping IN (SELECT mapping FROM jobs WHERE batch = (SELECT batch FROM jobs WHERE id = ?10))";
  if (filter.which == ConflictFilter::Which::kOpen) sql += " AND closed_at IS NULL";
  if (!filter.field.empty()) sql += " AND field = ?4";
  if (!filter.kind.empty()) sql += " AND kind = ?5";
  if (!filter.key.empty()) sql += called_text(filter.key_side);
  if (filter.left) sql += " AND left_value = ?7";
  if (filter.right) sql += " AND right_value = ?8";
  return sql + (past ? " ORDER BY closed_at DESC, id DESC LIMIT ?3" : " ORDER BY id DESC LIMIT ?3");
}

}  // namespace

Result<void> open_conflict(Database& database, const Conflict& conflict, Instant now) {
  static const std::string of_link = open_conflict_text("(link, field) WHERE closed_at IS NULL AND link IS NOT NULL");
  static const std::string of_record =
      open_conflict_text("(mapping, side, key, field) WHERE closed_at IS NULL AND link IS NULL");
  ASSERT(conflict.link || conflict.side, "a conflict is of a link or of a record");
  TRY(execute(database, conflict.link ? of_link : of_record, conflict.mapping, conflict.link, conflict.side,
              or_null(conflict.key), conflict.field, conflict.kind, conflict_base(conflict), dumped(conflict.shown.left),
              dumped(conflict.shown.right), conflict.opened_at == Instant{} ? now : conflict.opened_at,
              conflict.shown_at == Instant{} ? now : conflict.shown_at, conflict.operation, conflict.anew));
  return {};
}

Result<void> close_link_conflict(Database& database, std::int64_t link, const std::string& field,
                                 const Closing& closing, Instant now) {
  TRY(execute(database,
              "UPDATE conflicts SET closed_at = ?, method = ?, author = ?, operation = coalesce(?, operation), "
              "said_left = coalesce(?, said_left), said_right = coalesce(?, said_right) "
              "WHERE link = ? AND field = ? AND closed_at IS NULL",
              now, or_null(closing.method), or_null(closing.author), closing.operation, agreed_text(closing, Side::kLeft), agreed_text(closing, Side::kRight), link, field));
  return {};
}

Result<void> close_record_conflict(Database& database, const std::string& mapping, Side side, const std::string& key,
                                   const std::string& field, const Closing& closing, Instant now) {
  TRY(execute(database,
              "UPDATE conflicts SET closed_at = ?, method = ?, author = ?, operation = coalesce(?, operation), "
              "said_left = coalesce(?, said_left), said_right = coalesce(?, said_right) "
              "WHERE mapping = ? AND side = ? AND key = ? AND field = ? AND closed_at IS NULL AND link IS NULL",
              now, or_null(closing.method), or_null(closing.author), closing.operation, agreed_text(closing, Side::kLeft), agreed_text(closing, Side::kRight), mapping, side, key, field));
  return {};
}

Result<std::vector<Conflict>> find_conflicts(Database& database, const std::string& mapping, Side side,
                                             const std::string& key, std::optional<std::int64_t> link) {
  if (link) {
    static const std::string by_link =
        select_text(kConflictColumns, "conflicts WHERE link = ? AND closed_at IS NULL ORDER BY field");
    Query query(database, by_link, *link);
    return read_all(query, read_conflict);
  }
  static const std::string by_record = select_text(
      kConflictColumns,
      "conflicts WHERE mapping = ? AND side = ? AND key = ? AND closed_at IS NULL AND link IS NULL ORDER BY field");
  Query query(database, by_record, mapping, side, key);
  return read_all(query, read_conflict);
}

Result<void> wake_ambiguous(Database& database, const std::string& mapping, Side side, const std::string& key, Instant now) {
  const auto text = [](const char* value) {  // a list of keys, as text
    return "UPDATE dirty_keys SET state = 'waiting', attempts = 0, due_at = ?1, since = ?1, parent = NULL WHERE mapping = ?2 AND state = 'conflict'" + kStanding +
           " AND (side, key) IN (SELECT side, key FROM" + kFirstContacts + " AND kind = 'ambiguous' AND instr(', ' || (" + value + " ->> '$') || ', ', ', ' || ?3 || ', ') > 0)";
  };
  static const Sides<std::string> sql{text("left_value"), text("right_value")};
  TRY(execute(database, sql[side], now, mapping, key));
  return {};
}

Result<void> wake_key_taken(Database& database, const std::string& mapping, Side side, Instant now) {
  constexpr std::int64_t kFew = 100;
  static const std::string taken = kFirstContacts + " AND side = ?3 AND kind = 'key_taken' AND method IS NOT 'skip'";
  static const std::string count = "SELECT count(*) FROM (SELECT 1 FROM" + taken + " LIMIT " + std::to_string(kFew + 1) + ")";
  static const std::string wake =
      "UPDATE dirty_keys SET state = 'waiting', attempts = 0, due_at = max(?1, since + min(3600000000, 15000000 + max(0, since - (SELECT opened_at FROM" + kFirstContacts +
      " AND kind = 'key_taken' AND conflicts.side = dirty_keys.side AND conflicts.key = dirty_keys.key)) / 2)) WHERE mapping = ?2 AND side = ?3 AND key IN (";
  // Few are found by their conflicts, however many others wait for a person. Many are met soon in the order of their waiting, and nothing
  // is sorted.
  static const std::string few = wake + "SELECT one.key FROM (SELECT key FROM" + taken +
                                 ") AS taken CROSS JOIN dirty_keys AS one ON one.mapping = ?2 AND one.side = ?3 AND one.key = taken.key AND one.state = 'conflict' ORDER BY one.since LIMIT 10)";
  static const std::string many = wake +
                                  "SELECT one.key FROM dirty_keys AS one INDEXED BY dirty_keys_standing WHERE one.mapping = ?2 AND one.side = ?3 AND one.state = 'conflict' "
                                  "AND one.state NOT IN ('waiting', 'backing_off') AND EXISTS (SELECT 1 FROM" +
                                  taken + " AND key = one.key) ORDER BY one.since LIMIT 10)";
  const std::int64_t open = TRY(number(database, count, 0, now, mapping, side));
  if (open > 0) TRY(execute(database, open > kFew ? many : few, now, mapping, side));
  return {};
}

void Store::conflicts(ConflictFilter filter, Page page, Done<Paged<Conflict>> done) {
  list_verb(executor_, std::move(done), [filter = std::move(filter), page = std::move(page)](Database& database) -> Result<Paged<Conflict>> {
    if (!filter.key.empty() && filter.mapping.empty()) return make_error(Code::kInvalid, "a key is a key of one mapping", "name the mapping too");
    const bool past = filter.which == ConflictFilter::Which::kClosed;
    const ListPlace before = TRY(list_place(page.after, past));
    Query query(database, conflicts_text(filter), filter.mapping, before.id, page.limit, filter.field, filter.kind, filter.key, dumped(filter.left), dumped(filter.right), before.closed_at, filter.job);
    Paged<Conflict> found;
    found.rows = TRY(read_all(query, read_conflict));
    if (static_cast<std::int64_t>(found.rows.size()) == page.limit && page.limit > 0) found.next = mark_text(found.rows.back(), past);
    return found;
  });
}

void Store::conflicts(std::string mapping, bool closed_too, Page page, Done<Paged<Conflict>> done) {
  using Which = ConflictFilter::Which;
  conflicts(ConflictFilter{.mapping = std::move(mapping), .which = closed_too ? Which::kAll : Which::kOpen}, std::move(page), std::move(done));
}

void Store::undecided(std::string mapping, Done<std::int64_t> done) {
  read_verb(executor_, std::move(done), [mapping = std::move(mapping)](Database& database) {
    return number(database, "SELECT count(*) FROM conflicts INDEXED BY conflicts_undecided WHERE mapping = ? AND closed_at IS NULL AND method IS NULL", 0, mapping);
  });
}

void Store::resolve(Resolution resolution, Done<void> done) {
  write_verb(executor_, {CrashPoint::kResolutionInTransaction, CrashPoint::kResolutionStored}, std::move(done), [resolution = std::move(resolution), now = clock_.now()](Database& database) {
    return store_resolution(database, resolution, now);
  });
}

void Store::conflict(std::int64_t id, Done<Conflict> done) {
  read_verb(executor_, std::move(done), [id](Database& database) -> Result<Conflict> {
    static const std::string sql = select_text(kConflictColumns, "conflicts WHERE id = ?");
    Query query(database, sql, id);
    if (!TRY(query.next())) return make_error(Code::kNotFound, "no conflict " + std::to_string(id), "`tidewire conflicts --all` lists them");
    return read_conflict(query);
  });
}

}  // namespace tidewire::store
