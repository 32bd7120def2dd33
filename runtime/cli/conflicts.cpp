// tidewire conflicts: what waits for a person.
#include "base/text.h"
#include "cli/command.h"
#include "cli/conflicting.h"
#include "cli/exit_code.h"
#include "cli/listing.h"
#include "cli/query.h"
#include "cli/table.h"

namespace tidewire::cli {

std::string side_text(const Value& conflict, const char* side) {
  const Value* value = conflict.find(side);
  return value == nullptr ? "–" : shown(*value, 40);
}

std::string record_of(const Value& conflict) {
  if (const std::string key = conflict.string_or("key"); !key.empty()) return conflict.string_or("side") + " " + key;
  if (conflict.find("left_key") != nullptr || conflict.find("right_key") != nullptr) return conflict.string_or("left_key", "–") + " <> " + conflict.string_or("right_key", "–");
  return "link " + std::to_string(conflict.int_or("link", 0));
}

std::string decided_fields(const Value& conflict) {
  std::string text = conflict.string_or("field");
  const Value* with = conflict.find("with");
  for (const Value& one : with == nullptr ? Array{} : with->as_array()) text += ", " + one.as_string();
  return text;
}

namespace {

/// It is no question of a side or of a value, which the API refuses for these (admin/api/conflicts.cpp).
bool is_of_record(const Value& conflict) {
  const std::string kind = conflict.string_or("kind");
  const bool unlinked = conflict.find("link") == nullptr && (kind == "ambiguous" || kind == "key_taken");
  return unlinked || kind == "left_scope" || kind == "two_links";
}

}  // namespace

std::string way_out(const Value& conflict) {
  const std::string resolve = "`tidewire resolve " + std::to_string(conflict.int_or("id", 0)) + " ";
  if (!is_of_record(conflict)) return resolve + "left|right|value|skip|accept`";
  const Value* error = conflict.find("error");
  const std::string hint = error == nullptr ? "" : error->string_or("hint"), mapping = conflict.string_or("mapping"), side = conflict.string_or("side");
  const std::string why = error == nullptr ? "" : error->string_or("message") + (hint.empty() ? "" : " (" + hint + ")") + ": ";
  if (conflict.string_or("key").empty()) return why + resolve + "skip` lets it wait unseen";
  return why + "`tidewire relink " + mapping + " LEFT RIGHT` links it, `tidewire ignore " + mapping + " " + shell_word(conflict.string_or("key")) + (side.empty() ? "" : " --side " + side) + "` leaves it alone, " + resolve + "skip` lets it wait unseen";
}

Result<Array> keys_in(Session& session, const std::string& mapping, const std::string& key, const char* state) {
  Array keys;
  std::string after;
  do {
    const Value page = TRY(session.get(Target("/api/v1/dead-letters").add("mapping", mapping).add("key", key).add("state", state).add("after", after).text()));
    for (const Value& one : page.find("keys")->as_array()) keys.push_back(one);
    after = page.string_or("next");
  } while (!after.empty());
  return keys;
}

std::string why_of(const Value& key) {
  const Value* error = key.find("error");
  const std::string parent = key.string_or("parent");
  if (error == nullptr) return parent.empty() ? "" : "waits for " + parent;
  const std::string hint = error->string_or("hint");
  return error->string_or("message") + (hint.empty() ? "" : " (" + hint + ")");
}

namespace {

/// ": 12.50", ": left sky, right 2", as far as it is known; "" where it is not.
std::string decided_text(const Value& conflict) {
  const Value* left = conflict.at_path("decided.left");
  const Value* right = conflict.at_path("decided.right");
  if (left == nullptr && right == nullptr) return "";
  if (left != nullptr && (right == nullptr || *left == *right)) return ": " + shown(*left, 40);
  return ": left " + (left == nullptr ? "–" : shown(*left, 40)) + ", right " + shown(*right, 40);
}

Result<void> add_keys(Context& context, Session& session, const char* state, Array& keys) {
  const std::string side = context.arguments.get("--side");
  for (Value& key : TRY(keys_in(session, context.arguments.word_or(0, "--mapping"), context.arguments.get("--key"), state))) {
    if ((side.empty() || key.string_or("side") == side) && key.string_or("state") != "conflict") keys.push_back(std::move(key));
  }
  return {};
}

/// Held and dead keys, so that nothing that waits for a person is out of sight; not those that a conflict tells of, field by field. Of one
/// record whatever stands or waits.
Result<Array> standing_keys(Context& context, Session& session) {
  Array keys;
  TRY(add_keys(context, session, "", keys));
  if (context.arguments.has("--again") && !context.arguments.has("--key")) TRY(add_keys(context, session, "backing_off", keys));
  return keys;
}

/// Why it stands, what it waits for, and when it is tried again by itself.
std::string reason_of(const Value& key, Instant now) {
  return key.string_or("state") == "backing_off" ? "again " + moment(key.string_or("due_at"), now) + ": " + why_of(key) : why_of(key);
}

int print_standing(Context& context, const Array& keys) {
  const Instant now = SystemClock().now();
  Table table({{"mapping"}, {"side"}, {"key"}, {"state"}, {"since"}, {"why"}, {"operation", false, true}});
  bool held = false;
  for (const Value& key : keys) {
    const std::string state = key.string_or("state");
    held = held || state == "held";
    table.add({key.string_or("mapping"), key.string_or("side"), key.string_or("key"), Cell(state, state == "dead" ? Style::kBad : Style::kWarn), Cell(moment(key.string_or("since"), now), Style::kDim),
               reason_of(key, now), Cell(key.string_or("operation"), Style::kDim)});
  }
  if (table.empty()) return kOk;
  context.out.line();
  std::string text = table.text(context.out.look());
  text.pop_back();
  context.out.line(text);
  context.out.line(context.out.paint("tidewire retry --mapping M [--side S --key K] tries them again, tidewire discard M KEY [--side S] --reason WHY lets one go", Style::kDim));
  if (held) context.out.line(context.out.paint("tidewire release M lets the brake go for what is held", Style::kDim));
  return kOk;
}

int list_conflicts(Context& context) {
  int status = kOk;
  const auto session = context.open(Session::Need::kState, status);
  if (!session) return status;
  Target target("/api/v1/conflicts");
  target.add("all", context.arguments.has("--all") ? "1" : "").add("mapping", context.arguments.word_or(0, "--mapping")).add("key", context.arguments.get("--key")).add("key_side", context.arguments.get("--side"));
  const auto found = session->get(target.add("after", context.arguments.get("--after")).text());
  if (!found.ok()) return context.failed(found.error());
  auto keys = standing_keys(context, *session);
  if (!keys.ok()) return context.failed(keys.error());
  if (keys->empty() && found->find("conflicts")->as_array().empty()) {
    if (const auto known = known_key(*session, context.arguments.word_or(0, "--mapping"), context.arguments.get("--key")); !known.ok()) return context.failed(known.error());
  }
  if (context.json()) {
    Value out = *found;
    out["keys"] = Value(std::move(*keys));
    context.print_json(out);
    return kOk;
  }
  const Instant now = SystemClock().now();
  Table table({{"id", true}, {"mapping"}, {"record"}, {"field"}, {"kind"}, {"left"}, {"right"}, {"since"}, {""}});
  bool together = false, fields = false, whole = false;
  for (const Value& one : found->find("conflicts")->as_array()) {
    const std::string method = one.string_or("method"), author = one.string_or("author");
    const std::string by = author.empty() ? "" : " by " + author;
    const bool with = one.find("with") != nullptr;
    together = together || with;
    const Value* why = one.find("error");
    if (one.find("closed_at") == nullptr) (why != nullptr ? whole : fields) = true;
    const std::string open = why != nullptr ? why->string_or("message") + (why->string_or("hint").empty() ? "" : " (" + why->string_or("hint") + ")") : (with ? "decides " + decided_fields(one) : "");
    const std::string end = one.find("closed_at") != nullptr ? "closed: " + method + by + decided_text(one) : (method.empty() ? open : (method == "skip" ? "skipped" : "decided: " + method) + by);
    table.add({Cell(std::to_string(one.int_or("id", 0)), Style::kBold), one.string_or("mapping"), record_of(one), one.string_or("field", ""), Cell(one.string_or("kind"), Style::kWarn),
               side_text(one, "left"), side_text(one, "right"), Cell(moment(one.string_or("opened_at"), now), Style::kDim), Cell(end, Style::kDim)});
  }
  if (table.empty()) {
    context.out.line((keys->empty() ? context.out.paint("✓ ", Style::kGood) : std::string()) + "no conflict waits for a person" + (keys->empty() ? "" : ", but these keys do"));
  } else {
    std::string text = table.text(context.out.look());
    text.pop_back();
    context.out.line(text);
    if (fields) context.out.line(context.out.paint("tidewire resolve ID left|right|value|skip|accept decides one, with --alike all that wait for the same", Style::kDim));
    if (whole) context.out.line(context.out.paint("what waits as a whole: tidewire relink M LEFT RIGHT links two records, tidewire ignore M KEY [--side S] leaves one alone, tidewire resolve ID skip lets it wait unseen", Style::kDim));
    if (together) context.out.line(context.out.paint("fields that are won together are decided together: what is said of one holds for all that its row names", Style::kDim));
  }
  if (const std::string next = found->string_or("next"); !next.empty()) context.out.line(context.out.paint("older ones: --after " + next, Style::kDim));
  return print_standing(context, *keys);
}

}  // namespace

const Command& conflicts_command() {
  static const Command command{"conflicts",
                               "[MAPPING] [--key KEY [--side S]] [--all] [--again]",
                               "lists fields in disagreement, and held and dead keys",
                               "`tidewire op ID` tells of a key's operation what was said to the systems. With --key all that stands or waits of the record.",
                               {{{"--all", "", "closed ones too"}, {"--again", "", "also keys that failed and are tried again by themselves"}, {"--mapping", "M", "of one mapping"}, {"--key", "KEY", "of one record of the mapping; either side's key"}, {"--side", "left|right", "whose key KEY is, where both sides have it"}, {"--after", "MARK", "the page after one shown before"}}, 0, 1},
                               list_conflicts};
  return command;
}

}  // namespace tidewire::cli
