// store.h — what the engine asks of the state file, in words of changes, links and operations.
//
// Every verb is asynchronous: `done` comes through the Poster after the transaction is on disk (writes) or read. The verbs
// speak neither SQL nor files: a second backend for many nodes is meant to fit behind them one day. Reads see every
// write whose `done` has been called.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/accounts.h"
#include "store/executor.h"
#include "store/types.h"

namespace tidewire::store {

template <typename T>
using Done = std::function<void(Result<T>)>;

/// What one reconcile leaves behind: all of it or nothing, in one transaction (law 31).
struct Commit {
  std::string mapping{};
  std::optional<Link> link{};            // id 0 = insert, else replace; keys that another live link holds: kStale
  /// Removed before anything else is written, with its open conflicts; its history is found by its keys from then on.
  std::optional<std::int64_t> remove_link{};
  std::vector<Link> set_aside{};         // inserted beside `link`
  /// Changes answered: each row leaves if it is still what was taken, else it stays waiting and due with the rest (law 4),
  /// and what had counted as coalesced into it counts as a row of its own again.
  struct Taken {
    Side side;
    std::string key;
    std::int64_t last_seq;
    std::int64_t changes;              // as taken; what stays keeps the difference
  };
  std::vector<Taken> finished{};
  /// Keys that stay with a new state, due time, attempts and error. A change that arrived since (last_seq or changes
  /// moved) puts the row back to waiting and due instead; so does a parent that linked meanwhile (waiting_for). A row that
  /// is gone stays gone; last_seq 0 makes one.
  std::vector<DirtyKey> standing{};
  std::vector<DirtyMark> again{};        // queued anew in the same transaction (law 28)
  std::vector<Intent> announce{};        // inserted or replaced
  std::vector<std::string> close_intents{};
  std::optional<Operation> operation{};
  /// What the pass said to the systems, kept under the id of its operation, whether that is stored or not; "" = nothing is. What earlier
  /// passes over its keys, named by theirs, have kept without an operation goes over to it, or leaves.
  std::string pass{};
  std::vector<OperationExchange> exchanges{};
  std::vector<std::string> earlier_passes{};
  /// Inserted, or refreshed where (link, field) is open; before them, fields below are closed. A link id of 0 in a
  /// conflict, intent or operation is the link of this commit.
  std::vector<Conflict> open_conflicts{};
  /// Of `link` (else of remove_link, else of the operation's) and of the keys in this commit from before they had a
  /// link; with method and author below, of a field its own.
  std::vector<std::string> close_conflict_fields{};
  std::string conflict_method{}, conflict_author{};
  std::map<std::string, std::pair<std::string, std::string>> conflict_said{};  // by field, where a person has said
  std::map<std::string, std::int64_t> counters{};         // added to scope "mapping NAME"
  std::vector<std::string> wake_children{};  // "mapping/side/key" of parents that are linked now: rows waiting for one become due
  std::vector<std::string> look_at{};    // likewise of parents that rows begin to wait for: queued, for reason "child", where no row and no link has the key
  std::vector<std::pair<Side, std::string>> moved{};  // records that came, went, or whose match values changed: rows held by an ambiguous match with one of them become due
  Sides<bool> stirred{false, false};     // a record of that side changed, so a blocked create may succeed now
  std::vector<std::string> brake{};      // kinds logged for this link
  std::vector<std::string> hold_fields{}, free_fields{};  // of the link: held by the brake from here on, not any more
  std::vector<std::string> hooks{};      // rows for the outbox, JSON
  std::optional<AuditEntry> audit{};
};

/// Everything the engine must know about one key before it reads the remote.
struct Known {
  std::optional<Link> link;                    // live, frozen or ignored; by key
  std::vector<Link> tombstones;                // of that key, newest first, at most 3
  std::vector<Intent> intents;                 // of the link, or of its keys as source or target
  std::vector<Conflict> conflicts;             // open ones
  std::vector<DirtyKey> dirty;                 // rows of both keys of the link (or of this key alone)
};

/// One call of a mapping's `after`, at least once; or a notice of the project's, with neither mapping nor operation.
struct Hook {
  std::int64_t id = 0;
  std::string mapping, operation;
  Value hook;
  int attempts = 0;
  Instant due_at{};
};

/// What is told to people in one transaction with what is remembered of it.
struct Tidings {
  struct Telling {
    Notice notice;                                         // its history
    Value hook;                                            // for the outbox
  };
  std::vector<Telling> notices{};
  std::string ns{};                                        // of kv
  std::map<std::string, std::optional<Value>> kept{};      // in it; nullopt = removed
  /// By their condition: one that is open takes the new text, or its end; else a row of its own.
  std::vector<Alert> alerts{};
};

struct AlertFilter {
  std::string mapping{}, connection{}, kind{};  // "" = any
  bool ended_too = false;
};

struct NoticeFilter {
  std::string about{}, kind{};                 // "" = any
  bool missed = false;                         // those alone that did not arrive (yet)
};

struct FanOut {
  std::int64_t seen = 0;                       // rows of `received` looked at
  std::map<std::string, std::int64_t> marked;  // mapping -> changes
  bool more = false;
};

struct Page {
  std::int64_t limit = 100;
  std::string after;                           // opaque; "" = from the newest
};
template <typename T>
struct Paged {
  std::vector<T> rows;
  std::string next;                            // "" = no more
};
/// kInvalid, for an `after` that no page can have given.
Error no_mark(const std::string& after);
struct OperationFilter {
  std::string mapping{}, outcome{}, key{};     // "" = any
  std::optional<std::int64_t> link{};
  bool failed = false;                         // dead and conflict only
  std::optional<Instant> since{};
  std::string kind{}, author{}, job{};         // "" = any
  std::string text{};                          // words in the keys or the record; the last may be the beginning of one
  std::optional<Instant> until{};              // before
  std::optional<Side> side{};                  // whose change it answers
  std::optional<Side> key_side{};              // whose key `key` is; either side's where it is missing
};
struct ReceivedFilter {
  std::string connection{}, collection{}, key{}, event{}, source{};  // "" = any
  std::optional<Instant> since{};
  std::optional<Instant> until{};              // before
  std::string text{};                          // somewhere in the key or the body; ASCII letters of either case
  /// Of one of these alone: connection and collection. nullopt = any; none of them = nothing.
  std::optional<std::vector<std::pair<std::string, std::string>>> collections{};
};

struct AuditFilter {
  std::string author{}, action{};              // "" = any
  std::string subject{};                       // somewhere in it
  std::optional<Instant> since{};
};

struct LinkFilter {
  std::string mapping{}, key{};                // "" = any; a key is either side's and needs the mapping
  std::optional<LinkState> state{};
  std::optional<Instant> older{};              // not touched since
  bool error = false;                          // with an open conflict, or a key that stands, or is tried again, because of an error
};

/// What a reference to a file names.
struct File {
  std::string connection;  // or "connection/bucket", where references are to one
  std::string ref;
  std::string sha256;     // of the content, in hex
  std::int64_t size = 0;  // bytes
  std::string name;       // as people see it
  bool uploaded = false;  // we put it there: the system may have made other bytes of it
  std::string mark{};     // by which the system tells it from another content behind the same reference; "" = not known
  friend bool operator==(const File&, const File&) = default;
};

/// A person whose data shall leave the state.
struct Forgetting {
  std::string mapping;
  std::vector<std::pair<Side, std::string>> keys;  // of one link, or one key without
  Sides<std::pair<std::string, std::string>> source;  // connection and collection of each side, for what was received
  std::string author;
};

/// One step of a job, in one transaction.
struct JobPage {
  Job job;
  std::vector<DirtyMark> marks{};
  std::vector<Finding> findings{};             // kept up to 10,000 a job; all are in its counts
};

/// A kind of the brake, as fields are: records that read older than they did (law 3). No field has such a name.
inline constexpr const char* kRestored = "$restored";

/// What commits logged as Commit::brake within the window, and what stands (law 18).
struct BrakeCounts {
  std::map<std::string, std::int64_t> kinds;
  std::int64_t links = 0;                      // live ones
  std::set<std::string> held, released;        // fields, kRestored; released ones within 24 h
};

/// A field that the brake holds on so many links.
struct Braked {
  std::string field;
  std::int64_t links = 0;
  Instant since{};
};

/// Of kv: by mapping the file of the project that it is of, which may name several.
inline constexpr const char* kHomes = "homes";

/// Counts for `status`, all in one read.
struct Summary {
  struct Mapping {
    std::int64_t links = 0, tombstones = 0, waiting = 0, backing_off = 0, held = 0, waiting_for = 0, conflict = 0, dead = 0, would_write = 0;
    std::int64_t dead_rows = 0, held_rows = 0;  // keys of those records: two where both sides told of one
    std::int64_t waiting_later = 0;      // of the waiting: due after some minutes only
    std::int64_t open_conflicts = 0;     // that wait for a person
    std::int64_t skipped_conflicts = 0;  // that a person let be until one of their sides changes; open, and not among those
    std::int64_t open_drift = 0;  // edits of the side that may not change: that the last complete comparison found, and since it began
    bool ever_loaded = false;  // a job went over all that was there: what stood before is known (loads.h)
    std::optional<Instant> oldest_waiting;       // since when the oldest waiting key has been due, or the oldest that backs off has failed
    std::optional<Instant> oldest_waiting_for;   // since when the oldest key waits for its parent
    std::optional<Instant> oldest_conflict, last_operation;  // since when the oldest conflict is open
    std::optional<Instant> last_success;  // when it was last applied or merged (of its newest 1000 operations), or a whole load of it ended without a failure
    /// Since when it is not level; nullopt where nothing is to be worked off.
    std::optional<Instant> behind_since() const {
      if (!oldest_waiting || !oldest_waiting_for) return oldest_waiting ? oldest_waiting : oldest_waiting_for;
      return *oldest_waiting < *oldest_waiting_for ? oldest_waiting : oldest_waiting_for;
    }
    std::map<std::string, std::int64_t> counters;
    std::vector<Braked> braked;
    std::optional<std::string> on_hold;  // why, where the state says so (an adoption that is not decided)
    std::int64_t frozen = 0;             // of the links: left their scope, nothing travels
    std::optional<std::string> home;     // the file that it was read from last, "employees" without ending; "" = that names it no more (kHomes)
  };
  std::map<std::string, Mapping> mappings;
  std::map<std::string, std::map<std::string, std::int64_t>> connections;  // counters by connection
  std::int64_t not_fanned_out = 0;  // counted to 10,000
};

class Store {
 public:
  Store(Executor& executor, const Clock& clock);

  // intake
  /// Stores changes durably; `done(n)` = how many were new (a delivery id seen within 24 h is not). Puts that wait for
  /// the same commit are one member of it: they are stored or fail together.
  void put(std::vector<Change> changes, Done<std::int64_t> done);
  /// Changes of one poll with the cursor that follows them, in one transaction (law 5). They go straight to dirty_keys.
  void put_polled(std::string mapping, std::vector<DirtyMark> marks, Side side, Value cursor, Done<void> done);
  /// Moves at most `limit` received rows into dirty_keys; rows no route wants are counted as filtered.
  void fan_out(std::vector<Route> routes, std::int64_t limit, Done<FanOut> done);
  void mark(std::string mapping, std::vector<DirtyMark> marks, Done<void> done);

  // work
  /// Due keys, live before backfill, oldest first. The rows stay where they are and come again until a commit moves them:
  /// ask for as many more as are running, and leave those out.
  void take(std::string mapping, std::int64_t limit, Done<std::vector<DirtyKey>> done);
  /// As take(), without backfill.
  void take_live(std::string mapping, std::int64_t limit, Done<std::vector<DirtyKey>> done);
  /// How much backfill is due.
  void backlog(std::string mapping, Done<std::int64_t> done);
  /// Counts also the live keys unchanged since `until`: a live change takes over what a job has marked.
  void backlog(std::string mapping, Instant until, Done<std::int64_t> done);
  /// Deletes the marks of jobs that no live change asked for, counted as discarded; with `recorded` also those of which it is on record
  /// what would be written. `done(n)`.
  void drop_backfill(std::string mapping, bool recorded, Done<std::int64_t> done);
  /// What a read-only mapping would have written is looked at again, at once; `done(n)`.
  void release_would_write(std::string mapping, Done<std::int64_t> done);
  /// Keys that have waited for their parent as long are looked at once more; `done(n)`.
  void wake_overdue(std::string mapping, Duration waited, Done<std::int64_t> done);
  /// Keys that back off because a connection was denied or paused (not for a reason of their own) are due now; `done(n)`.
  void wake_refused(std::string mapping, Done<std::int64_t> done);
  /// All keys that back off are due now; `done(n)`.
  void wake_backing_off(std::string mapping, Done<std::int64_t> done);
  /// When the next key of the mapping becomes due, of those due later than `after`; nullopt when none waits. Keys that are
  /// due and left out on purpose would otherwise hide the others.
  void next_due(std::string mapping, Instant after, Done<std::optional<Instant>> done);
  /// One Known per asked key, in order.
  void load(std::string mapping, std::vector<std::pair<Side, std::string>> keys, Done<std::vector<Known>> done);
  /// In any state, newest first.
  void find_by_incarnation(std::string mapping, Side side, std::string incarnation, Done<std::vector<Link>> done);
  /// Creates announced and not closed, towards one side (law 25: what might be our own waits for them).
  void open_creates(std::string mapping, Side side, Done<std::vector<Intent>> done);
  /// Inserts or replaces. kStale, naming the intent, where a create of the same source or match value is open (law 19).
  void announce(std::vector<Intent> intents, std::optional<Operation> operation, Done<void> done);
  void open_intents(std::string mapping, Done<std::vector<Intent>> done);  // "" = of all mappings
  /// A process begins: a request that was on its way when the one before it ended may arrive as late as one that leaves now, so every
  /// announced write that may have left has left now (laws 25, 26); `done(n)`. After a clean stop nothing was on its way, and each counts
  /// from its own request: `done(0)`.
  void renew_intents(Done<std::int64_t> done);
  /// The process ends, and every request of it has had its answer or was given up in a pass that is stored. It counts once.
  void note_clean_stop(Done<void> done);
  /// `done(link id)`; 0 where the commit has no link.
  void commit(Commit commit, Done<std::int64_t> done);
  /// The other side's keys for references: one per asked key, nullopt where no link but a tombstone has it (law 22).
  void translate(std::string mapping, Side from, std::vector<std::string> keys, Done<std::vector<std::optional<std::string>>> done);

  // people
  /// Newest first; a page stays good while some are closed. kInvalid for a key without its mapping.
  void conflicts(ConflictFilter filter, Page page, Done<Paged<Conflict>> done);
  void conflicts(std::string mapping, bool closed_too, Page page, Done<Paged<Conflict>> done);
  void conflict(std::int64_t id, Done<Conflict> done);
  /// How many open conflicts of the mapping nobody has decided yet.
  void undecided(std::string mapping, Done<std::int64_t> done);
  /// A person's decision: written into the open conflict (method, author; for "value" the two values), its link's keys
  /// marked dirty with reason "person", in one transaction. The reconcile carries it out and closes it. kStale where the
  /// conflict's shown_at is not `shown_at` any more (0 = whatever it is): other values, or somebody's decision, which moves
  /// it. kNotFound where it is closed or unknown (law 13).
  /// What waits of `with` is decided in the same way, in the same transaction; a field that does not wait is passed over.
  struct Resolution {
    std::int64_t conflict = 0;
    std::string method;  // left | right | value | skip | accept
    std::string author;
    Sides<std::optional<Value>> said{};   // of `value`, as each side spells it; the mapping turns the left one where there is no right one
    Instant shown_at{};
    struct With {
      std::string field;                  // of the same link
      Sides<std::optional<Value>> said{};
    };
    std::vector<With> with{};             // what is won together with it (law 10)
  };
  void resolve(Resolution resolution, Done<void> done);
  /// By `side`, and neither link nor key nor text, a page looks at 2000 at most: it may be short, or empty, and have a `next` all the same.
  void operations(OperationFilter filter, Page page, Done<Paged<Operation>> done);
  void operation(std::string id, Done<Operation> done);
  /// What was said to the systems for it, oldest first; none where there was nothing, and of an operation that is unknown.
  void exchanges(std::string operation, Done<std::vector<OperationExchange>> done);
  /// Takes the next operations, about `most`, into the index that searches by `text`; `done(true)` where there are more. What is not in it
  /// yet is found too, by reading through it.
  void index_operations(std::int64_t most, Done<bool> done);
  /// Newest first.
  void standing(KeyFilter filter, Page page, Done<Paged<DirtyKey>> done);
  void standing(std::string mapping, std::optional<KeyState> state, Page page, Done<Paged<DirtyKey>> done);
  /// The keys of one record that the pass of this id left standing; it may have stored no operation. None where another pass has looked
  /// since, or they are done with.
  void left_by(std::string pass, Done<std::vector<DirtyKey>> done);
  /// Sets dead and held keys, and those in conflict as a whole, to waiting, due now; `done(n)`. A named key also from backing off or the brake.
  void retry(std::string mapping, std::optional<std::pair<Side, std::string>> key, Done<std::int64_t> done);
  /// Removes the row, of a dead letter also the dead one under the other key of its record, counted and audited; `done(0)` where there is none.
  void discard(std::string mapping, Side side, std::string key, std::string reason, std::string author, Done<std::int64_t> done);
  /// Rows of a mapping that nobody works off any more, `limit` at a time, counted; its open conflicts close as ignored. `done(n)`. Whoever asks
  /// audits it.
  void discard_all(std::string mapping, std::int64_t limit, std::string author, Done<std::int64_t> done);
  /// Links of such a mapping, `limit` at a time, and with the last of them all else that it is known by, but its history: `summary` knows it no
  /// more. `done(n)`, less than `limit` where it is gone. Whoever asks audits it.
  void drop_mapping(std::string mapping, std::int64_t limit, Done<std::int64_t> done);
  void audit(std::string author, std::string action, std::string subject, Value detail, Done<void> done);
  /// Rows {id, at, author, action, subject, detail}, newest first.
  void audit_log(AuditFilter filter, Page page, Done<Paged<Value>> done);
  void summary(Done<Summary> done);
  /// Rows {seq, at, connection, collection, key, event, source, payload}, newest first.
  void received(ReceivedFilter filter, Page page, Done<Paged<Value>> done);
  /// Rows {version, name, at} of one script ("mapping employees"), newest first.
  void script_versions(std::string name, Page page, Done<Paged<Value>> done);
  /// Rows {mapping, side, value, updated_at}.
  void cursors(Done<std::vector<Value>> done);
  /// Operations by mapping in each of the last `slices` slices of time, oldest first.
  void activity(std::vector<std::string> mappings, Duration slice, std::int64_t slices, Done<std::map<std::string, std::vector<std::int64_t>>> done);

  // who may use the API
  void accounts(Done<Accounts> done);
  /// Adds the user, or changes role and password of the one there is; "" leaves either as it is. kNotFound where there is none to change,
  /// kInvalid where nobody would remain an administrator.
  void save_user(User user, Done<void> done);
  /// With the logins; kInvalid likewise.
  void remove_user(std::string name, Done<void> done);
  void add_token(Token token, Done<void> done);
  void remove_token(std::string id, Done<void> done);
  void add_login(Login login, Done<void> done);
  void remove_logins(std::vector<std::string> hashes, Done<void> done);
  /// When it was used last. What was removed meanwhile stays removed.
  void note_user_login(std::string name, Instant at, Done<void> done);
  void note_token_use(std::string id, Instant at, Done<void> done);
  void note_login_use(std::string hash, Instant at, Done<void> done);

  // the rest
  void links(std::string mapping, std::int64_t after_id, std::int64_t limit, Done<std::vector<Link>> done);
  /// Newest first.
  void find_links(LinkFilter filter, Page page, Done<Paged<Link>> done);
  void link(std::int64_t id, Done<Link> done);  // kNotFound
  /// Links that operations since then are about, by id.
  void touched_links(std::string mapping, Instant since, std::int64_t after_id, std::int64_t limit, Done<std::vector<std::int64_t>> done);
  /// Deletes up to `limit` links of the mapping; their records count as unknown afterwards, their operations stay. `done(n)`; `done(0)`
  /// once none is left, when keys, announced writes, conflicts and cursors are deleted too.
  void forget_links(std::string mapping, std::int64_t limit, Done<std::int64_t> done);
  /// Takes the records out of links, operations, conflicts, intents, changes, findings and hooks, with what was told of parts of them and what is known of their files; audited
  /// without naming them. `done(rows by table)`; kNotFound, and nothing done, where the state holds nothing of them. kStale while a write to one of them is announced.
  void forget(Forgetting what, Done<std::map<std::string, std::int64_t>> done);
  /// Writes the file anew without what was deleted, and empties the log. Writers wait meanwhile.
  void rewrite(Done<void> done);
  void cursor(std::string mapping, Side side, Done<std::optional<Value>> done);
  void set_cursor(std::string mapping, Side side, std::optional<Value> cursor, Done<void> done);
  void save_job(Job job, Done<void> done);
  void save_jobs(std::vector<Job> jobs, Done<void> done);  // all or none
  /// Newest first; mapping "" = all.
  void jobs(std::string mapping, bool open_only, Done<std::vector<Job>> done);
  /// Newest first, each with its jobs in their order; `open_only`: those with a job that has not ended.
  void batches(bool open_only, Page page, Done<Paged<std::vector<Job>>> done);
  /// In their order; empty where there is no such batch. A job's own id names its batch too.
  void batch(std::string id, Done<std::vector<Job>> done);
  void put_job_page(JobPage page, Done<void> done);
  /// In the order of finding; kind "" = all.
  void findings(std::string job, std::string kind, Page page, Done<Paged<Finding>> done);
  void drop_findings(std::string job, Done<void> done);
  void count(std::string scope, std::map<std::string, std::int64_t> deltas, Done<void> done);
  void kv_get(std::string ns, std::string key, Done<std::optional<Value>> done);
  void kv_set(std::string ns, std::string key, Value value, std::optional<Duration> ttl, Done<void> done);
  void kv_list(std::string ns, Done<std::map<std::string, Value>> done);
  void kv_remove(std::string ns, std::string key, Done<void> done);
  /// Of these references those that are known, in any order; those met here are kept as ones still in use.
  void files(std::string connection, std::vector<std::string> refs, Done<std::vector<File>> done);
  /// Every reference of any connection with this content, the one seen last first.
  void files_with(std::string sha256, Done<std::vector<File>> done);
  /// In place of what was known of the reference.
  void keep_file(File file, Done<void> done);
  void drop_file(std::string connection, std::string ref, Done<void> done);
  /// Nothing is known of the connection's files any more, in whatever bucket.
  void drop_files(std::string connection, Done<void> done);
  void save_script(std::string hash, std::string name, Value files, Done<void> done);
  void script(std::string hash, Done<Value> done);  // {hash, name, at, files}; kNotFound
  void brake_counts(std::string mapping, Duration window, Done<BrakeCounts> done);
  /// A record of each of these links shows that its system was set back; counted as kRestored.
  void note_set_back(std::string mapping, std::vector<std::int64_t> links, Done<void> done);
  /// Lets go what the brake holds, at most so many links of held fields at a time: `done(n)`, to be called again while n is
  /// `limit`. `field` "" = deletes and records that read older, too.
  void release(std::string mapping, std::string field, std::int64_t limit, Done<std::int64_t> done);
  /// All or none.
  void tell(Tidings tidings, Done<void> done);
  /// Newest first.
  void alerts(AlertFilter filter, Page page, Done<Paged<Alert>> done);
  /// A person has it in hand; the first who said so stays, and is in the audit trail. kNotFound.
  void acknowledge_alert(std::int64_t id, std::string author, Done<Alert> done);
  /// What was told to whom, newest first.
  void notices(NoticeFilter filter, Page page, Done<Paged<Notice>> done);
  /// Mapping "": notices.
  void due_hooks(std::string mapping, std::int64_t limit, Done<std::vector<Hook>> done);
  /// It was taken and leaves; of a notice the history says so, as it does below.
  void hook_done(std::int64_t id, Done<void> done);
  void hook_again(std::int64_t id, Instant due_at, std::string error, Done<void> done);
  void hook_given_up(std::int64_t id, std::string error, Done<void> done);
  /// Deletes a slice of what is older than `keep`: operations that no open conflict, intent, key or hook names, received rows, ended jobs,
  /// closed conflicts, ended alerts, notices that do not wait, and what is known of files that nothing named since; deliveries after a
  /// day. `done(more)`.
  void prune(Duration keep, Done<bool> done);
  /// Of operations made up to this moment some have left by prune(); nullopt: none has.
  void operations_gone_until(Done<std::optional<Instant>> done);
  void integrity_check(Done<std::vector<std::string>> done);  // empty = ok
  /// A consistent copy in one new file, which must not exist; kInvalid where it does.
  void backup(std::string path, Done<void> done);

 private:
  class PutGroup;
  Executor& executor_;
  const Clock& clock_;
  std::shared_ptr<PutGroup> puts_;             // owners: this and the member that stores it
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  // held weakly by answers under way
};

}  // namespace tidewire::store
