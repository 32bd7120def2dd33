#include "sql/postgres.h"

#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

#ifdef TIDEWIRE_LIBPQ
#include "sql/postgres_session.h"
#else
#include "sql/absent.h"
#endif

namespace tidewire::sql {

#ifdef TIDEWIRE_LIBPQ

namespace {

/// The parameter that libpq does not know, by what it says. "" where that may be a part of a password: one with a ? in it.
std::string unknown_parameter(const std::string& text, const std::string& why) {
  const std::string_view begin = "invalid URI query parameter: \"";
  const std::size_t query = text.find('?');
  if (!why.starts_with(begin) || query == std::string::npos || text.find('@', query) != std::string::npos) return "";
  return why.substr(begin.size(), why.find('"', begin.size()) - begin.size());
}

std::vector<std::string> parameters() {
  std::vector<std::string> names;
  PQconninfoOption* options = PQconndefaults();
  for (const PQconninfoOption* one = options; one != nullptr && one->keyword != nullptr; ++one) names.emplace_back(one->keyword);
  PQconninfoFree(options);
  return names;
}

}  // namespace

Result<std::map<std::string, std::string>> parse_postgres_url(const std::string& text) {
  char* why = nullptr;
  PQconninfoOption* options = PQconninfoParse(text.c_str(), &why);
  const std::string told = why == nullptr ? "" : why;
  if (why != nullptr) PQfreemem(why);
  if (const std::string name = unknown_parameter(text, told); options == nullptr && !name.empty()) {
    return make_error(Code::kInvalid, "the PostgreSQL address has an unknown parameter '" + name + "'" + suggestion(name, parameters()), "what stands after the ? are parameters of libpq, such as ?sslmode=require");
  }
  if (options == nullptr) return make_error(Code::kInvalid, "this is no PostgreSQL address", "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with % escapes in the password");
  std::map<std::string, std::string> parts;
  for (const PQconninfoOption* one = options; one->keyword != nullptr; ++one) {
    if (one->val != nullptr) parts[one->keyword] = one->val;
  }
  PQconninfoFree(options);
  return parts;
}

std::unique_ptr<Database> open_postgres(loop::Loop& loop, PostgresOptions options, PoolOptions pool) {
  return std::make_unique<Pool>(loop, [&loop, options] { return std::make_unique<PostgresSession>(loop, options); }, pool);
}

namespace {

constexpr std::size_t kMostKept = 1u << 20;  // bytes of payloads between two waits

}  // namespace

struct PostgresListener::State : std::enable_shared_from_this<State> {
  State(loop::Loop& the_loop, PostgresOptions the_options, std::vector<std::string> the_channels)
      : loop(the_loop), options(std::move(the_options)), channels(std::move(the_channels)) {}

  loop::Loop& loop;
  PostgresOptions options;
  std::vector<std::string> channels;
  std::unique_ptr<PostgresSession> session;
  std::unique_ptr<Session> ended;  // destroyed later: its callback may be under way
  std::vector<std::string> payloads;
  std::size_t kept = 0;  // bytes of them
  std::unique_ptr<Timer> timer;
  Heard waiting;
  bool listening = false, telling = false;

  void begin(Duration most);
  void connect();
  void listen();
  void heard(std::optional<std::string> payload);
  std::vector<std::string> taken();
  void tell_soon();
  void tell(Result<std::vector<std::string>> result);
  void fail(Error error);
};

void PostgresListener::State::begin(Duration most) {
  timer = loop.after(most, [this] {
    if (listening) return tell(taken());
    fail(make_error(Code::kUnavailable, "no connection within the time limit"));
  });
  if (!payloads.empty()) return tell_soon();
  if (session && session->usable()) return;
  connect();
}

void PostgresListener::State::connect() {
  listening = false;
  session = std::make_unique<PostgresSession>(loop, options);
  session->on_notify([this](std::optional<std::string> payload) { heard(std::move(payload)); });
  session->open([this](Result<void> opened) { opened.ok() ? listen() : fail(std::move(opened).error()); });
}

void PostgresListener::State::listen() {
  Request request;
  for (const std::string& channel : channels) {
    std::string quoted;
    for (const char sign : channel) quoted += sign == '"' ? "\"\"" : std::string(1, sign);
    request.statements.push_back({"listen \"" + quoted + "\"", {}});
  }
  session->run(std::move(request), [this](Result<std::vector<Rows>> done) {
    if (!done.ok()) return fail(std::move(done).error());
    listening = true;
    tell(taken());
  });
}

void PostgresListener::State::heard(std::optional<std::string> payload) {
  if (!session) return;  // it was given up and still speaks
  if (!payload) return fail(make_error(Code::kUnavailable, "the connection that listens was lost"));
  kept += sizeof(std::string) + payload->size();
  if (kept > kMostKept) return fail(make_error(Code::kUnavailable, "more was said while nobody waited than is kept", "look at everything: each wait after this tells again"));
  payloads.push_back(std::move(*payload));
  if (listening && waiting) tell_soon();
}

// In a later turn, so that a burst is told at once.
void PostgresListener::State::tell_soon() {
  if (std::exchange(telling, true)) return;
  loop.post([self = weak_from_this()] {
    const auto state = self.lock();
    if (!state) return;
    state->telling = false;
    if (state->waiting && !state->payloads.empty()) state->tell(state->taken());
  });
}

std::vector<std::string> PostgresListener::State::taken() {
  kept = 0;
  return std::exchange(payloads, {});
}

void PostgresListener::State::tell(Result<std::vector<std::string>> result) {
  timer.reset();
  if (waiting) std::exchange(waiting, nullptr)(std::move(result));
}

void PostgresListener::State::fail(Error error) {
  listening = false;
  taken();
  if (session) ended = std::move(session);
  loop.post([self = weak_from_this()] {
    if (const auto state = self.lock()) state->ended.reset();
  });
  tell(std::move(error));
}

PostgresListener::PostgresListener(loop::Loop& loop, PostgresOptions options, std::vector<std::string> channels)
    : state_(std::make_shared<State>(loop, std::move(options), std::move(channels))) {}

PostgresListener::~PostgresListener() {
  state_->timer.reset();
  state_->session.reset();
  if (!state_->waiting) return;
  state_->loop.post([state = state_] {
    if (state->waiting) std::exchange(state->waiting, nullptr)(make_error(Code::kCancelled, "the listener was closed"));
  });
}

std::unique_ptr<Database::Call> PostgresListener::wait(Duration most, Heard done) {
  struct Waiting final : Database::Call {
    explicit Waiting(std::shared_ptr<State> the_state) : state(std::move(the_state)) {}
    ~Waiting() override {
      state->waiting = nullptr;
      state->timer.reset();
    }
    std::shared_ptr<State> state;
  };
  state_->ended.reset();
  state_->waiting = std::move(done);
  state_->begin(most);
  return std::make_unique<Waiting>(state_);
}

#else

namespace {

const Error kAbsent = make_error(Code::kUnavailable, "this program was built without PostgreSQL's client library", "build it where libpq-dev is installed");

}  // namespace

struct PostgresListener::State {
  std::unique_ptr<Database> database;
};

Result<std::map<std::string, std::string>> parse_postgres_url(const std::string&) { return kAbsent; }

std::unique_ptr<Database> open_postgres(loop::Loop& loop, PostgresOptions, PoolOptions pool) {
  return std::make_unique<Pool>(loop, [&loop] { return std::make_unique<AbsentSession>(loop, kAbsent); }, pool);
}

PostgresListener::PostgresListener(loop::Loop& loop, PostgresOptions options, std::vector<std::string>) : state_(new State{open_postgres(loop, options, {})}) {}
PostgresListener::~PostgresListener() = default;

std::unique_ptr<Database::Call> PostgresListener::wait(Duration, Heard done) {
  return state_->database->run({}, [done = std::move(done)](Result<std::vector<Rows>> refused) { done(std::move(refused).error()); });
}

#endif

}  // namespace tidewire::sql
