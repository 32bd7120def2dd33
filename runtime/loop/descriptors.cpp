#include "loop/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace tidewire::loop {

std::size_t raise_descriptors(std::size_t wanted) {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t most = std::min<rlim_t>(limit.rlim_max, wanted);  // RLIM_INFINITY is the largest there is
  if (limit.rlim_cur >= most) return static_cast<std::size_t>(limit.rlim_cur);
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = most;
  return static_cast<std::size_t>(::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? most : before);
}

}  // namespace tidewire::loop
