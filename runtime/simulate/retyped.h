// retyped.h — values that people enter again: what both sides had agreed on, over what stands there now (law 26).
//
// Values of the other fields are written once, so that each names its edit; one that is entered again does not. So of the cells
// here it is watched whether the engine overwrites one that was entered so, and what is on record of it then. Only on top of a
// write it is one: who goes back to what was agreed on before anybody knew has changed nothing. And only where the write had
// found something else: who enters what it found cannot be told from a lost write.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/value.h"
#include "simulate/profile.h"

namespace tidewire::simulate {

class Retyped {
 public:
  struct Typed {
    Side side = Side::kLeft;
    std::string key, cell;
    Value value;
    Instant at{};
  };

  /// "mood", and of the rows "marks" what the rows a and b say.
  static const std::vector<std::string>& cells();
  static Value get(const Value& fields, const std::string& cell);
  /// The field of the cell, and its value with another one in the cell.
  static std::string field_of(const std::string& cell) { return cell.substr(0, cell.find('.')); }
  static Value with(const Value& fields, const std::string& cell, const Value& value);

  /// What both sides show now; a nullptr shows nothing. Told before anything of the thing is changed.
  void look(int thing, const Sides<const Value*>& shown);
  /// The engine writes to that side.
  void written(Side side, int thing, const Sides<const Value*>& shown, const Value& values);
  /// What somebody could enter again on that side; null where there is nothing.
  Value agreed_before(Side side, int thing, const Sides<const Value*>& shown, const std::string& cell) const;
  void entered(int thing, Typed typed);
  void edited(Side side, int thing, const std::string& cell) { open_.erase({thing, cell, side}); }
  /// Those that the engine has overwritten before the other side had them.
  const std::vector<Typed>& overwritten() const { return overwritten_; }

 private:
  using Place = std::tuple<int, std::string, Side>;
  std::map<std::pair<int, std::string>, Value> agreed_;
  struct Write {
    Value agreed, found, sent;
  };
  std::map<Place, Write> last_;  // of the engine
  std::map<Place, Typed> open_;
  std::vector<Typed> overwritten_;
};

}  // namespace tidewire::simulate
