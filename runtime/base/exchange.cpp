#include "base/exchange.h"

#include <algorithm>

namespace tidewire {

void add(Exchanges& to, const Exchanges& more) {
  for (const auto& one : more) {
    if (std::find(to.begin(), to.end(), one) == to.end()) to.push_back(one);
  }
}

std::shared_ptr<Exchange> Recording::begin(std::string method, std::string target, Instant at) {
  if (exchanges_.size() == kMost) exchanges_.pop_front();
  auto exchange = std::make_shared<Exchange>();
  exchange->at = at;
  exchange->method = std::move(method);
  exchange->target = std::move(target);
  exchanges_.push_back(exchange);
  return exchange;
}

Exchange::Body Recording::body(std::string type, std::string_view text) const {
  const std::string_view taken = text.substr(0, bytes_);
  return {std::move(type), std::string(taken), static_cast<std::int64_t>(text.size() - taken.size()), {}};
}

}  // namespace tidewire
