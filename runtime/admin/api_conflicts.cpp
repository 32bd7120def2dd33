// Fields that wait for a person: shown, and decided one by one or many alike.
#include <algorithm>
#include <charconv>

#include "admin/api.h"
#include "admin/paging.h"
#include "admin/views.h"

namespace tidewire::admin {
namespace {

constexpr std::int64_t kMostAlike = 1000;

/// A conflict names its link; people know records by their keys, which the operation that opened it has.
void answer_with_keys(Api& api, Value page, int status, const SharedReply& reply) {
  struct Filling {
    Value page;
    std::size_t left = 1;
  };
  auto filling = std::make_shared<Filling>(Filling{std::move(page), 1});  // owners: the callbacks below
  const auto one = [filling, reply, status] {
    if (--filling->left == 0) (*reply)(answer(filling->page, status));
  };
  const Array& rows = filling->page.find("conflicts")->as_array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string operation = rows[i].string_or("operation");
    if (operation.empty() || rows[i].find("key") != nullptr) continue;
    ++filling->left;
    api.control().store().operation(operation, [filling, one, i](Result<store::Operation> found) {
      Value& row = filling->page.find("conflicts")->as_array()[i];
      if (found.ok() && found->key.left) row["left_key"] = *found->key.left;
      if (found.ok() && found->key.right) row["right_key"] = *found->key.right;
      one();
    });
  }
  one();
}

void list_conflicts(Api& api, const Call& call) {
  const auto page = page_of(call);
  if (!page.ok()) return (*call.reply)(problem(page.error()));
  api.control().store().conflicts(call.query("mapping"), call.flag("all"), *page, api.guarded([&api, reply = call.reply](Result<store::Paged<store::Conflict>> found) {
    if (!found.ok()) return (*reply)(problem(found.error()));
    answer_with_keys(api, view_page("conflicts", *found), 200, reply);
  }));
}

Result<std::int64_t> conflict_number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size()) return make_error(Code::kNotFound, "no conflict " + text);
  return number;
}

void show_conflict(Api& api, const Call& call) {
  const auto number = conflict_number(call.params["id"]);
  if (!number.ok()) return (*call.reply)(problem(number.error()));
  api.control().store().conflict(*number, api.guarded([&api, reply = call.reply](Result<store::Conflict> found) {
    if (!found.ok()) return (*reply)(problem(found.error()));
    auto alone = [reply](http::Response response) { (*reply)(std::move(response)); };
    Value page = Object{{"conflicts", Value(Array{view(*found)})}};
    const std::string operation = found->operation.value_or("");
    if (operation.empty()) return alone(answer(page.find("conflicts")->as_array()[0]));
    api.control().store().operation(operation, [page, alone](Result<store::Operation> opened) {
      Value row = page.find("conflicts")->as_array()[0];
      if (opened.ok() && opened->key.left) row["left_key"] = *opened->key.left;
      if (opened.ok() && opened->key.right) row["right_key"] = *opened->key.right;
      alone(answer(row));
    });
  }));
}

/// Method and values of a body; whom it is of is said by the login, on the machine itself by the command.
Result<store::Store::Resolution> resolution_of(const Call& call, std::int64_t conflict) {
  store::Store::Resolution out;
  out.conflict = conflict;
  out.method = call.text("method");
  out.author = call.caller.author;
  const Value* value = call.body.find("value");
  const Value* left = call.body.find("left");
  const Value* right = call.body.find("right");
  const bool given = value != nullptr || left != nullptr || right != nullptr;
  if (given != (out.method == "value")) {
    return make_error(Code::kInvalid, given ? "a value is for the method \"value\" only" : "the method \"value\" needs 'value', or 'left' and 'right'");
  }
  if (given) {
    if (value == nullptr && (left == nullptr || right == nullptr)) return make_error(Code::kInvalid, "'left' and 'right' go together", "a single 'value' stands for both sides");
    out.left = left != nullptr ? *left : *value;
    out.right = right != nullptr ? *right : *value;
  }
  if (const std::string shown = call.text("shown_at"); !shown.empty()) out.shown_at = TRY(parse_instant(shown));
  if (const std::string author = call.text("author"); !author.empty() && call.caller.way == Caller::Way::kLocal) out.author = author;
  return out;
}

/// What moved under the person's hands: the new values go with the refusal.
http::Response moved_on(const Error& refused, const store::Conflict& conflict) {
  http::Response response = problem(refused);
  if (refused.code != Code::kStale) return response;
  Value body = view(refused);
  body["type"] = problem_type(refused.code);
  body["title"] = "Precondition Failed";
  body["status"] = 412;
  body["detail"] = refused.message;
  body["conflict"] = view(conflict);
  response = answer(body, 412);
  response.headers.set("Content-Type", "application/problem+json");
  return response;
}

void resolve(Api& api, const Call& call) {
  const auto number = conflict_number(call.params["id"]);
  auto resolution = number.ok() ? resolution_of(call, *number) : Result<store::Store::Resolution>(number.error());
  if (!resolution.ok()) return (*call.reply)(problem(resolution.error()));
  api.control().store().resolve(std::move(*resolution), api.guarded([&api, id = *number, reply = call.reply](Result<void> resolved) {
    api.control().store().conflict(id, api.guarded([&api, reply, resolved](Result<store::Conflict> conflict) {
      if (!conflict.ok()) return (*reply)(problem(conflict.error()));
      if (!resolved.ok()) return (*reply)(moved_on(resolved.error(), *conflict));
      api.control().engine().wake(conflict->mapping);
      (*reply)(answer(view(*conflict), 202));
    }));
  }));
}

/// Open conflicts that agree with the rule, decided one after the other.
struct Alike {
  Call call;
  std::vector<store::Conflict> open{};
  std::size_t at = 0;
  std::int64_t resolved = 0, skipped = 0;
};

bool is_alike(const store::Conflict& conflict, const Value& rule) {
  const auto agrees = [&](const char* name, const std::optional<Value>& value) {
    const Value* wanted = rule.find(name);
    return wanted == nullptr || (value && *value == *wanted);
  };
  const std::string field = rule.string_or("field"), kind = rule.string_or("kind");
  if (!field.empty() && field != conflict.field) return false;
  if (!kind.empty() && kind != conflict.kind) return false;
  return agrees("left_value", conflict.left) && agrees("right_value", conflict.right);
}

void resolve_next(Api& api, const std::shared_ptr<Alike>& alike) {
  if (alike->at >= alike->open.size()) {
    if (alike->resolved > 0) api.control().engine().wake(alike->call.text("mapping"));
    return (*alike->call.reply)(answer(Value(Object{{"resolved", alike->resolved}, {"skipped", alike->skipped}}), 202));
  }
  const store::Conflict& conflict = alike->open[alike->at++];
  auto resolution = resolution_of(alike->call, conflict.id);
  if (!resolution.ok()) return (*alike->call.reply)(problem(resolution.error()));
  resolution->shown_at = conflict.shown_at;
  api.control().store().resolve(std::move(*resolution), api.guarded([&api, alike](Result<void> resolved) {
    ++(resolved.ok() ? alike->resolved : alike->skipped);
    resolve_next(api, alike);
  }));
}

void resolve_alike(Api& api, const Call& call) {
  if (const auto fits = resolution_of(call, 0); !fits.ok()) return (*call.reply)(problem(fits.error()));
  auto alike = std::make_shared<Alike>(Alike{.call = call});  // owners: the callbacks below
  api.control().store().conflicts(call.text("mapping"), false, {.limit = kMostAlike, .after = ""}, api.guarded([&api, alike](Result<store::Paged<store::Conflict>> found) {
    if (!found.ok()) return (*alike->call.reply)(problem(found.error()));
    for (store::Conflict& one : found->rows) {
      if (is_alike(one, alike->call.body)) alike->open.push_back(std::move(one));
    }
    if (alike->call.body.bool_or("dry_run", false)) {
      return (*alike->call.reply)(answer(Value(Object{{"would_resolve", static_cast<std::int64_t>(alike->open.size())}}), 202));
    }
    resolve_next(api, alike);
  }));
}

}  // namespace

std::span<const Route> conflict_routes() {
  using enum Parameter::Type;
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/conflicts", .role = Role::kViewer, .id = "conflicts", .summary = "Fields that wait for a person, with base, left and right; with `all` also those of the past, with method and author", .handler = list_conflicts,
       .query = paged({{"mapping", kText, "of this mapping"}, {"all", kFlag, "1: closed ones too"}}), .answer = "Conflicts"},
      {.method = "GET", .path = "/api/v1/conflicts/{id}", .role = Role::kViewer, .id = "conflict", .summary = "One conflict", .handler = show_conflict, .answer = "Conflict"},
      {.method = "POST", .path = "/api/v1/conflicts/{id}/resolve", .role = Role::kOperator, .id = "resolve", .summary = "Decides one: a side, a value, skip, or accept as different. 412 with the new values where they moved since `shown_at`", .handler = resolve, .body = "Resolution",
       .answer = "Conflict", .status = 202, .action = "resolve"},
      {.method = "POST", .path = "/api/v1/conflicts/resolve", .role = Role::kOperator, .id = "resolve_alike", .summary = "Decides all that are alike: of one mapping, by field, kind or values; at most 1000 at once. `dry_run` counts them", .handler = resolve_alike,
       .body = "AlikeResolution", .answer = "AlikeResolved", .status = 202, .action = "resolve_alike"},
  };
  return routes;
}

}  // namespace tidewire::admin
