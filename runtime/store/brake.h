// brake.h — rows of `braked` within the transactions of others.
#pragma once

#include "store/database.h"
#include "store/store.h"

namespace tidewire::store {

/// The field of this link is held; held already: nothing changes.
Result<void> brake_field(Database& database, const std::string& mapping, const std::string& field, std::int64_t link, Instant now);
Result<void> unbrake_field(Database& database, const std::string& mapping, const std::string& field, std::int64_t link);
Result<void> unbrake_link(Database& database, std::int64_t link);
Result<void> sum_braked(Database& database, Summary& summary);

}  // namespace tidewire::store
