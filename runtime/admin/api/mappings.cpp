// Mappings: their script with its versions, tried and applied; on and off.
#include "admin/api/api.h"
#include "admin/filters.h"
#include "admin/paging.h"
#include "admin/views.h"

namespace tidewire::admin {
namespace {

/// Of status, by name: what is loaded with its counts.
void with_mappings(Api& api, const SharedReply& reply, std::function<void(Value mappings)> then) {
  api.with_summary([&api, reply, then = std::move(then)](const Result<store::Summary>& summary) {
    if (!summary.ok()) return (*reply)(problem(summary.error()));
    Value all = status_view(api.control(), *summary);
    then(std::move(*all.find("mappings")));
  });
}

void list_mappings(Api& api, const Call& call) {
  with_mappings(api, call.reply, [reply = call.reply](Value mappings) {
    Array rows;
    for (auto& [name, row] : mappings.as_object()) {
      row["name"] = name;
      rows.push_back(std::move(row));
    }
    (*reply)(answer(Value(Object{{"mappings", Value(std::move(rows))}})));
  });
}

std::vector<std::string> mapping_names(const Value& mappings) {
  std::vector<std::string> names;
  for (const auto& [name, unused] : mappings.as_object()) names.push_back(name);
  return names;
}

void show_mapping(Api& api, const Call& call) {
  with_mappings(api, call.reply, [&api, reply = call.reply, name = call.params["name"]](Value mappings) {
    Value* found = mappings.find(name);
    if (found == nullptr) return (*reply)(problem(no_mapping(name, mapping_names(mappings))));
    (*found)["name"] = name;
    if (auto compiled = api.control().compiled(name); compiled.ok()) (*found)["compiled"] = std::move(*compiled);
    (*reply)(answer(*found));
  });
}

void show_source(Api& api, const Call& call) {
  const std::string version = call.query("version");
  if (version.empty()) return send(call.reply, api.control().source(call.params["name"]), [](const Value& one) { return one; });
  api.control().store().script(version, [reply = call.reply, name = call.params["name"]](Result<Value> found) {
    if (!found.ok() || found->string_or("name") != "mapping " + name) return (*reply)(problem(make_error(Code::kNotFound, "no such version of mapping '" + name + "'")));
    const Value* file = found->at_path("files.0");
    (*reply)(answer(Value(Object{{"mapping", name}, {"file", file == nullptr ? "" : file->string_or("path")}, {"source", file == nullptr ? "" : file->string_or("text")}, {"version", found->string_or("hash")}})));
  });
}

void list_versions(Api& api, const Call& call) {
  const auto page = page_of(call);
  if (!page.ok()) return (*call.reply)(problem(page.error()));
  api.control().store().script_versions("mapping " + call.params["name"], *page, api.guarded([&api, call](Result<store::Paged<Value>> found) {
    const auto shape = [](const auto& rows) { return values_page("versions", rows); };
    found = marked(call, std::move(found));
    if (!found.ok() || !found->rows.empty()) return send(call.reply, found, shape);
    check_names(api, {.mapping = call.params["name"]}, [reply = call.reply, found, shape](const Result<void>& known) { known.ok() ? send(reply, found, shape) : (*reply)(problem(known.error())); });
  }));
}

void try_source(Api& api, const Call& call) {
  api.control().try_source(call.params["name"], call.text("source"), call.body.int_or("dry_run", 0), [reply = call.reply](Result<Value> tried) { send(reply, tried, [](const Value& one) { return one; }); });
}

/// A text that does not load changed nothing: 422 with the first problem as its words, and all of them.
void answer_applied(const SharedReply& reply, const Result<Value>& applied, int status, const char* hint) {
  if (!applied.ok()) return (*reply)(problem(applied.error()));
  const Value* problems = applied->find("problems");
  if (applied->bool_or("ok", false) || problems == nullptr || problems->as_array().empty()) return (*reply)(answer(*applied, status));
  const Value& first = problems->as_array().front();
  (*reply)(problem(422, make_error(Code::kInvalid, first.string_or("message"), first.string_or("hint", hint)), {{"problems", *problems}}));
}

void apply_source(Api& api, const Call& call) {
  api.control().apply_source(call.params["name"], call.text("source"), call.text("hash"), [reply = call.reply](Result<Value> applied) { answer_applied(reply, applied, 200, "the version before goes on"); });
}

void suggest(Api& api, const Call& call) { api.control().authoring().suggest_mapping(call.body, [reply = call.reply](Result<Value> found) { send(reply, found, [](const Value& one) { return one; }); }); }

void try_new(Api& api, const Call& call) {
  api.control().authoring().try_new_mapping(call.text("name"), call.text("source"), call.body.int_or("dry_run", 0), [reply = call.reply](Result<Value> tried) { send(reply, tried, [](const Value& one) { return one; }); });
}

/// One that does not load is no mapping.
void create_mapping(Api& api, const Call& call) {
  api.control().authoring().create_mapping(call.text("name"), call.text("source"), call.body.bool_or("enabled", true), [reply = call.reply](Result<Value> made) {
    answer_applied(reply, made, 201, "nothing was saved: mend the text and save it again");
  });
}

void delete_mapping(Api& api, const Call& call) { send(call.reply, api.control().authoring().delete_mapping(call.params["name"]), [](const Value& one) { return one; }); }

void discard_mapping(Api& api, const Call& call) {
  check_names(api, {.mapping = call.params["name"]}, [&api, call](const Result<void>& known) {
    if (!known.ok()) return (*call.reply)(problem(known.error()));
    const Value* links = call.body.find("links");
    api.control().discard_mapping(call.params["name"], links == nullptr ? std::nullopt : std::optional(links->as_int()), call.caller.author, [reply = call.reply](Result<Discarded> gone) {
      send(reply, gone, [](const Discarded& one) { return Value(Object{{"discarded", one.keys}, {"links", one.links}}); });
    });
  });
}

/// The main file of an earlier version, applied again.
void roll_back(Api& api, const Call& call) {
  const std::string name = call.params["name"];
  api.control().store().script(call.text("version"), api.guarded([&api, reply = call.reply, name](Result<Value> found) {
    const Value* file = found.ok() ? found->at_path("files.0") : nullptr;
    if (file == nullptr || found->string_or("name") != "mapping " + name) return (*reply)(problem(make_error(Code::kNotFound, "no such version of mapping '" + name + "'", "`tidewire mappings versions " + name + "` lists those that ran and are still kept")));
    api.control().apply_source(name, file->string_or("text"), "", [reply](Result<Value> applied) { answer_applied(reply, applied, 200, "the version before goes on"); });
  }));
}

void set_enabled(Api& api, const Call& call, bool enabled) {
  api.control().enable_mapping(call.params["name"], enabled, [reply = call.reply, enabled](Result<void> done) { (*reply)(done.ok() ? answer(Value(Object{{"enabled", enabled}})) : problem(done.error())); });
}

void enable(Api& api, const Call& call) { set_enabled(api, call, true); }

void disable(Api& api, const Call& call) { set_enabled(api, call, false); }

}  // namespace

std::span<const Route> mapping_routes() {
  using enum Parameter::Type;
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/mappings", .role = Role::kViewer, .id = "mappings", .summary = "All mappings with their counts, polls and last reload", .handler = list_mappings, .answer = "Mappings"},
      {.method = "POST", .path = "/api/v1/mapping-suggestions", .role = Role::kOperator, .id = "suggest_mapping", .summary = "A mapping between two collections: which fields belong together and why, what is left over, and its text", .handler = suggest,
       .body = "MappingChoice", .answer = "MappingSuggestion"},
      {.method = "POST", .path = "/api/v1/mapping-drafts", .role = Role::kOperator, .id = "try_mapping", .summary = "Reads the text of a mapping that is not there yet, with its tests; with `dry_run` also what it would write. Changes nothing", .handler = try_new,
       .body = "MappingDraft", .answer = "Tried"},
      {.method = "POST", .path = "/api/v1/mappings", .role = Role::kAdmin, .id = "create_mapping", .summary = "Saves a draft as mappings/NAME.lua and loads it; one that does not load is refused. Not `enabled`: it is paused until somebody resumes it",
       .handler = create_mapping, .body = "NewMapping", .answer = "Applied", .status = 201, .action = "create_mapping"},
      {.method = "DELETE", .path = "/api/v1/mappings/{name}", .role = Role::kAdmin, .id = "delete_mapping", .summary = "Removes its file; links, history and versions stay in the state, and what comes waits for it", .handler = delete_mapping, .answer = "Removed",
       .action = "delete_mapping"},
      {.method = "POST", .path = "/api/v1/mappings/{name}/discard", .role = Role::kAdmin, .id = "discard_mapping", .summary = "Of one whose file is gone for good: what waits for it is let go, and nothing more is taken in for it; with `links`, how many it has, they go too and status knows it no more. History stays. 412 where there are not so many",
       .handler = discard_mapping, .body = "DiscardMapping", .answer = "Discarded", .action = "discard_mapping"},
      {.method = "GET", .path = "/api/v1/mappings/{name}", .role = Role::kViewer, .id = "mapping", .summary = "One mapping, with its fields side by side", .handler = show_mapping, .answer = "Mapping"},
      {.method = "GET", .path = "/api/v1/mappings/{name}/source", .role = Role::kViewer, .id = "source", .summary = "Its script as it is on disk, or as it was in a version", .handler = show_source, .query = {{"version", kText, "an earlier version"}}, .answer = "Source"},
      {.method = "GET", .path = "/api/v1/mappings/{name}/versions", .role = Role::kViewer, .id = "versions", .summary = "Versions that ran, newest first", .handler = list_versions, .query = paged(), .answer = "Versions"},
      {.method = "POST", .path = "/api/v1/mappings/{name}/check", .role = Role::kOperator, .id = "try_source", .summary = "Reads a text as if it were the script, with its tests; with `dry_run` also what it would write. Changes nothing", .handler = try_source, .body = "TrySource",
       .answer = "Tried"},
      {.method = "PUT", .path = "/api/v1/mappings/{name}/source", .role = Role::kAdmin, .id = "apply_source", .summary = "Writes the script and loads it; one that does not load is refused with its problems (422) and nothing changes. 412 where the file is not `hash` any more", .handler = apply_source,
       .body = "ApplySource", .answer = "Applied", .action = "apply_source"},
      {.method = "POST", .path = "/api/v1/mappings/{name}/rollback", .role = Role::kAdmin, .id = "roll_back", .summary = "Applies an earlier version again", .handler = roll_back, .body = "Rollback", .answer = "Applied", .action = "roll_back"},
      {.method = "POST", .path = "/api/v1/mappings/{name}/enable", .role = Role::kOperator, .id = "enable_mapping", .summary = "Resumes it: it goes on", .handler = enable, .body = "Empty", .answer = "Enabled", .action = "enable_mapping"},
      {.method = "POST", .path = "/api/v1/mappings/{name}/disable", .role = Role::kOperator, .id = "disable_mapping", .summary = "Pauses it: it takes no more keys, what comes waits", .handler = disable, .body = "Empty", .answer = "Enabled", .action = "disable_mapping"},
  };
  return routes;
}

}  // namespace tidewire::admin
