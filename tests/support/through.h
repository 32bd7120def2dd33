// through.h — an endpoint that passes everything on, for those that spoil or change one thing.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sync/ports.h"

namespace tidewire::test {

class Through : public sync::Endpoint {
 public:
  explicit Through(sync::Endpoint& inner) : inner_(inner), able_(inner.capabilities()) {}
  const sync::Capabilities& capabilities() const override { return able_; }
  Duration clock_offset() const override { return inner_.clock_offset(); }
  void read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) override { inner_.read(std::move(keys), std::move(done)); }
  void list(std::optional<Value> cursor, int limit, sync::Done<sync::ListPage> done) override { inner_.list(std::move(cursor), limit, std::move(done)); }
  void count(sync::Done<std::optional<std::int64_t>> done) override { inner_.count(std::move(done)); }
  void start(sync::Done<Value> done) override { inner_.start(std::move(done)); }
  void changes(Value cursor, int limit, sync::Done<sync::ChangesPage> done) override { inner_.changes(std::move(cursor), limit, std::move(done)); }
  void find(std::vector<sync::Query> queries, sync::Done<std::vector<std::vector<sync::Record>>> done) override { inner_.find(std::move(queries), std::move(done)); }
  void create(std::vector<sync::CreateRequest> requests, sync::Done<std::vector<Result<sync::Record>>> done) override { inner_.create(std::move(requests), std::move(done)); }
  void update(std::string key, Value values, std::optional<std::string> guard, sync::Done<sync::Record> done) override { inner_.update(std::move(key), std::move(values), std::move(guard), std::move(done)); }
  void remove(std::string key, std::optional<std::string> guard, sync::Done<sync::Answered> done) override { inner_.remove(std::move(key), std::move(guard), std::move(done)); }
  void trash(std::string key, sync::Done<std::optional<sync::Record>> done) override { inner_.trash(std::move(key), std::move(done)); }
  void put_back(std::string key, sync::Done<sync::Record> done) override { inner_.put_back(std::move(key), std::move(done)); }

 protected:
  sync::Endpoint& inner_;
  sync::Capabilities able_;
};

}  // namespace tidewire::test
