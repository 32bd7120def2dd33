#include "loop/stream.h"

#include <array>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

#include "loop/address.h"
#include "loop/handle.h"

namespace tidewire::loop {

union StreamHandle {
  uv_handle_t handle;
  uv_stream_t stream;
  uv_tcp_t tcp;
  uv_pipe_t pipe;
};

namespace {

/// libuv's queue keeps a pointer to the bytes until they are written: they live here.
struct PendingWrite {
  uv_write_t uv{};
  std::string bytes;
};

void open_stream(Loop& loop, StreamHandle& uv, bool local) {
  if (local) {
    uv_pipe_init(loop.uv(), &uv.pipe, 0);
  } else {
    uv_tcp_init(loop.uv(), &uv.tcp);
  }
}

std::string tcp_peer(const uv_tcp_t& tcp) {
  sockaddr_storage address{};
  int size = sizeof address;
  if (uv_tcp_getpeername(&tcp, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  return host_text(address);
}

int unix_peer_uid(const uv_handle_t& handle) {
  uv_os_fd_t fd = -1;
  ucred who{};
  socklen_t size = sizeof who;
  if (uv_fileno(&handle, &fd) != 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return -1;
  return static_cast<int>(who.uid);
}

}  // namespace

struct Connection::Node {
  StreamHandle uv{};
  Loop* loop = nullptr;
  Received received;
  Ended ended;
  std::function<void(bool)> written;
  std::string peer;
  int peer_uid = -1;
  std::unique_ptr<TlsStream> tls;
  bool heard = false;    // something came
  bool plainly = false;  // expected TLS, and the peer does not speak it
  bool lost = false;  // a write failed: nothing more goes out
  bool end_told = false;
  bool finished = false;  // finish_writing() was called; during a handshake the stream is shut after it
  bool is_shut = false;
  uv_shutdown_t shutdown{};

  bool closing() const { return uv_is_closing(&uv.handle) != 0; }
  std::size_t unwritten() const { return uv_stream_get_write_queue_size(&uv.stream) + (tls ? tls->held() : 0); }
  void read_on();
  void on_secured(std::string_view wire);
  void send(std::string_view first, std::string_view second = {});
  void send_wire();
  void shut();
  void on_read(ssize_t count, const uv_buf_t* buffer);
  void on_write(int status);
  void end(bool is_lost);
};

void Connection::Node::read_on() {
  if (end_told) return;
  uv_read_start(
      &uv.stream,
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        const auto shared = static_cast<Node*>(handle->data)->loop->read_buffer();
        *buffer = uv_buf_init(shared.data(), static_cast<unsigned>(shared.size()));
      },
      [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
        static_cast<Node*>(stream->data)->on_read(count, buffer);
      });
}

void Connection::Node::on_read(ssize_t count, const uv_buf_t* buffer) {
  constexpr char kTlsHandshake = 0x16;
  if (count > 0 && tls && !heard && buffer->base[0] != kTlsHandshake) {
    tls.reset();
    plainly = true;
  }
  heard = heard || count > 0;
  if (count > 0 && tls) return on_secured({buffer->base, static_cast<std::size_t>(count)});
  if (count > 0) received({buffer->base, static_cast<std::size_t>(count)});
  if (count < 0) end(count != UV_EOF);
}

/// The text of one read is handed on whole: what a stop of the reading leaves is in the kernel, nothing is here.
void Connection::Node::on_secured(std::string_view wire) {
  std::string text;
  const bool was_held = tls->held() > 0;
  const TlsStream::State state = tls->take(wire, text);
  send_wire();
  if (finished && tls->established()) shut();
  if (was_held && !lost && unwritten() == 0 && written) on_write(0);
  if (!closing() && !text.empty()) received(text);
  if (!closing() && state != TlsStream::State::kOpen) end(state == TlsStream::State::kFailed);
}

void Connection::Node::end(bool is_lost) {
  uv_read_stop(&uv.stream);
  if (std::exchange(end_told, true) || !ended) return;
  ended(is_lost);
}

void Connection::Node::on_write(int status) {
  if (closing()) return;
  if (status < 0) lost = true;
  if ((unwritten() > 0 && !lost) || !written) return;
  const auto call = std::exchange(written, nullptr);
  call(!lost);
}

Connection::~Connection() { CloseNode<Node>()(node_); }

void Connection::start_reading(Received received, Ended ended) {
  node_->received = std::move(received);
  node_->ended = std::move(ended);
  node_->read_on();
}

void Connection::stop_reading() { uv_read_stop(&node_->uv.stream); }

void Connection::continue_reading() { node_->read_on(); }

void Connection::secure(std::shared_ptr<const TlsIdentity> identity) { node_->tls = std::make_unique<TlsStream>(std::move(identity)); }

bool Connection::secured() const { return node_->tls != nullptr; }

bool Connection::spoken_plainly() const { return node_->plainly; }

void Connection::write(std::string_view first, std::string_view second) {
  if (!node_->tls) return node_->send(first, second);
  node_->tls->put(first, second);
  node_->send_wire();
}

void Connection::Node::send_wire() {
  const std::string wire = tls->wire();
  if (!wire.empty()) send(wire);
}

void Connection::Node::send(std::string_view first, std::string_view second) {
  if (lost) return;
  std::array<uv_buf_t, 2> parts = {uv_buf_init(const_cast<char*>(first.data()), static_cast<unsigned>(first.size())),
                                   uv_buf_init(const_cast<char*>(second.data()), static_cast<unsigned>(second.size()))};
  const int tried = uv_try_write(&uv.stream, parts.data(), second.empty() ? 1 : 2);
  std::size_t done = tried > 0 ? static_cast<std::size_t>(tried) : 0;
  if (done == first.size() + second.size()) return;

  auto* pending = new PendingWrite;
  pending->uv.data = pending;
  pending->bytes.reserve(first.size() + second.size() - done);
  pending->bytes.append(first.substr(std::min(done, first.size())));
  pending->bytes.append(second.substr(done > first.size() ? done - first.size() : 0));
  const uv_buf_t rest = uv_buf_init(pending->bytes.data(), static_cast<unsigned>(pending->bytes.size()));
  const int status = uv_write(&pending->uv, &uv.stream, &rest, 1, [](uv_write_t* write, int result) {
    auto* node = static_cast<Node*>(write->handle->data);
    delete static_cast<PendingWrite*>(write->data);
    node->on_write(result);
  });
  if (status != 0) {
    delete pending;
    lost = true;
  }
}

std::size_t Connection::unwritten() const { return node_->lost ? 0 : node_->unwritten(); }

void Connection::on_written(std::function<void(bool ok)> written) {
  ASSERT(unwritten() > 0, "somebody waits for bytes that are still to be written");
  node_->written = std::move(written);
}

void Connection::finish_writing() {
  if (node_->lost) return;
  if (!node_->tls) return node_->shut();
  node_->tls->finish();
  node_->send_wire();
  node_->finished = true;
  if (node_->tls->established()) node_->shut();
}

void Connection::Node::shut() {
  if (std::exchange(is_shut, true)) return;
  uv_shutdown(&shutdown, &uv.stream, [](uv_shutdown_t*, int) {});
}

const std::string& Connection::peer() const { return node_->peer; }

int Connection::peer_uid() const { return node_->peer_uid; }

struct Listener::Node {
  StreamHandle uv{};
  Loop* loop = nullptr;
  Accepted accepted;
  std::string socket_file;

  void on_connection(int status);
  std::unique_ptr<Connection> accept();
  Result<std::string> start(const Address& address);
};

std::unique_ptr<Connection> Listener::Node::accept() {
  auto* node = new Connection::Node;
  node->loop = loop;
  open_stream(*loop, node->uv, !socket_file.empty());
  node->uv.handle.data = node;
  std::unique_ptr<Connection> connection(new Connection(node));
  if (uv_accept(&uv.stream, &node->uv.stream) != 0) return nullptr;
  if (socket_file.empty()) {
    uv_tcp_nodelay(&node->uv.tcp, 1);
    node->peer = tcp_peer(node->uv.tcp);
  } else {
    node->peer = "unix";
    node->peer_uid = unix_peer_uid(node->uv.handle);
  }
  return connection;
}

void Listener::Node::on_connection(int status) {
  if (status < 0) return;  // out of descriptors: libuv has answered by closing one
  if (auto connection = accept()) accepted(std::move(connection));
}

Result<std::string> Listener::Node::start(const Address& address) {
  int status = 0;
  if (address.is_unix()) {
    const int fd = TRY(bind_unix(address.path));
    socket_file = address.path;
    status = uv_pipe_open(&uv.pipe, fd);
    if (status != 0) close(fd);
  } else {
    status = uv_tcp_bind(&uv.tcp, reinterpret_cast<const sockaddr*>(&address.tcp), 0);
  }
  if (status == 0) {
    status = uv_listen(&uv.stream, 511, [](uv_stream_t* stream, int result) {
      static_cast<Node*>(stream->data)->on_connection(result);
    });
  }
  if (status != 0) return uv_error("listen on " + address.text(), status);
  if (address.is_unix()) return address.text();
  Address bound;
  int size = sizeof bound.tcp;
  uv_tcp_getsockname(&uv.tcp, reinterpret_cast<sockaddr*>(&bound.tcp), &size);
  return bound.text();
}

Listener::Listener(Loop& loop) : loop_(loop) {}

Listener::~Listener() {
  if (node_ == nullptr) return;
  if (!node_->socket_file.empty()) remove_socket_file(node_->socket_file);
  CloseNode<Node>()(node_);
}

Result<std::string> Listener::listen(const std::string& address, Accepted accepted) {
  ASSERT(node_ == nullptr, "a listener listens once");
  const Address where = TRY(parse_address(address));
  node_ = new Node;
  node_->loop = &loop_;
  node_->accepted = std::move(accepted);
  open_stream(loop_, node_->uv, where.is_unix());
  node_->uv.handle.data = node_;
  auto bound = node_->start(where);
  if (!bound.ok()) CloseNode<Node>()(std::exchange(node_, nullptr));
  return bound;
}

}  // namespace tidewire::loop
