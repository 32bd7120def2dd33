// metrics.h — /metrics: what a monitor draws and alarms on, from counters that are kept anyway.
//
// Labels are names from the project alone (connection, mapping, side): never a key or a value of a record, which would
// make a series per record and tell a monitor what it has no business to know.
#pragma once

#include <string>

#include "admin/ports.h"
#include "store/store.h"

namespace tidewire::admin {

/// Prometheus text. `summary` in error leaves out what the store counts.
std::string metrics(Control& control, const Result<store::Summary>& summary);

}  // namespace tidewire::admin
