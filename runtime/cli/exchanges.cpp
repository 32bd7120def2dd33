#include "cli/exchanges.h"

#include "base/json.h"
#include "base/text.h"

namespace tidewire::cli {
namespace {

/// As it came, but for JSON that is whole.
std::string laid_out(const Value& body) {
  const std::string text = body.string_or("body");
  if (body.int_or("cut", 0) > 0) return text;
  const auto value = json::parse(text);
  return value.ok() && (value->is_object() || value->is_array()) ? json::dump_pretty(*value) : text;
}

void add_body(std::string& out, const Value* body, const char* mark, const Look& look) {
  if (body == nullptr) return;
  const std::string text = laid_out(*body);
  for (const std::string& line : text.empty() ? std::vector<std::string>{} : split(text, '\n')) out += "      " + std::string(mark) + " " + plain(line) + "\n";
  if (const std::string why = body->string_or("left_out"); !why.empty()) out += "      " + std::string(mark) + styled(" not kept: " + plain(why), Style::kDim, look) + "\n";
  else if (const std::int64_t cut = body->int_or("cut", 0); cut > 0) out += "      " + std::string(mark) + styled(" … " + grouped(cut) + " bytes more", Style::kDim, look) + "\n";
}

/// "write right", as the record's steps call it; of an attempt, whose steps are not kept, "last" or "earlier".
std::string place_of(const Value& operation, const Value& exchange) {
  const Value* steps = operation.at_path("record.steps");
  const std::int64_t step = exchange.int_or("step", -1);
  const bool told = steps != nullptr && steps->is_array() && step >= 0 && static_cast<std::size_t>(step) < steps->as_array().size();
  const std::string side = exchange.string_or("side");
  return (told ? steps->as_array()[static_cast<std::size_t>(step)].string_or("step") : (step >= 0 ? "last" : "earlier")) + (side.empty() ? "" : " " + side);
}

bool went_well(const std::string& status) { return status == "00000" || (!status.empty() && status.front() == '2'); }

std::string ended_as(const Value& exchange, const Look& look) {
  const std::string status = exchange.string_or("status"), error = exchange.string_or("error");
  std::string out = styled(status.empty() ? "no answer" : plain(status), went_well(status) && error.empty() ? Style::kGood : Style::kBad, look);
  if (const std::int64_t took = exchange.int_or("took_us", 0); took > 0) out += "  " + format_duration(std::chrono::microseconds(took));
  return out;
}

}  // namespace

std::string told_exchanges(const Value& operation, const Look& look) {
  const Value* exchanges = operation.find("exchanges");
  if (exchanges == nullptr || !exchanges->is_array()) return "";
  std::string out;
  for (const Value& exchange : exchanges->as_array()) {
    out += "  " + styled(place_of(operation, exchange), Style::kDim, look) + "  " + exchange.string_or("connection") + "  " + plain(exchange.string_or("method")) + " " + plain(exchange.string_or("target")) + "  " + ended_as(exchange, look) + styled("  " + moment(exchange.string_or("at"), SystemClock().now()), Style::kDim, look) + "\n";
    add_body(out, exchange.find("request"), ">", look);
    add_body(out, exchange.find("answer"), "<", look);
    if (const std::string error = exchange.string_or("error"); !error.empty()) out += "      < " + styled(plain(error), Style::kBad, look) + "\n";
  }
  return out;
}

}  // namespace tidewire::cli
