// jobs.h — jobs and what they found, inside a transaction that is already open.
#pragma once

#include "store/database.h"
#include "store/types.h"

namespace tidewire::store {

/// Inserts or replaces by id; created_at stays what it was first (`now` where the job has none), updated_at becomes
/// `now`.
Result<void> write_job(Database& database, const Job& job, Instant now);

}  // namespace tidewire::store
