// with_watched.h — adds the changes of watched lookups to the polls of a collection: a change there marks the records that name it, as a
// webhook does (reconcile/lookup.cpp). All else is the collection's own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sync/belongings/beside.h"

namespace tidewire::sync {

class WithWatched final : public Endpoint {
 public:
  /// `own` and the watched endpoints outlive this; each is named and watched by its lookup.
  WithWatched(Endpoint& own, std::vector<Beside> watched) : own_(own), polls_(own, std::move(watched), "own", "watched", "what is watched by the lookup") {}

  const Capabilities& capabilities() const override { return own_.capabilities(); }
  Duration clock_offset() const override { return own_.clock_offset(); }
  bool same_system() const override { return own_.same_system(); }
  std::optional<Duration> blocked() const override { return own_.blocked(); }
  bool silent_since(Instant at) const override { return own_.silent_since(at); }

  void start(Done<Value> done) override { polls_.start(std::move(done)); }
  void changes(Value cursor, int limit, Done<ChangesPage> done) override {
    polls_.changes(std::move(cursor), limit, [](std::vector<Record> records, const Done<std::vector<Record>>& attached) { attached(std::move(records)); }, std::move(done));
  }

  void read(std::vector<std::string> keys, Done<std::vector<Record>> done) override { own_.read(std::move(keys), std::move(done)); }
  void list(std::optional<Value> cursor, int limit, Done<ListPage> done) override { own_.list(std::move(cursor), limit, std::move(done)); }
  void count(Done<std::optional<std::int64_t>> done) override { own_.count(std::move(done)); }
  void find(std::vector<Query> queries, Done<std::vector<std::vector<Record>>> done) override { own_.find(std::move(queries), std::move(done)); }
  void create(std::vector<CreateRequest> requests, Done<std::vector<Result<Record>>> done) override { own_.create(std::move(requests), std::move(done)); }
  void update(std::string key, Value values, std::optional<std::string> guard, Done<Record> done) override { own_.update(std::move(key), std::move(values), std::move(guard), std::move(done)); }
  void update_many(std::vector<UpdateRequest> requests, Done<std::vector<Result<Record>>> done) override { own_.update_many(std::move(requests), std::move(done)); }
  void remove(std::string key, std::optional<std::string> guard, Done<Answered> done) override { own_.remove(std::move(key), std::move(guard), std::move(done)); }
  void act(std::string key, std::string verb, std::optional<std::string> guard, Done<Record> done) override { own_.act(std::move(key), std::move(verb), std::move(guard), std::move(done)); }
  void trash(std::string key, Done<std::optional<Record>> done) override { own_.trash(std::move(key), std::move(done)); }
  void put_back(std::string key, Done<Record> done) override { own_.put_back(std::move(key), std::move(done)); }
  void children(std::string field, std::vector<Value> values, Done<std::vector<Record>> done) override { own_.children(std::move(field), std::move(values), std::move(done)); }
  void owners(std::string part, std::string key, Done<std::vector<std::string>> done) override { own_.owners(std::move(part), std::move(key), std::move(done)); }

 private:
  Endpoint& own_;
  BesidePolls polls_;
};

}  // namespace tidewire::sync
