#ifdef TIDEWIRE_LIBPQ

#include "sql/postgres_session.h"

#include <netdb.h>

#include <atomic>
#include <system_error>
#include <thread>
#include <utility>

#include "base/text.h"
#include "sql/postgres_answers.h"
#include "sql/postgres_values.h"

namespace tidewire::sql {
namespace {

constexpr std::size_t kMostParameters = 65535;
constexpr int kMostCancels = 16;

/// The numeric addresses of a host, or what getaddrinfo says.
Result<std::vector<std::string>> look_up(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  if (status != 0) return make_error(Code::kUnavailable, "the host " + host + " is not found: " + gai_strerror(status));
  std::vector<std::string> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST] = "";
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) addresses.emplace_back(text);
  }
  freeaddrinfo(found);
  return addresses;
}

using Texts = std::vector<std::optional<std::string>>;

Result<Texts> texts_of(const Statement& statement) {
  if (statement.parameters.size() > kMostParameters) return make_error(Code::kInvalid, "more than 65535 parameters in one statement");
  if (statement.text.find('\0') != std::string::npos) return make_error(Code::kInvalid, "a statement with a zero byte");
  Texts texts;
  for (const Value& parameter : statement.parameters) texts.push_back(TRY(postgres_parameter(parameter)));
  return texts;
}

}  // namespace

PostgresSession::PostgresSession(loop::Loop& loop, PostgresOptions options)
    : loop_(loop), options_(std::move(options)), alive_(std::make_shared<bool>(true)) {}

PostgresSession::~PostgresSession() {
  *alive_ = false;
  if (step_ == Step::kRunning) cancel();
  poll_.reset();
  if (connection_ != nullptr) PQfinish(connection_);
}

/// Asks the server to stop; a blocking call of its own connection without a limit of its own, so it is neither for this thread nor
/// for the pool's few. One that is left out is ended by the server's own limit.
void PostgresSession::cancel() {
  static std::atomic<int> under_way = 0;
  if (under_way >= kMostCancels) return;
  PGcancel* request = PQgetCancel(connection_);
  if (request == nullptr) return;
  ++under_way;
  try {
    std::thread([request] {
      char why[256];
      PQcancel(request, why, sizeof why);
      PQfreeCancel(request);
      --under_way;
    }).detach();
  } catch (const std::system_error&) {  // no thread to be had
    PQfreeCancel(request);
    --under_way;
  }
}

void PostgresSession::open(Opened done) {
  opened_ = std::move(done);
  step_ = Step::kResolving;
  // libpq's own limit is for its blocking calls only.
  connect_timer_ = loop_.after(options_.connect_time, [this] { opened(make_error(Code::kUnavailable, "no connection: no answer within " + format_duration(options_.connect_time))); });
  auto& parameters = options_.parameters;
  const std::string host = parameters["host"];
  const bool socket = host.empty() || host.front() == '/';
  if (!socket && !parameters.contains("hostaddr")) return resolve(host);
  loop_.post([this, alive = alive_] {
    if (*alive) connect();
  });
}

void PostgresSession::resolve(const std::string& host) {
  auto found = std::make_shared<Result<std::vector<std::string>>>(std::vector<std::string>());  // owners: the two callbacks
  loop_.work([found, host] { *found = look_up(host); },
             [this, alive = alive_, found, host] {
               if (!*alive || !opened_) return;
               if (!found->ok()) return opened(std::move(*found).error());
               // libpq tries them in order; each needs its name beside it.
               options_.parameters["hostaddr"] = join(**found, ",");
               options_.parameters["host"] = join(std::vector<std::string>((*found)->size(), host), ",");
               connect();
             });
}

void PostgresSession::connect() {
  step_ = Step::kConnecting;
  auto& parameters = options_.parameters;
  const std::map<std::string, std::string> always = {{"client_encoding", "UTF8"}, {"keepalives_idle", "15"}, {"keepalives_interval", "5"},
                                                     {"keepalives_count", "3"},   {"tcp_user_timeout", "30000"}, {"application_name", "tidewire"}};
  parameters.insert(always.begin(), always.end());
  if (!options_.pooled) {
    std::string& startup = parameters["options"];
    startup += " -c DateStyle=ISO -c IntervalStyle=iso_8601 -c TimeZone=UTC -c bytea_output=hex";
    startup += " -c statement_timeout=" + std::to_string(options_.statement_time / std::chrono::milliseconds(1));
  }
  std::vector<const char*> names, values;
  for (const auto& [name, value] : parameters) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  connection_ = PQconnectStartParams(names.data(), values.data(), 0);
  if (connection_ == nullptr || PQstatus(connection_) == CONNECTION_BAD) {
    return opened(connect_failure(connection_ == nullptr ? "out of memory" : PQerrorMessage(connection_)));
  }
  PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
  go_on_connecting(PGRES_POLLING_WRITING);
}

// Each step may have closed the socket and opened another, so the watch is made anew for each.
void PostgresSession::go_on_connecting(PostgresPollingStatusType wanted) {
  if (wanted == PGRES_POLLING_FAILED) return opened(connect_failure(PQerrorMessage(connection_)));
  if (wanted == PGRES_POLLING_OK) {
    if (PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1) return opened(connect_failure(PQerrorMessage(connection_)));
    step_ = Step::kIdle;
    watch();
    return opened({});
  }
  poll_ = std::make_unique<loop::Poll>(loop_, PQsocket(connection_));
  poll_->set(wanted == PGRES_POLLING_READING, wanted == PGRES_POLLING_WRITING, [this](bool, bool) {
    poll_.reset();
    go_on_connecting(PQconnectPoll(connection_));
  });
}

void PostgresSession::opened(Result<void> result) {
  connect_timer_.reset();
  if (!opened_) return;  // too late: the look-up ended after the time was up
  if (!result.ok()) {
    step_ = Step::kBroken;
    poll_.reset();
  }
  std::exchange(opened_, nullptr)(std::move(result));
}

// Running ------------------------------------------------------------------------------------------------------------

void PostgresSession::run(Request request, Database::Done done) {
  done_ = std::move(done);
  writes_ = request.writes;
  rows_.clear();
  refused_.reset();
  fatal_ = outdated_ = row_by_row_ = false;
  bytes_ = 0;
  max_bytes_ = request.max_bytes;
  too_large_ = too_large(request);
  skip_ = 0;
  step_ = Step::kRunning;
  if (options_.pooled && options_.statement_time > Duration::zero()) {
    const auto limit = std::to_string(options_.statement_time / std::chrono::milliseconds(1));
    request.statements.insert(request.statements.begin(), {"select set_config('statement_timeout', $1, true)", {Value(limit)}});
    skip_ = 1;
  }
  auto sent = send(request.statements);
  if (sent.ok()) return watch();
  step_ = sent.error().code == Code::kInvalid ? Step::kIdle : Step::kBroken;
  if (step_ == Step::kBroken) poll_.reset();
  loop_.post([this, alive = alive_, error = std::move(sent).error()] {
    if (*alive) answer(error);
  });
}

/// kInvalid: nothing was sent. Else what is queued stays without its Sync, so that it is never committed.
Result<void> PostgresSession::send(const std::vector<Statement>& statements) {
  std::vector<Texts> all;
  for (const Statement& statement : statements) all.push_back(TRY(texts_of(statement)));
  for (std::size_t at = 0; at < statements.size(); ++at) {
    std::vector<const char*> values;
    for (const auto& text : all[at]) values.push_back(text ? text->c_str() : nullptr);
    if (PQsendQueryParams(connection_, statements[at].text.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr, 0) != 1)
      return make_error(Code::kUnavailable, "not sent: " + std::string(trim(PQerrorMessage(connection_))));
  }
  if (PQpipelineSync(connection_) != 1) return make_error(Code::kUnavailable, "not sent: " + std::string(trim(PQerrorMessage(connection_))));
  PQsetSingleRowMode(connection_);  // libpq would keep an answer whole, however large it is
  return {};
}

/// Readable always, so that an end or a notification is noticed; writable while something is left to be sent.
void PostgresSession::watch() {
  if (!poll_) {
    poll_ = std::make_unique<loop::Poll>(loop_, PQsocket(connection_));
    poll_->set(true, false, [this](bool readable, bool) { on_ready(readable); });
  }
  poll_->set(true, step_ == Step::kRunning && PQflush(connection_) == 1);
}

void PostgresSession::on_ready(bool readable) {
  const auto alive = alive_;
  if (readable && PQconsumeInput(connection_) != 1) {
    if (step_ == Step::kRunning) read_results();  // the answer, or a refusal, may have come before the end
    if (*alive) lost();
    return;
  }
  if (step_ == Step::kRunning && PQflush(connection_) < 0) return lost();
  hear();
  if (!*alive) return;
  if (step_ == Step::kRunning) {
    read_results();
    if (!*alive || step_ != Step::kRunning) return;
  } else if (PQisBusy(connection_) == 0 && PQstatus(connection_) == CONNECTION_BAD) {
    return lost();
  }
  watch();
}

void PostgresSession::hear() {
  const auto alive = alive_;
  while (PGnotify* note = PQnotifies(connection_)) {
    std::string payload = note->extra;
    PQfreemem(note);
    if (heard_) heard_(std::move(payload));
    if (!*alive) return;
  }
}

void PostgresSession::read_results() {
  while (PQisBusy(connection_) == 0) {
    PGresult* result = PQgetResult(connection_);
    if (result == nullptr) {
      if (PQstatus(connection_) == CONNECTION_BAD) return;
      PQsetSingleRowMode(connection_);  // between two statements
      continue;
    }
    const ExecStatusType status = PQresultStatus(result);
    take(result);
    PQclear(result);
    if (bytes_ > max_bytes_) return give_up();
    // libpq makes the same result of a COPY again and again, until its data has been moved.
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) return lost();
    if (status != PGRES_PIPELINE_SYNC) continue;
    step_ = outdated_ ? Step::kBroken : Step::kIdle;
    if (outdated_) poll_.reset();
    else watch();
    if (refused_) return answer(*std::exchange(refused_, std::nullopt));
    rows_.erase(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(std::min(skip_, rows_.size())));
    return answer(std::move(rows_));
  }
}

void PostgresSession::take(PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE: keep(result, false); break;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY: keep(result, true); break;
    case PGRES_FATAL_ERROR: {
      const std::string severity = error_field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
      outdated_ = outdated_ || is_outdated(result);
      if (severity != "ERROR") fatal_ = true;  // of the session's end, or of the link: no word on the transaction
      if (!refused_) refused_ = severity.empty() ? make_error(Code::kUnavailable, "connection lost: " + std::string(trim(PQresultErrorMessage(result)))) : refusal(result);
      break;
    }
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH: refused_ = make_error(Code::kInvalid, "COPY cannot be used here"); break;
    default: break;
  }
}

void PostgresSession::keep(PGresult* result, bool whole) {
  if (!row_by_row_) rows_.emplace_back();
  add_rows(rows_.back(), result, bytes_);
  row_by_row_ = !whole;
}

/// What is left of the answer is not read: the session goes with it.
void PostgresSession::give_up() {
  cancel();
  step_ = Step::kBroken;
  poll_.reset();
  rows_.clear();
  answer(too_large_);
}

void PostgresSession::lost() {
  const bool running = step_ == Step::kRunning;
  step_ = Step::kBroken;
  poll_.reset();
  if (!running) {
    if (heard_) heard_(std::nullopt);
    return;
  }
  if (refused_ && !fatal_) return answer(*std::exchange(refused_, std::nullopt));
  const std::string why = refused_ ? refused_->message : "connection lost: " + std::string(trim(PQerrorMessage(connection_)));
  answer(make_error(writes_ ? Code::kUnknown : Code::kUnavailable, why));
}

void PostgresSession::answer(Result<std::vector<Rows>> result) {
  if (done_) std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace tidewire::sql

#endif  // TIDEWIRE_LIBPQ
