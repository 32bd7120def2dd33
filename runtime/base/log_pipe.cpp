#include "base/log_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace tidewire {
namespace {

constexpr int kLookForEnd = 100;  // milliseconds

/// Whether PIPE_BUF bytes can be written without waiting for the reader, who gets `milliseconds` for it.
bool is_ready(int file, int milliseconds) {
  pollfd wait{.fd = file, .events = POLLOUT, .revents = 0};
  return ::poll(&wait, 1, milliseconds) > 0;
}

/// The file once more: opened anew, so that no write waits and whoever shares the caller's sees no change, or else (a socket,
/// another user's pipe) its duplicate.
int own_file(int file) {
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  const int opened = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  return opened >= 0 ? opened : ::fcntl(file, F_DUPFD_CLOEXEC, 3);
}

/// Writes what goes out at once and takes it off `text`. False where nothing can be written any more: a log that cannot be
/// written has nowhere to say so.
bool write_some(int file, std::string_view& text) {
  const ssize_t written = ::write(file, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
  if (written < 0) return errno == EINTR || errno == EAGAIN;
  text.remove_prefix(static_cast<std::size_t>(written));
  return true;
}

}  // namespace

struct LogPipe::State {
  State(int file_in, std::function<std::string(std::uint64_t)> gap_in)
      : file(own_file(file_in)), gap(std::move(gap_in)) {}
  ~State() { ::close(file); }

  // All of these hold the lock.

  /// What is left of `line` when the reader takes no more.
  std::string at_once(std::string line) const {
    std::string_view rest = line;
    for (std::size_t before = 0; before != rest.size() && is_ready(file, 0);) {
      before = rest.size();
      if (!write_some(file, rest)) return {};
    }
    return std::string(rest);
  }

  void add(std::string line) {
    waiting_bytes += line.size();
    waiting.push_back(std::move(line));
    changed.notify_all();
  }

  void tell_gap() {
    if (lost > 0) add(gap(std::exchange(lost, 0)));
  }

  /// The thread: writes what waits, in order, the lock given back meanwhile.
  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      if (waiting.empty() && !ended) tell_gap();
      changed.wait(lock, [this] { return ended || !waiting.empty(); });
      if (ended) return;
      const std::string line = std::move(waiting.front());
      lock.unlock();
      const bool out = write_out(line);
      lock.lock();
      if (!out) return;
      waiting_bytes -= line.size();
      waiting.pop_front();
      changed.notify_all();
    }
  }

  /// Without the lock. False when it shall end before the line is out.
  bool write_out(std::string_view rest) {
    while (!rest.empty()) {
      if (is_ready(file, kLookForEnd)) {
        if (!write_some(file, rest)) return true;
      } else if (const std::lock_guard lock(mutex); ended) {
        return false;
      }
    }
    return true;
  }

  const int file;
  const std::function<std::string(std::uint64_t)> gap;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> waiting;  // the first is under way
  std::size_t waiting_bytes = 0;
  std::uint64_t lost = 0;
  bool started = false;
  bool ended = false;
};

LogPipe::LogPipe(int file, std::function<std::string(std::uint64_t)> gap) : state_(std::make_shared<State>(file, std::move(gap))) {}

LogPipe::~LogPipe() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait_for(lock, kLastWords, [this] { return state_->waiting.empty() && state_->lost == 0; });
  state_->ended = true;
  state_->changed.notify_all();
}

void LogPipe::put(std::string line) {
  const std::lock_guard lock(state_->mutex);
  if (state_->waiting.empty() && state_->lost == 0) line = state_->at_once(std::move(line));
  if (line.empty()) return;
  if (!state_->waiting.empty() && state_->waiting_bytes + line.size() > kMostWaiting) {
    ++state_->lost;
    return;
  }
  state_->tell_gap();
  state_->add(std::move(line));
  if (state_->started) return;
  try {
    std::thread([state = state_] { state->run(); }).detach();
    state_->started = true;
  } catch (const std::system_error&) {
    // No thread to be had: the next line asks for one again.
  }
}

}  // namespace tidewire
