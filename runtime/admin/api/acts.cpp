// What can be done: retry, discard, sync, check, reset a cursor, back up.
#include <algorithm>
#include <filesystem>

#include "admin/api/api.h"
#include "admin/filters.h"
#include "admin/named.h"
#include "admin/order.h"
#include "admin/paging.h"
#include "admin/views.h"
#include "base/text.h"
#include "store/copy.h"

namespace tidewire::admin {
namespace {

using store::Side;
using SideKey = std::pair<Side, std::string>;

/// Whose changes travel, by the words of MAPPING.md; "erp_to_app" by the names of the mapping's connections.
Result<void> set_direction(SyncRequest::Part& part, const std::string& direction, const sync::Plan& plan) {
  if (direction.empty() || direction == "both" || direction == "bidirectional") return {};
  const std::string& left = plan.end.left.connection;
  const std::string& right = plan.end.right.connection;
  const bool to_right = direction == "to_right" || direction == "left_to_right" || direction == left + "_to_" + right;
  const bool to_left = direction == "to_left" || direction == "right_to_left" || direction == right + "_to_" + left;
  if (!to_right && !to_left) {
    return make_error(Code::kInvalid, "no direction '" + direction + "' in mapping " + part.mapping,
                      "both, left_to_right, right_to_left, " + left + "_to_" + right + " or " + right + "_to_" + left);
  }
  part.left = to_right;
  part.right = to_left;
  return {};
}

/// Whether it asks for the way that a one-way mapping does not go.
bool against(const SyncRequest::Part& part, const sync::Plan& plan) {
  return (plan.flow == sync::Flow::kToRight && !part.left) || (plan.flow == sync::Flow::kToLeft && !part.right);
}

Result<void> must_be_loaded(Api& api, const std::string& mapping) {
  if (mapping.empty() || api.control().engine().plan(mapping) != nullptr) return {};
  return not_loaded(api.control(), mapping);
}

// ---- retry: {mapping, side, key} | {mapping} | {id} of an operation | {all: true}

void try_now(Api& api, const std::string& mapping) {
  api.control().ask_now(mapping);
  api.control().engine().wake(mapping);
}

void retry_keys(Api& api, std::vector<std::string> mappings, std::optional<SideKey> key, std::int64_t so_far, const SharedReply& reply) {
  if (mappings.empty()) return (*reply)(answer(Value(Object{{"retried", so_far}})));
  const std::string mapping = mappings.back();
  mappings.pop_back();
  api.control().store().retry(mapping, key, api.guarded([&api, mapping, mappings = std::move(mappings), key, so_far, reply](Result<std::int64_t> count) {
    if (!count.ok()) return (*reply)(problem(count.error()));
    const auto next = [&api, mapping, mappings, key, reply](std::int64_t so_far) {
      try_now(api, mapping);
      retry_keys(api, mappings, key, so_far, reply);
    };
    if (key) return next(so_far + *count);
    // What waits for its next try has it now, too.
    api.control().store().wake_backing_off(mapping, api.guarded([next, so_far = so_far + *count, reply](Result<std::int64_t> woken) {
      woken.ok() ? next(so_far + *woken) : (*reply)(problem(woken.error()));
    }));
  }));
}

void retry_pair(Api& api, const std::string& mapping, const store::Sides<std::optional<std::string>>& keys, const SharedReply& reply) {
  if (const auto runs = must_run(api.control(), mapping); !runs.ok()) return (*reply)(problem(runs.error()));
  const auto right = [&api, reply, mapping, key = keys.right](std::int64_t so_far) {
    if (!key) return retry_keys(api, {}, std::nullopt, so_far, reply);
    retry_keys(api, {mapping}, SideKey{Side::kRight, *key}, so_far, reply);
  };
  if (!keys.left) return right(0);
  api.control().store().retry(mapping, SideKey{Side::kLeft, *keys.left}, api.guarded([&api, right, mapping, reply](Result<std::int64_t> count) {
    if (!count.ok()) return (*reply)(problem(count.error()));
    try_now(api, mapping);
    right(*count);
  }));
}

/// An operation, or the last attempt of keys that are to be tried again, which stored none.
void retry_operation(Api& api, const std::string& id, const SharedReply& reply) {
  api.control().store().operation(id, api.guarded([&api, id, reply](Result<store::Operation> operation) {
    if (operation.ok()) return retry_pair(api, operation->mapping, operation->key, reply);
    api.control().store().left_by(id, api.guarded([&api, unknown = operation.error(), reply](Result<std::vector<store::DirtyKey>> left) {
      if (!left.ok() || left->empty()) return (*reply)(problem(left.ok() ? unknown : left.error()));
      store::Sides<std::optional<std::string>> keys;
      for (const store::DirtyKey& one : *left) keys[one.side] = one.key;
      retry_pair(api, left->front().mapping, keys, reply);
    }));
  }));
}

void retry(Api& api, const Call& call) {
  const auto work = [&]() -> Result<void> {
    const std::string mapping = call.text("mapping"), key = call.text("key"), id = call.text("id");
    const auto side = TRY(side_of(call.body));
    if (!id.empty()) {
      retry_operation(api, id, call.reply);
      return {};
    }
    if (mapping.empty() && !call.body.bool_or("all", false)) return make_error(Code::kInvalid, "what shall be retried?", "'id' of an operation, 'mapping' (with 'side' and 'key'), or 'all'");
    TRY(must_be_loaded(api, mapping));
    if (key.empty() == side.has_value()) return make_error(Code::kInvalid, "'side' and 'key' go together");
    if (!key.empty() && mapping.empty()) return make_error(Code::kInvalid, "a key is a key of one mapping: name it");
    std::optional<SideKey> one;
    if (side) one = SideKey{*side, key};
    retry_keys(api, mapping.empty() ? api.control().engine().mappings() : std::vector<std::string>{mapping}, std::move(one), 0, call.reply);
    return {};
  }();
  if (!work.ok()) (*call.reply)(problem(work.error()));
}

// ---- release: {mapping, field}

/// "Nothing is held" of a misspelt field reads as if it went on.
Result<void> may_be_held(const sync::Engine& engine, const std::string& mapping, const std::string& field) {
  const sync::Plan* plan = engine.plan(mapping);
  if (plan == nullptr || field.empty() || field == store::kRestored || plan->field(field) != nullptr) return {};
  std::vector<std::string> names;
  for (const sync::Field& one : plan->fields) names.push_back(one.name);
  return make_error(Code::kNotFound, mapping + " has no field '" + field + "'" + suggestion(field, names), "its fields are " + join(names, ", "));
}

void release(Api& api, const Call& call) {
  const std::string mapping = call.text("mapping");
  if (const auto loaded = must_be_loaded(api, mapping); !loaded.ok()) return (*call.reply)(problem(loaded.error()));
  const std::string field = field_named(api.control(), mapping, call.text("field"));
  api.control().engine().release(mapping, field, api.guarded([&api, call, mapping, field](Result<std::int64_t> released) {
    if (!released.ok()) return (*call.reply)(problem(released.error()));
    const auto known = *released > 0 ? Result<void>() : may_be_held(api.control().engine(), mapping, field);
    (*call.reply)(known.ok() ? answer(Value(Object{{"released", *released}})) : problem(known.error()));
  }));
}

void discard(Api& api, const Call& call) {
  const auto side = side_of(call.body);
  if (!side.ok()) return (*call.reply)(problem(side.error()));
  ASSERT(*side, "the schema wants a side");
  api.control().store().discard(call.text("mapping"), **side, call.text("key"), call.text("reason"), call.caller.author, api.guarded([&api, call](Result<std::int64_t> gone) {
    if (!gone.ok() || *gone > 0) return send(call.reply, gone, [](std::int64_t count) { return Value(Object{{"discarded", count}}); });
    check_names(api, {.mapping = call.text("mapping")}, [reply = call.reply](const Result<void>& known) {
      (*reply)(problem(known.ok() ? make_error(Code::kNotFound, "no such key waits or stands", "`tidewire conflicts` lists them") : known.error()));
    });
  }));
}

// ---- sync: {mapping, side, key, direction, limit, dry_run, all, sweep, staged} -> 202 and a job to ask for

/// Why nothing of the mapping may be worked off before a person decides; a dry run only looks.
std::optional<Error> held_back(const sync::Engine& engine, const std::string& name, bool dry_run) {
  if (auto moved = engine.moved(name)) return moved;
  const auto held = engine.status().at(name).held;
  if (!held || dry_run) return std::nullopt;
  return make_error(Code::kBlocked, name + " is held: " + *held, "`tidewire adopt " + name + " --accept` or --drop lets it go");
}

Result<SyncRequest> sync_request(Api& api, const Call& call) {
  sync::Engine& engine = api.control().engine();
  SyncRequest out;
  out.limit = call.body.int_or("limit", 0);
  out.dry_run = call.body.bool_or("dry_run", false);
  out.all = call.body.bool_or("all", false);
  out.sweep = call.body.bool_or("sweep", false);
  out.staged = call.body.bool_or("staged", false);
  out.from = call.text("from");
  out.to = call.text("to");
  const std::string mapping = call.text("mapping"), key = call.text("key");
  const auto side = TRY(side_of(call.body));
  TRY(must_be_loaded(api, mapping));
  if (!key.empty() && mapping.empty()) return make_error(Code::kInvalid, "a key is a key of one mapping: name it");
  if (out.staged && (out.dry_run || !key.empty())) return make_error(Code::kInvalid, "staged is for a whole load, resync or sweep", "a dry run writes nothing anyway; of one key `tidewire sync M --key K --dry-run` tells what would be written");
  std::optional<Error> held;
  for (const std::string& name : mapping.empty() ? parents_first(engine) : std::vector<std::string>{mapping}) {
    if (const auto why = held_back(engine, name, out.dry_run)) {
      if (!mapping.empty()) return *why;
      if (!held) held = why;  // it does not stop the others
      continue;
    }
    SyncRequest::Part part{.mapping = name};
    const sync::Plan& plan = *engine.plan(name);
    TRY(set_direction(part, call.text("direction"), plan));
    if (!out.sweep && against(part, plan)) {
      if (mapping.empty()) continue;
      const bool to_right = plan.flow == sync::Flow::kToRight;
      return make_error(Code::kInvalid, name + " goes from " + (to_right ? plan.end.left : plan.end.right).connection + " to " + (to_right ? plan.end.right : plan.end.left).connection + " only, as its file says",
                        "without --direction the sync goes that way");
    }
    if (side) part.left = *side == Side::kLeft, part.right = *side == Side::kRight;
    if (!key.empty()) out.key = SideKey{side.value_or(plan.flow == sync::Flow::kToLeft ? Side::kRight : Side::kLeft), key};
    out.parts.push_back(std::move(part));
  }
  if (out.parts.empty() && held) return *held;
  if (out.parts.empty() && !api.control().engine().mappings().empty()) return make_error(Code::kNotFound, "no mapping goes that way", "without --direction each goes as its file says");
  if (out.parts.empty()) return none_runs(api.control());
  return out;
}

void start_sync(Api& api, const Call& call) {
  auto wanted = sync_request(api, call);
  if (!wanted.ok()) return (*call.reply)(problem(wanted.error()));
  wanted->author = author_of(call);
  for (const SyncRequest::Part& part : wanted->parts) api.control().ask_now(part.mapping);
  const auto start = [&api, wanted = *wanted, reply = call.reply] { api.jobs().start(wanted, api.guarded([reply](Result<std::string> batch) { answer_job(reply, batch); })); };
  if (!wanted->key) return start();
  // A mistyped key is said at once: the engine would look again after the settle time of the system.
  try_record(api.control(), wanted->parts.front().mapping, *wanted->key, api.guarded([start, reply = call.reply](const Result<sync::Report>& found) { found.ok() ? start() : (*reply)(problem(found.error())); }));
}

void check(Api& api, const Call& call) {
  const auto look = [&api, reply = call.reply, connect = call.body.bool_or("connect", false)] {
    api.control().check(connect, [reply](Result<Value> found) { send(reply, found, [](const Value& one) { return one; }); });
  };
  const std::string connection = call.text("accept");
  if (connection.empty()) return look();
  if (call.caller.role < Role::kAdmin) return (*call.reply)(problem(make_error(Code::kDenied, "another system is accepted by an administrator")));
  // The system behind a connection is accepted as the right one, and who said so is kept.
  api.control().accept_system(connection, api.guarded([&api, connection, author = call.caller.author, reply = call.reply, look](Result<void> accepted) {
    if (!accepted.ok()) return (*reply)(problem(accepted.error()));
    api.control().store().audit(author, "accept_system", connection, Value(Object{}), [reply, look](Result<void> stored) { stored.ok() ? look() : (*reply)(problem(stored.error())); });
  }));
}

void reset_cursor(Api& api, const Call& call) {
  const std::string mapping = call.params["mapping"];
  const auto side = side_of(call.body);
  const auto loaded = must_be_loaded(api, mapping);
  if (!loaded.ok() || !side.ok()) return (*call.reply)(problem(loaded.ok() ? side.error() : loaded.error()));
  const auto done = [reply = call.reply](Result<void> reset) { (*reply)(reset.ok() ? answer(Value(Object{{"reset", true}})) : problem(reset.error())); };
  if (*side) return api.control().store().set_cursor(mapping, **side, std::nullopt, done);
  api.control().store().set_cursor(mapping, Side::kLeft, std::nullopt, api.guarded([&api, mapping, done](Result<void> reset) {
    if (!reset.ok()) return done(std::move(reset));
    api.control().store().set_cursor(mapping, Side::kRight, std::nullopt, done);
  }));
}

void back_up(Api& api, const Call& call) {
  const auto folder = api.control().backup_folder();
  if (!folder.ok()) return (*call.reply)(problem(folder.error()));
  const std::string name = store::backup_name(api.control().clock().now());
  const std::string path = *folder + "/" + name;
  api.control().store().backup(path, [path, name, reply = call.reply](Result<void> copied) {
    if (!copied.ok()) return (*reply)(problem(copied.error()));
    std::error_code bad;
    (*reply)(answer(Value(Object{{"name", name}, {"path", path}, {"bytes", static_cast<std::int64_t>(std::filesystem::file_size(path, bad))}}), 201));
  });
}

void list_backups(Api& api, const Call& call) {
  const auto folder = api.control().backup_folder();
  if (!folder.ok()) return (*call.reply)(problem(folder.error()));
  Array rows;
  std::error_code bad;
  for (const auto& entry : std::filesystem::directory_iterator(*folder, bad)) {
    if (entry.path().extension() != ".db") continue;
    rows.push_back(Object{{"name", entry.path().filename().string()}, {"bytes", static_cast<std::int64_t>(entry.file_size(bad))}});
  }
  std::sort(rows.begin(), rows.end(), [](const Value& a, const Value& b) { return a.string_or("name") > b.string_or("name"); });
  (*call.reply)(answer(Value(Object{{"folder", *folder}, {"backups", Value(std::move(rows))}})));
}

}  // namespace

std::span<const Route> act_routes() {
  static const Route routes[] = {
      {.method = "POST", .path = "/api/v1/retry", .role = Role::kOperator, .id = "retry", .summary = "Dead and held keys, and records that wait for a person as a whole, try again: those of an operation, one key, a mapping, or all", .handler = retry, .body = "Retry", .answer = "Retried", .action = "retry"},
      {.method = "POST", .path = "/api/v1/release", .role = Role::kOperator, .id = "release", .summary = "Lets go what the brake holds of a mapping: one field, or all and the deletes", .handler = release, .body = "Release", .answer = "Released", .action = "release"},
      {.method = "POST", .path = "/api/v1/discard", .role = Role::kOperator, .id = "discard", .summary = "Lets a waiting or standing key go, with a reason; a later change of it is looked at as ever", .handler = discard, .body = "Discard", .answer = "Discarded"},
      {.method = "POST", .path = "/api/v1/sync", .role = Role::kOperator, .id = "sync", .summary = "Starts a job: one key, one mapping or all; a dry run writes nothing", .handler = start_sync, .body = "Sync", .answer = "Started", .status = 202, .action = "sync"},
      {.method = "POST", .path = "/api/v1/check", .role = Role::kOperator, .id = "check", .summary = "Looks for mistakes in the project; with `connect` asks every system", .handler = check, .body = "Check", .answer = "Checked"},
      {.method = "POST", .path = "/api/v1/cursors/{mapping}/reset", .role = Role::kAdmin, .id = "reset_cursor", .summary = "The next poll of the mapping begins anew (of one side, or both)", .handler = reset_cursor, .body = "CursorReset", .answer = "Reset",
       .action = "reset_cursor"},
      {.method = "POST", .path = "/api/v1/backups", .role = Role::kAdmin, .id = "back_up", .summary = "Makes a consistent copy of the state while all goes on", .handler = back_up, .body = "Empty", .answer = "Backup", .status = 201, .action = "backup"},
      {.method = "GET", .path = "/api/v1/backups", .role = Role::kAdmin, .id = "backups", .summary = "Copies made so far", .handler = list_backups, .answer = "Backups"},
  };
  return routes;
}

}  // namespace tidewire::admin
