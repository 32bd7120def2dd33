// tidewire verify: compares both sides completely, and mends by the mapping's rules where told to.
#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "cli/verify.h"
#include "cli/author.h"
#include "cli/command.h"
#include "cli/conflicting.h"
#include "cli/exit_code.h"
#include "cli/follow.h"
#include "cli/query.h"

namespace tidewire::cli {
namespace {

/// What is not the same and is no drift, because somebody said so or the mapping does: by the kinds of the job.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kKnown{{
    {"accepted", "differing as is known (accepted, or a form that one system stores by itself)"},
    {"skipped", "with a conflict that was skipped (`tidewire conflicts`)"},
    {"ignored_delete", "staying after a delete that was ignored"},
    {"out_of_scope", "out of the scope"},
    {"ignored", "ignored"},
}};

std::int64_t found_of(const Value& job, const char* kind) {
  const Value* found = job.find("found");
  return found == nullptr ? 0 : found->int_or(kind, 0);
}

/// What the mapping's rules would mend.
std::int64_t differing_of(const Value& job) {
  std::int64_t sum = 0;
  const Value* found = job.find("found");
  if (found == nullptr) return 0;
  for (const auto& [kind, count] : found->as_object()) {
    const bool known = std::any_of(kKnown.begin(), kKnown.end(), [kind = std::string_view(kind)](const auto& one) { return one.first == kind; });
    sum += known || kind == "drift" || kind == "edited" ? 0 : count.as_int();
  }
  return sum;
}

std::string level_text(const Value& job) {
  std::vector<std::string> but;
  for (const auto& [kind, text] : kKnown) {
    const std::int64_t count = found_of(job, std::string(kind).c_str());
    if (count > 0) but.push_back(grouped(count) + (but.empty() ? (count == 1 ? " record " : " records ") : " ") + std::string(text));
  }
  return but.empty() ? "both sides are the same" : "both sides are the same but for " + join(but, ", ");
}

/// Whether the mapping may not write, so that a repair is on record and no more.
bool only_recorded(const Value& job) {
  for (const Value& part : job.find("parts")->as_array()) {
    const Value* counts = part.find("counts");
    if (counts != nullptr && counts->int_or("would_write", 0) > 0) return true;
  }
  return false;
}

/// What stands of the records of a mapping: why, by its side and key.
using Standing = std::map<std::string, Value>;

std::string name_of(const std::string& mapping, const std::string& side, const std::string& key) { return mapping + '\0' + side + '\0' + key; }

/// Those that the job looked at and that wait for a person, or for their next try.
Result<Standing> standing_of(Session& session, const Value& job) {
  Standing out;
  for (const Value& part : job.find("parts")->as_array()) {
    const std::string mapping = part.string_or("mapping");
    for (const char* state : {"", "backing_off"}) {
      for (Value& key : TRY(keys_in(session, mapping, "", state))) out[name_of(mapping, key.string_or("side"), key.string_or("key"))] = std::move(key);
    }
    std::string after;
    do {
      const Value page = TRY(session.get(Target("/api/v1/conflicts").add("mapping", mapping).add("after", after).text()));
      for (Value conflict : page.find("conflicts")->as_array()) {
        conflict["state"] = "conflict";
        for (const char* side : {"left", "right"}) {
          const std::string key = conflict.string_or("side") == side ? conflict.string_or("key") : conflict.string_or(std::string(side) + "_key");
          if (!key.empty()) out[name_of(mapping, side, key)] = conflict;
        }
      }
      after = page.string_or("next");
    } while (!after.empty());
  }
  return out;
}

const Value* standing_in(const Standing& standing, const Value& finding) {
  for (const char* side : {"left", "right"}) {
    const auto found = standing.find(name_of(finding.string_or("mapping"), side, finding.string_or(std::string(side) + "_key")));
    if (found != standing.end()) return &found->second;
  }
  return nullptr;
}

bool is_for_repair(const Value& finding) { return finding.string_or("finding") != "drift" && finding.string_or("finding") != "edited"; }

/// Of those that are listed and that the rules were to mend, how many stand, by their state.
std::map<std::string, std::int64_t> not_mended(const Value& job, const Standing& standing) {
  std::map<std::string, std::int64_t> out;
  const Value* findings = job.find("findings");
  for (const Value& one : findings == nullptr || !findings->is_array() ? Array{} : findings->as_array()) {
    if (const Value* key = standing_in(standing, one); key != nullptr && is_for_repair(one)) ++out[key->string_or("state")];
  }
  return out;
}

std::string words_of(const std::map<std::string, std::int64_t>& states) {
  static const std::map<std::string, std::string> kWords{{"conflict", "in conflict"}, {"dead", "dead letter"}, {"held", "held by the brake"}, {"waiting_for", "waiting for a parent"}, {"backing_off", "to be tried again"}};
  std::vector<std::string> words;
  for (const auto& [state, count] : states) {
    const auto word = kWords.find(state);
    words.push_back((states.size() == 1 ? "" : grouped(count) + " ") + (word == kWords.end() ? state : word->second));
  }
  return join(words, ", ");
}

/// `more`: not all that differ are listed.
std::string repaired_text(bool recorded, bool more, std::int64_t differing, const std::map<std::string, std::int64_t>& standing) {
  if (recorded) return "; it is read-only: what would be written is on record (`tidewire ops --outcome would_write`) and was not";
  std::int64_t stand = 0;
  for (const auto& [state, count] : standing) stand += count;
  if (stand == 0) return more ? "; those listed are mended as the mapping says: verify again" : "; mended as the mapping says";
  const std::string mended = differing > stand && !more ? grouped(differing - stand) + " mended as the mapping says, " : std::string();
  return "; " + mended + (more ? "at least " : "") + grouped(stand) + " not mended: " + words_of(standing) + " (`tidewire conflicts`)";
}

bool is_disputed(const Value& finding) {
  const Value* fields = finding.at_path("record.fields");
  const Object decided = fields != nullptr && fields->is_object() ? fields->as_object() : Object{};
  return std::any_of(decided.begin(), decided.end(), [](const auto& field) { return field.second.string_or("decision") == "conflict"; });
}

/// Of those that are listed what no rule mends: what is in conflict waits for a person, a dead letter was tried and refused.
Unmendable undecided_in(const Value& job, const Standing& standing) {
  Unmendable out;
  const Value* findings = job.find("findings");
  for (const Value& one : findings == nullptr || !findings->is_array() ? Array{} : findings->as_array()) {
    const Value* key = is_for_repair(one) ? standing_in(standing, one) : nullptr;
    if (key != nullptr && key->string_or("state") == "dead") ++out.dead;
    else if (is_disputed(one)) ++out.disputed;
  }
  return out;
}

/// A dead letter is told as that: what a look would do was tried, and refused.
Value with_dead_letters(const Value& findings, const Standing& standing) {
  Value out = findings;
  for (Value& one : out.as_array()) {
    const Value* key = standing_in(standing, one);
    if (key == nullptr || key->string_or("state") != "dead") continue;
    one["record"] = Value(Object{{"reason", Value("dead letter: " + why_of(*key))}});
    one.as_object().erase("error");
  }
  return out;
}

std::string drift_text(std::int64_t drift) {
  return grouped(drift) + (drift == 1 ? " record was" : " records were") + " edited on the side that may not change (drift) and " + (drift == 1 ? "is" : "are") +
         " left so: the source's next edit of the field overwrites it, or `enforce = true` in the mapping";
}

/// What a resync over all writes, of each mapping that was edited.
void print_edited(Context& context, const Value& job) {
  for (const Value& part : job.find("parts")->as_array()) {
    const std::int64_t edited = found_of(part, "edited");
    if (edited > 0) context.out.line(grouped(edited) + (edited == 1 ? " record differs" : " records differ") + " by an edit of the mapping: `tidewire sync " + plain(part.string_or("mapping")) + " --all` writes what it says now");
  }
}

void print_result(Context& context, const Value& job, const Standing& standing, std::int64_t differing, std::int64_t drift, const std::string& mended) {
  if (const Value* findings = job.find("findings")) print_findings(context, with_dead_letters(*findings, standing), false);
  if (job.bool_or("more", false)) context.out.line(context.out.paint("… more are counted above", Style::kDim));
  print_rules(context, job);
  if (differing + drift + found_of(job, "edited") == 0) context.out.line(context.out.paint("✓ ", Style::kGood) + level_text(job));
  if (differing > 0) context.out.line(grouped(differing) + (differing == 1 ? " record differs" : " records differ") + mended);
  if (drift > 0) context.out.line(drift_text(drift));
  print_edited(context, job);
}

int verify(Context& context) {
  const bool repair = context.arguments.has("--repair");
  int status = kOk;
  const auto session = context.open(repair ? Session::Need::kWork : Session::Need::kScripts, status);
  if (!session) return status;
  Object body{{"repair", repair}, {"author", author_of(context.arguments)}};
  if (const std::string mapping = context.arguments.word_or(0, "--mapping"); !mapping.empty()) body["mapping"] = mapping;
  auto job = follow(context, *session, "/api/v1/verify", Value(std::move(body)), {.retries = repair}, status);
  if (!job) return status;
  const bool done = job->string_or("state") == "done";
  const std::int64_t differing = differing_of(*job), drift = found_of(*job, "drift");
  const bool recorded = repair && only_recorded(*job);
  const auto standing = done && differing > 0 ? standing_of(*session, *job) : Result<Standing>(Standing());
  if (!standing.ok()) return context.failed(standing.error());
  const auto unmended = repair ? not_mended(*job, *standing) : std::map<std::string, std::int64_t>();
  const auto now = session->get("/api/v1/status");
  if (!now.ok()) return context.failed(now.error());
  const LeftOut out = left_out(*now, context.arguments.word_or(0, "--mapping"));
  if (context.json()) {
    if (!out.why.empty()) (*job)["left_out"] = out.why;
    context.print_json(*job);
  } else if (done) {
    print_result(context, *job, *standing, differing, drift, differing == 0 ? std::string() : repair ? repaired_text(recorded, job->bool_or("more", false), differing, unmended) : mendable_text(differing, undecided_in(*job, *standing)));
  } else {
    print_errors(context, *job);
  }
  if (!context.json()) out.tell(context);
  const auto ended = [&] {
    if (!done) return kFailed;
    if (differing > 0 && recorded) return kAttention;
    if (!unmended.empty()) return unmended.contains("backing_off") ? kFailed : kAttention;
    return drift + found_of(*job, "edited") > 0 || (differing > 0 && !repair) ? kFailed : kOk;
  };
  return out.worsened(ended());
}

}  // namespace

std::string mendable_text(std::int64_t differing, const Unmendable& not_by_rule) {
  std::vector<std::string> words;
  const bool one_kind = not_by_rule.disputed == 0 || not_by_rule.dead == 0;
  const std::int64_t left = differing - not_by_rule.disputed - not_by_rule.dead;
  const auto told = [&](std::int64_t count, const std::string& what) {
    if (count > 0) words.push_back((one_kind && left <= 0 ? "" : grouped(count) + " of them ") + what);
  };
  told(not_by_rule.disputed, "in conflict: `tidewire conflicts`");
  told(not_by_rule.dead, "dead letter: mend what refuses it, then `tidewire retry`");
  if (left > 0) words.push_back(std::string("--repair mends ") + (words.empty() ? "them" : "the others") + " as the mapping says");
  return (left > 0 || !one_kind ? "; " : ", ") + join(words, "; ");
}

const Command& verify_command() {
  static const Command command{"verify",
                               "[MAPPING] [--repair]",
                               "compares both sides completely and tells what differs, field by field",
                               "Reads every record of both sides, page by page, whatever the state believes. Kinds: differing, left_only, right_only,\n"
                               "unlinked (the same thing on both sides, not linked), missing_left and missing_right (linked, but gone there), stopped (an\n"
                               "error), drift (edited on the side that a one-way mapping writes to: left alone, by --repair too), edited (the mapping says it otherwise\n"
                               "since it was edited: `sync MAPPING --all` writes that, --repair does not). What is known is counted and left alone: accepted (told to keep, or a form that one system stores by itself), skipped (a conflict that a person skipped), ignored_delete\n"
                               "(it stays after a delete that was ignored), out_of_scope, ignored. Ends with 0 when nothing else differs, else 1; with --repair with 0 when\n"
                               "all was mended, with 5 where a record is in conflict, a dead letter or held all the same.",
                               {{{"--mapping", "M", "this mapping alone, as MAPPING"}, {"--repair", "", "puts what differs before the engine, which mends it by the mapping's rules"}, kAuthorOption}, 0, 1},
                               verify};
  return command;
}

}  // namespace tidewire::cli
