// query.h — targets of the API with their parameters.
#pragma once

#include <string>

namespace tidewire::cli {

/// "/api/v1/operations?failed=1&limit=20": add() leaves out what is empty.
class Target {
 public:
  explicit Target(std::string path) : text_(std::move(path)) {}
  Target& add(const std::string& name, const std::string& value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  bool any_ = false;
};

/// One segment of a path, encoded.
std::string segment(const std::string& text);

}  // namespace tidewire::cli
