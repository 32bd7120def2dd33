// look.h — a pass over one key that writes nothing, for whoever wants to know what a pass would do.
#pragma once

#include <string>
#include <vector>

#include "sync/reconcile/report.h"

namespace tidewire::sync {

/// Owns the key (and what it is linked to) while it looks, so that no pass is under way there; waits for one that is. With
/// reversals among the options it is no look: it writes them, unless it is dry too.
void look(Lane& lane, std::shared_ptr<Mapper> mapper, SideKey key, PassOptions options, std::function<void(Report)> done);

/// Many keys of one side, at once; the reports in the order of the keys.
void look_at_all(Lane& lane, std::shared_ptr<Mapper> mapper, std::vector<SideKey> keys, PassOptions options, std::function<void(std::vector<Report>)> done);

/// What a pass would do, in the words of findings: creates, updates, deletes, links, conflicts, stopped; several where it
/// would do several, none where it would do nothing.
std::vector<std::string> kinds_of(const Report& report);
/// The operation as a finding of this kind; the error that stops it is in the record.
store::Finding finding_of(const Report& report, std::string kind);
/// True where a field of the operation was decided so ("conflict", "drift").
bool decided(const store::Operation& operation, const char* decision);

}  // namespace tidewire::sync
