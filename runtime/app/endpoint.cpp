#include "app/endpoint.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/text.h"

namespace tidewire::app {

using sync::Record;

Error error_from(const Value& table) {
  Error error;
  error.code = code_from_name(table.string_or("code", "invalid")).value_or(Code::kInvalid);
  error.message = table.string_or("message", "the connector failed without a message");
  error.hint = table.string_or("hint");
  if (const Value* wait = table.find("retry_after"); wait != nullptr && wait->is_number()) {
    const std::string text = wait->is_int() ? std::to_string(wait->as_int()) : wait->decimal_text();
    const double seconds = std::strtod(text.c_str(), nullptr);
    if (seconds >= 0 && seconds < 1e9) error.retry_after = std::chrono::milliseconds(std::llround(seconds * 1000));
  }
  return error;
}

Result<Record> record_from(const Value& table) {
  Record record;
  const Value* key = table.find("key");
  if (key == nullptr || !key->is_string()) return make_error(Code::kInvalid, "the connector returned a record without a key");
  record.key = key->as_string();
  record.version = table.string_or("version");
  record.incarnation = table.string_or("incarnation");
  if (const std::string modified = table.string_or("modified"); !modified.empty()) {
    const auto at = parse_instant(modified);
    if (at.ok()) record.modified = *at;
  }
  if (const Value* fields = table.find("fields"); fields != nullptr && fields->is_object()) record.fields = *fields;
  return record;
}

namespace {

Result<std::vector<Record>> records_from(const Value* list) {
  std::vector<Record> records;
  // Anything but a list is a fault of the connector; taken for "nothing found" it could be read as a deletion.
  if (list == nullptr || !list->is_array()) return make_error(Code::kInvalid, "the connector returned no list of records");
  records.reserve(list->as_array().size());
  for (const Value& table : list->as_array()) records.push_back(TRY(record_from(table)));
  return records;
}

Result<sync::ListPage> list_page(const Value& table) {
  sync::ListPage page;
  page.records = TRY(records_from(table.find("records")));
  if (const Value* cursor = table.find("cursor"); cursor != nullptr && !cursor->is_null()) page.cursor = *cursor;
  return page;
}

Result<std::optional<std::int64_t>> counted(const Value& answer) {
  if (answer.is_null()) return std::optional<std::int64_t>();
  if (!answer.is_int() || answer.as_int() < 0) return make_error(Code::kInvalid, "the connector returned a count that is no whole number");
  return std::optional(answer.as_int());
}

Result<sync::ChangesPage> changes_page(const Value& table) {
  sync::ChangesPage page;
  page.records = TRY(records_from(table.find("records")));
  if (const Value* deleted = table.find("deleted"); deleted != nullptr && deleted->is_array()) {
    for (const Value& key : deleted->as_array()) {
      if (key.is_string()) page.deleted.push_back(key.as_string());
    }
  }
  if (const Value* parents = table.find("parents"); parents != nullptr && parents->is_object()) {
    for (const auto& [column, keys] : parents->as_object()) {
      for (const Value& key : keys.is_array() ? keys.as_array() : Array{}) {
        if (key.is_string()) page.parents[column].push_back(key.as_string());
      }
    }
  }
  if (const Value* cursor = table.find("cursor"); cursor != nullptr) page.cursor = *cursor;
  page.more = table.bool_or("more", false);
  page.sweep = table.bool_or("sweep", false);
  return page;
}

Result<std::vector<std::vector<Record>>> found_lists(const Value& table) {
  std::vector<std::vector<Record>> lists;
  if (!table.is_array()) return make_error(Code::kInvalid, "the connector's find returned no list");
  for (const Value& list : table.as_array()) lists.push_back(TRY(records_from(&list)));
  return lists;
}

Result<std::vector<Result<Record>>> written_rows(const Value& table, const Redactor& redactor) {
  std::vector<Result<Record>> rows;
  if (!table.is_array()) return make_error(Code::kUnknown, "the connector returned no list of outcomes");
  for (const Value& row : table.as_array()) {
    if (const Value* error = row.find("error"); error != nullptr && error->is_object()) rows.emplace_back(redactor.apply(error_from(*error)));
    else if (const Value* record = row.find("record"); record != nullptr) rows.push_back(record_from(*record));
    else rows.emplace_back(make_error(Code::kUnknown, "the connector said nothing about a row it was to write"));
  }
  return rows;
}

/// A row's own error quotes the system as well as that of a whole call, which has no secret left in it (connection.cpp).
auto written_by(const Connection& connection) {
  return [redactor = &connection.redactor()](const Value& table) { return written_rows(table, *redactor); };
}

/// What a connector returned, turned into what the engine asked for.
template <typename T, typename Read>
std::function<void(Result<Value>)> turned(sync::Done<T> done, Read read) {
  return [done = std::move(done), read](Result<Value> answer) {
    if (!answer.ok()) return done(std::move(answer).error());
    done(read(*answer));
  };
}

Value optional_text(const std::optional<std::string>& text) { return text ? Value(*text) : Value(); }

/// What an answer carries of the requests that led to it; of many records each the same.
void attach(const Exchanges& exchanges, Record& record) { record.exchanges = exchanges; }
void attach(const Exchanges& exchanges, sync::Answered& answered) { answered.exchanges = exchanges; }
void attach(const Exchanges& exchanges, std::vector<Result<Record>>& rows) {
  for (auto& row : rows) {
    if (row.ok()) row->exchanges = exchanges;
    else row.error().exchanges = exchanges;
  }
}
template <typename T>
void attach(const Exchanges&, T&) {}

template <typename T>
bool any_failed(const T&) {
  return false;
}
bool any_failed(const std::vector<Result<Record>>& rows) {
  return std::any_of(rows.begin(), rows.end(), [](const auto& row) { return !row.ok(); });
}

template <typename T>
bool is_refused(const Result<T>& answer) {
  return !answer.ok() && answer.error().code == Code::kInvalid;
}

bool hides(const std::set<std::string>& hidden, const std::string& column) {
  return std::any_of(hidden.begin(), hidden.end(), [&](const std::string& one) { return lower_ascii(one) == lower_ascii(column); });
}

/// What of a key is a value of a hidden column; of a composite one, which is the JSON list of its parts, those parts.
void add_hidden(const std::string& key, const Array& columns, const std::set<std::string>& hidden, std::set<std::string>& out) {
  const auto parts = columns.size() > 1 ? json::parse(key) : Result<Value>(Value(Array{Value(key)}));
  if (!parts.ok() || !parts->is_array()) return;
  for (std::size_t i = 0; i < std::min(columns.size(), parts->as_array().size()); ++i) {
    const Value& part = parts->as_array()[i];
    if (columns[i].is_string() && hides(hidden, columns[i].as_string())) out.insert(part.is_string() ? part.as_string() : json::dump(part));
  }
}

/// Of the records that a call is about (a key, keys, or requests with one each), where they are made of hidden columns.
std::set<std::string> hidden_keys(const Value& collection, const std::set<std::string>& hidden, const Array& arguments) {
  std::set<std::string> out;
  const Value* columns = collection.find("key");
  if (hidden.empty() || columns == nullptr || !columns->is_array() || arguments.size() < 2) return out;
  const auto add = [&](const Value* key) {
    if (key != nullptr && key->is_string()) add_hidden(key->as_string(), columns->as_array(), hidden, out);
  };
  add(&arguments[1]);
  for (const Value& one : arguments[1].is_array() ? arguments[1].as_array() : Array{}) add(one.is_object() ? one.find("key") : &one);
  return out;
}

/// In place of the error that was answered, with what led to that.
Error told_with(Error drift, const Error& answered) {
  drift.exchanges = answered.exchanges;
  return drift;
}

}  // namespace

sync::Capabilities of_collection(sync::Capabilities able, const Value& differs) {
  able.absence_proves_delete = differs.bool_or("absence_proves_delete", able.absence_proves_delete);
  able.client_keys = differs.bool_or("client_keys", able.client_keys);
  return able;
}

/// What the system refuses may be a field that it does not have any more: then it is no fault of the record.
template <typename T>
sync::Done<T> ScriptEndpoint::doubting(sync::Done<T> done) const {
  if (!fits_) return done;
  return [fits = fits_, done = std::move(done)](Result<T> answer) {
    if (!is_refused(answer)) return done(std::move(answer));
    fits([done, error = answer.error()](const std::optional<Error>& drift) { done(drift ? told_with(*drift, error) : error); });
  };
}

/// The same, row by row.
sync::Done<std::vector<Result<Record>>> ScriptEndpoint::doubting_each(sync::Done<std::vector<Result<Record>>> done) const {
  if (!fits_) return done;
  return [fits = fits_, whole = doubting(std::move(done))](Result<std::vector<Result<Record>>> made) {
    const bool any = made.ok() && std::any_of(made->begin(), made->end(), [](const auto& one) { return is_refused(one); });
    if (!any) return whole(std::move(made));
    auto rows = std::make_shared<std::vector<Result<Record>>>(std::move(*made));  // owner: the callback, which must be copyable
    fits([whole, rows](const std::optional<Error>& drift) {
      for (auto& one : *rows) {
        if (drift && is_refused(one)) one = told_with(*drift, one.error());
      }
      whole(std::move(*rows));
    });
  };
}

void ScriptEndpoint::call(const std::string& function, Array arguments, bool writes, std::function<void(Result<Value>)> done, sched::Rank::Kind kind) {
  connection_.call(function, std::move(arguments), writes, std::move(done), {kind, priority_});
}

template <typename T, typename Read>
void ScriptEndpoint::ask(const std::string& function, Array arguments, bool writes, sync::Done<T> done, Read read) {
  auto recording = connection_.exchanges().begin(hidden_);
  auto answered = [keeper = &connection_.exchanges(), connection = connection_.name(), hidden = hidden_, keys = hidden_keys(collection_, hidden_, arguments), recording, writes, done = std::move(done), read](Result<Value> answer) {
    Result<T> result = answer.ok() ? read(*answer) : Result<T>(std::move(answer).error());
    const bool failed = !result.ok() || any_failed(*result);
    const Exchanges kept = keeper->kept(recording.get(), {connection, writes, failed, keys}, hidden);
    if (!result.ok()) result.error().exchanges = kept;
    else attach(kept, *result);
    done(std::move(result));
  };
  connection_.call(function, std::move(arguments), writes, std::move(answered), {sched::Rank::Kind::kLive, priority_}, recording);
}

void ScriptEndpoint::read(std::vector<std::string> keys, sync::Done<std::vector<Record>> done) {
  Array list(keys.begin(), keys.end());
  ask<std::vector<Record>>("read", {collection_, Value(std::move(list))}, false, doubting(std::move(done)), [](const Value& answer) { return records_from(&answer); });
}

void ScriptEndpoint::list(std::optional<Value> cursor, int limit, sync::Done<sync::ListPage> done) {
  call("list", {collection_, cursor.value_or(Value()), Value(limit)}, false, turned<sync::ListPage>(doubting(std::move(done)), list_page), sched::Rank::Kind::kPages);
}

void ScriptEndpoint::count(sync::Done<std::optional<std::int64_t>> done) {
  if (!connection_.has("count")) return connection_.later([done] { done(std::optional<std::int64_t>()); });
  call("count", {collection_}, false, turned<std::optional<std::int64_t>>(doubting(std::move(done)), counted), sched::Rank::Kind::kPages);
}

void ScriptEndpoint::start(sync::Done<Value> done) {
  if (!connection_.has("start")) return call("list", {collection_, Value(), Value(1)}, false, turned<Value>(std::move(done), [](const Value&) { return Result<Value>(Value()); }));
  call("start", {collection_}, false, std::move(done));
}

void ScriptEndpoint::changes(Value cursor, int limit, sync::Done<sync::ChangesPage> done) {
  call("changes", {collection_, std::move(cursor), Value(limit)}, false, turned<sync::ChangesPage>(doubting(std::move(done)), changes_page));
}

void ScriptEndpoint::find(std::vector<sync::Query> queries, sync::Done<std::vector<std::vector<Record>>> done) {
  Array list;
  for (const sync::Query& query : queries) {
    Array conditions;
    for (const sync::Condition& condition : query) {
      Object one{{"field", Value(condition.field)}, {"value", condition.value}};
      if (condition.fold) one["fold"] = Value(true);
      conditions.push_back(Value(std::move(one)));
    }
    list.push_back(Value(std::move(conditions)));
  }
  ask<std::vector<std::vector<Record>>>("find", {collection_, Value(std::move(list))}, false, doubting(std::move(done)), found_lists);
}

void ScriptEndpoint::create(std::vector<sync::CreateRequest> requests, sync::Done<std::vector<Result<Record>>> done) {
  Array list;
  for (sync::CreateRequest& request : requests) {
    Object one{{"values", std::move(request.values)}};
    if (request.key) one["key"] = Value(*request.key);
    list.push_back(Value(std::move(one)));
  }
  ask<std::vector<Result<Record>>>("create", {collection_, Value(std::move(list))}, true, doubting_each(std::move(done)), written_by(connection_));
}

void ScriptEndpoint::update(std::string key, Value values, std::optional<std::string> guard, sync::Done<Record> done) {
  ask<Record>("update", {collection_, Value(std::move(key)), std::move(values), optional_text(guard)}, true, doubting(std::move(done)), record_from);
}

void ScriptEndpoint::act(std::string key, std::string verb, std::optional<std::string> guard, sync::Done<Record> done) {
  ask<Record>("verbs." + verb, {collection_, Value(std::move(key)), optional_text(guard)}, true, doubting(std::move(done)), record_from);
}

void ScriptEndpoint::update_many(std::vector<sync::UpdateRequest> requests, sync::Done<std::vector<Result<Record>>> done) {
  Array list;
  for (sync::UpdateRequest& request : requests) {
    list.push_back(Value(Object{{"key", Value(std::move(request.key))}, {"values", std::move(request.values)}, {"guard", optional_text(request.guard)}}));
  }
  ask<std::vector<Result<Record>>>("update_many", {collection_, Value(std::move(list))}, true, doubting_each(std::move(done)), written_by(connection_));
}

void ScriptEndpoint::remove(std::string key, std::optional<std::string> guard, sync::Done<sync::Answered> done) {
  ask<sync::Answered>("delete", {collection_, Value(std::move(key)), optional_text(guard)}, true, std::move(done), [](const Value&) { return Result<sync::Answered>(sync::Answered{}); });
}

void ScriptEndpoint::trash(std::string key, sync::Done<std::optional<Record>> done) {
  if (!connection_.has("trash")) return connection_.later([done] { done(std::optional<Record>()); });
  ask<std::optional<Record>>("trash", {collection_, Value(std::move(key))}, false, std::move(done), [](const Value& answer) -> Result<std::optional<Record>> {
    if (!answer.is_object()) return std::optional<Record>();
    return std::optional<Record>(TRY(record_from(answer)));
  });
}

void ScriptEndpoint::put_back(std::string key, sync::Done<Record> done) {
  if (!connection_.has("put_back")) return connection_.later([done] { done(make_error(Code::kInvalid, "this connector brings nothing back from the trash")); });
  ask<Record>("put_back", {collection_, Value(std::move(key))}, true, std::move(done), record_from);
}

namespace {

/// Lists page after page until an empty one.
struct Walk : std::enable_shared_from_this<Walk> {
  Connection& connection;
  sched::Rank rank;
  Value collection;
  std::vector<Record> found;
  sync::Done<std::vector<Record>> done;
  std::set<std::string> hidden;

  Walk(Connection& the_connection, sched::Rank the_rank, Value narrowed, sync::Done<std::vector<Record>> the_done) : connection(the_connection), rank(the_rank), collection(std::move(narrowed)), done(std::move(the_done)) {}
  void page(Value cursor) {
    auto recording = connection.exchanges().begin(hidden);
    connection.call("list", {collection, cursor, Value(500)}, false, [self = shared_from_this(), recording, asked = cursor, keeper = &connection.exchanges(), name = connection.name()](Result<Value> answer) {
      if (!answer.ok()) {
        answer.error().exchanges = keeper->kept(recording.get(), {name, false, true}, self->hidden);
        return self->done(std::move(answer).error());
      }
      auto page = list_page(*answer);
      if (!page.ok()) return self->done(std::move(page).error());
      for (Record& record : page->records) self->found.push_back(std::move(record));
      if (!page->cursor || page->records.empty()) return self->done(std::move(self->found));
      if (*page->cursor == asked) return self->done(make_error(Code::kInvalid, "the connector says that more follows and stays at the same cursor: " + json::dump(asked), "mend `list` of the connector"));
      self->page(*page->cursor);
    }, rank, recording);
  }
};

}  // namespace

void ScriptEndpoint::children(std::string field, std::vector<Value> values, sync::Done<std::vector<Record>> done) {
  Value narrowed = collection_;
  if (const Value* scope = narrowed.find("scope"); scope == nullptr || !scope->is_object()) narrowed["scope"] = Value(Object{});
  narrowed["scope"][field] = Value(Object{{"op", Value("in")}, {"value", Value(Array(values.begin(), values.end()))}});
  auto walk = std::make_shared<Walk>(connection_, sched::Rank{sched::Rank::Kind::kLive, priority_}, std::move(narrowed), doubting(std::move(done)));
  walk->hidden = hidden_;
  walk->page(Value());
}

}  // namespace tidewire::app
