// oldest.h — what is kept for anybody who asks must not grow with those who are made up.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace tidewire::admin {

/// Takes the half away that was used longest ago, so that a flood costs neither memory nor a search at each, and whoever comes now is still known.
template <typename Map, typename UsedAt>
void forget_older_half(Map& kept, UsedAt used_at) {
  std::vector<std::pair<Ticks, typename Map::key_type>> ages;
  ages.reserve(kept.size());
  for (const auto& [who, one] : kept) ages.emplace_back(used_at(one), who);
  const auto middle = ages.begin() + static_cast<std::ptrdiff_t>(ages.size() / 2);
  std::nth_element(ages.begin(), middle, ages.end());
  std::for_each(ages.begin(), middle, [&](const auto& old) { kept.erase(old.second); });
}

}  // namespace tidewire::admin
