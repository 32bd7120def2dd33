// migrate.h — brings a state file forward to what this binary knows; never back.
//
// PRAGMA user_version is the number of the last step that ran, application_id tells our file from any other. A new file gets
// schema.sql and then each step; an older one the steps that it has not seen. So a released text is never edited: what
// changes the schema from then on is a step of its own (runtime/store/steps/N.sql, named in migrate.cpp).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "store/database.h"

namespace tidewire::store {

struct Schema {
  int first;                       // the number of `text`: no file below it is read
  std::string text;                // what makes a new file
  std::vector<std::string> steps;  // first + 1, first + 2, …
  int newest() const { return first + static_cast<int>(steps.size()); }
};
/// What this binary knows.
const Schema& current_schema();

/// kInvalid where it is no state file, or one of a newer program, or one from before the first release.
Result<void> check_kind(Database& database, const Schema& schema = current_schema());

/// Runs what is missing, each step in a transaction of its own. kInvalid, nothing changed, as check_kind().
Result<void> migrate(Database& database, const Schema& schema = current_schema());

}  // namespace tidewire::store
