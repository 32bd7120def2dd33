#include "app/mapping_file.h"

#include <algorithm>
#include <set>

#include "app/endpoints.h"
#include "base/hash.h"

namespace tidewire::app {

std::string file_name_of(const std::string& path) {
  constexpr std::size_t kFolder = sizeof "mappings/" - 1, kEnding = sizeof ".lua" - 1;
  return path.substr(kFolder, path.size() - kFolder - kEnding);
}

using sync::Side;

namespace {

/// What `all` took, of mappings whose file still has the same text.
Value frozen_for(const Value& frozen, const std::string& text) {
  Value out{Object{}};
  if (frozen.as_object().empty()) return out;
  const std::string hash = sha256_hex(text);
  for (const auto& [name, one] : frozen.as_object()) {
    if (const Value* fields = one.find("fields"); fields != nullptr && one.string_or("text") == hash) out[name] = *fields;
  }
  return out;
}

Result<std::unique_ptr<script::Script>> evaluate(const std::string& path, const std::string& text, const MappingContext& context, const Value& describe, const Services& services) {
  script::Options options;
  options.name = "mapping " + context.name;
  options.main_path = path;
  options.main_text = text;
  options.host = "tidewire.host.mapping";
  Array names(context.mappings.begin(), context.mappings.end());
  Object argument{{"name", Value(context.name)}, {"connections", context.connections}, {"mappings", Value(std::move(names))}, {"defaults", context.defaults}, {"describe", describe}};
  argument["frozen"] = frozen_for(context.frozen, text);
  argument["path"] = path;
  argument["text"] = text;
  argument["dry_run"] = context.read_only;
  argument["mail"] = context.mail;
  argument["environment"] = context.environment.empty() ? Value() : Value(context.environment);
  options.host_argument = Value(std::move(argument));
  options.install = bindings::installer(bindings::Profile::kPure, {});
  options.sources = &services.files;
  options.poster = &services.loop;
  options.timers = &services.loop;
  options.clock = &services.clock;
  return script::Script::load(std::move(options));
}

std::vector<Value> compiled_in(const Value& data) {
  if (data.is_array()) return data.as_array();
  if (const Value* list = data.find("mappings"); list != nullptr && list->is_array()) return list->as_array();
  return {data};
}

/// What a mapping goes by besides its files: what they make of all that the host is told, and of that what is about its own collections. Another
/// connection, or another file in mappings/, makes no new version of it.
Value told_to(const Draft& draft, const MappingContext& context, const Value& describe) {
  Object connections;
  for (const Draft::Wanted& one : draft.collections()) {
    if (const Value* about = context.connections.find(one.connection)) connections[one.connection] = *about;
  }
  return Value(Object{{"mapping", draft.name}, {"compiled", draft.compiled}, {"connections", Value(std::move(connections))}, {"describe", describe}, {"defaults", context.defaults}, {"environment", context.environment},
                      {"dry_run", context.read_only}});
}

void add_paths(std::set<std::string>& fields, const Value* paths) {
  if (paths == nullptr) return;
  if (paths->is_string()) fields.insert(paths->as_string());
  if (!paths->is_array()) return;
  for (const Value& path : paths->as_array()) {
    if (path.is_string()) fields.insert(path.as_string());
  }
}

}  // namespace

std::string Draft::connection(Side side) const {
  const Value* end = compiled.find(store::side_name(side));
  return end == nullptr ? "" : end->string_or("connection");
}

std::vector<Draft::Wanted> Draft::collections() const {
  std::vector<Wanted> out;
  for (const Side side : {Side::kLeft, Side::kRight}) out.push_back({store::side_name(side), connection(side), collection(side)});
  const Value* further = compiled.find("further");
  for (const Value& entry : further == nullptr || !further->is_array() ? Array{} : further->as_array()) out.push_back({entry.string_or("id"), entry.string_or("connection"), further_collection(entry)});
  return out;
}

Value Draft::collection(Side side) const {
  const char* name = store::side_name(side);
  const Value* end = compiled.find(name);
  if (end == nullptr) return Value(Object{});
  std::set<std::string> fields;
  const Value* rows = compiled.find("fields");
  for (const Value& row : rows == nullptr ? Array{} : rows->as_array()) add_paths(fields, row.find(name));
  const Value* matches = compiled.find("matches");
  for (const Value& match : matches == nullptr || !matches->is_array() ? Array{} : matches->as_array()) {
    if (!match.is_array()) continue;
    for (const Value& pair : match.as_array()) add_paths(fields, pair.find(name));
  }
  const Value* lookups = compiled.find("lookups");
  for (const Value& lookup : lookups == nullptr || !lookups->is_array() ? Array{} : lookups->as_array()) {
    if (lookup.string_or("side") == name) add_paths(fields, lookup.find("path"));
  }
  if (const Value* scope = end->find("scope"); scope != nullptr && scope->is_object()) {
    for (const auto& [path, condition] : scope->as_object()) fields.insert(path);
  }
  const Value* stamps = end->find("stamps");
  for (const Value& stamp : stamps == nullptr || !stamps->is_array() ? Array{} : stamps->as_array()) fields.insert(stamp.string_or("field"));
  const Value* children = end->find("children");
  for (const Value& child : children == nullptr || !children->is_array() ? Array{} : children->as_array()) fields.erase(child.string_or("path"));
  if (const std::string soft = end->string_or("soft_field"); !soft.empty()) fields.insert(soft);
  const Value* parts = end->find("parts");
  for (const Value& part : parts == nullptr || !parts->is_array() ? Array{} : parts->as_array()) {
    std::erase_if(fields, [name = part.string_or("name") + "."](const std::string& path) { return path.starts_with(name); });
    if (part.string_or("how") == "via") fields.insert(part.string_or("field"));
  }
  Object out;
  out["name"] = end->string_or("collection");
  out["word"] = end->string_or("word");
  for (const char* member : {"options", "key", "scope", "files"}) {
    if (const Value* value = end->find(member); value != nullptr) out[member] = *value;
  }
  out["fields"] = Value(Array(fields.begin(), fields.end()));
  return Value(std::move(out));
}

Result<std::vector<Draft>> read_mapping_file(const std::string& path, const std::string& text, const MappingContext& context, const Value& describe, const Services& services) {
  const auto script = TRY(evaluate(path, text, context, describe, services));
  std::vector<Draft> drafts;
  for (const Value& compiled : compiled_in(script->data())) {
    Draft draft;
    draft.name = compiled.string_or("name", context.name);
    draft.compiled = compiled;
    for (const auto& file : script->version().files) draft.files.push_back(file.path);
    drafts.push_back(std::move(draft));
  }
  return drafts;
}

Result<std::shared_ptr<ScriptMapper>> make_mapper(const std::string& path, const std::string& text, const std::string& mapping, const MappingContext& context, const Value& describe, const Services& services) {
  // The other mappings of the file have collections of their own, of which nothing is said here.
  std::shared_ptr<script::Script> script = TRY(evaluate(path, text, context, Value(Object{{mapping, describe}}), services));
  for (const Value& compiled : compiled_in(script->data())) {
    if (compiled.string_or("name", context.name) != mapping) continue;
    if (compiled.bool_or("incomplete", false)) return make_error(Code::kInvalid, path + ": the fields of a collection are not known", "the connector of one side describes nothing");
    auto plan = TRY(sync::Plan::from(compiled));
    if (context.read_only) plan.read_only = {true, true};
    const Value told = told_to({mapping, compiled, {}}, context, describe);
    auto mapper = std::make_shared<ScriptMapper>(script, std::move(plan), compiled, told, services.clock);
    TRY(run_mapping_tests(*mapper));
    return mapper;
  }
  return make_error(Code::kNotFound, path + " returns no mapping named '" + mapping + "'");
}

}  // namespace tidewire::app
