// References to files and what they name, by content.
#include "store/files.h"
#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

constexpr Duration kSeen = std::chrono::hours(24);  // how exactly it is known when one was seen last
constexpr const char* kFileColumns = "connection, ref, sha256, size, name, uploaded, mark";

File file_from(Query& row) {
  return {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)), row.integer(3), std::string(row.text(4)), row.integer(5) != 0, std::string(row.text(6))};
}

}  // namespace

void Store::files(std::string connection, std::vector<std::string> refs, Done<std::vector<File>> done) {
  auto old = std::make_shared<std::vector<std::string>>();  // owners: the work, and the answer
  auto answer = [this, alive = std::weak_ptr<const bool>(alive_), connection, old, done = std::move(done)](Result<std::vector<File>> found) {
    if (!old->empty() && !alive.expired()) {
      write_verb<void>(executor_, [](Result<void>) {}, [connection, old, now = clock_.now()](Database& database) -> Result<void> {
        for (const std::string& ref : *old) TRY(execute(database, "UPDATE files SET seen_at = ? WHERE connection = ? AND ref = ?", now, connection, ref));
        return {};
      });
    }
    done(std::move(found));
  };
  read_verb<std::vector<File>>(executor_, std::move(answer), [connection, refs = std::move(refs), old, before = clock_.now() - kSeen](Database& database) -> Result<std::vector<File>> {
    std::vector<File> found;
    for (const std::string& ref : refs) {
      Query row(database, std::string("SELECT ") + kFileColumns + ", seen_at FROM files WHERE connection = ? AND ref = ?", connection, ref);
      if (!TRY(row.next())) continue;
      found.push_back(file_from(row));
      if (row.instant(7) < before) old->push_back(ref);
    }
    return found;
  });
}

void Store::files_with(std::string sha256, Done<std::vector<File>> done) {
  read_verb<std::vector<File>>(executor_, std::move(done), [sha256 = std::move(sha256)](Database& database) -> Result<std::vector<File>> {
    std::vector<File> found;
    Query row(database, std::string("SELECT ") + kFileColumns + " FROM files WHERE sha256 = ? ORDER BY seen_at DESC, connection, ref", sha256);
    while (TRY(row.next())) found.push_back(file_from(row));
    return found;
  });
}

void Store::keep_file(File file, Done<void> done) {
  write_verb<void>(executor_, std::move(done), [file = std::move(file), now = clock_.now()](Database& database) -> Result<void> {
    TRY(execute(database,
                "INSERT INTO files (connection, ref, sha256, size, name, uploaded, mark, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (connection, ref) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size, name = excluded.name, "
                "uploaded = excluded.uploaded, mark = excluded.mark, seen_at = excluded.seen_at",
                file.connection, file.ref, file.sha256, file.size, file.name, file.uploaded ? 1 : 0, file.mark, now));
    return {};
  });
}

void Store::drop_file(std::string connection, std::string ref, Done<void> done) {
  write_verb<void>(executor_, std::move(done), [connection = std::move(connection), ref = std::move(ref)](Database& database) -> Result<void> {
    TRY(execute(database, "DELETE FROM files WHERE connection = ? AND ref = ?", connection, ref));
    return {};
  });
}

void Store::drop_files(std::string connection, Done<void> done) {
  write_verb<void>(executor_, std::move(done), [connection = std::move(connection)](Database& database) -> Result<void> {
    TRY(execute(database, "DELETE FROM files WHERE connection = ?1 OR substr(connection, 1, length(?1) + 1) = ?1 || '/'", connection));
    return {};
  });
}

Result<std::int64_t> forget_files(Database& database, std::int64_t link) {
  return execute(database,
                 "DELETE FROM files WHERE sha256 IN (SELECT part.atom FROM links, json_tree(links.base) AS part "
                 "WHERE links.id = ? AND part.key = 'sha256' AND part.atom IS NOT NULL)",
                 link);
}

Result<std::int64_t> prune_files(Database& database, Instant cutoff, std::int64_t most) {
  return execute(database, "DELETE FROM files WHERE (connection, ref) IN (SELECT connection, ref FROM files WHERE seen_at < ? LIMIT ?)", cutoff, most);
}

}  // namespace tidewire::store
