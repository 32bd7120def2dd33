#include "store/executor.h"

namespace tidewire::store {
namespace {

/// `work` between `begin` and COMMIT; rolled back where either fails.
Result<void> run_transaction(Database& database, const char* begin, const Executor::Work& work) {
  TRY(database.exec(begin));
  Result<void> result = work(database);
  if (result.ok()) result = database.exec("COMMIT");
  if (!result.ok() && database.in_transaction()) TRY(database.exec("ROLLBACK"));
  return result;
}

}  // namespace

void InlineExecutor::write(Work work, Done done) {
  Result<void> result = run_transaction(database_, "BEGIN IMMEDIATE", work);
  poster_.post([done = std::move(done), result = std::move(result)] { done(result); });
}

void InlineExecutor::read(Work work, Done done) {
  Result<void> result = run_transaction(database_, "BEGIN", work);
  poster_.post([done = std::move(done), result = std::move(result)] { done(result); });
}

void InlineExecutor::maintain(Work work, Done done) {
  Result<void> result = work(database_);
  poster_.post([done = std::move(done), result = std::move(result)] { done(result); });
}

}  // namespace tidewire::store
