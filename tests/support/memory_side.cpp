#include "support/memory_side.h"

namespace tidewire::test {

MemorySide::MemorySide(Poster& poster, const Clock& clock, std::string prefix) : poster_(poster), clock_(clock), prefix_(std::move(prefix)) {
  able.guarded_writes = able.guarded_deletes = true;
  able.answer = sync::Capabilities::Answer::kStored;
  able.absence_proves_delete = able.incarnation = true;
  able.bulk_read = able.bulk_find = able.bulk_create = 100;
  able.settle = std::chrono::seconds(60);
  able.time_resolution = std::chrono::microseconds(1);
}

MemorySide::~MemorySide() = default;

std::string MemorySide::insert(Value fields, std::string key) {
  if (key.empty()) key = prefix_ + std::to_string(++last_key_);
  Row& row = rows[key];
  row.fields = std::move(fields);
  row.incarnation = std::to_string(++last_incarnation_);
  touch(row);
  return key;
}

void MemorySide::edit(const std::string& key, const std::string& field, Value value) {
  rows.at(key).fields[field] = std::move(value);
  touch(rows.at(key));
}

void MemorySide::rename(const std::string& from, const std::string& to) {
  rows[to] = rows.at(from);
  rows.erase(from);
}

Value MemorySide::get(const std::string& key, const std::string& field) const {
  const auto row = rows.find(key);
  const Value* value = row == rows.end() ? nullptr : row->second.fields.find(field);
  return value == nullptr ? Value() : *value;
}

void MemorySide::apply_late() {
  for (auto& arrive : std::exchange(late_, {})) arrive();
}

void MemorySide::read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) {
  ++reads;
  for (const std::string& key : keys) requests.push_back({"read", key, Value(Object{}), {}, clock_.now()});
  if (denied) return fail(done, *denied);
  if (take(read_faults) == Fault::kRefuse) return fail(done, Code::kUnavailable);
  std::vector<sync::Record> found;
  for (const std::string& key : keys) {
    const auto& seen = replica != nullptr ? *replica : rows;
    if (const auto row = seen.find(key); row != seen.end()) found.push_back(record(key, row->second));
  }
  if (after_read) std::exchange(after_read, nullptr)();
  poster_.post([done, found] { done(found); });
}

void MemorySide::list(std::optional<Value> cursor, int limit, sync::Done<sync::ListPage> done) {
  ++lists;
  if (denied) return fail(done, *denied);
  if (take(list_faults) == Fault::kRefuse) return fail(done, Code::kUnavailable);
  if (short_page > 0) limit = static_cast<int>(short_page);
  sync::ListPage page;
  auto row = cursor ? rows.upper_bound(cursor->as_string()) : rows.begin();
  for (; row != rows.end() && static_cast<int>(page.records.size()) < limit; ++row) {
    if (row->first != hidden_from_list) page.records.push_back(record(row->first));
  }
  if (!page.records.empty()) page.cursor = Value(page.records.back().key);
  if (after_list) std::exchange(after_list, nullptr)();
  poster_.post([done, page] { done(page); });
}

void MemorySide::count(sync::Done<std::optional<std::int64_t>> done) {
  if (!counts) return done(std::optional<std::int64_t>());
  ++count_calls;
  if (denied) return fail(done, *denied);
  if (take(count_faults) == Fault::kRefuse) return fail(done, Code::kUnavailable);
  poster_.post([done, now = static_cast<std::int64_t>(rows.size()) + counted_more] { done(std::optional(now)); });
}

void MemorySide::start(sync::Done<Value> done) {
  poster_.post([done, now = static_cast<std::int64_t>(last_version_)] { done(Value(now)); });
}

void MemorySide::changes(Value cursor, int, sync::Done<sync::ChangesPage> done) {
  if (take(change_faults) == Fault::kRefuse) return fail(done, Code::kUnavailable);
  std::map<std::uint64_t, std::string> since;
  for (const auto& [key, row] : rows) {
    if (static_cast<std::int64_t>(row.version) > cursor.as_int()) since[row.version] = key;
  }
  sync::ChangesPage page;
  if (stays) {
    page.cursor = std::move(cursor);
    page.more = true;
    return poster_.post([done, page] { done(page); });
  }
  page.cursor = Value(static_cast<std::int64_t>(last_version_));
  for (const auto& [version, key] : since) {
    page.more = page.records.size() == change_page;
    if (page.more) break;
    page.records.push_back(record(key));
    if (page.records.size() == change_page) page.cursor = Value(static_cast<std::int64_t>(version));
  }
  page.parents = std::exchange(parents, {});
  page.sweep = std::exchange(emptied, false);
  if (after_changes) std::exchange(after_changes, nullptr)();
  poster_.post([done, page] { done(page); });
}

void MemorySide::find(std::vector<sync::Query> queries, sync::Done<std::vector<std::vector<sync::Record>>> done) {
  ++finds;
  if (take(find_faults) == Fault::kRefuse) return fail(done, Code::kUnavailable);
  const auto refuses = [this](const sync::Query& query) { return !refused.empty() && query.front().value == Value(refused); };
  if (std::any_of(queries.begin(), queries.end(), refuses)) return fail(done, Code::kInvalid);
  std::vector<std::vector<sync::Record>> lists;
  for (const sync::Query& query : queries) {
    auto& list = lists.emplace_back();
    for (const auto& [key, row] : rows) {
      bool fits = true;
      for (const sync::Condition& condition : query) {
        const Value token(row.incarnation);
        const Value* value = condition.field == "$incarnation" ? &token : row.fields.find(condition.field);
        const bool folded = condition.fold && value != nullptr && value->is_string() && condition.value.is_string() && fold(value->as_string()) == fold(condition.value.as_string());
        fits = fits && value != nullptr && (*value == condition.value || folded);
      }
      if (fits && list.size() < 3) list.push_back(record(key));
    }
    if (find_misses > 0 && find_misses-- > 0) list.clear();
  }
  if (after_find) std::exchange(after_find, nullptr)();
  poster_.post([done, lists] { done(lists); });
}

void MemorySide::create(std::vector<sync::CreateRequest> asked, sync::Done<std::vector<Result<sync::Record>>> done) {
  ++create_calls;
  bool silent = false;
  std::vector<Result<sync::Record>> answers;
  for (sync::CreateRequest& request : asked) {
    requests.push_back({"create", request.key.value_or(""), request.values, {}, clock_.now()});
    const Fault fault = take(write_faults);
    if (denied || (!poison.empty() && request.values.string_or("email").rfind(poison, 0) == 0)) {
      answers.emplace_back(denied.value_or(make_error(Code::kUnavailable, "poison")));
      continue;
    }
    if (fault == Fault::kRefuse) answers.emplace_back(make_error(Code::kUnavailable, "refused"));
    else if (fault == Fault::kLoseRequest) answers.emplace_back(make_error(Code::kUnknown, "the answer was lost"));
    else if (fault == Fault::kLate || fault == Fault::kLateSilent) {
      silent |= fault == Fault::kLateSilent;
      late_.push_back([this, request] { ++writes, ++creates, insert(request.values, request.key.value_or("")); });
      answers.emplace_back(make_error(Code::kUnknown, "the answer was lost"));
    } else if (fault == Fault::kSilent) silent = true;
    else if (fault == Fault::kExists) answers.emplace_back(make_error(Code::kStale, "it exists already"));
    else {
      ++writes;
      ++creates;
      Value stored{Object{}};
      for (const auto& [field, value] : request.values.as_object()) stored[field] = store_as ? store_as(field, value) : value;
      const std::string key = insert(std::move(stored), request.key.value_or(""));
      if (!numbers.empty()) rows[key].fields[numbers] = Value("N-" + key);
      if (fault == Fault::kLoseAnswer) answers.emplace_back(make_error(Code::kUnknown, "the answer was lost"));
      else answers.emplace_back(record(key));
      if (able.answer == sync::Capabilities::Answer::kAsSent && answers.back().ok()) answers.back()->fields = request.values;
    }
  }
  if (!silent) poster_.post([done, answers] { done(answers); });
}

void MemorySide::update(std::string key, Value values, std::optional<std::string> guard, sync::Done<sync::Record> done) {
  if (before_write) std::exchange(before_write, nullptr)();
  requests.push_back({"update", key, values, guard, clock_.now()});
  if (denied) return fail(done, *denied);
  const Fault fault = take(write_faults);
  if (fault == Fault::kSilent) return;
  if (fault == Fault::kRefuse) return fail(done, Code::kUnavailable);
  if (fault == Fault::kLoseRequest) return fail(done, Code::kUnknown);
  const auto row = rows.find(key);
  if (row == rows.end()) return fail(done, Code::kNotFound);
  if (guard && *guard != std::to_string(row->second.version)) {
    ++stale;
    return fail(done, Code::kStale);
  }
  if (auto broken_rule = rule ? rule(key, values) : std::nullopt) return fail(done, *broken_rule);
  if (fault == Fault::kLate) {
    late_.push_back([this, key, values] {
      ++writes;
      for (const auto& [field, value] : values.as_object()) rows.at(key).fields[field] = value;
      touch(rows.at(key));
    });
    return fail(done, Code::kUnknown);
  }
  ++writes;
  for (const auto& [field, value] : values.as_object()) row->second.fields[field] = store_as ? store_as(field, value) : value;
  touch(row->second);
  if (fault == Fault::kLoseAnswer) return fail(done, Code::kUnknown);
  sync::Record answer = record(key);
  if (able.answer != sync::Capabilities::Answer::kStored) answer.fields = able.answer == sync::Capabilities::Answer::kAsSent ? values : Value(Object{});
  if (after_update) std::exchange(after_update, nullptr)();
  answer.exchanges = said("200");
  poster_.post([done, answer] { done(answer); });
}

void MemorySide::update_many(std::vector<sync::UpdateRequest> asked, sync::Done<std::vector<Result<sync::Record>>> done) {
  ++update_calls;
  auto answers = std::make_shared<std::vector<Result<sync::Record>>>();
  for (const sync::UpdateRequest& request : asked) {
    update(request.key, request.values, request.guard, [answers, count = asked.size(), done](Result<sync::Record> one) {
      answers->push_back(std::move(one));
      if (answers->size() == count) done(*answers);
    });
  }
}

void MemorySide::remove(std::string key, std::optional<std::string> guard, sync::Done<sync::Answered> done) {
  requests.push_back({"delete", key, Value(Object{}), guard, clock_.now()});
  if (denied) return fail(done, *denied);
  const Fault fault = take(delete_faults);
  if (fault == Fault::kRefuse) return fail(done, Code::kUnavailable);
  if (fault == Fault::kLoseAnswer) rows.erase(key);
  if (fault == Fault::kLoseAnswer || fault == Fault::kLoseRequest) return fail(done, Code::kUnknown);
  const auto row = rows.find(key);
  if (row == rows.end()) return fail(done, Code::kNotFound);
  if (guard && *guard != std::to_string(row->second.version)) return fail(done, Code::kStale);
  if (auto broken_rule = rule ? rule(key, Value(Object{})) : std::nullopt) return fail(done, *broken_rule);
  ++writes;
  ++deletes;
  if (before_delete) std::exchange(before_delete, nullptr)(row->second);
  last_deleted = row->second.fields;
  rows.erase(row);
  poster_.post([done, gone = sync::Answered{said("200")}] { done(gone); });
}

void MemorySide::trash(std::string, sync::Done<std::optional<sync::Record>> done) {
  std::optional<sync::Record> copy;
  if (last_deleted) copy = sync::Record{"", "", "", {}, *last_deleted};
  poster_.post([done, copy] { done(copy); });
}

void MemorySide::put_back(std::string key, sync::Done<sync::Record> done) {
  if (!brings_back || !last_deleted) return fail(done, Code::kInvalid);
  const Fault fault = take(put_back_faults);
  if (fault == Fault::kRefuse) return fail(done, Code::kUnavailable);
  if (brought_back.empty()) {
    ++writes;
    brought_back = insert(*last_deleted, rows.contains(key) ? std::string() : key);
  }
  if (fault == Fault::kLoseAnswer) return fail(done, Code::kUnknown);
  poster_.post([done, record = record(brought_back)] { done(record); });
}

void MemorySide::children(std::string field, std::vector<Value> values, sync::Done<std::vector<sync::Record>> done) {
  std::vector<sync::Record> found;
  const auto named = [&](const Value* value) {
    return value != nullptr && std::any_of(values.begin(), values.end(), [&](const Value& one) { return one == *value || (alike && alike(one, *value)); });
  };
  const std::size_t dot = field.find('.');
  for (const auto& [key, row] : rows) {
    const Value* parent = row.fields.find(field.substr(0, dot));
    bool fits = dot == std::string::npos && named(parent);
    if (dot != std::string::npos && parent != nullptr && parent->is_array()) {
      fits = std::any_of(parent->as_array().begin(), parent->as_array().end(), [&](const Value& one) { return named(one.find(field.substr(dot + 1))); });
    }
    if (fits) found.push_back(record(key));
  }
  poster_.post([done, found] { done(found); });
}

void MemorySide::touch(Row& row) {
  row.version = ++last_version_;
  row.modified = clock_.now() + ahead;
}

sync::Record MemorySide::record(const std::string& key, const Row& row) const {
  const bool tells = able.incarnation;
  return {key, versions ? std::to_string(row.version) : "", tells ? row.incarnation : "", times ? std::optional(row.modified) : std::nullopt, row.fields};
}

MemorySide::Fault MemorySide::take(std::deque<Fault>& faults) {
  if (faults.empty()) return Fault::kNone;
  const Fault fault = faults.front();
  faults.pop_front();
  return fault;
}

Exchanges MemorySide::said(const std::string& status) {
  if (!recorded) return {};
  Exchange one;
  one.id = (std::chrono::floor<std::chrono::milliseconds>(clock_.now().time_since_epoch()).count() << 20) + prefix_.front() * 1024 + ++last_said_;
  one.at = clock_.now();
  one.status = status;
  return {std::make_shared<const Exchange>(std::move(one))};
}

}  // namespace tidewire::test
