// search.h — words in operations: a full-text index that follows the operations at a distance.
//
// Writing the words with each commit would double what a commit costs, so nothing of it is in that path: an indexer comes
// along later, in small slices, and `meta` says up to which id it is (`searchable`). What is newer is few and is read through.
// The index holds no text of its own (FTS5, contentless), so what leaves `operations` must be told to it with the very words that
// were put in: an operation that changes or goes once it is indexed passes through Changing. Its row number is made of an id's
// time and the counter after it (60 bits), so that both have one order and no table is needed between them; operations of one number are one entry.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/store.h"
#include "store/types.h"

namespace tidewire::store {

/// What is younger than this may still be written anew under its id by the pass that owns it, and is not indexed yet.
inline constexpr Duration kSettled = std::chrono::seconds(30);

/// Takes the next operations in, about `most` of them; true where there are more.
Result<bool> index_operations(Database& database, Instant now, std::int64_t most);

/// Around a statement that changes or removes these operations, of which some are indexed.
class Changing {
 public:
  Changing(Database& database, std::vector<std::string> ids) : database_(database), ids_(std::move(ids)) {}
  Result<void> before();
  Result<void> after();

 private:
  Database& database_;
  std::vector<std::string> ids_;
  std::set<std::int64_t> numbers_;
};

/// Every word leaves; the index is made anew by and by.
Result<void> drop_words(Database& database);

/// What a statement's WHERE ends with for `side`; "" where the filter names none.
std::string side_text(const OperationFilter& filter);

/// Operations with these words in their keys or their record, newest first, that fit the filter besides. The last word may be the
/// beginning of one; case does not count.
Result<Paged<Operation>> search_operations(Database& database, const OperationFilter& filter, const Page& page);

}  // namespace tidewire::store
