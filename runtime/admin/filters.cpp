#include "admin/filters.h"

#include <algorithm>
#include <set>

#include "admin/paging.h"
#include "base/text.h"

namespace tidewire::admin {
namespace {

Result<void> check_word(const Words& one, const std::string& said) {
  if (said.empty() || std::find(one.words.begin(), one.words.end(), said) != one.words.end()) return {};
  return make_error(Code::kInvalid, "no " + std::string(one.parameter) + " '" + said + "' is ever in this list" + suggestion(said, one.words), "it is one of: " + join(one.words, ", "));
}

/// The members of an object, and further names.
template <typename Further>
std::vector<std::string> known_names(const Value& object, const Further& further) {
  std::set<std::string> names;
  for (const auto& [name, one] : object.is_object() ? object.as_object() : Object{}) names.insert(name);
  for (const auto& [name, one] : further) names.insert(name);
  return {names.begin(), names.end()};
}

bool is_among(const std::vector<std::string>& names, const std::string& name) { return name.empty() || std::find(names.begin(), names.end(), name) != names.end(); }

Result<void> look_up(const Control& control, const store::Summary& summary, const Names& names) {
  std::vector<std::string> mappings = known_names(control.mappings(), summary.mappings);
  const std::vector<std::string> files = control.mapping_files(), connections = known_names(control.connections(), summary.connections);
  mappings.insert(mappings.end(), files.begin(), files.end());
  if (!is_among(mappings, names.mapping)) return no_mapping(names.mapping, mappings);
  if (!is_among(connections, names.connection)) return make_error(Code::kNotFound, "no connection '" + names.connection + "' is known" + suggestion(names.connection, connections), "`tidewire status` lists them");
  if (is_among(mappings, names.either) || is_among(connections, names.either)) return {};
  std::vector<std::string> both = mappings;
  both.insert(both.end(), connections.begin(), connections.end());
  return make_error(Code::kNotFound, "no mapping and no connection '" + names.either + "'" + suggestion(names.either, both), "`tidewire status` lists them");
}

}  // namespace

void check_names(Api& api, Names names, Done<void> done) {
  const bool loaded = names.mapping.empty() || api.control().engine().plan(names.mapping) != nullptr;
  if (loaded && names.connection.empty() && names.either.empty()) return done({});
  api.with_summary(api.guarded([&api, names = std::move(names), done = std::move(done)](const Result<store::Summary>& summary) { done(summary.ok() ? look_up(api.control(), *summary, names) : Result<void>(summary.error())); }));
}

void check_filters(Api& api, const Call& call, std::span<const Words> words, Done<void> done) {
  for (const Words& one : words) {
    if (const auto known = check_word(one, call.query(one.parameter)); !known.ok()) return done(known);
  }
  check_names(api, {call.query("mapping"), call.query("connection"), call.query("about")}, std::move(done));
}

}  // namespace tidewire::admin
