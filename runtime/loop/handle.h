// handle.h — ownership of libuv handles, inside this room only.
//
// libuv frees nothing and closes in the next turn, so a handle lives in a heap node that is deleted by the close
// callback. The user's callback lives in the node too: it may destroy its own handle while it runs.
#pragma once

#include <memory>
#include <string>

#include <uv.h>

#include "base/result.h"

namespace tidewire::loop {

/// Closes a Node whose member `uv` is a libuv handle with `data` pointing back at the Node.
template <typename Node>
struct CloseNode {
  void operator()(Node* node) const {
    uv_close(reinterpret_cast<uv_handle_t*>(&node->uv),
             [](uv_handle_t* handle) { delete static_cast<Node*>(handle->data); });
  }
};

template <typename Node>
using Owned = std::unique_ptr<Node, CloseNode<Node>>;

/// kUnavailable with libuv's words: "bind 127.0.0.1:80: permission denied".
inline Error uv_error(const std::string& what, int status) {
  return make_error(Code::kUnavailable, what + ": " + uv_strerror(status));
}

}  // namespace tidewire::loop
