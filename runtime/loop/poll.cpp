#include "loop/poll.h"

#include "loop/handle.h"

namespace tidewire::loop {

struct Poll::Node {
  uv_poll_t uv{};
  Ready ready;
  int wanted = 0;

  void on_event(int status, int events);
};

void Poll::Node::on_event(int status, int events) {
  int seen = events;
  if (status < 0) {
    // libuv has stopped watching; the owner's next system call on the descriptor gets the error.
    seen = std::exchange(wanted, 0);
  }
  Ready running = std::move(ready);  // it may set() another one
  ready = nullptr;
  running((seen & UV_READABLE) != 0, (seen & UV_WRITABLE) != 0);
  if (!ready) ready = std::move(running);
}

Poll::Poll(Loop& loop, int fd) : node_(new Node) {
  const int status = uv_poll_init(loop.uv(), &node_->uv, fd);
  ASSERT(status == 0, "a polled descriptor is an open socket or pipe");
  node_->uv.data = node_;
}

Poll::~Poll() { CloseNode<Node>()(node_); }

void Poll::set(bool readable, bool writable, Ready ready) {
  node_->ready = std::move(ready);
  set(readable, writable);
}

void Poll::set(bool readable, bool writable) {
  const int wanted = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
  if (wanted == node_->wanted) return;
  node_->wanted = wanted;
  if (wanted == 0) {
    uv_poll_stop(&node_->uv);
    return;
  }
  uv_poll_start(&node_->uv, wanted, [](uv_poll_t* poll, int status, int events) {
    static_cast<Node*>(poll->data)->on_event(status, events);
  });
}

}  // namespace tidewire::loop
