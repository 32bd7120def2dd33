#include "sync/reconcile/lookups.h"

#include "base/crash_point.h"
#include "base/hash.h"
#include "base/json.h"

namespace tidewire::sync {
namespace {

constexpr std::size_t kMostKept = 20000;

std::string as_key(const Value& value) { return value.is_string() ? value.as_string() : json::dump(value); }

Error no_such(const std::string& id) { return make_error(Code::kInvalid, "the mapping looks things up in " + id + ", which is not there", "the connection may be gone from tidewire.lua"); }

}  // namespace

std::string Question::told() const { return redact ? "a value that the mapping redacts" : json::dump(value); }

std::string Question::name() const { return id + "\n" + by + "\n" + json::dump(value); }

std::string watch_key(const std::string& lookup, const std::string& key) { return std::string(store::kWatchKey) + lookup + " " + key; }

std::optional<std::pair<std::string, std::string>> watched_by(const std::string& key) {
  constexpr std::size_t kStart = store::kWatchKey.size();
  if (!key.starts_with(store::kWatchKey)) return std::nullopt;
  const std::size_t space = key.find(' ', kStart);
  if (space == std::string::npos) return std::nullopt;
  return std::pair(key.substr(kStart, space - kStart), key.substr(space + 1));
}

Lookups::Lookups(std::string mapping, const std::map<std::string, Endpoint*>& further, store::Store& store, const Surroundings& around)
    : mapping_(std::move(mapping)), store_(store), around_(around), alive_(std::make_shared<bool>(true)) {
  for (const auto& [id, endpoint] : further) batchers_[id] = std::make_unique<Batcher>(*endpoint, around.poster);
}

Lookups::~Lookups() { *alive_ = false; }

Batcher* Lookups::of(const std::string& id) const {
  const auto found = batchers_.find(id);
  return found == batchers_.end() ? nullptr : found->second.get();
}

void Lookups::search(const Question& question, Done<std::optional<Record>> done) {
  Batcher* batcher = of(question.id);
  if (batcher == nullptr) return around_.poster.post([done, id = question.id] { done(no_such(id)); });
  if (question.by.empty()) return batcher->read(as_key(question.value), std::move(done));
  batcher->find({{question.by, question.value, false}}, [done, question](Result<std::vector<Record>> found) {
    if (!found.ok()) return done(std::move(found).error());
    if (found->empty()) return done(std::optional<Record>());
    if (found->size() == 1) return done(std::optional<Record>(found->front()));
    done(make_error(Code::kInvalid, "several records of " + question.id + " have " + question.by + " = " + question.told(), "make the field unique there"));
  });
}

void Lookups::ask(Question question, Done<std::optional<Record>> done) {
  const std::string name = question.name();
  const auto kept = kept_.find(name);
  if (kept != kept_.end() && around_.clock.now() < kept->second.until) return around_.poster.post([done, answer = kept->second.answer] { done(answer); });
  search(question, [this, alive = alive_, name, cache = question.cache, drops = drops_, done](Result<std::optional<Record>> answer) {
    if (!*alive) return;
    if (answer.ok() && *answer && cache > Duration{} && drops == drops_) {
      if (kept_.size() >= kMostKept) kept_.clear();
      kept_[name] = {*answer, around_.clock.now() + cache};
    }
    done(std::move(answer));
  });
}

void Lookups::drop(const std::string& id, const std::string& key) {
  ++drops_;
  std::erase_if(kept_, [&](const auto& one) { return one.first.starts_with(id + "\n") && one.second.answer->key == key; });
}

void Lookups::make(Question question, Value values, Done<Record> done) {
  const std::string name = question.name();
  auto& waiting = making_[name];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  Batcher* batcher = of(question.id);
  if (batcher == nullptr) return around_.poster.post([this, alive = alive_, name, id = question.id] {
    if (*alive) ended(name, no_such(id));
  });
  store_.kv_get("lookup creates " + mapping_, sha256_hex(name), [this, alive = alive_, question, values = std::move(values), name](Result<std::optional<Value>> earlier) {
    if (!*alive) return;
    if (!earlier.ok()) return ended(name, earlier.error());
    const Duration settle = of(question.id)->endpoint().capabilities().settle;
    const bool open = *earlier && (*earlier)->is_int() && around_.clock.now() < Instant(Duration((*earlier)->as_int())) + settle;
    if (open) {
      Error error = make_error(Code::kUnavailable, "a record of " + question.id + " was to be made and may still arrive", "it is looked for again");
      error.retry_after = std::chrono::duration_cast<std::chrono::milliseconds>(settle);
      return ended(name, error);
    }
    announce(question, [this, alive, question, values, name](Result<void> stored) {
      if (!*alive) return;
      if (!stored.ok()) return ended(name, stored.error());
      pass(CrashPoint::kLookupAnnounced);
      // Between the question and the announcement somebody else may have made it.
      search(question, [this, alive, question, values, name](Result<std::optional<Record>> found) {
        if (!*alive) return;
        if (!found.ok()) return ended(name, found.error());
        if (*found) return ended(name, std::move(**found));
        send(question, values, [this, alive, name](Result<Record> made) {
          if (*alive) ended(name, made);
        });
      });
    });
  });
}

void Lookups::announce(const Question& question, Done<void> done) {
  const Duration settle = of(question.id)->endpoint().capabilities().settle;
  store_.kv_set("lookup creates " + mapping_, sha256_hex(question.name()), Value(around_.clock.now().time_since_epoch().count()), settle * 2, std::move(done));
}

void Lookups::send(const Question& question, Value values, Done<Record> done) {
  CreateRequest request;
  request.values = std::move(values);
  if (!question.by.empty()) request.values[question.by] = question.value;
  else request.key = as_key(question.value);
  of(question.id)->create(std::move(request), [this, alive = alive_, question, done](Result<Record> made) {
    if (!*alive) return;
    const bool exists = !made.ok() && made.error().code == Code::kStale;
    // It may have waited long before it left: until when it may still show up is counted from here.
    if (made.ok() || made.error().code == Code::kUnknown) announce(question, [](Result<void>) {});
    if (!made.ok() && !exists) return done(std::move(made).error().context("making a record of " + question.id));
    pass(CrashPoint::kLookupAnswered);
    // The answer has what was sent; a lookup wants the record as it is there.
    search(question, [done, question, exchanges = made.ok() ? std::move(made->exchanges) : std::move(made.error().exchanges)](Result<std::optional<Record>> found) mutable {
      if (found.ok() && *found) {
        (*found)->exchanges = std::move(exchanges);
        return done(std::move(**found));
      }
      Error error = found.ok() ? make_error(Code::kUnavailable, "a record of " + question.id + " was made and is not shown yet", "it is looked for again") : std::move(found).error();
      tidewire::add(exchanges, error.exchanges);
      error.exchanges = std::move(exchanges);
      done(std::move(error));
    });
  });
}

void Lookups::ended(const std::string& name, const Result<Record>& made) {
  const bool open = !made.ok() && (made.error().code == Code::kUnknown || made.error().code == Code::kUnavailable);
  if (!open) store_.kv_remove("lookup creates " + mapping_, sha256_hex(name), [](Result<void>) {});
  const auto waiting = making_.extract(name);
  if (waiting.empty()) return;
  for (const auto& done : waiting.mapped()) done(made);
}

}  // namespace tidewire::sync
