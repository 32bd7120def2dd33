// exposition.h — the Prometheus text format: families with help and type, each sample once, labels escaped.
//
// Samples of one family must stand together while we meet them mapping by mapping, so they are collected and written at
// the end. A client library would bring threads and registries for forty lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/value.h"

namespace tidewire::admin {

class Exposition {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  /// Counter names end in _total (promtool insists).
  void counter(const std::string& name, const char* help, const Labels& labels, std::int64_t value);
  void gauge(const std::string& name, const char* help, const Labels& labels, std::int64_t value);
  /// Microseconds shown in seconds.
  void gauge_seconds(const std::string& name, const char* help, const Labels& labels, std::int64_t microseconds);
  /// `shape` = {bounds_ms = [..], counts = [.. one more ..], sum_us}; counts are of each bucket alone. Anything else is left out.
  void histogram(const std::string& name, const char* help, const Labels& labels, const Value& shape);

  std::string text() const;

 private:
  struct Family {
    std::string name, help, type;
    std::vector<std::string> lines;
  };
  Family& family(const std::string& name, const char* help, const char* type);
  void sample(Family& family, const std::string& name, const Labels& labels, const std::string& value);

  std::vector<Family> families_;  // in order of first sight
};

}  // namespace tidewire::admin
