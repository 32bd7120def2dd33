#include "cli/listing.h"

#include "base/text.h"
#include "cli/conflicting.h"
#include "cli/exit_code.h"

namespace tidewire::cli {

std::optional<Listing> fetch(const Context& context, Target target, std::int64_t limit, int& status) {
  const auto most = context.arguments.number("--limit", limit);
  if (!most.ok()) {
    status = context.failed(most.error());
    return std::nullopt;
  }
  Listing out{context.open(Session::Need::kState, status), {}};
  if (!out.session) return std::nullopt;
  auto page = out.session->get(target.add("limit", std::to_string(*most)).add("after", context.arguments.get("--after")).text());
  if (!page.ok()) {
    status = context.failed(page.error());
    return std::nullopt;
  }
  out.page = std::move(*page);
  return out;
}

Result<void> known_key(Session& session, const std::string& mapping, const std::string& key) {
  if (mapping.empty() || key.empty()) return {};
  for (const char* list : {"links", "operations"}) {
    const Value page = TRY(session.get(Target(std::string("/api/v1/") + list).add("mapping", mapping).add("key", key).add("limit", "1").text()));
    if (!page.find(list)->as_array().empty()) return {};
  }
  if (!TRY(keys_in(session, mapping, key, "")).empty()) return {};
  return make_error(Code::kNotFound, mapping + ": nothing is known of '" + key + "'", "KEY is either side's: `tidewire links " + shell_word(mapping) + "` lists them, `tidewire try " + shell_word(mapping) + " " + shell_word(key) + "` asks the systems");
}

bool add_moments(const Context& context, Target& target, std::initializer_list<const char*> options, int& status) {
  const Instant now = SystemClock().now();
  for (const char* option : options) {
    const auto moment = moment_of(context.arguments.get(option), now);
    if (!moment.ok()) {
      status = context.failed(moment.error());
      return false;
    }
    target.add(option + 2, *moment);
  }
  return true;
}

int print_list(const Context& context, Target target, std::int64_t limit, const char* rows, Table table, const std::function<std::vector<Cell>(const Value& row, Instant now)>& cells, const char* empty,
               const std::function<Result<void>(Session&)>& exists) {
  int status = kOk;
  const auto found = fetch(context, std::move(target), limit, status);
  if (!found) return status;
  if (exists && context.arguments.get("--after").empty() && found->page.find(rows)->as_array().empty()) {
    if (const auto known = exists(*found->session); !known.ok()) return context.failed(known.error());
  }
  if (context.json()) {
    context.print_json(found->page);
    return kOk;
  }
  const Instant now = SystemClock().now();
  for (const Value& row : found->page.find(rows)->as_array()) table.add(cells(row, now));
  context.print_page(table, found->page, empty);
  return kOk;
}

}  // namespace tidewire::cli
