#include "app/webhook.h"

#include <algorithm>

#include "admin/answer.h"
#include "app/handshake.h"
#include "base/crash_point.h"
#include "base/decimal.h"
#include "base/json.h"
#include "base/text.h"
#include "sync/reconcile/lookups.h"

namespace tidewire::app {
namespace {

constexpr Duration kBetweenHandshakes = std::chrono::seconds(1);  // anybody may begin one, and each is a line of the log
constexpr Duration kTellUnproved = std::chrono::seconds(10);

http::Response accepted(const std::string& what) { return http::Response::json(202, "{\"accepted\":" + what + "}"); }

std::string scalar(const Value& value) {
  if (value.is_string()) return value.as_string();
  return value.is_null() || value.is_object() || value.is_array() ? "" : json::dump(value);
}

/// A number as scripts have it (push_number of script/dec.cpp), so that a key is the same text in a body and in a row that is read: a
/// numeric's 2.00 is 2, and 1e3 is 1000.
Value as_read(const Value& value) {
  if (!value.is_decimal()) return value;
  const auto number = Decimal::from(value);
  if (!number.ok()) return value;
  const Value plain = number->trimmed().to_value();
  constexpr std::int64_t kExactWhole = std::int64_t{1} << 53;
  const bool whole = plain.is_int() && plain.as_int() <= kExactWhole && plain.as_int() >= -kExactWhole;
  return whole ? plain : Value(DecimalText{number->text()});
}

/// The first place of `places` that holds a scalar, as it stands there; "?x" is a query parameter. Null where none does.
Value found_in(const Value* places, const http::Request& request, const Value& body, const std::string& key_field) {
  if (places == nullptr || !places->is_array()) return {};
  for (const Value& place : places->as_array()) {
    if (!place.is_string()) continue;
    std::string path = place.as_string();
    if (const std::size_t at = path.find("{key}"); at != std::string::npos) path.replace(at, 5, key_field);
    if (path.rfind('?', 0) == 0) {
      if (std::string value = request.query(path.substr(1)); !value.empty()) return Value(std::move(value));
      continue;
    }
    if (const Value* found = body.at_path(path); found != nullptr && !scalar(*found).empty()) return as_read(*found);
  }
  return {};
}

std::string first_of(const Value* places, const http::Request& request, const Value& body, const std::string& key_field) {
  return scalar(found_in(places, request, body, key_field));
}

std::string outermost(const std::string& path) { return path.substr(0, path.find('.')); }

/// Adds the outermost members that these places begin with.
void add_members(const Value* places, const std::vector<Want>& wants, std::vector<std::string>& out) {
  if (places == nullptr || !places->is_array()) return;
  for (const Value& place : places->as_array()) {
    if (!place.is_string() || place.as_string().starts_with('?')) continue;
    const std::string& path = place.as_string();
    const std::size_t at = path.find("{key}");
    if (at == std::string::npos || path.find('.') < at) {
      out.push_back(outermost(path));
      continue;
    }
    for (const Want& want : wants) {
      for (const std::string& field : want.key) out.push_back(outermost(std::string(path).replace(at, 5, field)));
    }
    out.push_back(outermost(std::string(path).replace(at, 5, "id")));
  }
}

/// A composite key is the JSON list of its parts, each from the same place: as connector.key_of makes it of a row that is read,
/// so a number stays one.
std::string key_of(const Value* places, const http::Request& request, const Value& body, const std::vector<std::string>& fields) {
  if (fields.size() <= 1) return first_of(places, request, body, fields.empty() ? "id" : fields.front());
  Array parts;
  for (const std::string& field : fields) {
    Value part = found_in(places, request, body, field);
    if (part.is_null()) return "";
    parts.push_back(std::move(part));
  }
  return json::dump(Value(std::move(parts)));
}

/// Whose row it is and, where it moved, whose it was: every place that names a parent.
std::vector<std::string> owners_of(const Value* places, const http::Request& request, const Value& body, const std::string& column) {
  std::vector<std::string> owners;
  for (const Value& place : places == nullptr || !places->is_array() ? Array{} : places->as_array()) {
    const Value one(Array{place});
    const std::string owner = first_of(&one, request, body, column);
    if (!owner.empty() && std::find(owners.begin(), owners.end(), owner) == owners.end()) owners.push_back(owner);
  }
  return owners;
}

std::string delivery_of(const http::Request& request) {
  const std::string* id = request.headers.find("webhook-id");
  return id == nullptr ? "" : *id;
}

/// Why is told to who runs the daemon, not to whoever asks: nothing is proved here.
Error not_running(const std::string& name) {
  Error error = make_error(Code::kUnavailable, "the connection '" + name + "' does not run at the moment", "it is to be sent again; `tidewire status` says why");
  error.retry_after = std::chrono::seconds(30);
  return error;
}

bool tells_deletion(const Value* names, const std::string& event) {
  const auto same = [&](const Value& name) { return name.is_string() && name.as_string() == event; };
  return names != nullptr && names->is_array() && std::any_of(names->as_array().begin(), names->as_array().end(), same);
}

}  // namespace

/// One thing that a delivery tells of.
struct WebhookIntake::Told {
  std::string collection;
  bool deleted = false;
  std::string delivery_id;
  std::function<std::string(const std::vector<std::string>& fields)> key;         // of the record itself; "" = it names none
  std::function<std::vector<std::string>(const std::string& column)> owners;      // of a row below records: whose it is, and was
};

/// A change for everything that a mapping wants to be told of in that collection.
Result<void> WebhookIntake::add(const Connection& connection, const Told& told, std::vector<store::Change>& changes) const {
  store::Change change;
  change.connection = connection.name();
  change.delivery_id = told.delivery_id;
  for (const Want& want : ports_.wants(connection.name())) {
    if (want.collection != told.collection) continue;
    change.collection = want.owner.empty() ? told.collection : want.owner;
    const bool own_key = want.owner.empty() || !want.watch.empty();
    const std::vector<std::string> keys = own_key ? std::vector<std::string>{told.key(want.key)} : told.owners(want.key.front());
    if (keys.empty()) return make_error(Code::kInvalid, "the body names " + told.collection + " but not whose row it is (" + want.key.front() + ")");
    for (const std::string& key : keys) {
      if (key.empty()) return make_error(Code::kInvalid, "the body names " + told.collection + " but no key");
      change.key = want.watch.empty() ? key : sync::watch_key(want.watch, key);
      change.event = want.owner.empty() && told.deleted ? "delete" : "upsert";
      changes.push_back(change);
      change.delivery_id.clear();  // one delivery is known by one of its changes
    }
  }
  return {};
}

Result<std::vector<store::Change>> WebhookIntake::extract(Connection& connection, const http::Request& request, const Value& body) const {
  std::vector<store::Change> changes;
  const Value* shape = connection.declared().find("payload");
  if (shape == nullptr || !shape->is_object()) return changes;
  Told told;
  told.collection = first_of(shape->find("collection"), request, body, "");
  if (told.collection.empty()) told.collection = request.query("collection");
  const auto& wants = ports_.wants(connection.name());
  if (told.collection.empty() && wants.size() == 1) told.collection = wants.front().collection;
  told.deleted = tells_deletion(shape->find("deletes"), first_of(shape->find("event"), request, body, ""));
  told.delivery_id = delivery_of(request);
  told.key = [&](const std::vector<std::string>& fields) { return key_of(shape->find("key"), request, body, fields); };
  told.owners = [&](const std::string& column) { return owners_of(shape->find("key"), request, body, column); };
  TRY(add(connection, told, changes));
  return changes;
}

/// What the connector's own `webhook` makes of it.
Result<std::vector<store::Change>> WebhookIntake::ask(Connection& connection, const http::Request& request) const {
  std::vector<store::Change> changes;
  const Value answer = TRY(connection.webhook(request));
  for (const Value& one : answer.is_array() ? answer.as_array() : Array{}) {
    Told told;
    told.collection = one.string_or("collection");
    told.deleted = one.string_or("event") == "delete";
    told.delivery_id = changes.empty() ? delivery_of(request) : "";
    told.key = [&](const std::vector<std::string>&) { return one.string_or("key"); };
    told.owners = [&](const std::string& column) {
      const Value* owners = one.at_path("parents." + column);
      std::vector<std::string> keys;
      for (const Value& key : owners == nullptr || !owners->is_array() ? Array{} : owners->as_array()) keys.push_back(key.as_string());
      return keys;
    };
    TRY(add(connection, told, changes));
  }
  return changes;
}

/// The body, with no more of it kept than extract() looks at.
Result<Value> WebhookIntake::read_body(const Connection& connection, const std::string& text) const {
  std::vector<std::string> members;
  members.reserve(8);
  if (const Value* shape = connection.declared().find("payload"); shape != nullptr && shape->is_object()) {
    const auto& wants = ports_.wants(connection.name());
    for (const char* part : {"collection", "key", "event"}) add_members(shape->find(part), wants, members);
  }
  return json::parse_members(text, members);
}

/// Nothing of it is taken.
void WebhookIntake::refuse(const std::vector<Connection*>& addressed, const http::Request& request, const std::string& name, http::Reply reply) {
  for (Connection* connection : addressed) {
    if (const auto secret = handshake_secret(connection->declared(), request)) return greet(*connection, *secret, std::move(reply));
  }
  if (const auto broken = ports_.broken(name)) return reply(admin::problem(not_running(*broken)));
  if (addressed.empty()) return reply(admin::problem(make_error(Code::kNotFound, "no connection '" + name + "' takes webhooks", "the address ends with the name of a connection of tidewire.lua, with its kind, or with one of its webhook_names")));
  const Instant now = ports_.clock.now();
  for (Connection* connection : addressed) {
    auto& counts = connection->webhooks();
    counts.note_refused(now);
    if (counts.unproved_told && now - *counts.unproved_told < kTellUnproved) continue;
    counts.unproved_told = now;
    ports_.log.warn("webhook_refused", "a webhook without a valid proof was refused", {{"connection", Value(connection->name())}, {"peer", Value(request.peer)}, {"so_far", Value(counts.unproved)}});
  }
  reply(admin::problem(401, make_error(Code::kDenied, "the webhook's signature or secret is missing or wrong", "both systems must have the same secret: the connection's webhook secret in .env, and that of the webhook over there")));
}

void WebhookIntake::handle(http::Request request, const std::string& name, http::Reply reply) {
  const Ticks began = ports_.clock.ticks();
  const std::vector<Connection*> addressed = ports_.addressed(name);
  std::vector<Connection*> proved = addressed;
  std::erase_if(proved, [&](Connection* one) { return one->prover().prove(request) != http::Proved::kYes; });
  if (proved.empty()) return refuse(addressed, request, name, std::move(reply));
  if (proved.size() > 1) return reply(admin::problem(make_error(Code::kNotFound, "more than one connection of the kind '" + name + "' has this webhook secret", "the address ends with the name of the one that is meant, or each has a secret of its own; webhook_names of tidewire.lua gives one another name")));
  Connection* const connection = proved.front();
  auto& counts = connection->webhooks();
  // Only what is proved uses up the limit: strangers must not keep the sender out.
  if (!connection->inbound().try_take()) {
    ++counts.limited;
    Error error = make_error(Code::kThrottled, "the inbound limit of this connection is used up", "send it again; limits = { inbound = \"2000/s\" } of the connection says how many may come");
    error.retry_after = std::chrono::seconds(1);
    return reply(admin::problem(error));
  }
  const bool asked = connection->has("webhook");
  Result<Value> body = asked ? Result<Value>(Value(Object{})) : read_body(*connection, request.body);
  if (asked && !valid_utf8(request.body)) body = make_error(Code::kInvalid, "the webhook's body is not UTF-8", "the sender must send text");
  if (!body.ok() || !body->is_object()) {
    ++counts.malformed;
    const Error error = body.ok() ? make_error(Code::kInvalid, "the webhook's body is no JSON object", "the sender must send one, with the collection and the key in it") : body.error();
    ports_.log.warn("webhook_malformed", error.message, {{"connection", Value(connection->name())}});
    return reply(admin::problem(400, error));
  }
  auto changes = asked ? ask(*connection, request) : extract(*connection, request, *body);
  if (!changes.ok() && asked) ports_.log.warn("webhook_unparsed", to_string(changes.error()), {{"connection", Value(connection->name())}});
  if (!changes.ok()) {
    // Proved, so it is ours to keep: stored raw for a person to look at.
    store::Change unparsed;
    unparsed.connection = connection->name();
    unparsed.event = "unparsed";
    unparsed.payload = request.body;
    ++counts.unknown;
    return put(connection->name(), began, {unparsed}, std::move(reply));
  }
  if (changes->empty()) {
    ++counts.unknown;
    note_received(*connection);
    return reply(accepted("0"));
  }
  for (const store::Change& change : *changes) ++counts.by_collection[change.collection];
  put(connection->name(), began, std::move(*changes), std::move(reply));
}

/// One that is answered 202; what is refused comes again.
void WebhookIntake::note_received(Connection& connection) {
  connection.webhooks().note_received(ports_.clock.now());
}

/// A person needs the secret twice: for the settings here, and to give it back over there.
void WebhookIntake::greet(Connection& connection, const std::string& secret, http::Reply reply) {
  const Instant now = ports_.clock.now();
  auto& greeted = connection.webhooks().greeted;
  if (greeted && now >= *greeted && now - *greeted < kBetweenHandshakes) {
    Error error = make_error(Code::kThrottled, "a webhook of this connection was introduced a moment ago", "send its secret again");
    error.retry_after = std::chrono::seconds(1);
    return reply(admin::problem(error));
  }
  greeted = now;
  ports_.log.warn("webhook_handshake", "the system made up a secret for its webhooks: keep it as a secret of this connection, and give it back in the dialogue of the webhook there", {{"connection", Value(connection.name())}, {"secret", Value(secret)}});
  reply(accepted("0"));
}

void WebhookIntake::put(const std::string& name, Ticks began, std::vector<store::Change> changes, http::Reply reply) {
  auto kept = std::make_shared<http::Reply>(std::move(reply));  // owner: the callback, which must be copyable
  ports_.store.put(std::move(changes), [this, kept, name, began](Result<std::int64_t> stored) {
    if (!stored.ok()) {
      Error error = make_error(Code::kUnavailable, "the change could not be made durable: " + stored.error().message, "it is to be sent again; look at the disk of the state file");
      error.retry_after = std::chrono::seconds(5);
      return (*kept)(admin::problem(error));
    }
    Connection* connection = ports_.connection(name);
    if (connection != nullptr) note_received(*connection);
    (*kept)(accepted(std::to_string(*stored)));
    if (connection != nullptr) connection->webhooks().took.add(std::chrono::duration_cast<Duration>(ports_.clock.ticks() - began));
    pass(CrashPoint::kIntakeAnswered);
    ports_.received();
  });
}

}  // namespace tidewire::app
