// Links as a person asks for them: by state, key, age or trouble.
#include "store/codec.h"
#include "store/operations.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

/// Parameters keep their numbers whatever the filter says: 1 mapping, 2 key, 3 state, 4 older, 5 before id, 6 limit.
std::string links_text(const LinkFilter& filter) {
  std::string text = std::string("SELECT ") + kLinkColumns + " FROM links WHERE id < ?5";
  if (!filter.mapping.empty()) text += " AND mapping = ?1";
  if (!filter.key.empty()) {
    // Each branch in the words of a partial index.
    text +=
        " AND id IN (SELECT id FROM links WHERE mapping = ?1 AND left_key = ?2 AND state <> 'tombstone' "
        "UNION SELECT id FROM links WHERE mapping = ?1 AND right_key = ?2 AND state <> 'tombstone' "
        "UNION SELECT id FROM links WHERE mapping = ?1 AND left_key = ?2 AND state = 'tombstone' "
        "UNION SELECT id FROM links WHERE mapping = ?1 AND right_key = ?2 AND state = 'tombstone')";
  }
  if (filter.state) text += " AND state = ?3";
  if (filter.older) text += " AND updated_at < ?4";
  if (filter.error) {
    text += " AND id IN (SELECT link FROM conflicts WHERE closed_at IS NULL AND link IS NOT NULL";
    // From the keys to their links: asked as one condition, SQLite walks all links and looks for the keys of each.
    for (const std::string side : {"left", "right"}) {
      for (const char* state : {"<> 'tombstone'", "= 'tombstone'"}) {
        text += " UNION SELECT links.id FROM dirty_keys CROSS JOIN links ON links.mapping = dirty_keys.mapping AND " + side + "_key = key AND links.state " + state + " WHERE side = '" + side +
                "' AND dirty_keys.state <> 'waiting' AND error IS NOT NULL" + (filter.mapping.empty() ? "" : " AND dirty_keys.mapping = ?1");
      }
    }
    text += ")";
  }
  return text + " ORDER BY id DESC LIMIT ?6";
}

Result<Paged<Link>> list_links(Database& database, const LinkFilter& filter, const Page& page) {
  if (!filter.key.empty() && filter.mapping.empty())
    return make_error(Code::kInvalid, "a key is a key of one mapping", "name the mapping too");
  const std::int64_t before = TRY(row_mark(page.after, INT64_MAX));
  const std::string state = filter.state ? link_state_name(*filter.state) : "";
  Query query(database, links_text(filter), filter.mapping, filter.key, state, filter.older.value_or(Instant{}), before,
              page.limit);
  Paged<Link> found;
  found.rows = TRY(read_all(query, read_link));
  if (static_cast<std::int64_t>(found.rows.size()) == page.limit && page.limit > 0)
    found.next = std::to_string(found.rows.back().id);
  return found;
}

}  // namespace

void Store::find_links(LinkFilter filter, Page page, Done<Paged<Link>> done) {
  list_verb(executor_, std::move(done), [filter = std::move(filter), page = std::move(page)](Database& database) {
    return list_links(database, filter, page);
  });
}

void Store::link(std::int64_t id, Done<Link> done) {
  read_verb(executor_, std::move(done), [id](Database& database) -> Result<Link> {
    static const std::string sql = select_text(kLinkColumns, "links WHERE id = ?");
    Query query(database, sql, id);
    if (!TRY(query.next())) return make_error(Code::kNotFound, "no link " + std::to_string(id));
    return read_link(query);
  });
}

void Store::touched_links(std::string mapping, Instant since, std::int64_t after_id, std::int64_t limit,
                          Done<std::vector<std::int64_t>> done) {
  using Ids = std::vector<std::int64_t>;
  read_verb(executor_, std::move(done),
            [mapping = std::move(mapping), since, after_id, limit](Database& database) -> Result<Ids> {
              Query row(database,
                        "SELECT DISTINCT link FROM operations WHERE mapping = ? AND id >= ? AND at >= ? AND link > ? "
                        "ORDER BY link LIMIT ?",
                        mapping, first_id_at(since), since, after_id, limit);
              Ids ids;
              while (TRY(row.next())) ids.push_back(row.integer(0));
              return ids;
            });
}

}  // namespace tidewire::store
