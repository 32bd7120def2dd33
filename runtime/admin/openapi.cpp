#include "admin/openapi.h"

#include <algorithm>

#include "admin/route.h"
#include "admin/schema.h"
#include "base/text.h"

namespace tidewire::admin {
namespace {

Value reference(const char* schema) { return Value(Object{{"$ref", std::string("#/components/schemas/") + schema}}); }

Value content(const char* media, Value schema) { return Value(Object{{media, Value(Object{{"schema", std::move(schema)}})}}); }

Value parameter_schema(Parameter::Type type) {
  switch (type) {
    case Parameter::Type::kCount: return Value(Object{{"type", "integer"}, {"minimum", 0}});
    case Parameter::Type::kFlag: return Value(Object{{"type", "string"}, {"enum", Value(Array{"0", "1", "true", "false"})}});
    case Parameter::Type::kTime: return Value(Object{{"type", "string"}, {"format", "date-time"}});
    case Parameter::Type::kMark:
    case Parameter::Type::kText: break;
  }
  return Value(Object{{"type", "string"}});
}

/// A brace of the path without what only we read in it: "{path*}", and of an alias "{body.mapping}".
std::string name_of(const std::string& brace) {
  std::string name = brace.substr(1, brace.size() - (brace.ends_with("*}") ? 3 : 2));
  if (const auto dot = name.find('.'); dot != std::string::npos) name.erase(0, dot + 1);
  return name;
}

std::string path_of(const Route& route) {
  std::vector<std::string> pieces = split(route.path, '/');
  for (std::string& piece : pieces) {
    if (piece.starts_with('{')) piece = "{" + name_of(piece) + "}";
  }
  return join(pieces, "/");
}

Array parameters_of(const Route& route) {
  Array out;
  for (const std::string& piece : split(route.path, '/')) {
    if (!piece.starts_with('{')) continue;
    const std::string name = name_of(piece);
    Object one{{"name", name}, {"in", "path"}, {"required", true}, {"schema", Value(Object{{"type", "string"}})}};
    if (route.alias != nullptr && route.alias->job && name == "mapping") one["description"] = "a mapping, or the id of a job of it";
    out.push_back(Value(std::move(one)));
  }
  for (const Parameter& one : route.query) out.push_back(Object{{"name", one.name}, {"in", "query"}, {"description", one.summary}, {"schema", parameter_schema(one.type)}});
  return out;
}

Value answers_of(const Route& route) {
  Object good{{"description", http::reason_phrase(route.status)}};
  const bool json = std::string_view(route.media) == "application/json";
  if (*route.answer != '\0') good["content"] = content("application/json", reference(route.answer));
  else if (!json) good["content"] = content(route.media, Value(Object{{"type", "string"}}));
  Object out{{std::to_string(route.status), Value(good)}};
  if (std::string_view(route.id) == "health") out["503"] = Value(std::move(good));
  const Value told = content("application/problem+json", reference("Problem"));
  if (std::any_of(route.query.begin(), route.query.end(), [](const Parameter& one) { return one.type == Parameter::Type::kMark; })) {
    out["400"] = Value(Object{{"description", "A parameter is wrong, `detail` names it: an `after` that is no mark of a page, a `limit` that is no number"}, {"content", told}});
  }
  for (const Refusal& one : route.refuses) {
    Object refused{{"description", one.when}, {"content", told}};
    if (one.status == 429 || one.status == 503) refused["headers"] = Value(Object{{"Retry-After", Value(Object{{"description", "seconds"}, {"schema", Value(Object{{"type", "integer"}})}})}});
    out[std::to_string(one.status)] = Value(std::move(refused));
  }
  out["default"] = Value(Object{{"description", "A problem (RFC 9457) with `code` and, where something can be done, `hint`"}, {"content", told}});
  return Value(std::move(out));
}

Value operation_of(const Route& route) {
  Object out{{"operationId", route.id}, {"summary", route.summary}, {"responses", answers_of(route)}, {"x-role", role_name(route.role)}};
  if (Array parameters = parameters_of(route); !parameters.empty()) out["parameters"] = Value(std::move(parameters));
  if (*route.body != '\0') {
    Object body{{"content", content("application/json", reference(route.body))}};
    if (route.alias != nullptr) body["description"] = "Members that the schema does not name are ignored here" + words_told(*route.alias);
    out["requestBody"] = Value(std::move(body));
  }
  if (route.role == Role::kNobody) out["security"] = route.proved ? Value(Array{Value(Object{{"proof", Value(Array{})}})}) : Value(Array{});
  if (route.alias != nullptr) {
    out["operationId"] = route.id + std::string(" ") + path_of(route);
    out["deprecated"] = true;
    out["x-stands-for"] = route.id;
  }
  return Value(std::move(out));
}

}  // namespace

Value openapi_document() {
  Object paths;
  for (const Route* route : all_routes()) {
    paths[path_of(*route)][lower_ascii(route->method)] = operation_of(*route);
  }
  const Value bearer = Object{{"type", "http"}, {"scheme", "bearer"}, {"description", "`tidewire token add` makes one"}};
  const Value login = Object{{"type", "apiKey"}, {"in", "cookie"}, {"name", "tidewire_session"}, {"description", "of POST /api/v1/login; a change also sends the header X-Tidewire-CSRF with `csrf` of the session"}};
  const Value proof = Object{{"type", "apiKey"}, {"in", "header"}, {"name", "X-Frappe-Webhook-Signature"}, {"description", "of Frappe: Base64 of the HMAC-SHA256 of the body, by `webhook_secret`. X-Notion-Signature is of Notion (sha256=HEX); with `webhook = { header, secret, hmac, encoding, prefix }` the connection says the header itself: "
                                                                                                                       "a signature (hex, unless `encoding` is base64) where its name ends in \"signature\" or `hmac` is true, else the secret as it is"}};
  return Value(Object{
      {"openapi", "3.1.0"},
      {"info", Value(Object{{"title", "Tidewire"}, {"version", TIDEWIRE_VERSION}, {"license", Value(Object{{"name", "MIT"}, {"identifier", "MIT"}})},
                            {"description", "Lists come in pages: `next` is the `after` of the page that follows. Times are ISO texts in UTC. A change with the header Idempotency-Key is done once a day. "
                                            "What is asked of a mapping whose file is wrong is answered with 422 and its error (`code` is `script`), of one whose system does not answer with 503; 404 is one that nobody knows."}})},
      {"servers", Value(Array{Value(Object{{"url", "/"}})})},
      {"security", Value(Array{Value(Object{{"token", Value(Array{})}}), Value(Object{{"login", Value(Array{})}})})},
      {"components", Value(Object{{"schemas", schemas()}, {"securitySchemes", Value(Object{{"token", bearer}, {"login", login}, {"proof", proof}})}})},
      {"paths", Value(std::move(paths))},
  });
}

}  // namespace tidewire::admin
