#include "http/server.h"

#include <algorithm>
#include <ctime>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "http/answer.h"
#include "http/session.h"
#include "loop/alarm.h"
#include "loop/stream.h"

namespace tidewire::http {

namespace {

constexpr std::size_t kMostRefused = 64;  // beyond these, too many connections are closed without a word
constexpr std::size_t kMostRefusedOfOne = 8;
constexpr std::size_t kOtherDescriptors = 256;  // for all that is no connection of the network
constexpr std::size_t kFewestConnections = 16;

Duration sweep_interval(const ServerOptions& options) {
  const Duration shortest = std::min({options.head_time, options.body_time, options.idle_time}) / 4;
  return std::clamp<Duration>(shortest, std::chrono::milliseconds(5), std::chrono::seconds(1));
}

}  // namespace

int connections_within(std::size_t descriptors) {
  const std::size_t taken = kOtherDescriptors + kMostRefused;
  const std::size_t left = descriptors > taken ? descriptors - taken : 0;
  return static_cast<int>(std::clamp<std::size_t>(left, kFewestConnections, static_cast<std::size_t>(ServerOptions{}.max_connections)));
}

Reply::Reply(std::function<void(Response)> send) : send_(std::move(send)) {}

Reply::Reply(Reply&& other) noexcept : send_(std::exchange(other.send_, nullptr)) {}

Reply& Reply::operator=(Reply&& other) noexcept {
  if (this == &other) return *this;
  if (send_) (*this)(Response::text(500, "no answer\n"));
  send_ = std::exchange(other.send_, nullptr);
  return *this;
}

Reply::~Reply() {
  if (send_) (*this)(Response::text(500, "no answer\n"));
}

void Reply::operator()(Response response) {
  const auto send = std::exchange(send_, nullptr);
  ASSERT(send, "a request is answered once");
  send(std::move(response));
}

Response Reply::drop() { return {.status = 0}; }

struct Server::State final : SessionHost, std::enable_shared_from_this<State> {
  State(loop::Loop& loop_in, ServerOptions options_in, Handler handler_in);

  loop::Loop& loop;
  const ServerOptions limits;
  Handler handler;
  Stats stats;
  std::vector<std::unique_ptr<loop::Listener>> listeners;
  struct Present {
    std::shared_ptr<Session> session;
    std::string whose;
  };
  std::unordered_map<Session*, Present> sessions;
  std::unordered_map<std::string, std::size_t> of_one;  // how many of them are whose
  std::unordered_set<const Session*> local;             // those of a Unix socket
  std::function<void()> drained;
  std::unique_ptr<Timer> drained_call;
  bool is_draining = false;
  std::size_t held = 0;  // bytes of bodies
  std::string answer;
  std::string date_text;
  std::time_t date_second = 0;
  loop::Alarm sweep;

  const ServerOptions& options() const override { return limits; }
  Ticks now() const override { return loop.turn_began(); }
  bool draining() const override { return is_draining; }
  std::string_view date() override;
  std::string& scratch() override;
  Stats& counts() override { return stats; }
  bool hold(std::size_t before, std::size_t now) override;
  void handle(Request request, Reply reply) override;
  void closed(Session& session) override;

  void on_accepted(std::unique_ptr<loop::Connection> connection);
  void on_sweep();
  void check_drained();
  void close_all();
  std::vector<std::shared_ptr<Session>> present() const;
};

Server::State::State(loop::Loop& loop_in, ServerOptions options_in, Handler handler_in)
    : loop(loop_in), limits(options_in), handler(std::move(handler_in)), sweep(loop_in, [this] { on_sweep(); }) {}

bool Server::State::hold(std::size_t before, std::size_t now) {
  held = held - before + now;
  return now <= before || held <= limits.max_bodies;
}

void Server::State::handle(Request request, Reply reply) {
  const auto self = shared_from_this();
  handler(std::move(request), std::move(reply));
}

void Server::State::close_all() {
  listeners.clear();
  sweep.clear();
  drained = nullptr;
  drained_call.reset();
  for (auto& session : sessions) session.second.session->detach();
  sessions.clear();
  of_one.clear();
  local.clear();
}

std::string_view Server::State::date() {
  const std::time_t second = std::time(nullptr);
  if (second != date_second) {
    date_second = second;
    date_text = http_date(second);
  }
  return date_text;
}

std::string& Server::State::scratch() {
  answer.clear();
  return answer;
}

void Server::State::on_accepted(std::unique_ptr<loop::Connection> connection) {
  const auto most = static_cast<std::size_t>(limits.max_connections);
  // Who is on this machine is counted apart: strangers who take all there is of the network must not lock him out.
  const bool is_local = connection->peer_uid() >= 0;
  const std::size_t taken = is_local ? local.size() : sessions.size() - local.size();
  const std::string whose = is_local || !limits.whose || !limits.max_of_one ? "" : limits.whose(connection->peer());
  const auto own = of_one.find(whose);
  const std::size_t most_of_one = whose.empty() ? most : static_cast<std::size_t>(limits.max_of_one());
  const std::size_t taken_by_one = own == of_one.end() ? 0 : own->second;
  const bool full = taken >= most, too_greedy = taken_by_one >= most_of_one;
  if ((full || too_greedy) && limits.crowded) limits.crowded(too_greedy ? whose : "");
  if (taken >= most + kMostRefused || taken_by_one >= most_of_one + kMostRefusedOfOne) {
    ++stats.refused;
    return;
  }
  const auto session = std::make_shared<Session>(*this, std::move(connection));
  sessions.emplace(session.get(), Present{session, whose});
  if (!whose.empty()) ++of_one[whose];
  if (is_local) local.insert(session.get());
  if (!sweep.is_set()) sweep.set(sweep_interval(limits));
  if (too_greedy) {
    session->refuse_service(429, "too many connections from one address");
  } else if (full) {
    session->refuse_service(503, "too many connections");
  } else {
    session->start();
  }
}

void Server::State::closed(Session& session) {
  local.erase(&session);
  const auto present = sessions.find(&session);
  if (present != sessions.end()) {
    if (const auto own = of_one.find(present->second.whose); own != of_one.end() && --own->second == 0) of_one.erase(own);
    sessions.erase(present);
  }
  if (sessions.empty()) sweep.clear();
  check_drained();
}

/// Closing a session changes the table: whoever walks it walks a copy.
std::vector<std::shared_ptr<Session>> Server::State::present() const {
  std::vector<std::shared_ptr<Session>> all;
  all.reserve(sessions.size());
  for (const auto& entry : sessions) all.push_back(entry.second.session);
  return all;
}

void Server::State::on_sweep() {
  const Ticks at = now();
  for (const auto& session : present()) session->check_time(at);
  if (!sessions.empty()) sweep.set(sweep_interval(limits));
}

void Server::State::check_drained() {
  if (!is_draining || !sessions.empty() || !drained) return;
  drained_call = loop.after(Duration::zero(), std::exchange(drained, nullptr));
}

Server::Server(loop::Loop& loop, ServerOptions options, Handler handler)
    : state_(std::make_shared<State>(loop, options, std::move(handler))) {}

Server::~Server() { state_->close_all(); }

Result<std::string> Server::listen(const std::string& address, Identity identity) {
  auto listener = std::make_unique<loop::Listener>(state_->loop);
  auto bound = listener->listen(address, [state = state_.get(), identity = std::move(identity)](std::unique_ptr<loop::Connection> connection) {
    if (auto known = identity && connection->peer_uid() < 0 ? identity() : nullptr) connection->secure(std::move(known));
    state->on_accepted(std::move(connection));
  });
  if (bound.ok()) state_->listeners.push_back(std::move(listener));
  return bound;
}

void Server::drain(std::function<void()> done) {
  ASSERT(!state_->is_draining, "a server drains once");
  state_->is_draining = true;
  state_->drained = std::move(done);
  state_->listeners.clear();
  for (const auto& session : state_->present()) session->drain();
  state_->check_drained();
}

int Server::connections() const { return static_cast<int>(state_->sessions.size()); }

Server::Stats Server::stats() const { return state_->stats; }

}  // namespace tidewire::http
