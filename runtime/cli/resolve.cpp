// tidewire resolve: a person decides a conflict.
#include "base/json.h"
#include "base/text.h"
#include "cli/author.h"
#include "cli/command.h"
#include "cli/conflicting.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

constexpr std::int64_t kPreviews = 20;

/// JSON, or a bare text where it is none: --value 12.50, --value '"12"', --value Berlin.
Value value_from(const std::string& text) {
  auto value = json::parse(text);
  return value.ok() ? std::move(*value) : Value(text);
}

Object resolution_body(const Arguments& arguments) {
  Object body{{"method", arguments.word(1)}};
  for (const char* name : {"value", "left", "right"}) {
    const std::string option = std::string("--") + name;
    if (arguments.has(option)) body[name] = value_from(arguments.get(option));
  }
  if (arguments.has("--values")) body["values"] = value_from(arguments.get("--values"));
  if (arguments.has("--right-values")) body["right_values"] = value_from(arguments.get("--right-values"));
  if (const std::string author = author_of(arguments); !author.empty()) body["author"] = author;
  return body;
}

/// "both get 12.50", "left gets …, right gets …", "nothing is written".
std::string foretold_one(const Value& then) {
  const Value* left = then.find("left");
  const Value* right = then.find("right");
  if (left != nullptr && right != nullptr) {
    if (*left == *right) return "both get " + shown(*left, 60);
    return "left gets " + shown(*left, 60) + ", right gets " + shown(*right, 60);
  }
  std::vector<std::string> writes;
  for (const Value& write : then.find("writes")->as_array()) writes.push_back(write.string_or("kind") + " on the " + write.string_or("side") + " side");
  return writes.empty() ? "nothing is written" : join(writes, ", ");
}

/// The same; of several that are decided together each by its name.
std::string foretold(const Value& then, const std::string& field) {
  const Value* with = then.find("with");
  if (with == nullptr) return foretold_one(then);
  std::string text = field + ": " + foretold_one(then);
  for (const auto& [name, one] : with->as_object()) text += "; " + name + ": " + (one.find("left") == nullptr ? std::string("as it is") : foretold_one(one));
  return text;
}

int preview(Context& context, Session& session, Object body) {
  const auto then = session.post("/api/v1/conflicts/" + segment(context.arguments.word(0)) + "/preview", Value(std::move(body)));
  if (!then.ok()) return context.failed(then.error());
  if (context.json()) {
    context.print_json(*then);
    return kOk;
  }
  const auto conflict = session.get("/api/v1/conflicts/" + segment(context.arguments.word(0)));
  context.out.line("would be so: " + foretold(*then, conflict.ok() ? conflict->string_or("field") : "this field") + ". Nothing was decided.");
  return kOk;
}

void print_alike(Context& context, const Value& answer) {
  if (!context.arguments.has("--dry-run")) {
    const std::int64_t resolved = answer.int_or("resolved", 0), skipped = answer.int_or("skipped", 0);
    context.out.line(context.out.paint("✓ ", Style::kGood) + grouped(resolved) + " decided" + (skipped > 0 ? ", " + grouped(skipped) + " moved or came meanwhile and wait" : ""));
    return;
  }
  const Value* previews = answer.find("previews");
  Table table({{"id", true}, {"record"}, {"left"}, {"right"}, {"then", false, true}});
  for (const Value& one : previews == nullptr ? Array{} : previews->as_array()) {
    const Value& conflict = *one.find("conflict");
    const Value* error = one.find("error");
    const Value* then = one.find("then");
    table.add({Cell(std::to_string(conflict.int_or("id", 0)), Style::kBold), record_of(conflict), side_text(conflict, "left"), side_text(conflict, "right"),
               error != nullptr ? Cell(error->string_or("message"), Style::kBad) : Cell(then == nullptr ? "" : foretold(*then, conflict.string_or("field")))});
  }
  if (!table.empty()) {
    std::string text = table.text(context.out.look());
    text.pop_back();
    context.out.line(text);
  }
  context.out.line("would decide " + grouped(answer.int_or("would_resolve", 0)) + " alike. Nothing was decided. With --shown-at " + answer.string_or("shown_at") + " what moves from here on is left out.");
}

/// All that wait for the same: of the mapping, the field and the kind of conflict ID. They are looked at before they are decided, so that what
/// moves in between is left out; with --shown-at what has moved since an earlier look.
int resolve_alike(Context& context, Session& session, Object body) {
  const auto conflict = session.get("/api/v1/conflicts/" + segment(context.arguments.word(0)));
  if (!conflict.ok()) return context.failed(conflict.error());
  for (const char* name : {"mapping", "field", "kind"}) body[name] = conflict->string_or(name);
  const bool dry = context.arguments.has("--dry-run");
  std::string at = context.arguments.get("--shown-at");
  if (dry || at.empty()) {
    Object look = body;
    look["dry_run"] = true;
    look["previews"] = dry ? kPreviews : 0;
    const auto seen = session.post("/api/v1/conflicts/resolve", Value(std::move(look)));
    if (!seen.ok()) return context.failed(seen.error());
    if (dry) {
      context.json() ? context.print_json(*seen) : print_alike(context, *seen);
      return kOk;
    }
    at = seen->string_or("shown_at");
  }
  body["shown_at"] = at;
  const auto answer = session.post("/api/v1/conflicts/resolve", Value(std::move(body)));
  if (!answer.ok()) return context.failed(answer.error());
  context.json() ? context.print_json(*answer) : print_alike(context, *answer);
  return kOk;
}

int resolve(Context& context) {
  const Arguments& arguments = context.arguments;
  const bool dry = arguments.has("--dry-run");
  int status = kOk;
  const auto session = context.open(dry ? Session::Need::kScripts : Session::Need::kWork, status);
  if (!session) return status;
  Object body = resolution_body(arguments);
  if (arguments.has("--alike")) return resolve_alike(context, *session, std::move(body));
  if (dry) return preview(context, *session, std::move(body));
  if (const std::string at = arguments.get("--shown-at"); !at.empty()) body["shown_at"] = at;
  const auto answer = session->post("/api/v1/conflicts/" + segment(arguments.word(0)) + "/resolve", Value(std::move(body)));
  if (!answer.ok()) return context.failed(answer.error());
  if (context.json()) {
    context.print_json(*answer);
    return kOk;
  }
  const std::string method = arguments.word(1);
  const char* follows = method == "skip" ? "; both stay as they are until one changes" : method == "accept" ? "; both stay as they are" : "; it will be written";
  context.out.line(context.out.paint("✓ ", Style::kGood) + plain(answer->string_or("mapping")) + " " + plain(decided_fields(*answer)) + ": " + method + follows);
  return kOk;
}

}  // namespace

const Command& resolve_command() {
  static const Command command{"resolve",
                               "ID left|right|value|skip|accept [--value JSON] [--alike] [--dry-run]",
                               "decides a conflict",
                               "left, right: that side's value goes to the other. value: the one given is the left side's, and the mapping turns it\n"
                               "for the right; or --left and --right, each as its side spells it; of fields that are won together --values. skip: leaves both as they are until one changes. accept: they may differ.\n"
                               "Fields that are won together (group, granularity = \"record\") are decided together: what is said of one holds for all.\n"
                               "--alike decides all open conflicts of the same mapping, field and kind with it.",
                               {{{"--value", "JSON", "for both sides, as the left one spells it; what is no JSON is taken as text"},
                                 {"--left", "JSON", "the left side's form"},
                                 {"--right", "JSON", "the right side's form"},
                                 {"--values", "JSON", "by field, where several are decided together: {\"city\": \"Bern\", \"zip\": \"3000\"}, as the left one spells them"},
                                 {"--right-values", "JSON", "with --values: the right side's own spelling"},
                                 {"--alike", "", "also all others of the same mapping, field and kind"},
                                 {"--dry-run", "", "says what each side would get, and decides nothing"},
                                 {"--shown-at", "TIME", "refuse where the values have changed since (`shown_at` of the conflict); with --alike leave those out (`shown_at` of its --dry-run)"},
                                 {"--author", "NAME", "who decides; default: the user"}},
                                2, 2},
                               resolve};
  return command;
}

}  // namespace tidewire::cli
