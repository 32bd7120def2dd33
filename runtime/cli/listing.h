// listing.h — a page of a list of the API, as the commands that list things ask for it.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "cli/command.h"
#include "cli/query.h"
#include "cli/table.h"

namespace tidewire::cli {

struct Listing {
  std::unique_ptr<Session> session;
  Value page;
};
/// At most --limit rows (else `limit`), from --after on. Null where it failed, which is complained of; `status` is then the exit status.
std::optional<Listing> fetch(const Context& context, Target target, std::int64_t limit, int& status);

/// kNotFound where no link, no operation and nothing that waits or stands is of the key, either side's: a misspelt one reads as if nothing
/// had ever happened. Fine where no key is said.
Result<void> known_key(Session& session, const std::string& mapping, const std::string& key);

/// The moments that these options name, added to the target by their names without dashes; complains and answers false where one is no time.
bool add_moments(const Context& context, Target& target, std::initializer_list<const char*> options, int& status);

/// The same as the whole of a command: the page as JSON where that is asked for, else as a table, each member of `rows` by `cells`. Where it is
/// empty `exists` tells, of what it was narrowed by, what is not there, which is complained of. The exit status.
int print_list(const Context& context, Target target, std::int64_t limit, const char* rows, Table table, const std::function<std::vector<Cell>(const Value& row, Instant now)>& cells, const char* empty,
               const std::function<Result<void>(Session&)>& exists = {});

}  // namespace tidewire::cli
