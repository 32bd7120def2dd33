#include "app/circles.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace tidewire::app {
namespace {

constexpr std::size_t kLongestCircle = 8;  // mappings around one circle

std::string place_of_end(const Value* end) {
  if (end == nullptr) return "";
  return end->string_or("connection") + "." + end->string_or("word") + " \"" + end->string_or("collection") + "\"";
}

std::vector<std::string> paths_in(const Value& field, const char* side) {
  std::vector<std::string> out;
  const Value* paths = field.find(side);
  for (const Value& path : paths == nullptr || !paths->is_array() ? Array{} : paths->as_array()) {
    if (path.is_string()) out.push_back(path.as_string());
  }
  return out;
}

bool reaches(const Value& field, const char* side) {
  const std::string flow = field.string_or("flow", "both");
  return flow == "both" || flow == std::string("to_") + side;
}

const Array& fields_of(const Value& compiled) {
  static const Array none;
  const Value* fields = compiled.find("fields");
  return fields == nullptr || !fields->is_array() ? none : fields->as_array();
}

struct Step {
  std::string mapping, to;
};
/// "erp.doctype "Item" item_name" -> where its value goes.
using Ways = std::map<std::string, std::vector<Step>>;

Ways ways_of(const std::map<std::string, const Value*>& compiled) {
  Ways ways;
  for (const auto& [name, plan] : compiled) {
    const std::string left = place_of_end(plan->find("left")), right = place_of_end(plan->find("right"));
    for (const Value& field : fields_of(*plan)) {
      if (field.string_or("kind") == "constant") continue;
      for (const std::string& a : paths_in(field, "left")) {
        for (const std::string& b : paths_in(field, "right")) {
          if (reaches(field, "right")) ways[left + " " + a].push_back({name, right + " " + b});
          if (reaches(field, "left")) ways[right + " " + b].push_back({name, left + " " + a});
        }
      }
    }
  }
  return ways;
}

class Search {
 public:
  explicit Search(const Ways& ways) : ways_(ways) {}

  std::vector<std::string> run() {
    for (const auto& [start, steps] : ways_) walk(start, start);
    return std::move(found_);
  }

 private:
  void walk(const std::string& start, const std::string& at) {
    const auto next = ways_.find(at);
    if (next == ways_.end() || path_.size() >= kLongestCircle) return;
    for (const Step& step : next->second) {
      if (std::any_of(path_.begin(), path_.end(), [&](const Step& one) { return one.mapping == step.mapping; })) continue;
      path_.push_back(step);
      if (step.to == start && path_.size() >= 3) tell(start);
      else if (std::none_of(path_.begin(), path_.end() - 1, [&](const Step& one) { return one.to == step.to; })) walk(start, step.to);
      path_.pop_back();
    }
  }
  /// Once for each set of mappings, whatever field and direction it was found by.
  void tell(const std::string& start) {
    std::set<std::string> who;
    std::string way = start;
    for (const Step& step : path_) {
      who.insert(step.mapping);
      way += " -> " + step.to;
    }
    if (!told_.insert(who).second) return;
    found_.push_back("the mappings " + join(std::vector<std::string>(who.begin(), who.end()), ", ") + " lead around in a circle: " + way + "; an edit comes back to where it was made, and a value that is converted with loss may never rest");
  }

  const Ways& ways_;
  std::vector<Step> path_;
  std::set<std::set<std::string>> told_;
  std::vector<std::string> found_;
};

struct Writer {
  std::string mapping;
  const Value* end;
  std::set<std::string> fields;
};

/// The values that a scope leaves a field; empty where it says nothing plain.
Array values_of(const Value& scope, const std::string& field) {
  const Value* condition = scope.find(field);
  if (condition == nullptr) return {};
  const Value* value = condition->find("value");
  const std::string op = condition->string_or("op", "=");
  if (value == nullptr || (op != "=" && op != "in")) return {};
  return value->is_array() ? value->as_array() : Array{*value};
}

/// True where no record can belong to both: a field of their scopes has no value in common.
bool told_apart(const Value& a, const Value& b) {
  const Value *first = a.find("scope"), *second = b.find("scope");
  if (first == nullptr || second == nullptr || !first->is_object() || !second->is_object()) return false;
  return std::any_of(first->as_object().begin(), first->as_object().end(), [&](const auto& condition) {
    const Array here = values_of(*first, condition.first), there = values_of(*second, condition.first);
    if (here.empty() || there.empty()) return false;
    return std::none_of(here.begin(), here.end(), [&](const Value& value) { return std::find(there.begin(), there.end(), value) != there.end(); });
  });
}

}  // namespace

std::vector<std::string> circles(const std::map<std::string, const Value*>& compiled) { return Search(ways_of(compiled)).run(); }

std::vector<std::string> written_twice(const std::map<std::string, const Value*>& compiled) {
  std::map<std::string, std::vector<Writer>> writers;
  for (const auto& [name, plan] : compiled) {
    for (const char* side : {"left", "right"}) {
      const Value* end = plan->find(side);
      Writer writer{name, end, {}};
      for (const Value& field : fields_of(*plan)) {
        if (!reaches(field, side) || field.string_or("when") == "create") continue;
        for (std::string& path : paths_in(field, side)) writer.fields.insert(std::move(path));
      }
      if (!writer.fields.empty()) writers[place_of_end(end)].push_back(std::move(writer));
    }
  }
  std::vector<std::string> found;
  for (const auto& [place, list] : writers) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      for (std::size_t j = i + 1; j < list.size(); ++j) {
        std::vector<std::string> both;
        std::set_intersection(list[i].fields.begin(), list[i].fields.end(), list[j].fields.begin(), list[j].fields.end(), std::back_inserter(both));
        if (both.empty() || list[i].mapping == list[j].mapping || told_apart(*list[i].end, *list[j].end)) continue;
        found.push_back("the mappings " + list[i].mapping + " and " + list[j].mapping + " both write " + join(both, ", ") + " of " + place + ": let one of them say only = ..., or give each records of its own (where, claims)");
      }
    }
  }
  return found;
}

}  // namespace tidewire::app
