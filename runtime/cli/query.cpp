#include "cli/query.h"

#include "app/app.h"

namespace tidewire::cli {

std::string segment(const std::string& text) { return http::percent_encode(text); }

Target& Target::add(const std::string& name, const std::string& value) {
  if (value.empty()) return *this;
  text_ += (any_ ? "&" : "?") + name + "=" + http::percent_encode(value);
  any_ = true;
  return *this;
}

}  // namespace tidewire::cli
