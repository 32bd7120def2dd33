// Small things by name: values with an optional end, and the sources of script versions.
#include "base/json.h"
#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {

void Store::kv_get(std::string ns, std::string key, Done<std::optional<Value>> done) {
  read_verb(executor_, std::move(done),
            [ns = std::move(ns), key = std::move(key),
             now = clock_.now()](Database& database) -> Result<std::optional<Value>> {
              Query query(
                  database,
                  "SELECT value FROM kv WHERE namespace = ? AND key = ? AND (expires_at IS NULL OR expires_at > ?)", ns,
                  key, now);
              if (!TRY(query.next())) return std::optional<Value>();
              return std::optional<Value>(TRY(json::parse(query.text(0))));
            });
}

void Store::kv_set(std::string ns, std::string key, Value value, std::optional<Duration> ttl, Done<void> done) {
  std::optional<Instant> expires_at;
  if (ttl) expires_at = clock_.now() + *ttl;
  write_verb(
      executor_, std::move(done),
      [ns = std::move(ns), key = std::move(key), value = std::move(value),
       expires_at](Database& database) -> Result<void> {
        TRY(execute(
            database,
            "INSERT INTO kv (namespace, key, value, expires_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at",
            ns, key, json::dump(value), expires_at));
        return {};
      });
}

void Store::kv_remove(std::string ns, std::string key, Done<void> done) {
  write_verb(executor_, std::move(done),
             [ns = std::move(ns), key = std::move(key)](Database& database) -> Result<void> {
               TRY(execute(database, "DELETE FROM kv WHERE namespace = ? AND key = ?", ns, key));
               return {};
             });
}

void Store::kv_list(std::string ns, Done<std::map<std::string, Value>> done) {
  read_verb(executor_, std::move(done),
            [ns = std::move(ns), now = clock_.now()](Database& database) -> Result<std::map<std::string, Value>> {
              std::map<std::string, Value> found;
              Query query(database,
                          "SELECT key, value FROM kv WHERE namespace = ? AND (expires_at IS NULL OR expires_at > ?)",
                          ns, now);
              while (TRY(query.next())) found.emplace(query.text(0), TRY(json::parse(query.text(1))));
              return found;
            });
}

void Store::save_script(std::string hash, std::string name, Value files, Done<void> done) {
  write_verb(
      executor_, std::move(done),
      [hash = std::move(hash), name = std::move(name), files = std::move(files),
       now = clock_.now()](Database& database) -> Result<void> {
        TRY(execute(database, "INSERT INTO scripts (hash, name, at, files) VALUES (?, ?, ?, ?) "
                              "ON CONFLICT (hash) DO UPDATE SET at = excluded.at",
                    hash, name, now, json::dump(files)));
        return {};
      });
}

void Store::script(std::string hash, Done<Value> done) {
  read_verb(executor_, std::move(done), [hash = std::move(hash)](Database& database) -> Result<Value> {
    Query query(database, "SELECT name, at, files FROM scripts WHERE hash = ?", hash);
    if (!TRY(query.next())) return make_error(Code::kNotFound, "no script version " + hash);
    return Value(Object{{"hash", hash},
                        {"name", query.text(0)},
                        {"at", format_instant(query.instant(1))},
                        {"files", TRY(json::parse(query.text(2)))}});
  });
}

}  // namespace tidewire::store
