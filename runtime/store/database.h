// database.h — one SQLite file: open, run, ask. The only room that names sqlite3_.
//
// Used by the store's own verbs and, through bindings, by practice servers for their private files. Synchronous: the
// store calls it on its writer and reader threads, never on the loop.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

struct sqlite3;

namespace tidewire::store {

class Statement;

class Database {
 public:
  enum class Mode { kReadWrite, kReadOnly };
  /// Opens or creates; ":memory:" too. WAL, synchronous=FULL, foreign keys on, load_extension off, 5 s busy time.
  /// kCorrupt where the file is no database, kUnavailable where it cannot be opened, with the path and what to do.
  static Result<std::unique_ptr<Database>> open(const std::string& path, Mode mode = Mode::kReadWrite);
  ~Database();

  /// Any number of statements, without parameters; for schemas and pragmas.
  Result<void> exec(const std::string& sql);
  /// One statement each; prepared once and cached by its text. A DecimalText is bound as text (the column's affinity
  /// decides), a list or object as JSON text, true as 1. Back come ints, strings (BLOBs too) and, for REAL, DecimalText.
  Result<std::int64_t> run(std::string_view sql, std::span<const Value> parameters);  // rows changed
  Result<std::vector<Object>> query(std::string_view sql, std::span<const Value> parameters);
  std::int64_t last_insert_id() const;
  /// A cached prepared statement, reset and ready to bind; for the verbs, which read columns without building Values.
  /// Lives until 256 other texts were prepared.
  Result<Statement*> prepare(std::string_view sql);
  /// True once the disk or the file failed under this connection: what its cache holds is not to be trusted, open anew.
  bool failing() const;
  /// False also when SQLite rolled the whole transaction back by itself.
  bool in_transaction() const;
  sqlite3* handle();  // for the files of this room

 private:
  Database();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tidewire::store
