// exchanges.h — what was said to the systems, inside a transaction that is already open.
//
// A write that goes well costs two rows: the exchange with its bodies (1 to 3 KiB as a rule, 8 KiB a body at most) and its mention. A bulk request
// is one exchange for all its operations. Rows of an initial load keep none (law 32).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/types.h"

namespace tidewire::store {

/// Under the id of a pass, whether its operation is stored or not. What is there already stays, with its new step; what was forgotten is
/// passed over.
Result<void> keep_exchanges(Database& database, const std::string& pass, const std::vector<OperationExchange>& exchanges);
/// Those of passes that stored no operation go over to `pass`, the newest kMostExchanges of all; "" = they leave.
inline constexpr std::int64_t kMostExchanges = 40;
Result<void> take_over_exchanges(Database& database, const std::string& pass, const std::vector<std::string>& earlier);
/// Deletes all exchanges of the operation, also those that others name, and keeps none of them again for a day, which no pass lasts: they
/// are about the record of the person to be forgotten. How many were deleted.
Result<std::int64_t> forget_exchanges(Database& database, const std::string& operation, Instant now);
/// Those that no operation and no key names leave, likewise.
Result<std::int64_t> forget_unnamed_exchanges(Database& database, Instant now);
/// The next that are older and that nothing stored names any more; true where there may be more.
Result<bool> prune_exchanges(Database& database, Instant cutoff);

}  // namespace tidewire::store
