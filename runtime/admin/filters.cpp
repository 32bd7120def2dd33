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

Result<void> check_names(const Control& control, const store::Summary& summary, const std::string& mapping, const std::string& connection) {
  const auto mappings = known_names(control.mappings(), summary.mappings), connections = known_names(control.connections(), summary.connections);
  if (!is_among(mappings, mapping)) return no_mapping(mapping, mappings);
  if (is_among(connections, connection)) return {};
  return make_error(Code::kNotFound, "no connection '" + connection + "' is known" + suggestion(connection, connections), "`tidewire status` lists them");
}

}  // namespace

void check_filters(Api& api, const Call& call, std::span<const Words> words, Done<void> done) {
  for (const Words& one : words) {
    if (const auto known = check_word(one, call.query(one.parameter)); !known.ok()) return done(known);
  }
  const std::string mapping = call.query("mapping"), connection = call.query("connection");
  if ((mapping.empty() || api.control().engine().plan(mapping) != nullptr) && connection.empty()) return done({});
  api.with_summary(api.guarded([&api, mapping, connection, done = std::move(done)](const Result<store::Summary>& summary) { done(summary.ok() ? check_names(api.control(), *summary, mapping, connection) : Result<void>(summary.error())); }));
}

}  // namespace tidewire::admin
