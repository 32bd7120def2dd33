// tidewire try: one record through the mapping, without writing.
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/story.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

void print_fields(Terminal& out, const Value& tried) {
  Table table({{"field"}, {"decision"}, {"left"}, {"right"}, {"→ left"}, {"→ right"}, {"rule"}});
  const Value* fields = tried.at_path("record.fields");
  if (fields == nullptr || !fields->is_object()) return;
  for (const auto& [name, field] : fields->as_object()) {
    const auto value = [&](const char* member) {
      const Value* found = field.find(member);
      return found == nullptr ? std::string() : shown(*found, 32);
    };
    const std::string decision = field.string_or("decision");
    table.add({Cell(name), Cell(decision, decision == "nothing" || decision == "agree" ? Style::kDim : Style::kPlain), Cell(value("left"), Style::kDim), Cell(value("right"), Style::kDim), Cell(value("to_left"), Style::kGood),
               Cell(value("to_right"), Style::kGood), Cell(field.string_or("rule"), Style::kDim)});
  }
  std::string text = table.text(out.look());
  if (!text.empty()) text.pop_back();
  out.line(text);
}

int try_record(Context& context) {
  const Arguments& arguments = context.arguments;
  int status = kOk;
  const auto session = context.open(Session::Need::kScripts, status);
  if (!session) return status;
  Target target("/api/v1/try");
  target.add("mapping", arguments.word(0)).add("key", arguments.word(1)).add("side", arguments.get("--side"));
  const auto tried = session->get(target.text());
  if (!tried.ok()) return context.failed(tried.error());
  const Value* error = tried->find("error");
  if (context.json()) {
    context.print_json(*tried);
    return error == nullptr ? kOk : kFailed;
  }
  Terminal& out = context.out;
  out.line(out.paint(plain(arguments.word(0)), Style::kBold) + "  " + plain(keys_of(*tried)));
  print_fields(out, *tried);
  for (const Value& write : tried->at_path("record.writes") == nullptr ? Array{} : tried->at_path("record.writes")->as_array()) {
    out.line("  " + out.paint(write.string_or("kind") + " in " + write.string_or("connection"), Style::kAccent) + "  " + plain(write.string_or("outcome")));
  }
  if (error != nullptr) {
    out.line("  " + out.paint(error->string_or("code"), Style::kBad) + "  " + plain(error->string_or("message")));
    if (const std::string hint = error->string_or("hint"); !hint.empty()) out.line("  " + out.paint("hint: ", Style::kDim) + plain(hint));
  }
  if (const Value* why = tried->at_path("record.why"); why != nullptr) out.line("  " + out.paint("! ", Style::kWarn) + shown(*why, 400));
  out.line(out.paint("Nothing was written.", Style::kDim));
  return error == nullptr ? kOk : kFailed;
}

}  // namespace

const Command& try_command() {
  static const Command command{"try",
                               "MAPPING KEY",
                               "passes one record through the mapping without writing: each field with its rule",
                               "Reads both records as they are now and decides as a pass would, with the mapping as it is on disk.",
                               {{{"--side", "left|right", "whose key KEY is, where both sides have it"}}, 2, 2},
                               try_record};
  return command;
}

}  // namespace tidewire::cli
