// troubles.h — one trouble is told once, with all that it keeps from working: a system that does not answer, or a variable that is
// missing, is met by each mapping that needs it, and each would tell it in a paragraph of its own.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/value.h"

namespace tidewire::cli {

struct Trouble {
  std::vector<std::string> where;  // files, connections or mappings; "" in it where the text says where itself
  std::string text, hint;
  bool follows = false;  // from what is wrong with a connection, which is told by itself
};

/// Troubles in the order in which they are met, those that follow from others last. What differs by how long a call took alone is one.
class Troubles {
 public:
  /// `told`: connections whose own trouble is told elsewhere, or comes in here as well.
  explicit Troubles(std::set<std::string> told = {}) : told_(std::move(told)) {}
  void add(std::string where, std::string text, std::string hint);
  std::vector<Trouble> all() const;

 private:
  std::set<std::string> told_;
  std::vector<Trouble> first_, following_;
};

/// Connections that the problems of a `check` tell of themselves.
std::set<std::string> connections_told(const Array& problems);

}  // namespace tidewire::cli
