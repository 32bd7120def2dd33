// forget.h — one person's data leaves the state, once no pass is under way on the records.
#pragma once

#include <map>
#include <string>

#include "sync/jobs/task.h"

namespace tidewire::sync {

/// Owns the record and what it is linked to, takes them out of the state, then has the file written anew so that no byte of
/// it stays in free pages or in the log. The records in the systems are not touched: where one is still there, the next
/// change of it is met as a stranger. `done(rows by table)`.
void forget(const Workplace& place, SideKey key, const std::string& author, Done<std::map<std::string, std::int64_t>> done);

}  // namespace tidewire::sync
