#include "store/links.h"

#include "base/json.h"
#include "store/brake.h"
#include "store/codec.h"
#include "store/counters.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

/// By a key that is alive; the words of the partial index are repeated, else SQLite would not use it.
const std::string& live_link_text(Side side) {
  static const std::string left =
      select_text(kLinkColumns, "links WHERE mapping = ? AND left_key = ? AND state <> 'tombstone'");
  static const std::string right =
      select_text(kLinkColumns, "links WHERE mapping = ? AND right_key = ? AND state <> 'tombstone'");
  return side == Side::kLeft ? left : right;
}

Error held_keys(Database& database, const Link& link) {
  std::string holders;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!link.key[side]) continue;
    const Result<std::optional<Link>> other = find_link(database, link.mapping, side, *link.key[side]);
    if (!other.ok()) return other.error();
    if (!*other || (*other)->id == link.id) continue;
    if (!holders.empty()) holders += ", ";
    holders +=
        std::string(side_name(side)) + " key " + *link.key[side] + " belongs to link " + std::to_string((*other)->id);
  }
  return make_error(Code::kStale, link.mapping + ": " + holders);
}

Result<std::int64_t> insert_link(Database& database, const Link& link, Instant now) {
  TRY(execute(
      database,
      "INSERT INTO links (mapping, left_key, right_key, left_incarnation, right_incarnation, state, generation, base, "
      "left_version, right_version, left_tokens, right_tokens, stamps, notes, tombstone, left_seen_at, right_seen_at, "
      "created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      link.mapping, link.key.left, link.key.right, link.incarnation.left, link.incarnation.right,
      link_state_name(link.state), link.generation, base_text(link.base), link.version.left, link.version.right,
      tokens_text(link.tokens.left), tokens_text(link.tokens.right), json::dump(link.stamps), json::dump(link.notes),
      dumped(link.tombstone), link.seen_at.left, link.seen_at.right,
      link.created_at == Instant{} ? now : link.created_at, now));
  const std::int64_t id = database.last_insert_id();
  TRY(add_count(database, links_scope(link.mapping), link_state_name(link.state), 1));
  return id;
}

/// The columns that every pass moves. Naming an indexed column in an UPDATE costs its index, moved or not.
Result<bool> update_content(Database& database, const Link& link, Instant now) {
  const std::int64_t changed = TRY(execute(
      database,
      "UPDATE links SET generation = ?, base = ?, left_version = ?, right_version = ?, left_tokens = ?, right_tokens = "
      "?, "
      "stamps = ?, notes = ?, tombstone = ?, left_seen_at = ?, right_seen_at = ?, updated_at = ? "
      "WHERE id = ? AND mapping = ? AND left_key IS ? AND right_key IS ? AND left_incarnation IS ? AND "
      "right_incarnation IS ? "
      "AND state = ? AND state <> 'tombstone'",
      link.generation, base_text(link.base), link.version.left, link.version.right, tokens_text(link.tokens.left),
      tokens_text(link.tokens.right), json::dump(link.stamps), json::dump(link.notes), dumped(link.tombstone),
      link.seen_at.left, link.seen_at.right, now, link.id, link.mapping, link.key.left, link.key.right,
      link.incarnation.left, link.incarnation.right, link_state_name(link.state)));
  return changed > 0;
}

Result<void> update_link(Database& database, const Link& link, Instant now) {
  if (TRY(update_content(database, link, now))) return {};
  std::string former;
  {
    Query query(database, "SELECT state FROM links WHERE id = ? AND mapping = ?", link.id, link.mapping);
    if (!TRY(query.next()))
      return make_error(Code::kNotFound, link.mapping + ": link " + std::to_string(link.id) + " is gone");
    former = query.text(0);
  }
  TRY(execute(
      database,
      "UPDATE links SET left_key = ?, right_key = ?, left_incarnation = ?, right_incarnation = ?, state = ?, "
      "generation = ?, base = ?, left_version = ?, right_version = ?, left_tokens = ?, right_tokens = ?, stamps = ?, "
      "notes = ?, tombstone = ?, left_seen_at = ?, right_seen_at = ?, updated_at = ? WHERE id = ?",
      link.key.left, link.key.right, link.incarnation.left, link.incarnation.right, link_state_name(link.state),
      link.generation, base_text(link.base), link.version.left, link.version.right, tokens_text(link.tokens.left),
      tokens_text(link.tokens.right), json::dump(link.stamps), json::dump(link.notes), dumped(link.tombstone),
      link.seen_at.left, link.seen_at.right, now, link.id));
  if (former == link_state_name(link.state)) return {};
  TRY(add_count(database, links_scope(link.mapping), former, -1));
  return add_count(database, links_scope(link.mapping), link_state_name(link.state), 1);
}

/// What was about links that are no more, and about keys that never had one.
Result<void> forget_rest(Database& database, const std::string& mapping, Instant now) {
  TRY(execute(database, "UPDATE conflicts SET closed_at = ?, method = 'superseded' WHERE mapping = ? AND closed_at IS NULL", now, mapping));
  for (const char* table : {"intents", "cursors", "brake_log", "braked"}) {
    TRY(execute(database, std::string("DELETE FROM ") + table + " WHERE mapping = ?", mapping));
  }
  return add_count(database, mapping_scope(mapping), "discarded", TRY(execute(database, "DELETE FROM dirty_keys WHERE mapping = ?", mapping)));
}

Result<std::int64_t> forget_some(Database& database, const std::string& mapping, std::int64_t limit, Instant now) {
  std::vector<std::int64_t> links;
  {
    Query query(database, "SELECT id FROM links WHERE mapping = ? LIMIT ?", mapping, limit);
    while (TRY(query.next())) links.push_back(query.integer(0));
  }
  TRY(part_from(database, links, now));
  for (const std::int64_t link : links) TRY(delete_link(database, link));
  if (links.empty()) TRY(forget_rest(database, mapping, now));
  return static_cast<std::int64_t>(links.size());
}

}  // namespace

Result<void> part_from(Database& database, const std::vector<std::int64_t>& links, Instant now) {
  const std::string ids = json::dump(Value(Array(links.begin(), links.end())));
  const std::string those = "link IN (SELECT value FROM json_each(?1))";
  TRY(execute(database, "UPDATE operations SET link = NULL WHERE " + those, ids));
  TRY(execute(database, "UPDATE conflicts SET closed_at = ?2, method = 'superseded' WHERE closed_at IS NULL AND " + those, ids, now));
  TRY(execute(database,
              "UPDATE conflicts SET link = NULL, (side, key) = (SELECT CASE WHEN left_key IS NULL THEN 'right' ELSE 'left' END, "
              "coalesce(left_key, right_key) FROM links WHERE id = conflicts.link) WHERE " + those,
              ids));
  return {};
}

Result<std::optional<Link>> find_link(Database& database, const std::string& mapping, Side side,
                                      const std::string& key) {
  Query query(database, live_link_text(side), mapping, key);
  if (!TRY(query.next())) return std::optional<Link>();
  return std::optional<Link>(TRY(read_link(query)));
}

Result<std::vector<Link>> find_tombstones(Database& database, const std::string& mapping, Side side,
                                          const std::string& key) {
  static const std::string left =
      select_text(kLinkColumns,
                  "links WHERE mapping = ? AND left_key = ? AND state = 'tombstone' ORDER BY updated_at DESC LIMIT 3");
  static const std::string right =
      select_text(kLinkColumns,
                  "links WHERE mapping = ? AND right_key = ? AND state = 'tombstone' ORDER BY updated_at DESC LIMIT 3");
  Query query(database, side == Side::kLeft ? left : right, mapping, key);
  return read_all(query, read_link);
}

Result<std::int64_t> save_link(Database& database, const Link& link, Instant now) {
  Result<std::int64_t> id = link.id;
  if (link.id == 0) {
    id = insert_link(database, link, now);
  } else if (Result<void> updated = update_link(database, link, now); !updated.ok()) {
    id = updated.error();
  }
  // Asked only after a refusal: the unique indexes have looked already.
  if (!id.ok() && unique_violation(database)) return held_keys(database, link);
  return id;
}

Result<void> delete_link(Database& database, std::int64_t id) {
  TRY(unbrake_link(database, id));
  Query query(database, "DELETE FROM links WHERE id = ? RETURNING mapping, state", id);
  if (!TRY(query.next())) return {};
  const std::string scope = links_scope(std::string(query.text(0)));
  const std::string state(query.text(1));
  TRY(query.next());
  return add_count(database, scope, state, -1);
}

Result<std::optional<std::string>> translated_key(Database& database, std::string_view mapping, Side from,
                                                  std::string_view key) {
  const char* sql = from == Side::kLeft
                        ? "SELECT right_key FROM links WHERE mapping = ? AND left_key = ? AND state <> 'tombstone'"
                        : "SELECT left_key FROM links WHERE mapping = ? AND right_key = ? AND state <> 'tombstone'";
  Query query(database, sql, mapping, key);
  if (!TRY(query.next()) || query.is_null(0)) return std::optional<std::string>();
  return std::optional<std::string>(query.text(0));
}

std::optional<Parent> parent_of(std::string_view name) {
  const std::size_t first = name.find('/');
  const std::size_t second = first == std::string_view::npos ? first : name.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::optional<Side> side = side_from_name(name.substr(first + 1, second - first - 1));
  if (!side) return std::nullopt;
  return Parent{name.substr(0, first), *side, name.substr(second + 1)};
}

Result<bool> parent_linked(Database& database, std::string_view name) {
  const auto parent = parent_of(name);
  if (!parent) return false;
  return TRY(translated_key(database, parent->mapping, parent->side, parent->key)).has_value();
}

void Store::find_by_incarnation(std::string mapping, Side side, std::string incarnation, Done<std::vector<Link>> done) {
  read_verb(executor_, std::move(done),
            [mapping = std::move(mapping), side, incarnation = std::move(incarnation)](Database& database) {
              static const std::string left =
                  select_text(kLinkColumns, "links WHERE mapping = ? AND left_incarnation = ? ORDER BY id DESC");
              static const std::string right =
                  select_text(kLinkColumns, "links WHERE mapping = ? AND right_incarnation = ? ORDER BY id DESC");
              Query query(database, side == Side::kLeft ? left : right, mapping, incarnation);
              return read_all(query, read_link);
            });
}

void Store::translate(std::string mapping, Side from, std::vector<std::string> keys,
                      Done<std::vector<std::optional<std::string>>> done) {
  using Keys = std::vector<std::optional<std::string>>;
  read_verb(executor_, std::move(done),
            [mapping = std::move(mapping), from, keys = std::move(keys)](Database& database) -> Result<Keys> {
              Keys found;
              for (const std::string& key : keys) found.push_back(TRY(translated_key(database, mapping, from, key)));
              return found;
            });
}

void Store::forget_links(std::string mapping, std::int64_t limit, Done<std::int64_t> done) {
  write_verb(executor_, std::move(done), [mapping = std::move(mapping), limit, now = clock_.now()](Database& database) { return forget_some(database, mapping, limit, now); });
}

void Store::links(std::string mapping, std::int64_t after_id, std::int64_t limit, Done<std::vector<Link>> done) {
  read_verb(executor_, std::move(done), [mapping = std::move(mapping), after_id, limit](Database& database) {
    static const std::string sql = select_text(kLinkColumns, "links WHERE id > ? AND mapping = ? ORDER BY id LIMIT ?");
    Query query(database, sql, after_id, mapping, limit);
    return read_all(query, read_link);
  });
}

}  // namespace tidewire::store
