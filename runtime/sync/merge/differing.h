// differing.h — how many links would say something else by the mapping as it is now (law 9): asked of what both sides
// agreed on, no system is read. A resync writes it; a dry run of one tells each field.
#pragma once

#include <set>
#include <string>

#include "sync/jobs/task.h"
#include "sync/merge/membership.h"

namespace tidewire::sync {

/// What a link keeps of the version of the mapping that it is level with.
std::string script_note(const Mapper& mapper);

/// References and lookups count as they were: what they name is not asked.
void count_differing(const Workplace& place, Done<std::int64_t> done);

/// Links that have not met some field yet, and which fields these are.
struct Unmet {
  std::int64_t links = 0;
  std::set<std::string> fields;
};
void count_unmet(const Workplace& place, Joined joined, Done<Unmet> done);

}  // namespace tidewire::sync
