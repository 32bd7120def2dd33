// forget.h — one person's data leaves the state, once no pass is under way on the records.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sync/jobs/task.h"

namespace tidewire::sync {

/// Owns the record and what it is linked to, takes them out of the state, then has the file written anew so that no byte of
/// it stays in free pages or in the log. The records in the systems are not touched: where one is still there, the next
/// change of it is met as a stranger. `jobs` ends the open jobs about those keys and calls back. `done(rows by table)`.
void forget(const Workplace& place, SideKey key, const std::string& author, std::function<void(const std::vector<SideKey>& keys, std::function<void()> then)> jobs, Done<std::map<std::string, std::int64_t>> done);

}  // namespace tidewire::sync
