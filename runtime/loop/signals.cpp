#include "loop/signals.h"

#include "loop/handle.h"

namespace tidewire::loop {

struct Signals::Node {
  uv_signal_t uv{};
  std::function<void()> arrived;
};

Signals::Signals(Loop& loop) : loop_(loop) {}

Signals::~Signals() {
  for (Node* node : nodes_) CloseNode<Node>()(node);
}

void Signals::on(int signal, std::function<void()> arrived) {
  auto* node = new Node{.uv = {}, .arrived = std::move(arrived)};
  nodes_.push_back(node);
  uv_signal_init(loop_.uv(), &node->uv);
  node->uv.data = node;
  const int status = uv_signal_start(
      &node->uv, [](uv_signal_t* uv, int) { static_cast<Node*>(uv->data)->arrived(); }, signal);
  ASSERT(status == 0, "the signal can be caught");
  uv_unref(reinterpret_cast<uv_handle_t*>(&node->uv));
}

}  // namespace tidewire::loop
