// connection.h — one connection at work: its connector in a VM of its own, behind a rate limit and a circuit breaker.
//
// A call waits here for a place (limits.parallel) and a token (limits.rate), in the order of its rank; while the breaker is open it is refused with
// kThrottled and the time to come back, so that an outage costs waiting keys nothing; nor does it cost those whose calls
// found it out their last attempt (sync/reconcile/stand.cpp).
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "app/exchanges.h"
#include "app/files.h"
#include "app/histogram.h"
#include "app/project.h"
#include "base/log.h"
#include "bindings/install.h"
#include "http/client.h"
#include "http/signature.h"
#include "loop/loop.h"
#include "sched/breaker.h"
#include "sched/limiter.h"
#include "sched/turns.h"
#include "script/script.h"
#include "store/store.h"
#include "sync/ports.h"

namespace tidewire::app {

/// How far a server's clock is ahead of ours, of the time `there` that its answer tells; asked at `asked`, answered at `now`. Zero within
/// what an answer can tell: its time lies between the two, and a Date header has whole seconds. Law 11.
Duration offset_of_clock(Instant there, Instant asked, Instant now);

/// What connections share; must outlive them.
struct Services {
  loop::Loop& loop;
  const Clock& clock;
  Random& random;
  http::Client& client;
  store::Store& store;
  Logger& log;
  ScriptFiles& files;
  ExchangeKeeper& exchanges;
  const Redactor& redactor;
};

class Connection {
 public:
  /// kInvalid, kScript: the connector or its config, naming the connection and the key.
  static Result<std::unique_ptr<Connection>> open(const std::string& name, const ConnectionConfig& config, const Value& resolved, const Services& services);
  /// The same for one that is not saved: it leaves nothing in the state.
  static Result<std::unique_ptr<Connection>> open_draft(const std::string& name, const ConnectionConfig& config, const Value& resolved, const Services& services);
  ~Connection();

  const std::string& name() const { return name_; }
  const std::string& kind() const { return config_.kind; }
  /// Whether it is what `open` would make of these now: same config, same secrets, same connector files.
  bool is_current(const ConnectionConfig& config, const Value& resolved) const;
  const sync::Capabilities& capabilities() const { return capabilities_; }
  const Value& declared() const { return script_->data(); }  // kind, capabilities, collections, proof, payload, limits, secrets
  /// Secrets that the configuration says in clear, by option ("webhook.secret").
  std::map<std::string, std::string> secrets_in_clear() const;

  /// Calls a function of the connector. A denial may concern this collection or record alone: `test` is asked before
  /// the connection is taken for closed. What it says to the system goes into `recording`, where there is one.
  void call(const std::string& function, Array arguments, bool writes, std::function<void(Result<Value>)> done, sched::Rank rank = {}, std::shared_ptr<Recording> recording = nullptr);
  ExchangeKeeper& exchanges() { return services_.exchanges; }
  const Redactor& redactor() const { return services_.redactor; }
  /// The connector's `listen`, which waits for long and so has no part in limits, breaker and figures.
  [[nodiscard]] std::unique_ptr<script::Script::Running> listen(Value collections, std::function<void(Result<Value>)> done);
  /// Ends what `listen` keeps between two calls.
  void unlisten();
  /// What the connector's `webhook` makes of a delivery, at once: a list of {collection, key, event, parents}. kScript, kBudget: it failed, or
  /// tried to wait.
  Result<Value> webhook(const http::Request& request);
  bool has(const std::string& function) const;
  /// Nothing was asked of it that is not answered.
  bool is_idle() const { return running_.empty() && waiting_.empty(); }
  void later(std::function<void()> work) { services_.loop.post(std::move(work)); }
  std::optional<Duration> blocked() const;
  /// What it listens on broke: another system may answer from now on, and is asked who it is.
  void was_lost() { was_away_ = true; }
  /// Whether its last call had no answer, and none did since `at`; a process just begun has had none.
  bool silent_since(Instant at) const { return silent_ && (!last_answer_ || *last_answer_ <= at); }
  /// A person asks something of it: what is left alone after failures is asked again at once. A pause that a person made holds.
  void hurry() { breaker_.hurry(); }
  /// A person's wish: no call before then; nullopt = go on.
  void pause(std::optional<Instant> until) { paused_until_ = until; }
  Duration clock_offset() const { return clock_offset_; }
  /// False from a test that met another system than the first one did, until accept_system().
  bool same_system() const { return same_system_; }
  /// What tells the system that answers from any other, by its last test; "" where it was not asked yet, or none can be told from another.
  const std::string& system() const { return own_system_; }
  /// The running server that answers, by its last test: what tells it from a copy that answers as the same system. "" where it says none.
  const std::string& server() const { return server_; }
  /// The system that answers now is the right one.
  void accept_system(std::function<void(Result<void>)> done);
  /// `test`; remembers the server's clock and compares its fingerprint.
  void test(std::function<void(Result<Value>)> done);
  /// The collection's description, cached in the state: fresh where the remote answers, else the last one known.
  void describe(const Value& collection, std::function<void(Result<Value>)> done);

  Value status() const;

  static constexpr std::size_t kManyRefused = 5;
  static constexpr Duration kRefusedWithin = std::chrono::hours(1);
  struct Webhooks {
    std::int64_t received = 0, unproved = 0, malformed = 0, unknown = 0, limited = 0;
    std::optional<Instant> last;  // also of a former process, if it was stored
    std::deque<Instant> refused{};  // the last that had no proof, since one had
    std::optional<Instant> many_refused;  // when there were kManyRefused of them within kRefusedWithin: a stranger's one is no news
    std::optional<Instant> greeted;
    std::optional<Instant> unproved_told;  // the log has a line of it at most every ten seconds
    std::map<std::string, std::int64_t> by_collection{};  // changes that named one of ours
    Histogram took{};  // from the request to its answer, which comes once it is on disk

    void note_refused(Instant now);
    void note_received(Instant now);
  };
  Webhooks& webhooks() { return figures_->webhooks; }
  /// Takes the place of `former`, whose settings changed: what is counted goes on, as the counters of /metrics must.
  void follow(const Connection& former);
  http::Prover& prover() { return *prover_; }
  sched::TokenBucket& inbound() { return *inbound_; }

 private:
  /// What was counted since the process began, whatever became of the settings meanwhile.
  struct Figures {
    std::int64_t calls = 0, failures = 0;
    std::int64_t script_failures = 0;  // of the scripts before
    std::map<std::string, std::int64_t> by_outcome{};
    Histogram latency{};  // of its calls
    Webhooks webhooks{};
  };
  class Kv;
  class DraftKv;
  struct Waiting {
    std::string function;
    Array arguments;
    bool writes = false;
    std::function<void(Result<Value>)> done;
    std::shared_ptr<Recording> recording;
  };
  Connection(std::string name, ConnectionConfig config, const Services& services);
  static Result<std::unique_ptr<Connection>> load(std::unique_ptr<Connection> connection, const Value& resolved);
  void next();
  void begin(Waiting waiting, sched::CircuitBreaker::Permit permit);
  void ended(std::uint64_t id, const std::string& function, bool writes, sched::CircuitBreaker::Permit permit, Ticks began, Result<Value>& result);
  void build_proof(const Value& resolved);
  void note_answer(Code code);
  void ask_whether_denied();
  void identify();

  std::string name_;
  ConnectionConfig config_;
  Value resolved_;
  Services services_;
  std::unique_ptr<bindings::KvPort> kv_;
  std::unique_ptr<script::Script> script_;
  sync::Capabilities capabilities_;
  sched::CircuitBreaker breaker_;
  std::optional<sched::TokenBucket> rate_, inbound_;
  std::unique_ptr<http::Prover> prover_;
  int parallel_ = 8;
  std::uint64_t next_id_ = 0;
  std::map<std::uint64_t, std::unique_ptr<script::Script::Running>> running_;
  std::vector<std::unique_ptr<script::Script::Running>> ended_;
  sched::Turns<Waiting> waiting_;
  std::unique_ptr<Timer> timer_;
  void compare_system(const std::string& fingerprint, std::function<void()> then);
  Duration clock_offset_{};
  bool same_system_ = true;
  bool asking_ = false;    // whether a denial is of the whole connection, or who answers
  bool was_away_ = false;  // since it was asked last who it is
  Ticks identified_at_ = services_.clock.ticks();
  std::string system_;   // fingerprint of what answers now
  std::string own_system_;  // likewise, "" where other accounts of the same system have it too
  std::string server_;      // of a system that may have copies, which of them
  std::shared_ptr<Figures> figures_ = std::make_shared<Figures>();  // owners: this, and the former one until its calls have ended
  std::optional<Instant> last_success_;
  std::optional<Instant> last_answer_;  // a refusal is one too
  bool silent_ = false;  // the last call had none
  std::optional<Duration> rest() const;
  std::optional<Instant> paused_until_;
  std::string last_error_;
  std::shared_ptr<bool> alive_;  // owners: this and the callbacks under way
};

}  // namespace tidewire::app
