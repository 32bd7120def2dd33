// Links as things a person can mend: list them, part, join, merge, set aside, begin anew; and forget a person.
#include "admin/api/api.h"
#include "admin/filters.h"
#include "admin/named.h"
#include "admin/paging.h"
#include "admin/redaction.h"
#include "admin/views.h"

namespace tidewire::admin {
namespace {

using Act = sync::Mending::Act;

constexpr std::int64_t kResetAtOnce = 500;  // dead letters that one call looks at

Result<store::LinkFilter> link_filter_of(const Call& call, Instant now) {
  store::LinkFilter filter;
  filter.mapping = call.query("mapping");
  filter.key = call.query("key");
  filter.error = call.flag("error");
  if (const std::string state = call.query("state"); !state.empty()) {
    filter.state = store::link_state_from_name(state);
    if (!filter.state) return make_error(Code::kInvalid, "no state '" + state + "' of a link", "live, tombstone, frozen or ignored");
  }
  if (const std::string older = call.query("older"); !older.empty()) {
    const auto ago = parse_duration(older);
    const auto at = parse_instant(older);
    if (!ago.ok() && !at.ok()) return make_error(Code::kInvalid, "'older' is no time: " + older, "how long ago (2h, 30d), or a time such as 2024-05-01T10:00:00Z");
    filter.older = at.ok() ? *at : now - *ago;
  }
  return filter;
}

void list_links(Api& api, const Call& call) {
  const auto filter = link_filter_of(call, api.control().clock().now());
  const auto page = page_of(call);
  if (!filter.ok() || !page.ok()) return (*call.reply)(problem(filter.ok() ? page.error() : filter.error()));
  api.control().store().find_links(*filter, *page, api.guarded([&api, call](Result<store::Paged<store::Link>> found) {
    if (!found.ok()) return (*call.reply)(problem(found.error()));
    for (store::Link& link : found->rows) {
      const sync::Plan* plan = api.control().engine().plan(link.mapping);
      link = as_told(plan, std::move(link), call.caller);
    }
    send_list(api, call, {}, found, [](const auto& rows) { return view_page("links", rows); });
  }));
}

void carry_out(Api& api, sync::Mending mending, const SharedReply& reply) {
  api.control().engine().mend(std::move(mending), [reply](Result<store::Operation> mended) { send(reply, mended, [](const auto& one) { return view(one); }); });
}

void relink(Api& api, const Call& call) {
  sync::Engine& engine = api.control().engine();
  if (engine.plan(call.text("mapping")) == nullptr) return (*call.reply)(problem(not_loaded(api.control(), call.text("mapping"))));
  carry_out(api, {Act::kRelink, call.text("mapping"), {store::Side::kLeft, call.text("left")}, sync::SideKey{store::Side::kRight, call.text("right")}, "", author_of(call)}, call.reply);
}

/// The record by its key, and for a merge the other one by its.
void mend(Api& api, const Call& call, Act act) {
  Control& control = api.control();
  const auto record = named_in_body(call, control);
  if (!record.ok()) return (*call.reply)(problem(record.error()));
  sync::Mending mending{act, record->mapping, {}, {}, call.text("field"), author_of(call)};
  find_side(control, *record, api.guarded([&api, call, record = *record, mending](Result<store::Side> side) mutable {
    if (!side.ok()) return (*call.reply)(problem(side.error()));
    mending.key = {*side, record.key};
    // A misspelt key would be set aside for ever, and the record that was meant would not.
    if (mending.act == Act::kIgnore && mending.field.empty()) {
      return try_record(api.control(), mending.mapping, mending.key, api.guarded([&api, mending, reply = call.reply](const Result<sync::Report>& found) { found.ok() ? carry_out(api, mending, reply) : (*reply)(problem(found.error())); }));
    }
    if (mending.act != Act::kMerge) return carry_out(api, std::move(mending), call.reply);
    const auto other = named(record.mapping, call.text("with"), call.text("with_side"), api.control());
    if (!other.ok()) return (*call.reply)(problem(other.error()));
    find_side(api.control(), *other, api.guarded([&api, call, mending, key = other->key](Result<store::Side> at) mutable {
      if (!at.ok()) return (*call.reply)(problem(at.error()));
      mending.with = sync::SideKey{*at, key};
      carry_out(api, std::move(mending), call.reply);
    }));
  }));
}

void unlink_records(Api& api, const Call& call) { mend(api, call, Act::kUnlink); }
void merge(Api& api, const Call& call) { mend(api, call, Act::kMerge); }
void ignore(Api& api, const Call& call) { mend(api, call, Act::kIgnore); }
void heed(Api& api, const Call& call) { mend(api, call, Act::kHeed); }
void reset_base(Api& api, const Call& call) { mend(api, call, Act::kResetBase); }

/// Every key of the mapping whose dead letter tells of an older state; a page a call.
void reset_stale(Api& api, const Call& call) {
  sync::Engine& engine = api.control().engine();
  const std::string mapping = call.text("mapping");
  if (engine.plan(mapping) == nullptr) return (*call.reply)(problem(not_loaded(api.control(), mapping)));
  engine.reset_stale(mapping, author_of(call), {kResetAtOnce, call.text("after")}, [reply = call.reply](Result<sync::StaleReset> done) {
    send(reply, done, [](const sync::StaleReset& reset) {
      Object answer{{"reset", reset.reset}, {"refused", reset.refused}};
      if (reset.refusal) answer["refusal"] = reset.refusal->message;
      if (!reset.next.empty()) answer["next"] = reset.next;
      return Value(std::move(answer));
    });
  });
}

using Forgotten = std::map<std::string, std::int64_t>;

void answer_forgotten(const SharedReply& reply, const Result<Forgotten>& gone) {
  send(reply, gone, [](const Forgotten& counts) {
    Object rows;
    for (const auto& [table, count] : counts) rows[table] = count;
    return Value(Object{{"forgotten", Value(std::move(rows))}});
  });
}

/// Of a record that left only old operations nobody knows which side's its key was: where the first holds nothing of it, the other is asked.
void forget_record(Api& api, const Call& call, const Named& record) {
  find_side(api.control(), record, api.guarded([&api, call, record](Result<store::Side> side) {
    if (!side.ok()) return (*call.reply)(problem(side.error()));
    const auto forget_of = [&api, record, author = author_of(call)](store::Side of, Done<Forgotten> done) { api.control().engine().forget(record.mapping, {of, record.key}, author, std::move(done)); };
    forget_of(*side, api.guarded([reply = call.reply, forget_of, record, side = *side](Result<Forgotten> gone) {
      const bool nothing = gone.ok() ? gone->empty() : gone.error().code == Code::kNotFound;
      if (!nothing || record.side) return answer_forgotten(reply, gone);
      forget_of(store::other(side), [reply, gone, record](Result<Forgotten> there) {
        if (there.ok() || there.error().code != Code::kNotFound) return answer_forgotten(reply, there);
        if (gone.ok()) return answer_forgotten(reply, gone);
        (*reply)(problem(make_error(Code::kNotFound, "the state holds nothing of a key '" + record.key + "' of " + record.mapping + ", of neither side", there.error().hint)));
      });
    }));
  }));
}

/// Also of a mapping that is not loaded, or whose file is gone: it writes our own state alone.
void forget(Api& api, const Call& call) {
  const auto record = named_in_state(call);
  if (!record.ok()) return (*call.reply)(problem(record.error()));
  check_names(api, {.mapping = record->mapping}, [&api, call, record = *record](const Result<void>& known) { known.ok() ? forget_record(api, call, record) : (*call.reply)(problem(known.error())); });
}

}  // namespace

// The audit trail is written with the change itself, in one transaction.
std::span<const Route> link_routes() {
  using enum Parameter::Type;
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/links", .role = Role::kViewer, .id = "links", .summary = "Which records are the same thing, with what they agreed on; newest first", .handler = list_links,
       .query = paged({{"mapping", kText, "of this mapping"}, {"state", kText, "live, tombstone, frozen or ignored"}, {"key", kText, "either side's; needs mapping"}, {"older", kText, "not touched for so long (30d) or since then"},
                       {"error", kFlag, "with an open conflict, or a key that stands, or is tried again, because of an error"}}),
       .answer = "Anything"},
      {.method = "POST", .path = "/api/v1/links/unlink", .role = Role::kOperator, .id = "unlink", .summary = "Parts two records; they are met as strangers again", .handler = unlink_records, .body = "OneRecord", .answer = "Anything"},
      {.method = "POST", .path = "/api/v1/links/relink", .role = Role::kOperator, .id = "relink", .summary = "Links two records by their keys", .handler = relink, .body = "Pairing", .answer = "Anything"},
      {.method = "POST", .path = "/api/v1/links/merge", .role = Role::kOperator, .id = "merge", .summary = "Makes one link of two; what is left over is ignored", .handler = merge, .body = "Merging", .answer = "Anything"},
      {.method = "POST", .path = "/api/v1/links/ignore", .role = Role::kOperator, .id = "ignore", .summary = "Sets a record aside for ever, or the difference in one field", .handler = ignore, .body = "OneField", .answer = "Anything"},
      {.method = "POST", .path = "/api/v1/links/heed", .role = Role::kOperator, .id = "heed", .summary = "Takes an ignore back", .handler = heed, .body = "OneField", .answer = "Anything"},
      {.method = "POST", .path = "/api/v1/links/reset_base", .role = Role::kOperator, .id = "reset_base", .summary = "Forgets what the sides agreed on: the mapping's rules decide again", .handler = reset_base, .body = "OneField", .answer = "Anything"},
      {.method = "POST", .path = "/api/v1/links/reset_stale", .role = Role::kOperator, .id = "reset_stale", .summary = "As reset_base, of every key whose dead letter tells of an older state than was seen before; `next` is the page after", .handler = reset_stale, .body = "StaleReset", .answer = "Anything"},
      {.method = "POST", .path = "/api/v1/forget", .role = Role::kAdmin, .id = "forget", .summary = "Erases one person's data from the state and writes the file anew; also of a mapping whose file is gone", .handler = forget, .body = "OneRecord", .answer = "Anything"},
  };
  return routes;
}

}  // namespace tidewire::admin
