#include "http/session.h"

#include "http/answer.h"

namespace tidewire::http {

namespace {

constexpr std::size_t kCopiedBody = 32u << 10;  // up to here one copy is cheaper than a second buffer
constexpr const char* kComeAgain = "5";  // seconds
constexpr std::size_t kMostDiscarded = 1u << 20;
constexpr Duration kLingerTime = std::chrono::seconds(2);
constexpr std::size_t kMostUnwritten = 1u << 20;  // of a stream: a peer that is further behind than this is let go

}  // namespace

class Session::StreamOutlet final : public Outlet {
 public:
  explicit StreamOutlet(std::weak_ptr<Session> session) : session_(std::move(session)) {}
  StreamOutlet(const StreamOutlet&) = delete;
  StreamOutlet& operator=(const StreamOutlet&) = delete;
  ~StreamOutlet() override {
    if (const auto session = session_.lock()) session->end_stream();
  }
  bool write(std::string_view bytes) override {
    const auto session = session_.lock();
    return session && session->write_more(bytes);
  }

 private:
  std::weak_ptr<Session> session_;
};

Session::Session(SessionHost& host, std::unique_ptr<loop::Connection> connection)
    : host_(&host),
      connection_(std::move(connection)),
      parser_({.max_head = host.options().max_head, .max_body = host.options().max_body}),
      since_(host.now()) {}

void Session::start() {
  connection_->start_reading([this](std::string_view bytes) { on_received(bytes); },
                             [this](bool lost) { on_ended(lost); });
}

void Session::refuse_service(int status, std::string_view why) {
  start();
  refuse(status, why);
}

void Session::detach() {
  phase_ = Phase::kClosed;
  hold(0);
  connection_.reset();
  host_ = nullptr;
}

void Session::close() {
  if (phase_ == Phase::kClosed) return;
  SessionHost* host = host_;
  detach();
  host->closed(*this);
}

void Session::drain() {
  const bool waiting = phase_ == Phase::kReading && parser_.idle();
  if (waiting || phase_ == Phase::kLingering || phase_ == Phase::kStreaming) close();
}

void Session::on_received(std::string_view bytes) {
  if (phase_ == Phase::kLingering || phase_ == Phase::kStreaming) {
    discarded_ += bytes.size();
    if (discarded_ > kMostDiscarded) close();
  } else if (phase_ == Phase::kReading && connection_->spoken_plainly()) {
    refuse(400, "TLS is spoken here: use https://");
  } else if (phase_ == Phase::kReading) {
    read_on(bytes);
  } else {
    // One read's worth (64 KiB) is kept, the rest waits in the kernel and then at the peer.
    ahead_.append(bytes);
    connection_->stop_reading();
  }
}

void Session::on_ended(bool lost) {
  peer_ended_ = true;
  const bool answering = phase_ == Phase::kHandling || phase_ == Phase::kWriting;
  if (lost || !answering) close();
}

void Session::read_on(std::string_view bytes) {
  const auto self = shared_from_this();
  reading_on_ = true;
  while (phase_ == Phase::kReading) {
    bytes.remove_prefix(parser_.feed(bytes));
    note_progress();
    if (parser_.state() == Parser::State::kRefused) refuse(parser_.status(), parser_.why());
    else if (!hold(parser_.body_size())) refuse(503, "too much is being received");
    if (parser_.state() != Parser::State::kComplete || phase_ != Phase::kReading) break;
    hand_over();
  }
  reading_on_ = false;
  if (phase_ == Phase::kReading && peer_ended_) linger();  // no more comes, and what came is answered or is no whole request
  if (phase_ != Phase::kHandling && phase_ != Phase::kWriting) return;
  if (bytes.empty()) return;
  ahead_.assign(bytes);
  connection_->stop_reading();
}

/// What a body takes counts until it is answered, whoever has it by then.
bool Session::hold(std::size_t bytes) {
  const bool fits = host_->hold(held_, bytes);
  held_ = bytes;
  return fits;
}

/// Each part of a request has its own time, which starts when the part does.
void Session::note_progress() {
  const bool in_head = parser_.state() == Parser::State::kHead && !parser_.idle();
  if (parser_.state() == reading_ && in_head == in_head_) return;
  const bool body_begins = parser_.state() == Parser::State::kBody && reading_ != Parser::State::kBody;
  reading_ = parser_.state();
  in_head_ = in_head;
  since_ = host_->now();
  if (body_begins && parser_.expects_continue() && parser_.body_size() == 0)
    connection_->write("HTTP/1.1 100 Continue\r\n\r\n");
}

void Session::hand_over() {
  ++host_->counts().requests;
  ++request_;
  phase_ = Phase::kHandling;
  close_after_ = !parser_.keep_alive() || host_->draining();
  old_peer_ = parser_.is_old_version();
  Request request = parser_.take();
  reading_ = Parser::State::kHead;
  in_head_ = fresh_ = false;
  head_only_ = request.method == "HEAD";
  request.peer = connection_->peer();
  request.peer_uid = connection_->peer_uid();
  request.secure = connection_->secured();
  host_->handle(std::move(request), Reply([session = weak_from_this(), id = request_](Response response) {
                  if (const auto self = session.lock()) self->answer(id, std::move(response));
                }));
}

void Session::answer(std::uint64_t request, Response response) {
  if (phase_ != Phase::kHandling || request != request_) return;
  if (response.status == Reply::drop().status) {
    close();
    return;
  }
  hold(0);
  close_after_ = close_after_ || nothing_follows() || host_->draining();
  if (const auto* wish = response.headers.find("Connection")) close_after_ |= equal_ignoring_case(*wish, "close");
  if (response.stream && !head_only_) return begin_stream(response);
  phase_ = Phase::kWriting;
  since_ = host_->now();
  write_answer(response, !head_only_);
  if (connection_->unwritten() == 0) {
    answer_written();
    return;
  }
  connection_->on_written([this](bool ok) {
    if (ok) {
      answer_written();
    } else {
      close();
    }
  });
}

/// What the peer sent before its end is answered. Over TLS requests and the end come in one read.
bool Session::nothing_follows() const { return peer_ended_ && ahead_.empty() && !reading_on_; }

void Session::write_answer(const Response& response, bool with_body) {
  std::string& out = host_->scratch();
  write_answer_head(response, {.date = host_->date(), .close = close_after_, .keep_alive = old_peer_}, out);
  const std::string_view body = with_body && answer_has_body(response.status) ? response.body : std::string_view();
  if (body.size() <= kCopiedBody) {
    out.append(body);
    connection_->write(out);
  } else {
    connection_->write(out, body);
  }
}

void Session::begin_stream(const Response& response) {
  const auto self = shared_from_this();
  close_after_ = true;
  phase_ = Phase::kStreaming;
  since_ = host_->now();
  write_answer(response, false);
  ahead_.clear();
  connection_->continue_reading();  // or nobody notices that the peer leaves
  response.stream(std::make_unique<StreamOutlet>(weak_from_this()));
}

bool Session::write_more(std::string_view bytes) {
  if (phase_ != Phase::kStreaming) return false;
  if (connection_->unwritten() > kMostUnwritten) {
    ++host_->counts().timed_out;
    close();
    return false;
  }
  connection_->write(bytes);
  return true;
}

void Session::end_stream() {
  if (phase_ == Phase::kStreaming) linger();
}

void Session::answer_written() {
  if (close_after_ || nothing_follows() || host_->draining()) {
    linger();
    return;
  }
  phase_ = Phase::kReading;
  since_ = host_->now();
  if (!reading_on_) next_request();
}

void Session::next_request() {
  const auto self = shared_from_this();
  if (!ahead_.empty()) {
    const std::string bytes = std::exchange(ahead_, {});
    read_on(bytes);
  }
  if (phase_ == Phase::kReading) connection_->continue_reading();
}

void Session::refuse(int status, std::string_view why) {
  const bool later = status == 503 || status == 429;
  if (later) {
    ++host_->counts().refused;
  } else if (status == 408) {
    ++host_->counts().timed_out;
  } else {
    ++host_->counts().malformed;
  }
  close_after_ = true;
  const auto& own = host_->options().refusal;
  Response response = own ? own(status, why) : Response::text(status, std::string(why) + "\n");
  if (later) response.headers.set("Retry-After", kComeAgain);
  write_answer(response, true);
  linger();
}

void Session::linger() {
  if (peer_ended_ && connection_->unwritten() == 0) {
    close();
    return;
  }
  phase_ = Phase::kLingering;
  since_ = host_->now();
  ahead_.clear();
  connection_->finish_writing();
  connection_->continue_reading();
}

void Session::check_time(Ticks now) {
  const ServerOptions& options = host_->options();
  const auto spent = now - since_;
  switch (phase_) {
    case Phase::kReading:
      time_out(now);
      break;
    case Phase::kWriting:
      if (spent >= options.body_time) {
        ++host_->counts().timed_out;
        close();
      }
      break;
    case Phase::kLingering:
      if (spent >= kLingerTime) close();
      break;
    case Phase::kHandling:  // as long as it takes: who handles it has deadlines of their own
    case Phase::kStreaming:
    case Phase::kClosed:
      break;
  }
}

void Session::time_out(Ticks now) {
  const ServerOptions& options = host_->options();
  const auto spent = now - since_;
  if (reading_ == Parser::State::kBody) {
    const auto grace = options.body_time / 3;
    const auto seconds = std::chrono::duration_cast<std::chrono::duration<double>>(spent - grace).count();
    const bool slow =
        seconds > 0 && static_cast<double>(parser_.body_size()) < seconds * static_cast<double>(options.min_body_rate);
    if (slow || spent >= options.body_time) refuse(408, "the body takes too long");
  } else if (in_head_) {
    if (spent >= options.head_time) refuse(408, "the head takes too long");
  } else if (spent >= (fresh_ ? std::min(options.head_time, options.idle_time) : options.idle_time)) {
    ++host_->counts().timed_out;
    close();
  }
}

}  // namespace tidewire::http
