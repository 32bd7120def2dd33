// query.h — targets of the API with their parameters.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

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

/// A time as the API takes it, of a time or of how long ago it was ("2h"); "" stays. kInvalid: neither.
Result<std::string> moment_of(const std::string& text, Instant now);

/// A job's kind as a person reads it: `sync` is what asks for an "initial_load", the second one as the first.
std::string job_word(std::string kind);

/// One segment of a path, encoded.
std::string segment(const std::string& text);

}  // namespace tidewire::cli
