// wants.h — what a mapping is to be told of, kept in the state: so that it is taken in while the mapping itself is not loaded
// (law 1: intake and fan-out load no mapping).
#pragma once

#include <string>
#include <vector>

#include "base/value.h"
#include "store/types.h"

namespace tidewire::app {

/// Of the state's kv: the wants of each mapping.
inline constexpr const char* kWants = "wants";

/// One collection whose changes concern a side of a mapping.
struct Want {
  store::Side side = store::Side::kLeft;
  std::string connection, collection;
  std::vector<std::string> key;
  std::string owner;  // what changes is a record of this collection; rows below records of this collection: `key` is the column that names the record; "" = a record itself
  std::string watch;  // the lookup of `owner`'s mapping that finds these records; "" = none
  friend bool operator==(const Want&, const Want&) = default;
};

/// Of a compiled mapping, also of one whose systems have not described their types yet.
std::vector<Want> wants_of(const Value& compiled);
Value wants_value(const std::vector<Want>& wants);
std::vector<Want> wants_from(const Value& kept);
/// Where fan-out brings what is received for it.
std::vector<store::Route> routes_of(const std::string& mapping, const std::vector<Want>& wants);

}  // namespace tidewire::app
