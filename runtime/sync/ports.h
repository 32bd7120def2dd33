// ports.h — what the engine needs from outside, and nothing else: two endpoints, a mapper, ears.
//
// app/ supplies them on connector and mapping scripts; simulate/ supplies in-memory ones. sync/ knows no Lua, no HTTP and
// no libuv, so that it runs whole inside a deterministic simulation.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/exchange.h"
#include "base/result.h"
#include "base/value.h"
#include "store/types.h"
#include "sync/plan.h"

namespace tidewire::sync {

template <typename T>
using Done = std::function<void(Result<T>)>;

/// A record as one read showed it.
struct Record {
  std::string key;
  std::string version;      // "" where the system has none
  std::string incarnation;  // "" likewise
  std::optional<Instant> modified;
  Value fields = Object{};
  Exchanges exchanges{};    // of what a write answered: the requests that made it so, where they are recorded
};

/// What a write brings that leaves no record.
struct Answered {
  Exchanges exchanges{};
};

/// What a connector says of itself (scripts/connectors/README.md, Capabilities).
struct Capabilities {
  bool guarded_writes = false, guarded_deletes = false, ordered_versions = false, payload = false;
  bool covers_all = false;  // version_covers = "all"
  bool page_reads = false;  // a page of list or changes shows records as a read at that moment does
  bool versions_recur = false;  // what follows the last "/" of a version may come back to what it was (belongings/with_rows.h)
  enum class Answer { kStored, kAsSent, kNone } answer = Answer::kNone;
  int bulk_read = 1, bulk_find = 1, bulk_create = 1, bulk_update = 1;
  bool client_keys = false, incarnation = false, absence_proves_delete = false;
  Duration settle = std::chrono::seconds(60);
  Duration time_resolution = std::chrono::seconds(1);

  static Capabilities from(const Value& declared);
};

struct Condition {
  std::string field;
  Value value;
  bool fold = false;  // compare without case and accents where the system can; the engine checks again
  bool nobody = false;  // it names no record; the engine alone checks it, the system is not asked
};
using Query = std::vector<Condition>;

struct CreateRequest {
  Value values = Object{};
  std::optional<std::string> key;  // where the client assigns it
};

struct UpdateRequest {
  std::string key;
  Value values = Object{};
  std::optional<std::string> guard;
};

struct ListPage {
  std::vector<Record> records;
  std::optional<Value> cursor;  // empty: that was the last page
};
struct ChangesPage {
  std::vector<Record> records;
  std::vector<std::string> deleted;
  std::map<std::string, std::vector<std::string>> parents;  // of rows that went or moved away: by the column that names a record, the records that had them
  bool sweep = false;  // deletes happened that were not reported one by one (a table was emptied, a log is lost): the whole side is to be swept
  Value cursor;
  bool more = false;
  std::optional<Error> left_out;  // of a sub-collection that could not be asked: its cursor is not advanced, the rest of the page counts
};

/// One collection of one connection. Every verb may take long and fail; none retries. Errors follow base/result.h:
/// kUnknown only from writes, kStale where a guard refused, kThrottled where the connection is paused or limited. What was said to the
/// system comes with the answer of a write, and with an error: opaque here, for the operation.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual const Capabilities& capabilities() const = 0;
  /// How far the server's clock is ahead of ours, as its answers showed.
  virtual Duration clock_offset() const { return {}; }
  /// False while another system answers than the one first met (law 16): what is missing there was not deleted.
  virtual bool same_system() const { return true; }
  /// How long nothing should be asked of it (open breaker); nullopt = go on.
  virtual std::optional<Duration> blocked() const { return std::nullopt; }
  /// Whether its last call had no answer and none did since `at`: what fails there may be the system's trouble, not the record's.
  virtual bool silent_since(Instant /*at*/) const { return false; }

  /// The records found, in any order; a key that is not there is left out.
  virtual void read(std::vector<std::string> keys, Done<std::vector<Record>> done) = 0;
  virtual void list(std::optional<Value> cursor, int limit, Done<ListPage> done) = 0;
  /// How many records the whole list has now, by the system's own count; nullopt where it does not tell. At once where it never does.
  virtual void count(Done<std::optional<std::int64_t>> done) { done(std::optional<std::int64_t>()); }
  virtual void start(Done<Value> done) = 0;
  virtual void changes(Value cursor, int limit, Done<ChangesPage> done) = 0;
  /// One list of at most 3 records per query.
  virtual void find(std::vector<Query> queries, Done<std::vector<std::vector<Record>>> done) = 0;
  /// One Result per request; an Error for the whole means that none was sent.
  virtual void create(std::vector<CreateRequest> requests, Done<std::vector<Result<Record>>> done) = 0;
  virtual void update(std::string key, Value values, std::optional<std::string> guard, Done<Record> done) = 0;
  /// Several at once, each under its own guard; asked only where `bulk_update` is more than 1. One Result per request; an
  /// Error for the whole means that none was sent.
  virtual void update_many(std::vector<UpdateRequest> /*requests*/, Done<std::vector<Result<Record>>> /*done*/) {}
  /// Whether a write of `values` makes records beside its own (rows, parts), which no guard of the record keeps from being made
  /// twice.
  virtual bool makes(const Value& /*values*/) const { return false; }
  virtual void remove(std::string key, std::optional<std::string> guard, Done<Answered> done) = 0;
  virtual void trash(std::string key, Done<std::optional<Record>> done) = 0;
  /// Brings back what the trash has of the key, as the record that it is then: perhaps under another key, as another
  /// incarnation. Brought back already is success. kInvalid where the system cannot.
  virtual void put_back(std::string key, Done<Record> done) { (void)key, done(make_error(Code::kInvalid, "this system brings nothing back from its trash")); }
  /// A verb of the connector that moves the record from state to state, guarded like an update.
  virtual void act(std::string key, std::string verb, std::optional<std::string> guard, Done<Record> done) {
    (void)key, (void)guard, done(make_error(Code::kInvalid, "this collection has no verb '" + verb + "'"));
  }
  /// Every record whose `field` is one of `values`: the rows below records of another collection.
  virtual void children(std::string field, std::vector<Value> values, Done<std::vector<Record>> done) {
    (void)field, (void)values, done(make_error(Code::kInvalid, "this collection cannot hold the rows of another"));
  }
  /// The records that a record of another collection is a part of (belongings/with_parts.h); none where it is not there.
  virtual void owners(std::string part, std::string key, Done<std::vector<std::string>> done) {
    (void)key, done(make_error(Code::kInvalid, "this collection has no part '" + part + "'"));
  }
};

/// A file as one read of it showed.
struct FileContent {
  std::string bytes;
  std::string name;  // as people see it; "" where the system does not tell
  std::string type;  // "image/png"; "" likewise
  std::string mark{};  // as of FileVerbs::marks, of these bytes; "" likewise
};
struct FileUpload {
  std::string field;   // of the record that will name it
  std::string sha256;  // of its bytes, in hex
  FileContent content;
};
struct Uploaded {
  Value value;         // what a record's field holds to name it, or the content itself
  std::string ref;     // the same as text; "" where only the record shows by what it names it
  Exchanges exchanges{};
};

/// The files of a connection that the records of one of its collections name. A reference is the value of such a field, as text. Errors as
/// those of Endpoint.
class FileVerbs {
 public:
  virtual ~FileVerbs() = default;
  /// As Endpoint: false while another system answers than the one first met, whose references name other files.
  virtual bool same_system() const { return true; }
  /// False where each file belongs to the record that names it, is a part of it even: none is named by a second one, and what a field is
  /// written as is not the reference that it shows then.
  virtual bool shared() const { return true; }
  /// Whether it tells a content from another one behind the same reference without sending it. Else references count as unchangeable.
  virtual bool tells_marks() const { return false; }
  /// The mark of each content, by reference; a reference of which nothing is known, or that names no file, is left out. Asked only where tells_marks().
  virtual void marks(std::vector<std::string> refs, Done<std::map<std::string, std::string>> done) { (void)refs, done(std::map<std::string, std::string>()); }
  /// nullopt: it is not there (any more). kInvalid: too large to be copied, or the reference is to no file of this system.
  virtual void download(std::string ref, Done<std::optional<FileContent>> done) = 0;
  /// What a record's field holds to name it; nullopt: it is not there (any more). Asked only where they are shared.
  virtual void still_there(std::string ref, Done<std::optional<Value>> done) = 0;
  /// Puts it there. Where the same content was put there before and nobody heard the answer, that file is answered and no second one
  /// made. kInvalid: the system does not take it.
  virtual void upload(FileUpload file, Done<Uploaded> done) = 0;
};

/// What a mapping function said.
struct Outcome {
  enum class Kind { kValue, kLeave, kSkip, kWait, kDead } kind = Kind::kLeave;
  Value value;      // kValue: the form of the target side
  std::string why;  // kSkip, kDead; kWait: the parent
};

/// A field in dispute, for a strategy.
struct Dispute {
  std::string field;
  std::optional<store::FieldBase> base;
  Sides<Value> form;
  Sides<std::optional<Value>> across;         // each in the other side's form, where conversion succeeded
  Sides<std::optional<Instant>> time;         // of the edits, corrected by the servers' offsets
  std::optional<Side> newer;                  // empty: a tie within resolution and offset error, or no times
  Side tie = Side::kLeft;
  Sides<const Value*> record{nullptr, nullptr};
};
struct Verdict {
  enum class Kind { kSide, kValue, kManual } kind = Kind::kManual;
  Side side = Side::kLeft;  // kSide: the winner
  Sides<Value> value;       // kValue: what each side gets, each in its own form
  bool one = false;         // kValue: only the left's is said, and the right gets it as the field carries it over
};

/// What a function may know besides its value and record.
struct CallContext {
  std::string_view op;            // "create" | "update"
  const Value* target = nullptr;  // the target's record, null where it is created
  Value lookup = Object{};        // by name the record found, null where there is none
};

/// One version of a mapping script. Shared: the worker's present one and each reconcile that began with it, so that work
/// under way finishes on the version it began with.
class Mapper {
 public:
  virtual ~Mapper() = default;
  virtual const Plan& plan() const = 0;
  virtual const std::string& version() const = 0;  // content hash, for operations
  /// Field::Kind::kFunction only: the source side's form -> the target's. Errors: kScript, kBudget, kInvalid (value does not fit).
  virtual Result<Outcome> convert(const Field& field, Side to, const Value& form, const Value& record, std::string_view op) = 0;
  virtual Result<Outcome> convert_in(const Field& field, Side to, const Value& form, const Value& record, const CallContext& context) { return convert(field, to, form, record, context.op); }
  virtual Result<Verdict> resolve(const Field& field, std::int64_t strategy, const Dispute& dispute) = 0;
  /// The message of a check that refuses the value, nullopt where it passes.
  virtual Result<std::optional<std::string>> check(const Plan::Check& check, const Value& value) = 0;
};

/// Asked where a mapping leaves a dispute to somebody outside (strategy `webhook`, law 10).
class Judge {
 public:
  virtual ~Judge() = default;
  /// Asks once, under `id`; the engine stores the answer before it uses it. Errors: no answer within the timeout, or one
  /// that is no JSON.
  virtual void ask(const JudgeAt& at, const std::string& id, const Value& question, Done<Value> done) = 0;
};

/// Sees what happened, after it is committed. For the log, the live page, the quick start.
class Ears {
 public:
  virtual ~Ears() = default;
  virtual void on_operation(const store::Operation&) {}
  virtual void on_echo(const std::string& /*mapping*/, Side, const std::string& /*key*/) {}
  virtual void on_retry(const std::string& /*mapping*/, Side, const std::string& /*key*/, const Error&, Instant /*again*/) {}
  /// It was asked for, begins, has stored a page more, is paused or goes on.
  virtual void on_job_progress(const store::Job&) {}
  /// It has ended, one way or another.
  virtual void on_job(const store::Job&) {}
};

/// Everything handed in from outside, for the whole engine.
struct Surroundings {
  const Clock& clock;
  Timers& timers;
  Poster& poster;
  Random& random;
  Ears& ears;
  Judge* judge = nullptr;  // nullptr: there is nobody to ask, and the fallback decides
};

}  // namespace tidewire::sync
