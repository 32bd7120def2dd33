// more_pages.h — which of the sources of one poll have another page: those alone are asked for it.
//
// A source that is through begins anew when it is asked again, and some answer a fresh beginning with `more` (Frappe: first the
// documents, then what was deleted). Asking all sources until none has more would let two of them alternate for ever.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "base/value.h"

namespace tidewire::sync {

class MorePages {
 public:
  /// Takes its member `more`, a list of numbers, out of the poll's cursor; without it all are asked.
  explicit MorePages(Value& cursor) {
    const Value* more = cursor.find("more");
    if (more == nullptr) return;
    asked_.emplace();
    for (const Value& one : more->is_array() ? more->as_array() : Array{}) {
      if (one.is_int()) asked_->insert(one.as_int());
    }
    cursor.as_object().erase("more");
  }
  bool asks(std::size_t source) const { return !asked_ || asked_->contains(static_cast<std::int64_t>(source)); }
  void note(std::size_t source, bool more) {
    if (more) again_.insert(static_cast<std::int64_t>(source));
  }
  /// Whether there is another page; the cursor says then whose.
  bool into(Value& cursor) const {
    if (!again_.empty()) cursor["more"] = Value(Array(again_.begin(), again_.end()));
    return !again_.empty();
  }

 private:
  std::optional<std::set<std::int64_t>> asked_;
  std::set<std::int64_t> again_;
};

}  // namespace tidewire::sync
