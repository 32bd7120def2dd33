#include "app/endpoints.h"

#include <algorithm>

namespace tidewire::app {

using sync::Side;

namespace {

const Array& list_in(const Value* value) {
  static const Array none;
  return value != nullptr && value->is_array() ? value->as_array() : none;
}

std::vector<sync::ChildTable> tables_of(const Value& children, const std::map<std::string, sync::Endpoint*>& further) {
  std::vector<sync::ChildTable> tables;
  for (const Value& child : list_in(&children)) {
    const auto rows = further.find(child.string_or("id"));
    if (rows == further.end()) continue;
    sync::ChildTable table;
    table.rows = rows->second;
    table.path = child.string_or("path");
    table.parent = child.string_or("parent");
    if (const Value* type = child.find("parent_type")) table.parent_type = sync::Type::from(*type);
    table.polled = child.bool_or("polled", false);
    tables.push_back(std::move(table));
  }
  return tables;
}

std::vector<sync::Part> parts_of(const Value& rows, const std::map<std::string, sync::Endpoint*>& further) {
  std::vector<sync::Part> parts;
  for (const Value& row : list_in(&rows)) {
    const auto records = further.find(row.string_or("id"));
    if (records == further.end()) continue;
    parts.push_back(sync::Part::from(row));
    parts.back().records = records->second;
  }
  return parts;
}

/// The lookups of a side's records whose changes count.
Value watched_of(const Value& compiled, Side side) {
  Array out;
  for (const Value& lookup : list_in(compiled.find("lookups"))) {
    if (!lookup.bool_or("watch", false) || lookup.string_or("side") != store::side_name(side)) continue;
    out.push_back(Value(Object{{"name", lookup.string_or("name")}, {"id", lookup.string_or("id")}}));
  }
  return Value(std::move(out));
}

std::vector<sync::Beside> polled_with(const Value& watched, const std::map<std::string, std::unique_ptr<ScriptEndpoint>>& further) {
  std::vector<sync::Beside> out;
  for (const Value& one : list_in(&watched)) {
    const auto records = further.find(one.string_or("id"));
    if (records != further.end()) out.push_back({one.string_or("name"), one.string_or("name"), records->second.get()});
  }
  return out;
}

/// Where a side has a field that names a file: of its own record, of a row in a list of it, or of a record beside it (`id`).
Value file_place(const Value& end, const std::string& rows, const std::string& path) {
  Object out{{"id", Value("")}, {"list", Value(rows)}, {"path", Value(path)}};
  for (const Value& child : list_in(end.find("children"))) {
    if (rows.empty() || child.bool_or("polled", false) || child.string_or("path") != rows) continue;
    out["id"] = child.string_or("id");
    out["list"] = "";
  }
  for (const Value& part : list_in(end.find("parts"))) {
    const std::string head = part.string_or("name") + ".";
    if (!rows.empty() || !path.starts_with(head)) continue;
    out["id"] = part.string_or("id");
    out["path"] = path.substr(head.size());
  }
  return Value(std::move(out));
}

std::string only_path(const Value& field, Side side) {
  const Array& paths = list_in(field.find(store::side_name(side)));
  return paths.size() == 1 && paths.front().is_string() ? paths.front().as_string() : "";
}

/// The fields of a mapping that are kept the same as files, as both sides have them: [{left, right, redact}].
Value files_of(const Value& compiled) {
  Array out;
  const auto add = [&](const Value& field, const Value* rows) {
    if (!field.bool_or("file", false)) return;
    Object one{{"redact", Value(field.bool_or("redact", false) || (rows != nullptr && rows->bool_or("redact", false)))}};
    for (const Side side : {Side::kLeft, Side::kRight}) {
      const Value* end = compiled.find(store::side_name(side));
      one[store::side_name(side)] = file_place(end == nullptr ? Value() : *end, rows == nullptr ? "" : only_path(*rows, side), only_path(field, side));
    }
    out.push_back(Value(std::move(one)));
  };
  for (const Value& field : list_in(compiled.find("fields"))) {
    add(field, nullptr);
    for (const Value& cell : list_in(field.find("rows"))) add(cell, &field);
  }
  return Value(std::move(out));
}

/// A collection may have a bucket of its own, in which its references are paths.
sync::FilesOf files_at(const ScriptEndpoint& own, const std::shared_ptr<ScriptFileVerbs>& verbs) {
  const Value* options = own.collection().find("options");
  const std::string bucket = options == nullptr ? "" : options->string_or("bucket");
  const std::string& connection = own.connection().name();
  return {connection, bucket.empty() ? connection : connection + "/" + bucket, verbs};
}

bool same_capabilities(const sync::Capabilities& a, const sync::Capabilities& b) { return a.absence_proves_delete == b.absence_proves_delete && a.client_keys == b.client_keys; }

bool same_endpoint(const ScriptEndpoint& a, const ScriptEndpoint& b) {
  return &a.connection() == &b.connection() && a.collection() == b.collection() && a.priority() == b.priority() && a.hidden() == b.hidden() && same_capabilities(a.capabilities(), b.capabilities());
}

}  // namespace

MappingEndpoints::MappingEndpoints(sync::Sides<std::unique_ptr<ScriptEndpoint>> ends, const Value& compiled, const std::function<Connection*(const std::string&)>& connection, const FitCheck& fits, sync::Files& files)
    : own_(std::move(ends)) {
  const int priority = static_cast<int>(compiled.int_or("priority", 0));
  for (const Value& entry : list_in(compiled.find("further"))) {
    Connection* at = connection(entry.string_or("connection"));
    if (at != nullptr) further_[entry.string_or("id")] = std::make_unique<ScriptEndpoint>(*at, further_collection(entry), priority, fits, own_.left->hidden());
  }
  with_files(files_of(compiled), connection, priority, files);
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const Value* end = compiled.find(store::side_name(side));
    const Value* parts = end == nullptr ? nullptr : end->find("parts");
    const Value* children = end == nullptr ? nullptr : end->find("children");
    sync::Endpoint* whole = own_[side].get();
    if (const auto own = with_files_[side].find(""); own != with_files_[side].end()) whole = own->second.get();
    std::map<std::string, sync::Endpoint*> beside;
    for (const auto& [id, endpoint] : further_) {
      const auto wrapped = with_files_[side].find(id);
      beside[id] = wrapped == with_files_[side].end() ? endpoint.get() : static_cast<sync::Endpoint*>(wrapped->second.get());
    }
    if (!list_in(parts).empty()) {
      parts_[side] = *parts;
      with_parts_[side] = std::make_unique<sync::WithParts>(*whole, parts_of(*parts, beside));
      whole = with_parts_[side].get();
    }
    if (!list_in(children).empty()) {
      tables_[side] = *children;
      with_rows_[side] = std::make_unique<sync::WithRows>(*whole, tables_of(*children, beside));
      whole = with_rows_[side].get();
    }
    watched_[side] = watched_of(compiled, side);
    auto watched = polled_with(watched_[side], further_);
    if (!watched.empty()) with_watched_[side] = std::make_unique<sync::WithWatched>(*whole, std::move(watched));
  }
}

/// Each collection that has fields which name files is one of its own with them, below whatever makes records of several.
void MappingEndpoints::with_files(Value named, const std::function<Connection*(const std::string&)>& connection, int priority, sync::Files& files) {
  const auto of = [&](Side side, const Value& place) -> std::pair<std::string, ScriptEndpoint*> {
    const std::string id = place.string_or("id");
    const auto beside = further_.find(id);
    return {id, id.empty() ? own_[side].get() : beside == further_.end() ? nullptr : beside->second.get()};
  };
  const auto at = [&](Side side, const Value& field) -> std::optional<sync::FilesOf> {
    const auto [id, endpoint] = of(side, *field.find(store::side_name(side)));
    Connection* asked = endpoint == nullptr ? nullptr : connection(endpoint->connection().name());
    if (asked == nullptr) return std::nullopt;
    auto& verbs = file_verbs_[side][id];
    if (!verbs) verbs = std::make_shared<ScriptFileVerbs>(*asked, endpoint->collection(), priority, endpoint->hidden());
    return files_at(*endpoint, verbs);
  };
  for (const Side side : {Side::kLeft, Side::kRight}) {
    std::map<std::string, std::vector<sync::WithFiles::Path>> paths;
    std::map<std::string, sync::FilesOf> mine;
    for (const Value& field : list_in(&named)) {
      const auto here = at(side, field), there = at(store::other(side), field);
      if (!here || !there) continue;
      const Value& place = *field.find(store::side_name(side));
      mine[place.string_or("id")] = *here;
      paths[place.string_or("id")].push_back({place.string_or("path"), field.bool_or("redact", false), *there, place.string_or("list")});
    }
    for (auto& [id, list] : paths) {
      sync::Endpoint& own = id.empty() ? *own_[side] : *further_.at(id);
      with_files_[side][id] = std::make_unique<sync::WithFiles>(own, files, mine[id], std::move(list));
    }
  }
  named_files_ = std::move(named);
}

sync::Sides<sync::Endpoint*> MappingEndpoints::ends() const {
  sync::Sides<sync::Endpoint*> used{nullptr, nullptr};
  for (const Side side : {Side::kLeft, Side::kRight}) {
    used[side] = own_[side].get();
    if (const auto own = with_files_[side].find(""); own != with_files_[side].end()) used[side] = own->second.get();
    if (with_parts_[side]) used[side] = with_parts_[side].get();
    if (with_rows_[side]) used[side] = with_rows_[side].get();
    if (with_watched_[side]) used[side] = with_watched_[side].get();
  }
  return used;
}

std::map<std::string, sync::Endpoint*> MappingEndpoints::further() const {
  std::map<std::string, sync::Endpoint*> out;
  for (const auto& [id, endpoint] : further_) out[id] = endpoint.get();
  return out;
}

bool MappingEndpoints::uses(const Connection& connection) const {
  const auto asks = [&](const auto& endpoint) { return &endpoint->connection() == &connection; };
  return asks(own_.left) || asks(own_.right) || std::any_of(further_.begin(), further_.end(), [&](const auto& one) { return asks(one.second); });
}

bool MappingEndpoints::same(const MappingEndpoints& other) const {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!same_endpoint(*own_[side], *other.own_[side]) || !(tables_[side] == other.tables_[side]) || !(parts_[side] == other.parts_[side]) || !(watched_[side] == other.watched_[side])) return false;
  }
  return named_files_ == other.named_files_ && std::equal(further_.begin(), further_.end(), other.further_.begin(), other.further_.end(), [](const auto& a, const auto& b) { return a.first == b.first && same_endpoint(*a.second, *b.second); });
}

std::vector<std::pair<std::string, std::string>> tables_below(const Value& compiled, Side side) {
  std::vector<std::pair<std::string, std::string>> out;
  const Value* end = compiled.find(store::side_name(side));
  for (const Value& child : list_in(end == nullptr ? nullptr : end->find("children"))) {
    for (const Value& entry : list_in(compiled.find("further"))) {
      if (entry.string_or("id") == child.string_or("id")) out.emplace_back(entry.string_or("collection"), child.string_or("parent"));
    }
  }
  return out;
}

std::vector<WatchedCollection> watched_by_lookups(const Value& compiled, Side side) {
  std::vector<WatchedCollection> out;
  const Value watched = watched_of(compiled, side);
  for (const Value& lookup : watched.as_array()) {
    for (const Value& entry : list_in(compiled.find("further"))) {
      if (entry.string_or("id") != lookup.string_or("id")) continue;
      WatchedCollection one{entry.string_or("connection"), entry.string_or("collection"), lookup.string_or("name"), {}};
      for (const Value& field : list_in(entry.find("key"))) one.key.push_back(field.is_string() ? field.as_string() : "");
      out.push_back(std::move(one));
    }
  }
  return out;
}

std::vector<WatchedCollection> watched_by_parts(const Value& compiled, Side side) {
  std::vector<WatchedCollection> out;
  const Value* end = compiled.find(store::side_name(side));
  for (const Value& part : list_in(end == nullptr ? nullptr : end->find("parts"))) {
    for (const Value& entry : list_in(compiled.find("further"))) {
      if (entry.string_or("id") != part.string_or("id")) continue;
      WatchedCollection one{entry.string_or("connection"), entry.string_or("collection"), "@" + part.string_or("name"), {}};
      for (const Value& field : list_in(entry.find("key"))) one.key.push_back(field.is_string() ? field.as_string() : "");
      out.push_back(std::move(one));
    }
  }
  return out;
}

std::vector<Value> belonging_to(const Value& compiled, Side side) {
  std::vector<Value> out;
  const Value* end = compiled.find(store::side_name(side));
  for (const char* list : {"children", "parts"}) {
    for (const Value& one : list_in(end == nullptr ? nullptr : end->find(list))) {
      for (const Value& entry : list_in(compiled.find("further"))) {
        const bool known = std::any_of(out.begin(), out.end(), [&](const Value& other) { return other.string_or("id") == entry.string_or("id"); });
        if (entry.string_or("id") == one.string_or("id") && !known) out.push_back(entry);
      }
    }
  }
  return out;
}

Value further_collection(const Value& entry) {
  Object out{{"name", Value(entry.string_or("collection"))}, {"word", Value(entry.string_or("word"))}, {"scope", Value(Object{})}};
  for (const char* member : {"options", "key", "fields", "parents", "files"}) {
    if (const Value* value = entry.find(member); value != nullptr) out[member] = *value;
  }
  return Value(std::move(out));
}

}  // namespace tidewire::app
