#include "store/probe.h"

#include "store/statement.h"

namespace tidewire::store {
namespace {

struct Tree {
  std::string kind, name, table, sql;
};

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

/// Of a partial index its rows alone.
std::string rows_of(const Tree& tree) {
  std::string from = "SELECT 1 FROM " + quoted(tree.table) + " INDEXED BY " + quoted(tree.name);
  const auto where = tree.sql.rfind(" WHERE ");
  return where == std::string::npos ? from : from + tree.sql.substr(where);
}

Result<void> read_one(Database& database, const std::string& sql) {
  Query row(database, sql);
  TRY(row.next());
  return {};
}

Result<std::string> first_column(Database& database, const Tree& index) {
  Query row(database, "SELECT name FROM pragma_index_xinfo(?) WHERE seqno = 0", index.name);
  return TRY(row.next()) ? std::string(row.text(0)) : std::string();
}

Result<void> read_ends(Database& database, const Tree& tree) {
  if (tree.kind == "table") {
    for (const char* end : {"", " DESC"}) {
      // Whatever it is kept by: the rowid, or where it has none its primary key.
      Query keys(database, "SELECT coalesce((SELECT name FROM pragma_table_info(?1) WHERE pk = 1 AND (SELECT wr FROM pragma_table_list(?1))), 'rowid')", tree.name);
      TRY(keys.next());
      const std::string key(keys.text(0));
      TRY(read_one(database, "SELECT 1 FROM " + quoted(tree.name) + " NOT INDEXED ORDER BY " + quoted(key) + end + " LIMIT 1"));
    }
    return {};
  }
  const std::string column = TRY(first_column(database, tree));
  for (const char* end : {"", " DESC"}) TRY(read_one(database, rows_of(tree) + " ORDER BY " + quoted(column) + end + " LIMIT 1"));
  return {};
}

}  // namespace

Result<void> probe(Database& database) {
  std::vector<Tree> trees;
  {
    // An index that SQLite made for a key has no text; that of a table without rowids is the table itself.
    Query row(database, "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema WHERE rootpage > 0 ORDER BY rootpage");
    while (TRY(row.next())) trees.push_back({std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3))});
  }
  for (const Tree& tree : trees) {
    Result<void> read = read_ends(database, tree);
    if (!read.ok()) return std::move(read).error().context(tree.kind + " " + tree.name);
  }
  return {};
}

Error damaged(const std::string& path, const Error& error) {
  return make_error(Code::kCorrupt, "the state file " + path + " is damaged: " + error.message, "stop the daemon, then `tidewire restore`: the newest copy of state/backups becomes the state, the damaged file is set aside");
}

}  // namespace tidewire::store
