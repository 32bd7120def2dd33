#include "loop/alarm.h"

#include "loop/handle.h"

namespace tidewire::loop {

struct Alarm::Node {
  uv_timer_t uv{};
  std::function<void()> ring;
};

Alarm::Alarm(Loop& loop, std::function<void()> ring) : node_(new Node{.uv = {}, .ring = std::move(ring)}) {
  uv_timer_init(loop.uv(), &node_->uv);
  node_->uv.data = node_;
}

Alarm::~Alarm() { CloseNode<Node>()(node_); }

void Alarm::set(Duration delay) {
  std::uint64_t wait = 0;
  if (delay > Duration::zero()) {
    // The loop's time is that of the turn's begin and cut to milliseconds: both would make the alarm early.
    uv_update_time(node_->uv.loop);
    wait = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(delay).count()) + 1;
  }
  uv_timer_start(
      &node_->uv, [](uv_timer_t* timer) { static_cast<Node*>(timer->data)->ring(); }, wait, 0);
}

void Alarm::clear() { uv_timer_stop(&node_->uv); }

bool Alarm::is_set() const { return uv_is_active(reinterpret_cast<const uv_handle_t*>(&node_->uv)) != 0; }

}  // namespace tidewire::loop
