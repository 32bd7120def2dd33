// Paths of earlier services, so that what calls them keeps working. One table; each stands for a route of this API, with its
// role, and takes and answers what that one does.
#include <algorithm>
#include <array>

#include "admin/api/api.h"
#include "base/id.h"
#include "base/json.h"
#include "base/text.h"

namespace tidewire::admin {
namespace {

// The first that fits is taken: words before braces. `/webhook/frappe|supabase` are connections by kind or name, `/webhook/cloud|local` those that
// `webhook_names` of tidewire.lua says (app/webhook.h).
constexpr std::array kAliases = {
    Alias{"POST", "/webhooks/n8n/{mapping}", "trigger"},
    Alias{"POST", "/webhooks/zapier/{mapping}", "trigger"},
    Alias{"POST", "/webhooks/activepieces/{mapping}", "trigger"},
    Alias{"GET", "/sync/status", "status"},
    Alias{"GET", "/sync/mappings", "mappings"},
    Alias{"POST", "/sync/retry-failed", "retry", R"({"all": true})"},
    Alias{"GET", "/sync/operations/failed", "operations", R"({"failed": "1"})"},
    Alias{"GET", "/sync/operations/{id}", "operation"},
    Alias{"GET", "/status", "status"},
    Alias{"GET", "/api/sync/status", "status"},
    Alias{"GET", "/api/sync/health", "health"},
    Alias{"POST", "/api/sync/reset/{mapping}", "reset_cursor"},
    Alias{"POST", "/api/sync/{body.mapping}", "sync"},
    Alias{"GET", "/api/datasources", "connections"},
    Alias{"GET", "/api/datasources/{name}", "connection"},
    Alias{"POST", "/api/datasources/{name}/test", "test_connection"},
    Alias{"GET", "/api/sync-configs", "mappings"},
    Alias{"GET", "/api/sync/{id}/status", "job"},
    Alias{"GET", "/api/sync/{query.mapping}/conflicts", "conflicts", "", true},
    Alias{"POST", "/api/sync/{mapping}/resolve/{id}", "resolve", "", true,
          R"({"strategy": {"member": "method", "words": {"source_wins": "left", "target_wins": "right", "manual": "value", "left": "left", "right": "right", "value": "value", "skip": "skip", "accept": "accept"}}})"},
};

const Route& route_named(std::string_view id) {
  static const std::vector<const Route*> all = own_routes();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Route* route) { return id == route->id; });
  ASSERT(found != all.end(), "an alias stands for a route");
  return **found;
}

/// The request as the route it stands for would have been asked, with a job in the place of the mapping where it is one's id; kInvalid where the body
/// names another mapping than the path.
Result<Call> straight(const Call& call, const Alias& alias, bool is_job) {
  Call there = call;
  there.params = http::Params();
  const bool reads = std::string_view(alias.method) == "GET";
  std::string query;
  const Value meant = *alias.body == '\0' ? Value(Object{}) : *json::parse(alias.body);
  for (const auto& [name, value] : meant.as_object()) {
    if (reads) query += "&" + name + "=" + http::percent_encode(value.as_string());
    else if (there.body.find(name) == nullptr) there.body[name] = value;
  }
  for (const std::string& piece : split(alias.path, '/')) {
    if (!piece.starts_with('{')) continue;
    std::string name = piece.substr(1, piece.size() - 2);
    const std::string value = call.params[name];
    if (is_job && name.ends_with("mapping")) name.replace(name.size() - 7, 7, "job");
    if (name.starts_with("query.")) query += "&" + name.substr(6) + "=" + http::percent_encode(value);
    else if (!name.starts_with("body.")) there.params.add(name, value);
    else {
      const std::string member = name.substr(5), said = there.body.string_or(member, value);
      if (said != value) return make_error(Code::kInvalid, "the path says " + member + " '" + value + "', the body '" + said + "'");
      if (value != "all") there.body[member] = value;
    }
  }
  const std::string own = call.request.target.find('?') == std::string::npos ? "" : "&" + call.request.target.substr(call.request.target.find('?') + 1);
  there.request.target = route_named(alias.id).path + std::string("?") + (query + own).substr(query.empty() && own.empty() ? 0 : 1);
  return there;
}

std::vector<std::string> names_of(const Value& object) {
  std::vector<std::string> names;
  for (const auto& [name, unused] : object.as_object()) names.push_back(name);
  return names;
}

void follow_alias(Api& api, const Call& call) {
  const Alias& alias = *call.route->alias;
  const bool is_job = alias.job && (is_id(call.params["mapping"]) || is_id(call.params["query.mapping"]));  // no file is named so
  const auto there = straight(call, alias, is_job);
  there.ok() ? route_named(alias.id).handler(api, *there) : (*call.reply)(problem(there.error()));
}

Route alias_route(const Alias& alias) {
  Route route = route_named(alias.id);
  route.method = alias.method;
  route.path = alias.path;
  route.alias = &alias;
  route.handler = follow_alias;
  return route;
}

}  // namespace

Result<Value> in_our_words(Value body, const Alias& alias) {
  if (*alias.words == '\0' || !body.is_object()) return body;
  const Value spelt = *json::parse(alias.words);
  for (const auto& [theirs, meant] : spelt.as_object()) {
    const std::string member = meant.string_or("member");
    const Value* said = body.find(theirs);
    if (said == nullptr || body.find(member) != nullptr) continue;
    const Value& words = *meant.find("words");
    const Value* ours = said->is_string() ? words.find(said->as_string()) : nullptr;
    const std::string word = said->is_string() ? said->as_string() : json::dump(*said);
    if (ours == nullptr) return make_error(Code::kInvalid, "unknown " + theirs + " '" + word + "'" + suggestion(word, names_of(words)), "it is one of " + join(names_of(words), ", "));
    body[member] = *ours;
  }
  return body;
}

std::string words_told(const Alias& alias) {
  if (*alias.words == '\0') return "";
  std::string told;
  const Value spelt = *json::parse(alias.words);
  for (const auto& [theirs, meant] : spelt.as_object()) told += "; `" + theirs + "` (" + join(names_of(*meant.find("words")), ", ") + ") stands for `" + meant.string_or("member") + "`";
  return told;
}

std::span<const Route> alias_routes() {
  static const std::vector<Route> routes = [] {
    std::vector<Route> made;
    for (const Alias& alias : kAliases) made.push_back(alias_route(alias));
    return made;
  }();
  return routes;
}

}  // namespace tidewire::admin
