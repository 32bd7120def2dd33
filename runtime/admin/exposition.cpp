#include "admin/exposition.h"

#include <algorithm>

#include "base/text.h"

namespace tidewire::admin {
namespace {

std::string label_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    out += c;
  }
  return out;
}

/// Exact, because binary fractions of microseconds read badly: 1500000 -> "1.5".
std::string seconds_text(std::int64_t microseconds) {
  const char* sign = microseconds < 0 ? "-" : "";
  const std::uint64_t size = microseconds < 0 ? 0 - static_cast<std::uint64_t>(microseconds) : static_cast<std::uint64_t>(microseconds);
  std::string text = format("%s%llu.%06llu", sign, static_cast<unsigned long long>(size / 1000000), static_cast<unsigned long long>(size % 1000000));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

bool all_ints(const Value* list) {
  return list != nullptr && list->is_array() && std::all_of(list->as_array().begin(), list->as_array().end(), [](const Value& one) { return one.is_int(); });
}

}  // namespace

Exposition::Family& Exposition::family(const std::string& name, const char* help, const char* type) {
  for (Family& known : families_) {
    if (known.name == name) return known;
  }
  return families_.emplace_back(Family{name, help, type, {}});
}

void Exposition::sample(Family& family, const std::string& name, const Labels& labels, const std::string& value) {
  std::string line = name;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    line += (i == 0 ? "{" : ",") + labels[i].first + "=\"" + label_value(labels[i].second) + "\"";
  }
  if (!labels.empty()) line += "}";
  family.lines.push_back(line + " " + value);
}

void Exposition::counter(const std::string& name, const char* help, const Labels& labels, std::int64_t value) {
  sample(family(name, help, "counter"), name, labels, std::to_string(value));
}

void Exposition::gauge(const std::string& name, const char* help, const Labels& labels, std::int64_t value) {
  sample(family(name, help, "gauge"), name, labels, std::to_string(value));
}

void Exposition::gauge_seconds(const std::string& name, const char* help, const Labels& labels, std::int64_t microseconds) {
  sample(family(name, help, "gauge"), name, labels, seconds_text(microseconds));
}

void Exposition::histogram(const std::string& name, const char* help, const Labels& labels, const Value& shape) {
  const Value* bounds = shape.find("bounds_ms");
  const Value* counts = shape.find("counts");
  if (!all_ints(bounds) || !all_ints(counts) || counts->as_array().size() != bounds->as_array().size() + 1) return;
  Family& mine = family(name, help, "histogram");
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < counts->as_array().size(); ++i) {
    sum += counts->as_array()[i].as_int();
    const bool last = i == bounds->as_array().size();
    Labels with_bound = labels;
    with_bound.emplace_back("le", last ? "+Inf" : seconds_text(bounds->as_array()[i].as_int() * 1000));
    sample(mine, name + "_bucket", with_bound, std::to_string(sum));
  }
  sample(mine, name + "_sum", labels, seconds_text(shape.int_or("sum_us", 0)));
  sample(mine, name + "_count", labels, std::to_string(sum));
}

std::string Exposition::text() const {
  std::string out;
  for (const Family& one : families_) {
    out += "# HELP " + one.name + " " + one.help + "\n# TYPE " + one.name + " " + one.type + "\n";
    for (const std::string& line : one.lines) out += line + "\n";
  }
  return out;
}

}  // namespace tidewire::admin
