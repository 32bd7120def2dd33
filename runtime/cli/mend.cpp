// tidewire unlink, relink, merge, ignore, heed, reset-base: what a person may do to a link.
#include "cli/author.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/story.h"

namespace tidewire::cli {
namespace {

/// The body's members by the words of the command line.
Value body_of(const Arguments& arguments, std::initializer_list<const char*> members) {
  Object body{{"author", author_of(arguments)}};
  std::size_t at = 0;
  for (const char* member : members) {
    if (const std::string word = arguments.word(at++); !word.empty()) body[member] = word;
  }
  if (arguments.has("--side")) body["side"] = arguments.get("--side");
  return Value(std::move(body));
}

int mend(Context& context, const char* act, const Value& body, const char* done) {
  int status = kOk;
  const auto session = context.open(Session::Need::kWork, status);
  if (!session) return status;
  const auto mended = session->post(std::string("/api/v1/links/") + act, body);
  if (!mended.ok()) return context.failed(mended.error());
  if (context.json()) context.print_json(*mended);
  else context.out.line(context.out.paint("✓ ", Style::kGood) + plain(mended->string_or("mapping")) + "  " + plain(keys_of(*mended)) + "  " + done);
  const Value* next = mended->at_path("record.next");
  if (!context.json() && next != nullptr) context.out.line("  " + plain(next->as_string()));
  return kOk;
}

int unlink(Context& context) { return mend(context, "unlink", body_of(context.arguments, {"mapping", "key"}), "are linked no more"); }
int relink(Context& context) { return mend(context, "relink", body_of(context.arguments, {"mapping", "left", "right"}), "are the same thing from now on"); }
int merge(Context& context) { return mend(context, "merge", body_of(context.arguments, {"mapping", "key", "with"}), "go on as one link"); }
int heed(Context& context) { return mend(context, "heed", body_of(context.arguments, {"mapping", "key", "field"}), "are heeded again"); }

/// Page by page; what was done before an error stays done.
int reset_stale(Context& context) {
  int status = kOk;
  const auto session = context.open(Session::Need::kWork, status);
  if (!session) return status;
  Value body = body_of(context.arguments, {"mapping", "key", "field"});
  std::int64_t reset = 0, refused = 0;
  std::string refusal;
  do {
    const auto page = session->post("/api/v1/links/reset_stale", body);
    if (!page.ok()) return context.failed(page.error());
    reset += page->int_or("reset", 0);
    refused += page->int_or("refused", 0);
    if (refusal.empty()) refusal = page->string_or("refusal");
    body["after"] = page->string_or("next");
  } while (!body.string_or("after").empty());
  if (context.json()) context.print_json(Value(Object{{"reset", reset}, {"refused", refused}}));
  else context.out.line(context.out.paint("✓ ", Style::kGood) + plain(body.string_or("mapping")) + "  " + std::to_string(reset) + " keys meet as strangers");
  if (refused > 0) context.err.line(std::to_string(refused) + " keys stay as they are: " + plain(refusal));
  return refused > 0 ? kAttention : kOk;
}

int reset_base(Context& context) {
  if (context.arguments.has("--stale")) return reset_stale(context);
  return mend(context, "reset_base", body_of(context.arguments, {"mapping", "key", "field"}), "meet as strangers");
}
int ignore(Context& context) {
  return mend(context, "ignore", body_of(context.arguments, {"mapping", "key", "field"}), context.arguments.words().size() > 2 ? "may differ in that field" : "are nobody's business any more");
}

const Option kStale{"--stale", "", "all keys that stand because an older state was read"};
const Option kSide{"--side", "left|right", "whose key KEY is, where both sides have it"};

}  // namespace

const Command& unlink_command() {
  static const Command command{"unlink", "MAPPING KEY", "parts two records that are linked",
                               "Both stay where they are. At the next change of one of them, or the next sweep, they are met as strangers: where the mapping's\n"
                               "match finds the same pair they are linked again, else each is made anew on the other side. So `relink` or `ignore` them\n"
                               "first, or let them differ in the match fields.",
                               {{kSide, kAuthorOption}, 2, 2}, unlink};
  return command;
}

const Command& relink_command() {
  static const Command command{"relink", "MAPPING LEFT RIGHT", "links two records by hand, by their keys",
                               "Neither may be linked. They meet as strangers: where they differ, the mapping's rules decide.", {{kAuthorOption}, 3, 3}, relink};
  return command;
}

const Command& merge_command() {
  static const Command command{"merge", "MAPPING KEY OTHER", "makes one link of two: duplicates that are one thing",
                               "The link of KEY stays, and takes the keys it lacks from the link of OTHER. Records of OTHER that are left over stay where\n"
                               "they are and are ignored from then on.",
                               {{kSide, kAuthorOption}, 3, 3}, merge};
  return command;
}

const Command& ignore_command() {
  static const Command command{"ignore", "MAPPING KEY [FIELD]", "sets a record aside for ever, or the difference in one field",
                               "An ignored record is neither copied nor deleted, whatever happens to it. With FIELD the pair goes on, and that field may\n"
                               "differ. `heed` takes it back.",
                               {{kSide, kAuthorOption}, 2, 3}, ignore};
  return command;
}

const Command& heed_command() {
  static const Command command{"heed", "MAPPING KEY [FIELD]", "takes an `ignore` back",
                               "A pair goes on from what it had agreed on; a record alone is met as a stranger.", {{kSide, kAuthorOption}, 2, 3}, heed};
  return command;
}

const Command& reset_base_command() {
  static const Command command{"reset-base", "MAPPING KEY [FIELD] | MAPPING --stale", "forgets what two records had agreed on, of one field or of all",
                               "They meet as strangers: equal fields agree, a field empty on one side is filled, and what differs is decided by the\n"
                               "mapping's rules. For after a mapping was mended; without FIELD also for after a system was restored, whose older\n"
                               "versions are taken for a replica that is behind until then. With --stale of every key whose dead letter tells of such a\n"
                               "version, each with an entry of its own in the audit trail.",
                               {{kSide, kStale, kAuthorOption}, 1, 3}, reset_base};
  return command;
}

}  // namespace tidewire::cli
