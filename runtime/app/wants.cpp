#include "app/wants.h"

#include "app/endpoints.h"

namespace tidewire::app {

using store::Side;

namespace {

std::vector<std::string> texts_in(const Value* list) {
  std::vector<std::string> out;
  for (const Value& one : list == nullptr || !list->is_array() ? Array{} : list->as_array()) {
    if (one.is_string()) out.push_back(one.as_string());
  }
  return out;
}

}  // namespace

std::vector<Want> wants_of(const Value& compiled) {
  std::vector<Want> out;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const Value* end = compiled.find(store::side_name(side));
    if (end == nullptr) continue;
    const std::string connection = end->string_or("connection"), collection = end->string_or("collection");
    out.push_back({side, connection, collection, texts_in(end->find("key")), "", ""});
    for (const auto& [table, column] : tables_below(compiled, side)) out.push_back({side, connection, table, {column}, collection, ""});
    for (const WatchedCollection& one : watched_by_parts(compiled, side)) out.push_back({side, one.connection, one.collection, one.key, collection, one.lookup});
    for (const WatchedCollection& one : watched_by_lookups(compiled, side)) out.push_back({side, one.connection, one.collection, one.key, collection, one.lookup});
  }
  return out;
}

Value wants_value(const std::vector<Want>& wants) {
  Array out;
  for (const Want& want : wants) {
    out.push_back(Value(Object{{"side", store::side_name(want.side)}, {"connection", want.connection}, {"collection", want.collection}, {"key", Value(Array(want.key.begin(), want.key.end()))}, {"owner", want.owner}, {"watch", want.watch}}));
  }
  return Value(std::move(out));
}

std::vector<Want> wants_from(const Value& kept) {
  std::vector<Want> out;
  for (const Value& one : kept.is_array() ? kept.as_array() : Array{}) {
    const Side side = one.string_or("side") == store::side_name(Side::kRight) ? Side::kRight : Side::kLeft;
    out.push_back({side, one.string_or("connection"), one.string_or("collection"), texts_in(one.find("key")), one.string_or("owner"), one.string_or("watch")});
  }
  return out;
}

std::vector<store::Route> routes_of(const std::string& mapping, const std::vector<Want>& wants) {
  std::vector<store::Route> out;
  for (const Want& want : wants) {
    if (want.owner.empty()) out.push_back({mapping, want.side, want.connection, want.collection});
  }
  return out;
}

}  // namespace tidewire::app
