// What was: operations, changes received, webhooks, cursors, the audit trail.
#include <set>

#include "admin/api/api.h"
#include "admin/filters.h"
#include "admin/paging.h"
#include "admin/views.h"
#include "sync/known_ends.h"
#include "sync/redaction.h"

namespace tidewire::admin {
namespace {

const Words kOperationWords[] = {{"outcome", {"applied", "merged", "conflict", "held", "dead", "skipped", "retry", "announced", "would_write"}},
                                 {"kind", {"create", "update", "delete", "link", "rename", "restore", "conflict", "resolve", "revert", "hold", "dead", "adopt", "note", "unlink", "relink", "merge", "ignore", "heed", "reset_base"}}};
const Words kReceivedWords[] = {{"event", {"upsert", "delete", "unparsed"}}, {"source", {"webhook", "listen"}}};

void operations(Api& api, const Call& call) {
  const auto page = id_page_of(call);
  if (!page.ok()) return (*call.reply)(problem(page.error()));
  store::OperationFilter filter{.mapping = call.query("mapping"), .outcome = call.query("outcome"), .key = call.query("key"), .failed = call.flag("failed"), .kind = call.query("kind"),
                                .author = call.query("author"), .job = call.query("job"), .text = call.query("text")};
  for (const auto& [name, into] : {std::pair{"side", &filter.side}, std::pair{"key_side", &filter.key_side}}) {
    const auto side = side_of(call, name);
    if (!side.ok()) return (*call.reply)(problem(side.error()));
    *into = *side;
  }
  // The times were read once already: they are times.
  filter.since = *time_of(call, "since");
  filter.until = *time_of(call, "until");
  api.control().store().operations(std::move(filter), *page, api.guarded([&api, call](Result<store::Paged<store::Operation>> found) {
    send_list(api, call, kOperationWords, found, [](const auto& rows) { return view_page("operations", rows); });
  }));
}

/// With what was said to the systems for it, and what a load's record has agreed on since.
void tell_whole(Api& api, const store::Operation& operation, const SharedReply& reply, const Value& agreed = {}) {
  Value shown = view(operation);
  if (!agreed.is_null()) shown["agreed"] = agreed;
  api.control().store().exchanges(operation.id, [whole = std::move(shown), reply](Result<std::vector<store::OperationExchange>> exchanges) {
    send(reply, exchanges, [&](const auto& rows) {
      Value out = whole;
      Array list;
      for (const auto& one : rows) list.push_back(view(one));
      out["exchanges"] = Value(std::move(list));
      return out;
    });
  });
}

/// An attempt that stored no operation, as its keys tell of it while they are to be tried again.
store::Operation attempt_of(const std::string& id, const std::vector<store::DirtyKey>& keys, const store::Known& known) {
  store::Operation out;
  out.id = id;
  out.at = keys.front().since;
  out.mapping = keys.front().mapping;
  out.kind = "attempt";
  out.outcome = "retry";
  Array taken;
  for (const store::DirtyKey& one : keys) {
    out.key[one.side] = one.key;
    out.changes += one.changes;
    taken.push_back(Value(Object{{"side", store::side_name(one.side)}, {"key", one.key}, {"reason", one.reason}, {"event", one.event}, {"changes", one.changes}}));
    if (one.error) out.record["error"] = *one.error;
  }
  out.record["taken"] = Value(std::move(taken));
  if (!known.link) return out;
  out.link = known.link->id;
  out.key = known.link->key;
  return out;
}

void tell_attempt(Api& api, const std::string& id, const Error& unknown, const SharedReply& reply) {
  api.control().store().left_by(id, api.guarded([&api, id, unknown, reply](Result<std::vector<store::DirtyKey>> keys) {
    if (!keys.ok() || keys->empty()) return (*reply)(problem(keys.ok() ? unknown : keys.error()));
    const store::DirtyKey& first = keys->front();
    api.control().store().load(first.mapping, {{first.side, first.key}}, api.guarded([&api, id, keys = *keys, reply](Result<std::vector<store::Known>> known) {
      if (!known.ok()) return (*reply)(problem(known.error()));
      tell_whole(api, attempt_of(id, keys, known->front()), reply);
    }));
  }));
}

/// What both sides agreed on last, by field. Null where the mapping, which says what is told to nobody, is not loaded.
Value agreed_in(const sync::Plan* plan, const store::Operation& operation, const store::Known& known) {
  if (plan == nullptr || !known.link || known.link->id != operation.link) return {};
  Value out = Object{};
  for (const auto& [field, values] : sync::as_told(plan, *known.link).base) out[field] = Value(Object{{"left", values.left}, {"right", values.right}});
  return out;
}

/// A load keeps no values of its rows (law 32).
void tell_load(Api& api, const store::Operation& operation, const SharedReply& reply) {
  const store::Side side = operation.key.left ? store::Side::kLeft : store::Side::kRight;
  if (!operation.key[side]) return tell_whole(api, operation, reply);
  api.control().store().load(operation.mapping, {{side, *operation.key[side]}}, api.guarded([&api, operation, reply](Result<std::vector<store::Known>> known) {
    if (!known.ok()) return (*reply)(problem(known.error()));
    tell_whole(api, operation, reply, agreed_in(api.control().engine().plan(operation.mapping), operation, known->front()));
  }));
}

void operation(Api& api, const Call& call) {
  const std::string id = call.params["id"];
  api.control().store().operation(id, api.guarded([&api, id, reply = call.reply](Result<store::Operation> found) {
    if (found.ok()) return found->record.find("load") != nullptr ? tell_load(api, *found, reply) : tell_whole(api, *found, reply);
    if (found.error().code == Code::kNotFound) return tell_attempt(api, id, found.error(), reply);
    (*reply)(problem(found.error()));
  }));
}

using Collections = std::vector<std::pair<std::string, std::string>>;

/// Connection and collection of the sides of a mapping, or of one: as it is loaded, else as its links are of. None of one that nobody knows.
void with_collections(Api& api, const std::string& mapping, std::optional<store::Side> side, std::function<void(Result<Collections>)> then) {
  std::vector<store::Side> sides{store::Side::kLeft, store::Side::kRight};
  if (side) sides = {*side};
  if (const sync::Plan* plan = api.control().engine().plan(mapping); plan != nullptr) {
    Collections out;
    for (const store::Side one : sides) out.emplace_back(plan->end[one].connection, plan->end[one].collection);
    return then(std::move(out));
  }
  api.control().store().kv_get(sync::KnownEnds::kDrawer, mapping, [sides, then = std::move(then)](Result<std::optional<Value>> kept) {
    if (!kept.ok()) return then(kept.error());
    Collections out;
    for (const store::Side one : sides) {
      const Value* end = *kept ? (*kept)->find(store::side_name(one)) : nullptr;
      if (end != nullptr) out.emplace_back(end->string_or("connection"), end->string_or("collection"));
    }
    then(std::move(out));
  });
}

void received(Api& api, const Call& call, store::ReceivedFilter filter, const char* name) {
  const auto page = page_of(call);
  const auto side = side_of(call, "side");
  if (!page.ok() || !side.ok()) return (*call.reply)(problem(page.ok() ? side.error() : page.error()));
  const std::string mapping = call.query("mapping");
  if (*side && mapping.empty()) return (*call.reply)(problem(make_error(Code::kInvalid, "a side is a side of one mapping", "name the mapping too")));
  filter.connection = call.query("connection");
  filter.collection = call.query("collection");
  filter.key = call.query("key");
  filter.event = call.query("event");
  filter.since = *time_of(call, "since");
  filter.until = *time_of(call, "until");
  filter.text = call.query("text");
  const auto list = [&api, call, name, page = *page](store::ReceivedFilter wanted) {
    api.control().store().received(std::move(wanted), page, api.guarded([&api, call, name](Result<store::Paged<Value>> found) {
      send_list(api, call, kReceivedWords, found, [name](const auto& rows) { return values_page(name, rows); });
    }));
  };
  if (mapping.empty()) return list(std::move(filter));
  with_collections(api, mapping, *side, api.guarded([list, filter, reply = call.reply](Result<Collections> of) mutable {
    if (!of.ok()) return (*reply)(problem(of.error()));
    filter.collections = std::move(*of);
    list(std::move(filter));
  }));
}

void changes(Api& api, const Call& call) { received(api, call, {.source = call.query("source")}, "changes"); }

void webhooks(Api& api, const Call& call) { received(api, call, {.source = "webhook"}, "webhooks"); }

void cursors(Api& api, const Call& call) {
  api.control().store().cursors(api.guarded([&api, call](Result<std::vector<Value>> found) {
    const auto shape = [](const std::vector<Value>& rows) { return Value(Object{{"cursors", Value(Array(rows.begin(), rows.end()))}}); };
    const std::string mapping = call.query("mapping");
    if (found.ok() && !mapping.empty()) std::erase_if(*found, [&](const Value& row) { return row.string_or("mapping") != mapping; });
    if (!found.ok() || !found->empty()) return send(call.reply, found, shape);
    check_names(api, {.mapping = mapping}, [reply = call.reply, found, shape](const Result<void>& known) { known.ok() ? send(reply, found, shape) : (*reply)(problem(known.error())); });
  }));
}

/// What a route is, and what the daemon says of acts that are written with the change itself.
const Words& audit_words() {
  static const Words words{"action", [] {
    std::set<std::string> all{"accept_system", "acknowledge", "discard", "forget", "heed", "ignore", "merge", "relink", "reset_base", "set_up", "trigger", "unlink"};
    for (const Route* route : own_routes()) {
      if (*route->action != '\0') all.insert(route->action);
    }
    return std::vector<std::string>(all.begin(), all.end());
  }()};
  return words;
}

void audit(Api& api, const Call& call) {
  const auto page = page_of(call);
  if (!page.ok()) return (*call.reply)(problem(page.error()));
  store::AuditFilter filter{.author = call.query("author"), .action = call.query("action"), .subject = call.query("subject")};
  filter.since = *time_of(call, "since");
  api.control().store().audit_log(std::move(filter), *page, api.guarded([&api, call](Result<store::Paged<Value>> found) {
    send_list(api, call, std::span(&audit_words(), 1), found, [](const auto& rows) { return values_page("audit", rows); });
  }));
}

}  // namespace

std::span<const Route> history_routes() {
  using enum Parameter::Type;
  static const std::vector<Parameter> received_filters{{"mapping", kText, "of a collection of this mapping; what names no collection is of none"}, {"side", kText, "of the mapping's left or right collection alone"}, {"connection", kText, "from this connection"}, {"collection", kText, "of this collection"}, {"key", kText, "of this key"},
                                                       {"event", kText, "upsert, delete or unparsed"}, {"since", kTime, "received at or after this time"}, {"until", kTime, "before this time"}, {"text", kText, "with this text in the key or the body"}};
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/operations", .role = Role::kViewer, .id = "operations", .summary = "What was decided, newest first. A key is either side's and needs the mapping", .handler = operations,
       .query = paged({{"mapping", kText, "of this mapping"}, {"key", kText, "of this record; either side's key"}, {"key_side", kText, "whose key `key` is, where both sides have it: left or right"}, {"outcome", kText, "applied, merged, conflict, held, dead, skipped, would_write, retry or announced"},
                       {"kind", kText, "create, update, delete, link, rename, restore, conflict, resolve, hold, dead, revert, unlink, relink, merge, ignore, heed, reset_base or note"}, {"author", kText, "decided by this person"}, {"job", kText, "of this job"}, {"side", kText, "that answer a change of this side: left or right"},
                       {"text", kText, "with these words in its keys or its record; the last may be the beginning of one"}, {"failed", kFlag, "1: dead and in conflict only"}, {"since", kTime, "at or after this time"}, {"until", kTime, "before this time"}}),
       .answer = "Operations"},
      {.method = "GET", .path = "/api/v1/operations/{id}", .role = Role::kViewer, .id = "operation", .summary = "One operation whole: inputs, base, decision per field with its rule, writes, and what was said to the systems for it; of a row of a load, which keeps no values, `agreed`: what both sides have agreed on last. So is the last attempt of a key that is to be tried again, by the `operation` of the key: of kind `attempt`, kept until the next", .handler = operation, .answer = "Operation"},
      {.method = "GET", .path = "/api/v1/changes", .role = Role::kViewer, .id = "changes", .summary = "What was received, newest first, whatever announced it", .handler = changes,
       .query = [] {
         auto all = received_filters;
         all.push_back({"source", kText, "webhook or listen: who told of it without being asked"});
         return paged(std::move(all));
       }(),
       .answer = "Changes"},
      {.method = "GET", .path = "/api/v1/webhooks", .role = Role::kViewer, .id = "webhooks", .summary = "Webhooks received and proved, newest first; a body that names nothing we know is kept raw", .handler = webhooks, .query = paged(received_filters), .answer = "Webhooks"},
      {.method = "GET", .path = "/api/v1/cursors", .role = Role::kViewer, .id = "cursors", .summary = "Where the polls continue", .handler = cursors, .query = {{"mapping", kText, "of this mapping"}}, .answer = "Cursors"},
      {.method = "GET", .path = "/api/v1/audit", .role = Role::kOperator, .id = "audit", .summary = "What people did, newest first", .handler = audit,
       .query = paged({{"author", kText, "by this person or token"}, {"action", kText, "this one: resolve, retry, apply_source, create_connection ..."}, {"subject", kText, "with this text in what it was done to"}, {"since", kTime, "at or after this time"}}),
       .answer = "Audit"},
  };
  return routes;
}

}  // namespace tidewire::admin
