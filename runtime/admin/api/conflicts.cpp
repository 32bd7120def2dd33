// Fields that wait for a person: shown, and decided one by one or many alike.
#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include "admin/api/api.h"
#include "admin/filters.h"
#include "admin/named.h"
#include "admin/paging.h"
#include "admin/redaction.h"
#include "admin/views.h"
#include "base/text.h"

namespace tidewire::admin {
namespace {

constexpr std::int64_t kAlikePage = 500;

const Words kConflictWords[] = {{"kind", {"clash", "delete_update", "not_accepted", "unknown_outcome", "ping_pong", "key_taken", "ambiguous", "left_scope", "two_links"}}};

/// The other fields that wait with it and that a decision of it decides too: what is won together with it (law 10).
std::vector<std::string> decided_with(Api& api, const store::Conflict& conflict) {
  const sync::Plan* plan = conflict.closed_at ? nullptr : api.control().engine().plan(conflict.mapping);
  std::vector<std::string> out = plan == nullptr ? std::vector<std::string>() : sync::won_with(*plan, conflict.field);
  std::erase_if(out, [&](const std::string& field) { return std::find(conflict.beside.begin(), conflict.beside.end(), field) == conflict.beside.end(); });
  return out;
}

/// With the values that it redacts as hashes, except to who may decide it while it is open.
Value view_of(Api& api, const store::Conflict& conflict, const Caller& asks) {
  const sync::Plan* plan = api.control().engine().plan(conflict.mapping);
  const bool decides = plan != nullptr && !conflict.closed_at && asks.role >= Role::kOperator;
  Value out = view(decides ? conflict : as_told(plan, conflict, asks));
  Array with;
  for (std::string& field : decided_with(api, conflict)) with.push_back(Value(std::move(field)));
  if (!with.empty()) out["with"] = Value(std::move(with));
  return out;
}

/// The mappings of the job that is named, or the one that is; empty: any.
void with_mappings_of(Api& api, const std::string& mapping, const std::string& job, Done<std::set<std::string>> then) {
  if (job.empty()) return then(mapping.empty() ? std::set<std::string>() : std::set<std::string>{mapping});
  api.control().store().batch(job, api.guarded([job, then = std::move(then)](Result<std::vector<store::Job>> jobs) {
    if (!jobs.ok()) return then(jobs.error());
    if (jobs->empty()) return then(no_job(job));
    std::set<std::string> names;
    for (const store::Job& one : *jobs) names.insert(one.mapping);
    then(std::move(names));
  }));
}

void list_conflicts(Api& api, const Call& call) {
  const auto page = page_of(call);
  if (!page.ok()) return (*call.reply)(problem(page.error()));
  store::ConflictFilter filter{.mapping = call.query("mapping"), .field = field_named(api.control(), call.query("mapping"), call.query("field")), .kind = call.query("kind"), .key = call.query("key"), .job = call.query("job")};
  const auto side = side_of(call, "key_side");
  if (!side.ok()) return (*call.reply)(problem(side.error()));
  filter.key_side = *side;
  using enum store::ConflictFilter::Which;
  filter.which = call.flag("closed") ? kClosed : call.flag("all") ? kAll : kOpen;
  const auto shown = [&api, call](Result<store::Paged<store::Conflict>> found) {
    send_list(api, call, kConflictWords, found, [&api, asks = call.caller](const auto& page) {
      Value out = view_page("conflicts", page);
      for (std::size_t i = 0; i < page.rows.size(); ++i) out["conflicts"].as_array()[i] = view_of(api, page.rows[i], asks);
      return out;
    });
  };
  with_mappings_of(api, filter.mapping, filter.job, [&api, call, filter, page = *page, shown](const Result<std::set<std::string>>& of) {
    of.ok() ? api.control().store().conflicts(filter, page, api.guarded(shown)) : (*call.reply)(problem(of.error()));
  });
}

Result<std::int64_t> conflict_number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size()) return make_error(Code::kNotFound, "no conflict " + text, "`tidewire conflicts --all` lists them");
  return number;
}

void show_conflict(Api& api, const Call& call) {
  const auto number = conflict_number(call.params["id"]);
  if (!number.ok()) return (*call.reply)(problem(number.error()));
  api.control().store().conflict(*number, api.guarded([&api, reply = call.reply, asks = call.caller](Result<store::Conflict> found) {
    send(reply, found, [&api, &asks](const store::Conflict& one) { return view_of(api, one, asks); });
  }));
}

/// Method and values of a body; whom it is of is said by the login, on the machine itself by the command.
Result<store::Store::Resolution> resolution_of(const Call& call, std::int64_t conflict) {
  store::Store::Resolution out;
  out.conflict = conflict;
  out.method = call.text("method");
  out.author = author_of(call);
  const Value* value = call.body.find("value");
  const Value* left = call.body.find("left");
  const Value* right = call.body.find("right");
  const bool each = call.body.find("values") != nullptr || call.body.find("right_values") != nullptr;  // of several fields: for_all
  const bool one = value != nullptr || left != nullptr || right != nullptr;
  if ((one || each) != (out.method == "value")) {
    return make_error(Code::kInvalid, one || each ? "a value is for the method \"value\" only" : "the method \"value\" needs 'value', or 'left' and 'right'");
  }
  if (each && (one || call.body.find("values") == nullptr)) return make_error(Code::kInvalid, "'values' says the values of all fields, each as the left side spells it; 'right_values' goes with it");
  if (one) {
    if (value == nullptr && (left == nullptr || right == nullptr)) return make_error(Code::kInvalid, "'left' and 'right' go together", "a single 'value' is the left side's, and the mapping turns it for the right");
    out.said.left = value != nullptr ? *value : *left;
    if (value == nullptr) out.said.right = *right;
  }
  if (const std::string shown = call.text("shown_at"); !shown.empty()) out.shown_at = TRY(parse_instant(shown));
  return out;
}

/// What moved under the person's hands: the new values go with the refusal.
http::Response moved_on(Api& api, const Error& refused, const store::Conflict& conflict, const Caller& asks) {
  return refused.code == Code::kStale ? problem(412, refused, {{"conflict", view_of(api, conflict, asks)}}) : problem(refused);
}

using Decision = store::Store::Resolution;

/// What a body says by field, by the names of the fields; null where it says none.
Value by_field(Api& api, const Call& call, const char* member, const std::string& mapping) {
  const Value* given = call.body.find(member);
  if (given == nullptr || !given->is_object()) return {};
  Value out = Object{};
  for (const auto& [said, value] : given->as_object()) out[field_named(api.control(), mapping, said)] = value;
  return out;
}

/// The decision for all that it decides: a side, skip and accept hold for each field; values are said of each.
Result<Decision> for_all(Api& api, const Call& call, Decision decision, const store::Conflict& conflict) {
  std::vector<std::string> fields = decided_with(api, conflict);
  const Value values = by_field(api, call, "values", conflict.mapping), rights = by_field(api, call, "right_values", conflict.mapping);
  for (const std::string& field : fields) decision.with.push_back({field, {}});
  if (decision.method != "value" || (values.is_null() && fields.empty())) return decision;
  fields.insert(fields.begin(), conflict.field);
  std::vector<std::string> missing, unknown;
  const auto said = [&](const std::string& field, store::Sides<std::optional<Value>>& of_field) {
    const Value* value = values.find(field);
    const Value* spelt = rights.find(field);
    if (value != nullptr) of_field.left = *value;
    if (spelt != nullptr) of_field.right = *spelt;
    if (!of_field.left) missing.push_back(field);
  };
  said(conflict.field, decision.said);
  for (Decision::With& one : decision.with) said(one.field, one.said);
  for (const Value* given : {&values, &rights}) {
    if (given->is_null()) continue;
    for (const auto& [name, value] : given->as_object()) {
      if (std::find(fields.begin(), fields.end(), name) == fields.end()) unknown.push_back(name);
    }
  }
  const std::string all = "give 'values' with one for each of them: " + join(fields, ", ");
  if (!missing.empty()) return make_error(Code::kInvalid, "'" + conflict.field + "' is decided together with the other fields of its group, and no value is said of " + join(missing, ", "), all);
  if (!unknown.empty()) return make_error(Code::kInvalid, "'" + conflict.field + "' is not decided together with " + join(unknown, ", "), all);
  return decision;
}

/// One value for both sides, as the left one spells it.
bool is_plain(const Decision& decision) {
  return (decision.said.left && !decision.said.right) || std::any_of(decision.with.begin(), decision.with.end(), [](const Decision::With& one) { return one.said.left && !one.said.right; });
}

void tell_field(Object& out, const Value& record, const std::string& name) {
  const Value* fields = record.find("fields");
  const Value* field = fields == nullptr ? nullptr : fields->find(name);
  if (field == nullptr) return;
  for (const char* side : {"left", "right"}) {
    const Value* written = field->find(std::string("to_") + side);
    out[side] = written != nullptr ? *written : *field->find(side);
  }
  out["decision"] = field->string_or("decision");
  out["rule"] = field->string_or("rule");
}

/// What each side will have: as read now, or as the decision writes it.
Value preview_of(const store::Conflict& conflict, const Decision& decision, const sync::Report& report) {
  Object out;
  Array writes;
  const Value& record = report.operation.record;
  if (const Value* made = record.find("writes"); made != nullptr && made->is_array()) {
    for (const Value& one : made->as_array()) writes.push_back(Value(Object{{"side", one.string_or("side")}, {"kind", one.string_or("kind")}}));
  }
  tell_field(out, record, conflict.field);
  Object with;
  for (const Decision::With& one : decision.with) {
    Object told;
    tell_field(told, record, one.field);
    with[one.field] = Value(std::move(told));
  }
  if (!with.empty()) out["with"] = Value(std::move(with));
  out["writes"] = Value(std::move(writes));
  return Value(std::move(out));
}

/// Whether the mapping can turn the value that is said for both sides; a side that cannot be asked now is no reason against it.
Result<void> turns(const store::Conflict& conflict, const Decision& decision, const sync::Plan* plan, const sync::Report& report) {
  const auto is_rows = [&](const std::string& name) {
    const sync::Field* field = plan == nullptr ? nullptr : plan->field(name);
    return field != nullptr && field->kind == sync::Field::Kind::kRows;
  };
  const char* kBoth = decision.with.empty() ? "give 'left' and 'right', each as its side spells it" : "give 'right_values' too, each as the right side spells it";
  bool rows = decision.said.left && !decision.said.right && is_rows(conflict.field);
  for (const Decision::With& one : decision.with) rows |= one.said.left && !one.said.right && is_rows(one.field);
  if (rows) return make_error(Code::kInvalid, "one value cannot stand for the rows of both sides", kBoth);
  const bool refused = report.error && (report.error->code == Code::kInvalid || report.error->code == Code::kScript || report.error->code == Code::kBudget);
  if (!refused) return {};
  return make_error(Code::kInvalid, "the mapping cannot turn this value for the right side: " + report.error->message, kBoth);
}

/// `then` with what a pass would do, once the decision is one that can be carried out.
void with_preview(Api& api, const store::Conflict& conflict, const Decision& decision, const SharedReply& reply, std::function<void(const sync::Report&)> then) {
  api.control().engine().try_resolution(conflict, decision, api.guarded([&api, conflict, decision, reply, plain = is_plain(decision), then = std::move(then)](const sync::Report& report) {
    const auto fits = plain ? turns(conflict, decision, api.control().engine().plan(conflict.mapping), report) : Result<void>();
    if (!fits.ok()) return (*reply)(problem(fits.error()));
    then(report);
  }));
}

void decide_conflict(Api& api, const Call& call, Decision decision) {
  const std::int64_t id = decision.conflict;
  api.control().store().resolve(std::move(decision), api.guarded([&api, id, reply = call.reply, asks = call.caller](Result<void> resolved) {
    api.control().store().conflict(id, api.guarded([&api, reply, asks, resolved](Result<store::Conflict> conflict) {
      if (!conflict.ok()) return (*reply)(problem(conflict.error()));
      if (!resolved.ok()) return (*reply)(moved_on(api, resolved.error(), *conflict, asks));
      api.control().engine().wake(conflict->mapping);
      (*reply)(answer(view_of(api, *conflict, asks), 202));
    }));
  }));
}

/// What becomes of a whole record is no question of a side or of a value; skipped it may be.
Result<void> decidable(const store::Conflict& conflict, const std::string& method) {
  if (method == "skip") return {};
  if (conflict.kind == "left_scope" || conflict.kind == "two_links") {
    const std::string key = conflict.link_key.left.value_or(conflict.link_key.right.value_or(conflict.key));
    return make_error(Code::kInvalid, "what becomes of '" + key + "' as a whole is not decided by a side or a value", conflict.error ? conflict.error->string_or("hint") : "");
  }
  if (conflict.link || (conflict.kind != "ambiguous" && conflict.kind != "key_taken")) return {};
  const std::string record = conflict.mapping + " " + shell_word(conflict.key) + (conflict.side ? std::string(" --side ") + store::side_name(*conflict.side) : "");
  const Value* hint = conflict.error ? conflict.error->find("hint") : nullptr;
  if (conflict.kind == "key_taken") {
    return make_error(Code::kInvalid, "what is in the way of '" + conflict.key + "' is not decided by a side or a value" + (conflict.error ? ": " + conflict.error->string_or("message") : std::string()),
                      (conflict.shown.left || conflict.shown.right) && hint != nullptr ? hint->as_string() : "`tidewire ignore " + record + "` leaves it alone, `tidewire relink " + conflict.mapping + " LEFT RIGHT` links it with what holds the value; or change that, and it goes on by itself");
  }
  return make_error(Code::kInvalid, "which record belongs to '" + conflict.key + "' is not decided by a side or a value",
                    "`tidewire relink " + conflict.mapping + " LEFT RIGHT` links the two that belong together, `tidewire ignore " + record + "` leaves it alone; or make the match unique, and it goes on by itself");
}

/// The decision of a request and the open conflict that it is about.
void with_decision(Api& api, const Call& call, std::function<void(const Decision&, const store::Conflict&)> then) {
  const auto number = conflict_number(call.params["id"]);
  auto decision = number.ok() ? resolution_of(call, *number) : Result<Decision>(number.error());
  if (!decision.ok()) return (*call.reply)(problem(decision.error()));
  const auto decide = [&api, call, reply = call.reply, decision = *decision, then = std::move(then)](const std::set<std::string>& of, Result<store::Conflict> conflict) {
    const bool elsewhere = conflict.ok() && !of.empty() && !of.contains(conflict->mapping);
    if (conflict.ok() && (conflict->closed_at || elsewhere)) conflict = make_error(Code::kNotFound, "no open conflict " + std::to_string(decision.conflict), elsewhere ? "it is of " + conflict->mapping : "`tidewire conflicts --all` says what became of it");
    if (!conflict.ok()) return (*reply)(problem(conflict.error()));
    if (const auto runs = must_run(api.control(), conflict->mapping); !runs.ok()) return (*reply)(problem(runs.error()));
    if (const auto fits = decidable(*conflict, decision.method); !fits.ok()) return (*reply)(problem(fits.error()));
    const auto all = for_all(api, call, decision, *conflict);
    if (!all.ok()) return (*reply)(problem(all.error()));
    then(*all, *conflict);
  };
  // Where the path names a mapping or a job, it is one of theirs.
  with_mappings_of(api, call.params["mapping"], call.params["job"], [&api, reply = call.reply, number = *number, decide](const Result<std::set<std::string>>& of) {
    if (!of.ok()) return (*reply)(problem(of.error()));
    api.control().store().conflict(number, api.guarded([of = *of, decide](Result<store::Conflict> conflict) { decide(of, std::move(conflict)); }));
  });
}

/// By its record, so that the trail tells what was decided of which one, and gives it up with the record.
void name_record(store::AuditEntry& entry, const store::Conflict& conflict) {
  entry.subject = conflict.mapping + "/" + conflict.link_key.left.value_or(conflict.link_key.right.value_or(conflict.key));
  entry.detail["conflict"] = conflict.id;
  if (!conflict.field.empty()) entry.detail["field"] = conflict.field;
}

void resolve(Api& api, const Call& call) {
  with_decision(api, call, [&api, call](const Decision& decision, const store::Conflict& conflict) {
    name_record(*call.entry, conflict);
    if (!is_plain(decision)) return decide_conflict(api, call, decision);
    with_preview(api, conflict, decision, call.reply, [&api, call, decision](const sync::Report&) { decide_conflict(api, call, decision); });
  });
}

void preview(Api& api, const Call& call) {
  with_decision(api, call, [&api, reply = call.reply](const Decision& decision, const store::Conflict& conflict) {
    with_preview(api, conflict, decision, reply, [reply, conflict, decision](const sync::Report& report) { (*reply)(report.error ? problem(*report.error) : answer(preview_of(conflict, decision, report))); });
  });
}

/// Open conflicts that agree with the rule, page by page, decided one after the other.
struct Alike {
  Call call;
  store::ConflictFilter filter;
  Instant mark;  // what shows other values since then was seen by nobody
  std::string after{};
  std::vector<store::Conflict> open{};
  std::size_t at = 0;
  bool begun = false;
  std::optional<Instant> newest{};  // of those found
  std::int64_t found = 0, resolved = 0, skipped = 0;
  std::vector<store::Conflict> shown{};  // of a dry run: the first, of which it is told what each side would have
  Array previews{};
};
using AlikePtr = std::shared_ptr<Alike>;  // owners: the callbacks below

void resolve_page(Api& api, const AlikePtr& alike);

/// One row of a dry run: the conflict, and what each side would have, or why that cannot be told or done.
Value foreseen(Api& api, const Caller& asks, const store::Conflict& conflict, const Decision& decision, const sync::Report& report) {
  Object row{{"conflict", view_of(api, conflict, asks)}};
  const auto fits = is_plain(decision) ? turns(conflict, decision, api.control().engine().plan(conflict.mapping), report) : Result<void>();
  if (!fits.ok()) row["error"] = view(fits.error());
  else if (report.error) row["error"] = view(*report.error);
  else row["then"] = preview_of(conflict, decision, report);
  return Value(std::move(row));
}

Result<Decision> decision_of(Api& api, const Call& call, const store::Conflict& conflict) { return for_all(api, call, TRY(resolution_of(call, conflict.id)), conflict); }

void foresee_next(Api& api, const AlikePtr& alike) {
  if (alike->previews.size() >= alike->shown.size()) {
    Object out{{"would_resolve", alike->found}, {"shown_at", format_instant(alike->newest.value_or(alike->mark))}};
    if (!alike->shown.empty()) out["previews"] = Value(std::move(alike->previews));
    return (*alike->call.reply)(answer(Value(std::move(out)), 202));
  }
  const store::Conflict& conflict = alike->shown[alike->previews.size()];
  const auto decision = decision_of(api, alike->call, conflict);
  if (!decision.ok()) {
    alike->previews.push_back(Value(Object{{"conflict", view_of(api, conflict, alike->call.caller)}, {"error", view(decision.error())}}));
    return foresee_next(api, alike);
  }
  api.control().engine().try_resolution(conflict, *decision, api.guarded([&api, alike, decision = *decision](const sync::Report& report) {
    alike->previews.push_back(foreseen(api, alike->call.caller, alike->shown[alike->previews.size()], decision, report));
    foresee_next(api, alike);
  }));
}

void end_alike(Api& api, const AlikePtr& alike) {
  if (alike->resolved > 0) api.control().engine().wake(alike->filter.mapping);
  const bool dry = alike->call.body.bool_or("dry_run", false);
  const auto end = [&api, alike, dry] {
    if (dry) return foresee_next(api, alike);
    (*alike->call.reply)(answer(Value(Object{{"resolved", alike->resolved}, {"skipped", alike->skipped}}), 202));
  };
  if (alike->found + alike->skipped > 0) return end();
  check_names(api, {.mapping = alike->filter.mapping}, [alike, end](const Result<void>& known) { known.ok() ? end() : (*alike->call.reply)(problem(known.error())); });
}

void resolve_next(Api& api, const AlikePtr& alike) {
  if (alike->at >= alike->open.size()) return alike->after.empty() ? end_alike(api, alike) : resolve_page(api, alike);
  const store::Conflict& conflict = alike->open[alike->at++];
  const auto fits = decidable(conflict, alike->call.text("method"));
  auto decision = decision_of(api, alike->call, conflict);
  if (!fits.ok() || !decision.ok()) {
    const bool first = alike->resolved + alike->skipped == 0;
    if (first) return (*alike->call.reply)(problem(fits.ok() ? decision.error() : fits.error()));  // nothing is done yet
    ++alike->skipped;
    return resolve_next(api, alike);
  }
  decision->shown_at = conflict.shown_at;
  api.control().store().resolve(std::move(*decision), api.guarded([&api, alike](Result<void> resolved) {
    ++(resolved.ok() ? alike->resolved : alike->skipped);
    resolve_next(api, alike);
  }));
}

void resolve_found(Api& api, const AlikePtr& alike) {
  alike->skipped += static_cast<std::int64_t>(std::erase_if(alike->open, [&](const store::Conflict& one) { return one.shown_at > alike->mark; }));
  for (const store::Conflict& one : alike->open) alike->newest = std::max(alike->newest.value_or(one.shown_at), one.shown_at);
  alike->found += static_cast<std::int64_t>(alike->open.size());
  if (alike->call.body.bool_or("dry_run", false)) {
    const auto wanted = static_cast<std::size_t>(alike->call.body.int_or("previews", 0));
    for (auto one = alike->open.begin(); one != alike->open.end() && alike->shown.size() < wanted; ++one) alike->shown.push_back(std::move(*one));
    return alike->after.empty() ? end_alike(api, alike) : resolve_page(api, alike);
  }
  const auto first = alike->open.empty() || std::exchange(alike->begun, true) ? Result<Decision>(Decision{}) : decision_of(api, alike->call, alike->open.front());
  if (!first.ok()) return (*alike->call.reply)(problem(first.error()));
  if (!is_plain(*first)) return resolve_next(api, alike);
  with_preview(api, alike->open.front(), *first, alike->call.reply, [&api, alike](const sync::Report&) { resolve_next(api, alike); });
}

void resolve_page(Api& api, const AlikePtr& alike) {
  api.control().store().conflicts(alike->filter, {.limit = kAlikePage, .after = alike->after}, api.guarded([&api, alike](Result<store::Paged<store::Conflict>> found) {
    if (!found.ok()) return (*alike->call.reply)(problem(found.error()));
    alike->open = std::move(found->rows);
    alike->after = std::move(found->next);
    alike->at = 0;
    resolve_found(api, alike);
  }));
}

/// A look sees nothing that comes after it began; who decides without one says that all shall be so, seen or not.
Result<Instant> mark_of(const Call& call, Instant now) {
  if (const std::string shown = call.text("shown_at"); !shown.empty()) return parse_instant(shown);
  return call.body.bool_or("dry_run", false) ? now : Instant::max();
}

/// Of one that neither the project nor the state knows it is said what may be meant.
void refuse_alike(Api& api, const Call& call) {
  check_names(api, {.mapping = call.text("mapping")}, [&api, call](const Result<void>& known) {
    (*call.reply)(problem(known.ok() ? must_run(api.control(), call.text("mapping")).error() : known.error()));
  });
}

void resolve_alike(Api& api, const Call& call) {
  if (const auto fits = resolution_of(call, 0); !fits.ok()) return (*call.reply)(problem(fits.error()));
  if (api.control().engine().plan(call.text("mapping")) == nullptr) return refuse_alike(api, call);
  store::ConflictFilter filter{.mapping = call.text("mapping"), .field = field_named(api.control(), call.text("mapping"), call.text("field")), .kind = call.text("kind")};
  if (const Value* left = call.body.find("left_value")) filter.left = *left;
  if (const Value* right = call.body.find("right_value")) filter.right = *right;
  const auto mark = mark_of(call, api.control().clock().now());
  if (!mark.ok()) return (*call.reply)(problem(mark.error()));
  resolve_page(api, std::make_shared<Alike>(Alike{.call = call, .filter = std::move(filter), .mark = *mark}));
}

}  // namespace

std::span<const Route> conflict_routes() {
  using enum Parameter::Type;
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/conflicts", .role = Role::kViewer, .id = "conflicts", .summary = "Fields that wait for a person, with base, left and right; with `all` also those of the past, with method and author", .handler = list_conflicts,
       .query = paged({{"mapping", kText, "of this mapping"}, {"job", kText, "of the mappings of this job"}, {"field", kText, "of this field"}, {"kind", kText, "of this kind: clash, delete_update ..."}, {"key", kText, "of this record, with `mapping`; either side's key"}, {"key_side", kText, "whose key `key` is, where both sides have it: left or right"},
                       {"all", kFlag, "1: closed ones too"}, {"closed", kFlag, "1: only those of the past"}}), .answer = "Conflicts"},
      {.method = "GET", .path = "/api/v1/conflicts/{id}", .role = Role::kViewer, .id = "conflict", .summary = "One conflict", .handler = show_conflict, .answer = "Conflict"},
      {.method = "POST", .path = "/api/v1/conflicts/{id}/resolve", .role = Role::kOperator, .id = "resolve", .summary = "Decides one: a side, a value, skip, or accept as different. A single `value` is the left side's and is turned for the right by the mapping; 400 where it cannot be. "
       "Fields that are won together are decided together: `with` names the others, and the method \"value\" takes one for each in `values`. "
       "412 with the conflict as it is where its values moved, or somebody decided it, since `shown_at`", .handler = resolve, .body = "Resolution", .answer = "Conflict", .status = 202, .action = "resolve"},
      {.method = "POST", .path = "/api/v1/conflicts/{id}/preview", .role = Role::kOperator, .id = "preview_resolution", .summary = "What each side would have after such a decision; nothing is decided", .handler = preview, .body = "Resolution", .answer = "ResolutionPreview"},
      {.method = "POST", .path = "/api/v1/conflicts/resolve", .role = Role::kOperator, .id = "resolve_alike", .summary = "Decides all that are alike: of one mapping, by field, kind or values. `dry_run` counts them and tells of the first `previews` what each side would have; "
       "its `shown_at`, sent with the decision, leaves out what was opened or moved since (`skipped`). Without it all that are open are decided, seen or not", .handler = resolve_alike,
       .body = "AlikeResolution", .answer = "AlikeResolved", .status = 202, .action = "resolve_alike"},
  };
  return routes;
}

}  // namespace tidewire::admin
