#include "sync/belongings/belongings.h"

#include "base/crash_point.h"
#include "base/decimal.h"
#include "base/json.h"
#include "base/text.h"

namespace tidewire::sync::belongings {

std::string text_of(const Value* value) {
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? value->as_string() : json::dump(*value);
}

namespace {

std::string loosely(const std::string& key) {
  const auto number = Decimal::parse(key);
  return number.ok() ? number->trimmed().text() : fold(trim(key));
}

}  // namespace

void Keys::add(const std::string& key) {
  if (key.empty() || !exact_.insert(key).second) return;
  const auto [one, fresh] = loose_.emplace(loosely(key), key);
  if (!fresh) one->second = std::nullopt;
}

std::optional<std::string> Keys::meant(const std::string& key) const {
  if (exact_.contains(key)) return key;
  const auto found = key.empty() ? loose_.end() : loose_.find(loosely(key));
  return found == loose_.end() ? std::nullopt : found->second;
}

std::optional<std::string> own_guard(const std::optional<std::string>& guard) {
  if (!guard) return guard;
  return guard->substr(0, guard->rfind('/'));
}

bool is_past(const std::optional<std::string>& guard, const std::string& token) {
  const std::size_t slash = guard ? guard->rfind('/') : std::string::npos;
  return slash != std::string::npos && guard->substr(slash + 1) != token;
}

std::optional<std::string> guard_of(const Value& present, bool able) {
  const std::string version = present.string_or(kVersion);
  return able && !version.empty() ? std::optional(version) : std::nullopt;
}

Write::Write(Endpoint& whole, std::shared_ptr<bool> alive, std::string key, Done<Record> done)
    : whole_(whole), alive_(std::move(alive)), key_(std::move(key)), done_(std::move(done)) {}

void Write::add_create(Endpoint& endpoint, std::vector<CreateRequest> requests) {
  add([&endpoint, requests = std::move(requests)](Done<Answered> then) {
    endpoint.create(requests, [then](Result<std::vector<Result<Record>>> answer) {
      if (!answer.ok()) return then(answer.error());
      Answered all;
      for (const auto& one : *answer) {
        if (!one.ok()) return then(one.error());
        tidewire::add(all.exchanges, one->exchanges);
      }
      then(std::move(all));
    });
  });
}

void Write::add_update(Endpoint& endpoint, const Value& present, Value changed) {
  add([&endpoint, key = present.string_or(kKey), held = guard_of(present, endpoint.capabilities().guarded_writes), changed = std::move(changed)](Done<Answered> then) {
    endpoint.update(key, changed, held, [then](Result<Record> answer) { then(plain_answer(answer)); });
  });
}

void Write::add_remove(Endpoint& endpoint, const Value& present) {
  add([&endpoint, key = present.string_or(kKey), held = guard_of(present, endpoint.capabilities().guarded_deletes)](Done<Answered> then) {
    endpoint.remove(key, held, [then](Result<Answered> answer) { then(!answer.ok() && answer.error().code == Code::kNotFound ? Result<Answered>(Answered{answer.error().exchanges}) : answer); });
  });
}

void Write::next(std::size_t number) {
  if (number == steps_.size() && gone_) {
    Record nothing;
    nothing.exchanges = std::move(exchanges_);
    return done_(std::move(nothing));
  }
  if (number == steps_.size()) return read_back();
  steps_[number]([self = shared_from_this(), number](Result<Answered> answer) {
    if (!*self->alive_) return;
    if (answer.ok()) tidewire::add(self->exchanges_, answer->exchanges);
    if (!answer.ok()) return self->stop(Error(answer.error()).context("of it and what belongs to it"));
    self->touched_ = true;
    pass(CrashPoint::kBelongingAnswered);
    self->next(number + 1);
  });
}

void Write::stop(Error error) {
  if (touched_) error.code = Code::kUnknown;  // some of it is written
  tidewire::add(exchanges_, error.exchanges);
  error.exchanges = std::move(exchanges_);
  done_(std::move(error));
}

void Write::read_back() {
  whole_.read({key_}, [self = shared_from_this()](Result<std::vector<Record>> records) {
    if (records.ok() && records->size() == 1) {
      records->front().exchanges = std::move(self->exchanges_);
      return self->done_(std::move(records->front()));
    }
    Error error = make_error(Code::kUnknown, "'" + self->key_ + "' was written but cannot be read back", "it is read again");
    if (!records.ok()) tidewire::add(self->exchanges_, records.error().exchanges);
    error.exchanges = std::move(self->exchanges_);
    self->done_(std::move(error));
  });
}

void put_back(Endpoint& root, std::shared_ptr<bool> alive, std::string key, Attach attach, Done<Record> done) {
  root.put_back(std::move(key), [alive = std::move(alive), attach = std::move(attach), done = std::move(done)](Result<Record> back) {
    if (!*alive) return;
    if (!back.ok()) return done(std::move(back));
    Exchanges said = std::move(back->exchanges);
    attach({std::move(*back)}, [said = std::move(said), done](Result<std::vector<Record>> whole) mutable {
      if (whole.ok()) {
        whole->front().exchanges = std::move(said);
        return done(std::move(whole->front()));
      }
      Error error = std::move(whole).error();
      error.code = Code::kUnknown;
      tidewire::add(said, error.exchanges);
      error.exchanges = std::move(said);
      done(std::move(error));
    });
  });
}

void create(Endpoint& root, std::shared_ptr<bool> alive, std::vector<CreateRequest> requests, Complete complete, Done<std::vector<Result<Record>>> done) {
  root.create(std::move(requests), [alive = std::move(alive), complete = std::move(complete), done = std::move(done)](Result<std::vector<Result<Record>>> made) {
    if (!*alive) return;
    if (!made.ok()) return done(std::move(made).error());
    auto answers = std::make_shared<std::vector<Result<Record>>>(std::move(*made));  // owners: the callbacks below
    auto left = std::make_shared<std::size_t>(1);
    const auto one = [answers, left, done] {
      if (--*left == 0) done(std::move(*answers));
    };
    for (std::size_t i = 0; i < answers->size(); ++i) {
      if (!(*answers)[i].ok()) continue;
      ++*left;
      const std::string key = (*answers)[i]->key;
      complete(i, key, [answers, one, i, earlier = (*answers)[i]->exchanges](Result<Record> whole) mutable {
        Exchanges& later = whole.ok() ? whole->exchanges : whole.error().exchanges;
        tidewire::add(earlier, later);
        later = std::move(earlier);
        (*answers)[i] = std::move(whole);
        one();
      });
    }
    one();
  });
}

}  // namespace tidewire::sync::belongings
