#include "http/client.h"

#include "base/crash_point.h"
#include "http/client_transfer.h"

namespace tidewire::http {
namespace {

constexpr std::size_t kSpareHandles = 64;

}  // namespace

Client::State::State(loop::Loop& loop_in, ClientOptions options_in)
    : loop(loop_in), options(std::move(options_in)), alarm(loop_in, [this] { drive(CURL_SOCKET_TIMEOUT, 0); }) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = curl_multi_init();
  ASSERT(multi != nullptr, "libcurl starts");
  if (options.user_agent.empty()) options.user_agent = "tidewire/" TIDEWIRE_VERSION;
  if (auto found = find_ca_file(options); found.ok()) ca_file = *std::move(found);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(options.connections_per_host));
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(options.connections));
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.connections));
  const auto on_socket = [](CURL*, curl_socket_t fd, int what, void* self, void*) {
    static_cast<State*>(self)->watch(fd, what);
    return 0;
  };
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, static_cast<curl_socket_callback>(on_socket));
  const auto on_timer = [](CURLM*, long wait_ms, void* self) {
    // 0 means the next turn, and 1 ms in its place makes small requests 24 times slower. Never curl from in here.
    loop::Alarm& alarm = static_cast<State*>(self)->alarm;
    wait_ms < 0 ? alarm.clear() : alarm.set(std::chrono::milliseconds(wait_ms));
    return 0;
  };
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, static_cast<curl_multi_timer_callback>(on_timer));
}

Client::State::~State() {
  if (gone != nullptr) *gone = true;
  for (Transfer* transfer : std::exchange(transfers, {})) transfer->leave();
  for (CURL* easy : spare) curl_easy_cleanup(easy);
  curl_multi_cleanup(multi);
  curl_global_cleanup();
}

CURL* Client::State::take_handle() {
  if (spare.empty()) {
    CURL* easy = curl_easy_init();
    ASSERT(easy != nullptr, "there is memory for a request");
    return easy;
  }
  CURL* easy = spare.back();
  spare.pop_back();
  return easy;
}

void Client::State::give_handle(CURL* easy) {
  if (spare.size() >= kSpareHandles) {
    curl_easy_cleanup(easy);
    return;
  }
  curl_easy_reset(easy);
  spare.push_back(easy);
}

void Client::State::watch(curl_socket_t fd, int what) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= polls.size()) polls.resize(index + 1);
  auto& poll = polls[index];
  if (what == CURL_POLL_REMOVE) {
    poll.reset();
    return;
  }
  const bool is_new = poll == nullptr;
  if (is_new) poll = std::make_unique<loop::Poll>(loop, fd);
  const bool in = (what & CURL_POLL_IN) != 0;
  const bool out = (what & CURL_POLL_OUT) != 0;
  if (!is_new) {
    poll->set(in, out);
    return;
  }
  poll->set(in, out, [this, fd](bool readable, bool writable) {
    drive(fd, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
  });
}

void Client::State::drive(curl_socket_t fd, int events) {
  int running = 0;
  curl_multi_socket_action(multi, fd, events, &running);
  if (is_armed(CrashPoint::kRequestSent)) [[unlikely]] {
    for (Transfer* transfer : transfers) transfer->note_sent();
  }

  bool destroyed = false;
  gone = &destroyed;
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    info_of<Transfer*>(message->easy_handle, CURLINFO_PRIVATE)->on_result(code);
    if (destroyed) return;
  }
  gone = nullptr;
}

Client::Client(loop::Loop& loop, ClientOptions options) : state_(std::make_unique<State>(loop, std::move(options))) {}

Client::~Client() = default;

std::unique_ptr<Client::Call> Client::send(Exchange exchange, Done done) {
  return std::make_unique<Transfer>(*state_, std::move(exchange), std::move(done));
}

Client::Stats Client::stats() const {
  Stats stats = state_->stats;
  stats.in_flight = static_cast<int>(state_->transfers.size());
  return stats;
}

}  // namespace tidewire::http
