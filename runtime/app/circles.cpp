#include "app/circles.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace tidewire::app {
namespace {

constexpr std::size_t kLongestCircle = 8;  // mappings around one circle

/// The collection of an end, or one that a mapping uses besides, by the name that all its spellings share.
std::string place_of(const Value* end) {
  if (end == nullptr) return "";
  const std::string place = end->string_or("place");
  return end->string_or("connection") + "." + (place.empty() ? end->string_or("word") + " \"" + end->string_or("collection") + "\"" : "\"" + place + "\"");
}

/// The same as its author wrote it.
std::string title_of(const Value* end) { return end == nullptr ? "" : end->string_or("connection") + "." + end->string_or("word") + " \"" + end->string_or("collection") + "\""; }

const Array& members_in(const Value* of, const char* member) {
  static const Array none;
  const Value* list = of == nullptr ? nullptr : of->find(member);
  return list == nullptr || !list->is_array() ? none : list->as_array();
}

const Value* with(const Array& list, const char* member, const std::string& value) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const Value& one) { return one.string_or(member) == value; });
  return found == list.end() ? nullptr : &*found;
}

std::vector<std::string> paths_in(const Value& field, const char* side) {
  std::vector<std::string> out;
  for (const Value& path : members_in(&field, side)) {
    if (path.is_string()) out.push_back(path.as_string());
  }
  return out;
}

bool reaches(const Value& field, const char* side) {
  const std::string flow = field.string_or("flow", "both");
  return flow == "both" || flow == std::string("to_") + side;
}

/// Where a path of a field lies: in the record itself, in a part of it, or in a row below it.
struct Place {
  const Value* collection = nullptr;  // the end, or a further collection
  std::string path;
  const Value* part = nullptr;        // of a join or via
  bool child = false;                 // a table of rows
};

Place place_in(const Value& plan, const char* side, const std::string& path) {
  const Value* end = plan.find(side);
  const std::size_t dot = path.find('.');
  const Value* part = dot == std::string::npos ? nullptr : with(members_in(end, "parts"), "name", path.substr(0, dot));
  const Value* there = part == nullptr ? nullptr : with(members_in(&plan, "further"), "id", part->string_or("id"));
  if (there != nullptr) return {there, path.substr(dot + 1), part};
  return {end, path};
}

/// The table whose rows a field of rows holds on this side; null where the record holds them itself.
const Value* table_of(const Value& plan, const char* side, const Value& field) {
  const auto paths = paths_in(field, side);
  const Value* child = paths.size() != 1 ? nullptr : with(members_in(plan.find(side), "children"), "path", paths.front());
  return child == nullptr ? nullptr : with(members_in(&plan, "further"), "id", child->string_or("id"));
}

/// Each path of a field, or of the cells of rows that are records of their own, with the side's place of it.
std::vector<Place> places_of(const Value& plan, const char* side, const Value& field, const Value* table) {
  std::vector<Place> out;
  for (const std::string& path : paths_in(field, side)) out.push_back(table == nullptr ? place_in(plan, side, path) : Place{table, path, nullptr, true});
  return out;
}

struct Step {
  std::string mapping, to;
};
/// "erp.doctype "Item" item_name" -> where its value goes.
using Ways = std::map<std::string, std::vector<Step>>;

void add_ways(Ways& ways, const std::string& mapping, const Value& plan, const Value& field, const Value* left_table, const Value* right_table) {
  const auto name = [](const Place& place) { return place_of(place.collection) + " " + place.path; };
  for (const Place& a : places_of(plan, "left", field, left_table)) {
    for (const Place& b : places_of(plan, "right", field, right_table)) {
      if (reaches(field, "right")) ways[name(a)].push_back({mapping, name(b)});
      if (reaches(field, "left")) ways[name(b)].push_back({mapping, name(a)});
    }
  }
}

Ways ways_of(const std::map<std::string, const Value*>& compiled) {
  Ways ways;
  for (const auto& [name, plan] : compiled) {
    for (const Value& field : members_in(plan, "fields")) {
      if (field.string_or("kind") == "constant") continue;
      const Value *left = table_of(*plan, "left", field), *right = table_of(*plan, "right", field);
      if (left == nullptr || right == nullptr) add_ways(ways, name, *plan, field, nullptr, nullptr);
      else {
        for (const Value& cell : members_in(&field, "rows")) add_ways(ways, name, *plan, cell, left, right);
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

/// Who writes a field of a collection, and where that is said.
struct Writer {
  std::string mapping, path, at;
  const char* how = "";      // " (a stamp)"
  const Value* collection;
  const Value* end;          // whose record it is or belongs to
  const Value* part;         // of a via or join
  bool child;                // a row below that record
  bool looks_up;             // and makes the record only where it is not found
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

}  // namespace

bool told_apart(const Value& a, const Value& b) {
  const Value *first = a.find("scope"), *second = b.find("scope");
  if (first == nullptr || second == nullptr || !first->is_object() || !second->is_object()) return false;
  return std::any_of(first->as_object().begin(), first->as_object().end(), [&](const auto& condition) {
    const Array here = values_of(*first, condition.first), there = values_of(*second, condition.first);
    if (here.empty() || there.empty()) return false;
    return std::none_of(here.begin(), here.end(), [&](const Value& value) { return std::find(there.begin(), there.end(), value) != there.end(); });
  });
}

namespace {

/// What a part picks among the records of its owner, as a scope says it.
Value scope_of(const Value& part) {
  Object scope;
  if (const Value* pick = part.find("pick"); pick != nullptr && pick->is_object()) {
    for (const auto& [field, value] : pick->as_object()) scope[field] = Value(Object{{"op", "="}, {"value", value}});
  }
  return Value(Object{{"scope", Value(std::move(scope))}});
}

/// True where no record is written by both.
bool apart(const Writer& a, const Writer& b) {
  if (a.looks_up && b.looks_up) return true;
  const bool a_own = a.part == nullptr && !a.child, b_own = b.part == nullptr && !b.child;
  if (a_own && b_own) return told_apart(*a.end, *b.end);
  const Value first = a.part != nullptr ? scope_of(*a.part) : (a_own ? *a.end : Value(Object{}));
  const Value second = b.part != nullptr ? scope_of(*b.part) : (b_own ? *b.end : Value(Object{}));
  if (told_apart(first, second)) return true;
  // Rows and parts of other records are other ones; what several point to is not.
  const auto owned = [](const Writer& one) { return one.child || (one.part != nullptr && one.part->string_or("how") != "via"); };
  return owned(a) && owned(b) && place_of(a.end) == place_of(b.end) && told_apart(*a.end, *b.end);
}

/// "meta.price" is written by who writes "meta".
bool overlap(const std::string& a, const std::string& b) { return (a + ".").starts_with(b + ".") || (b + ".").starts_with(a + "."); }

class Writers {
 public:
  Writers(const std::string& mapping, const Value& plan) : mapping_(mapping), plan_(plan) {}

  std::vector<Writer> all() {
    for (const char* side : {"left", "right"}) {
      const Value* end = plan_.find(side);
      if (end == nullptr) continue;
      for (const Value& field : members_in(&plan_, "fields")) of_field(side, *end, field);
      for (const Value& stamp : members_in(end, "stamps")) add(*end, {end, stamp.string_or("field")}, stamp.string_or("at"), " (a stamp)");
      if (const std::string soft = end->string_or("soft_field"); !soft.empty()) add(*end, {end, soft}, end->string_or("soft_at"), " (the mark of a soft delete)");
    }
    return std::move(found_);
  }

 private:
  void of_field(const char* side, const Value& end, const Value& field) {
    const std::string at = field.string_or("at");
    made_by_lookup(field, at);
    if (!reaches(field, side) || field.string_or("when") == "create") return;
    const Value* table = table_of(plan_, side, field);
    if (table == nullptr) {
      for (Place& place : places_of(plan_, side, field, nullptr)) add(end, std::move(place), at, "");
      return;
    }
    for (const Value& cell : members_in(&field, "rows")) {
      made_by_lookup(cell, cell.string_or("at"));
      if (!reaches(cell, side) || cell.string_or("when") == "create") continue;
      for (Place& place : places_of(plan_, side, cell, table)) add(end, std::move(place), cell.string_or("at", at), " (in rows)");
    }
    if (const Value* order = field.find("order"); order != nullptr && !order->string_or(side).empty()) add(end, {table, order->string_or(side), nullptr, true}, at, " (the place of a row)");
  }
  /// t.find that makes what it does not find writes there what it looked for.
  void made_by_lookup(const Value& field, const std::string& at) {
    const Value* find = field.find("find");
    if (find == nullptr || find->string_or("missing") != "create" || !reaches(field, find->string_or("side").c_str())) return;
    const Value* there = with(members_in(&plan_, "further"), "id", find->string_or("id"));
    if (there == nullptr || std::any_of(found_.begin(), found_.end(), [&](const Writer& one) { return one.collection == there && one.at == at; })) return;
    add(*there, {there, find->string_or("by")}, at, " (a lookup that creates)", true);
  }
  void add(const Value& end, Place place, const std::string& at, const char* how, bool looks_up = false) {
    found_.push_back({mapping_, std::move(place.path), at, how, place.collection, &end, place.part, place.child, looks_up});
  }

  const std::string& mapping_;
  const Value& plan_;
  std::vector<Writer> found_;
};

std::string place_text(const Writer& writer) { return writer.at + writer.how; }

/// What two mappings both write of one collection, as one sentence.
struct Doubled {
  const Writer* first;
  const Writer* second;
  std::vector<std::string> fields, places;
};

}  // namespace

std::vector<std::string> circles(const std::map<std::string, const Value*>& compiled) { return Search(ways_of(compiled)).run(); }

std::vector<std::string> written_twice(const std::map<std::string, const Value*>& compiled) {
  std::map<std::string, std::vector<Writer>> writers;
  for (const auto& [name, plan] : compiled) {
    for (Writer& writer : Writers(name, *plan).all()) writers[place_of(writer.collection)].push_back(std::move(writer));
  }
  std::vector<std::string> found;
  for (const auto& [place, list] : writers) {
    std::map<std::pair<std::string, std::string>, Doubled> doubled;  // by the two mappings
    for (std::size_t i = 0; i < list.size(); ++i) {
      for (std::size_t j = i + 1; j < list.size(); ++j) {
        const Writer &a = list[i], &b = list[j];
        if (a.mapping == b.mapping || !overlap(a.path, b.path) || apart(a, b)) continue;
        Doubled& one = doubled.try_emplace({a.mapping, b.mapping}, Doubled{&a, &b, {}, {}}).first->second;
        const std::string field = a.path == b.path ? a.path : a.path + " and " + b.path;
        if (std::find(one.fields.begin(), one.fields.end(), field) != one.fields.end()) continue;
        one.fields.push_back(field);
        if (const std::string both = place_text(a) + " and " + place_text(b); std::find(one.places.begin(), one.places.end(), both) == one.places.end()) one.places.push_back(both);
      }
    }
    for (const auto& [both, one] : doubled) {
      const std::string first = title_of(one.first->collection), second = title_of(one.second->collection);
      found.push_back("the mappings " + both.first + " and " + both.second + " both write " + join(one.fields, ", ") + " of " + first + (second == first ? "" : ", which is " + second + " too") + ", at " + join(one.places, "; ") +
                      ": let one of them leave it out or say only = ..., or give each records of its own (where, claims, pick)");
    }
  }
  return found;
}

}  // namespace tidewire::app
