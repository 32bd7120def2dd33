// session.h — one connection to our server: reads a request, waits for its answer, writes it, reads the next.
//
// Ownership: the Server's table holds each Session; a member function that calls out (to the handler) holds it too, for
// as long as it runs, because the handler may drain or destroy the Server. A Reply holds it weakly.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/parser.h"
#include "http/server.h"
#include "loop/stream.h"

namespace tidewire::http {

class Session;

/// What a session needs of its server.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  virtual const ServerOptions& options() const = 0;
  virtual Ticks now() const = 0;
  virtual bool draining() const = 0;
  virtual std::string_view date() = 0;
  virtual std::string& scratch() = 0;  // for building an answer; empty
  virtual Server::Stats& counts() = 0;
  /// A session's body has grown or gone: `before` bytes are `now` bytes. False where all together are too much.
  virtual bool hold(std::size_t before, std::size_t now) = 0;
  virtual void handle(Request request, Reply reply) = 0;
  virtual void closed(Session& session) = 0;  // forgets it, which may destroy it
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(SessionHost& host, std::unique_ptr<loop::Connection> connection);

  void start();
  /// Answers so and closes.
  void refuse_service(int status, std::string_view why);
  /// The server is gone or wants this closed at once: nothing is called any more.
  void detach();
  void check_time(Ticks now);
  /// Closes now when no request is under way, else after its answer.
  void drain();

 private:
  enum class Phase {
    kReading,    // a head or a body
    kHandling,   // the handler has the request
    kWriting,    // the kernel has not yet taken the whole answer
    kStreaming,  // an answer without end: whoever holds its Outlet writes
    kLingering,  // the answer is out: wait for the peer to close, so that no reset overtakes the answer
    kClosed,
  };

  void on_received(std::string_view bytes);
  void on_ended(bool lost);
  void read_on(std::string_view bytes);
  void note_progress();
  bool hold(std::size_t bytes);
  void hand_over();
  void answer(std::uint64_t request, Response response);
  bool nothing_follows() const;
  void write_answer(const Response& response, bool with_body);
  void begin_stream(const Response& response);
  bool write_more(std::string_view bytes);
  void end_stream();
  class StreamOutlet;
  void answer_written();
  void next_request();
  void refuse(int status, std::string_view why);
  void linger();
  void close();
  void time_out(Ticks now);

  SessionHost* host_;
  std::unique_ptr<loop::Connection> connection_;
  Parser parser_;
  std::string ahead_;  // what was received while a request is answered
  Phase phase_ = Phase::kReading;
  Parser::State reading_ = Parser::State::kHead;
  Ticks since_{};              // when the present phase (or part of reading) began
  std::uint64_t request_ = 0;  // which request an answer belongs to
  bool fresh_ = true;          // no request yet
  bool in_head_ = false;       // bytes of a head have come
  bool reading_on_ = false;    // read_on is on the stack and will go on itself
  bool peer_ended_ = false;
  bool close_after_ = false;
  bool head_only_ = false;
  bool old_peer_ = false;
  std::size_t discarded_ = 0;
  std::size_t held_ = 0;  // bytes of a body, from its first until its answer
};

}  // namespace tidewire::http
