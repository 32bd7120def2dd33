// tidewire record: one record on both sides, why each field has its value, what was done with it.
#include "cli/command.h"
#include "cli/conflicting.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/standing.h"
#include "cli/story.h"

namespace tidewire::cli {
namespace {

std::string value_at(const Value* from, const char* member) {
  const Value* value = from == nullptr ? nullptr : from->find(member);
  return value == nullptr ? "" : shown(*value, 32);
}

/// Each field as it is on both sides now, where both could be asked, and as they agreed on last.
void print_fields(Terminal& out, const Value& told, const Value* now) {
  Table table({{"field"}, {"left now"}, {"right now"}, {"agreed on"}, {"rule"}});
  for (const Value& field : told.find("fields")->as_array()) {
    const std::string name = field.string_or("field");
    const Value* fields = now == nullptr ? nullptr : now->at_path("record.fields");
    const Value* seen = fields == nullptr ? nullptr : fields->find(name);
    const std::string left = value_at(&field, "left"), right = value_at(&field, "right");
    table.add({Cell(name, Style::kAccent), value_at(seen, "left"), value_at(seen, "right"), left == right ? left : left + " / " + right, Cell(field.string_or("rule"), Style::kDim)});
  }
  if (table.empty()) return;
  std::string text = table.text(out.look());
  text.pop_back();
  out.line();
  out.line(text);
}

void print_next(Terminal& out, const Result<Value>& now) {
  out.line();
  if (!now.ok()) return out.line("What they have now cannot be told: " + plain(now.error().message));
  if (const Value* error = now->find("error")) return out.line("A look now would stop: " + plain(error->string_or("message")));
  const Value* writes = now->at_path("record.writes");
  const bool any = writes != nullptr && writes->is_array() && !writes->as_array().empty();
  out.line(any ? "A look now would: " + gist(*now) : "A look now would write nothing.");
}

/// What waits for a person, with how to decide it: a field, what is won together with it, or the record as a whole.
void print_conflicts(Terminal& out, const Array& conflicts) {
  for (const Value& one : conflicts) {
    if (const Value* error = one.find("error"); error != nullptr) {
      const std::string message = error->string_or("message"), way = way_out(one);
      out.line(out.paint("? ", Style::kWarn) + "it waits for a person as a whole: " + plain(way.starts_with(message) ? way : message + ": " + way));
      continue;
    }
    const std::string id = std::to_string(one.int_or("id", 0)), fields = decided_fields(one);
    std::string line = (fields.empty() ? "the record as a whole" : plain(fields)) + " waits for a person: left " + side_text(one, "left") + ", right " + side_text(one, "right");
    if (one.string_or("method") == "skip") line += " (skipped until one of them changes)";
    out.line(out.paint("? ", Style::kWarn) + line + "; `tidewire resolve " + id + " left|right|value|skip|accept`");
  }
}

int record(Context& context) {
  const Arguments& arguments = context.arguments;
  const std::string mapping = arguments.word(0), key = arguments.word(1), side = arguments.get("--side");
  int status = kOk;
  const auto session = context.open(Session::Need::kScripts, status);
  if (!session) return status;
  const auto named = [&](const char* path) { return session->get(Target(path).add("mapping", mapping).add("key", key).add("side", side).text()); };
  const auto told = named("/api/v1/explain");
  if (!told.ok()) return context.failed(told.error());
  const auto history = session->get(Target("/api/v1/operations").add("mapping", mapping).add("key", key).add("key_side", told->string_or("side")).add("limit", arguments.get("--limit", "10")).text());
  if (!history.ok()) return context.failed(history.error());
  const auto open = session->get(Target("/api/v1/conflicts").add("mapping", mapping).add("key", key).add("key_side", told->string_or("side")).text());
  if (!open.ok()) return context.failed(open.error());
  const auto now = named("/api/v1/try");
  const bool known = told->string_or("state") != "unknown";
  if (context.json()) {
    Object all{{"explain", *told}, {"operations", *history->find("operations")}, {"conflicts", *open->find("conflicts")}};
    if (now.ok()) all["try"] = *now;
    context.print_json(Value(std::move(all)));
    return known ? kOk : kFailed;
  }
  Terminal& out = context.out;
  out.line(out.paint(plain(in_local_time(told->string_or("text"))), Style::kBold));
  const auto held = session->get("/api/v1/status");
  for (const std::string& line : held.ok() ? unknown_lines(*held, mapping) : std::vector<std::string>()) out.line(out.paint("! ", Style::kWarn) + line);
  if (known || now.ok()) print_fields(out, *told, now.ok() ? &*now : nullptr);
  print_conflicts(out, open->find("conflicts")->as_array());
  for (const Value& one : told->find("standing")->as_array()) out.line(out.paint("! ", Style::kWarn) + plain(in_local_time(one.as_string())));
  print_next(out, now);
  Table table = operations_table();
  for (const Value& one : history->find("operations")->as_array()) table.add(operation_cells(one, SystemClock().now()));
  out.line();
  context.print_page(table, *history, "nothing was done with it yet");
  return known ? kOk : kFailed;
}

}  // namespace

const Command& record_command() {
  static const Command command{"record",
                               "MAPPING KEY",
                               "one record: both sides now, what they agreed on, the rules, what would be done, what was done",
                               "KEY is either side's. `tidewire explain MAPPING KEY` says of each field why it has its value, `tidewire op ID` tells one operation whole.",
                               {{{"--side", "left|right", "whose key KEY is, where both sides have it"}, {"--limit", "N", "the newest so many operations; default 10"}}, 2, 2},
                               record};
  return command;
}

}  // namespace tidewire::cli
