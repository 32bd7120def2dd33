#include "app/claims.h"

#include <algorithm>

#include "base/json.h"

namespace tidewire::app {
namespace {

struct Claim {
  std::string mapping, place, field;
  Array values;
};

std::vector<Claim> claims_of(const std::string& name, const Value& compiled) {
  std::vector<Claim> out;
  for (const char* side : {"left", "right"}) {
    const Value* end = compiled.find(side);
    const Value* claims = end == nullptr ? nullptr : end->find("claims");
    const Value* values = claims == nullptr ? nullptr : claims->find("values");
    if (values == nullptr || !values->is_array()) continue;
    out.push_back({name, end->string_or("connection") + "." + end->string_or("word") + " \"" + end->string_or("collection") + "\"", claims->string_or("field"), values->as_array()});
  }
  return out;
}

std::string problem_of(const Claim& a, const Claim& b) {
  if (a.place != b.place) return "";
  const std::string who = "mappings " + a.mapping + " and " + b.mapping + " of " + a.place;
  if (a.field != b.field) return who + " claim by different fields (" + a.field + ", " + b.field + "): a record could belong to both";
  for (const Value& value : a.values) {
    if (std::find(b.values.begin(), b.values.end(), value) != b.values.end()) return who + " both claim " + a.field + " = " + json::dump(value);
  }
  return "";
}

}  // namespace

std::vector<std::string> overlapping_claims(const std::map<std::string, const Value*>& compiled) {
  std::vector<Claim> claims;
  for (const auto& [name, plan] : compiled) {
    for (Claim& claim : claims_of(name, *plan)) claims.push_back(std::move(claim));
  }
  std::vector<std::string> problems;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    for (std::size_t j = i + 1; j < claims.size(); ++j) {
      if (std::string problem = problem_of(claims[i], claims[j]); !problem.empty()) problems.push_back(std::move(problem));
    }
  }
  return problems;
}

}  // namespace tidewire::app
