// route.h — every path the API answers, as data: routing, authorisation and the OpenAPI document all come from this table,
// so none of them can say something else than the others.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "admin/answer.h"
#include "admin/roles.h"
#include "http/router.h"
#include "store/types.h"

namespace tidewire::admin {

class Api;
struct Route;

/// A path of an earlier service. A brace of its path says where the piece goes: `{id}` is the target's own brace (or one more, which its
/// handler looks at), `{body.mapping}` a member of the body, `{query.mapping}` a filter. What else such a caller's body holds is left out; of the own routes it is refused.
struct Alias {
  const char* method;
  const char* path;
  const char* id;         // of the route it stands for
  const char* body = "";  // JSON: what it means where the sender does not say
  bool job = false;        // its mapping may be named by a job of it (`{job}`, `job` of the query)
  const char* words = "";  // JSON: {theirs: {"member": ours, "words": {their word: ours}}}; our words are taken as well
};

/// The body with what its sender calls otherwise under our names and words; kInvalid for a word that is neither's.
Result<Value> in_our_words(Value body, const Alias& alias);
/// How that is told in the document; "" = it is spelt as ours.
std::string words_told(const Alias& alias);

/// One request on its way through a handler; callbacks keep copies of what they need.
struct Call {
  http::Request request;
  http::Params params;
  Value body = Object{};  // fits the route's schema
  Caller caller;
  SharedReply reply;
  const Route* route = nullptr;
  std::shared_ptr<store::AuditEntry> entry{};  // what the trail will have of it, for the handler to name what it was about; null: nothing

  std::string query(std::string_view name) const { return request.query(name); }
  bool flag(std::string_view name) const { return flag_of(request, name); }
  std::string text(std::string_view member) const { return body.string_or(member); }
};

using Handler = void (*)(Api& api, const Call& call);

struct Parameter {
  enum class Type { kText, kCount, kFlag, kTime, kMark };
  const char* name;
  Type type;
  const char* summary;
};

/// A problem that the document names beside "default".
struct Refusal {
  int status;
  const char* when;
};

struct Route {
  const char* method;
  const char* path;
  Role role;             // at least; kNobody: anybody
  const char* id;        // operationId
  const char* summary;
  Handler handler = nullptr;  // null: answered elsewhere, and only told of here
  std::vector<Parameter> query{};
  const char* body = "";      // schemas by name; "" = none
  const char* answer = "";    // of `status`; "" = no JSON
  int status = 200;
  const char* action = "";    // its name in the audit trail; "" = changes nothing, or writes there itself
  bool any_host = false;      // monitors and senders reach it by whatever name
  bool shows_secret = false;  // its answer is kept nowhere
  const char* media = "application/json";
  std::vector<Refusal> refuses{};
  bool proved = false;        // by a secret of the connection that it names
  const Alias* alias = nullptr;  // of an earlier service: deprecated in the document
};

/// The filters of a list in pages, with these before them.
std::vector<Parameter> paged(std::vector<Parameter> more = {});

// By area; each with its handlers.
std::span<const Route> open_routes();        // api/open.cpp
std::span<const Route> session_routes();     // api/session.cpp
std::span<const Route> account_routes();     // api/accounts.cpp
std::span<const Route> read_routes();        // api/reads.cpp
std::span<const Route> history_routes();     // api/history.cpp
std::span<const Route> alert_routes();       // api/alerts.cpp
std::span<const Route> conflict_routes();    // api/conflicts.cpp
std::span<const Route> act_routes();         // api/acts.cpp
std::span<const Route> job_routes();         // api/jobs.cpp
std::span<const Route> link_routes();        // api/links.cpp
std::span<const Route> explain_routes();     // api/explain.cpp
std::span<const Route> connection_routes();  // api/connections.cpp
std::span<const Route> connecting_routes();  // api/connecting.cpp
std::span<const Route> install_routes();     // api/install.cpp
std::span<const Route> mapping_routes();     // api/mappings.cpp
std::span<const Route> event_routes();       // api/events.cpp
std::span<const Route> trigger_routes();     // api/trigger.cpp
std::span<const Route> webhook_routes();     // api/webhook.cpp
std::span<const Route> page_routes();        // api/page.cpp
std::span<const Route> alias_routes();       // api/aliases.cpp

/// Those of this API, in the order of the document.
std::vector<const Route*> own_routes();
/// And those of earlier services, after them.
std::vector<const Route*> all_routes();

}  // namespace tidewire::admin
