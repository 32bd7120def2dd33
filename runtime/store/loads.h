// loads.h — which finished jobs went over everything that a mapping's sides had: what stood there before is known since then.
//
// A link alone does not tell: the first poll makes links of what changes from now on. So retention leaves the newest such job of
// each mapping.
#pragma once

namespace tidewire::store {

/// A condition on the columns of `jobs`. A load of one record or of a range, one that ended at its limit, and a sweep of one side left
/// others out.
constexpr const char* kWholeLoad =
    "(state = 'done' AND kind IN ('initial_load', 'resync', 'sweep', 'adopt') AND options ->> 'key' IS NULL "
    "AND options ->> 'from' IS NULL AND options ->> 'to' IS NULL "
    "AND (kind <> 'sweep' OR (coalesce(options ->> 'left', 1) AND coalesce(options ->> 'right', 1))) "
    "AND (options ->> 'limit' IS NULL OR done < options ->> 'limit'))";

}  // namespace tidewire::store
