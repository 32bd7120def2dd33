// absent.h — the session of a client library that this program was built without: opening it says so.
#pragma once

#include <memory>
#include <utility>

#include "loop/loop.h"
#include "sql/session.h"

namespace tidewire::sql {

class AbsentSession final : public Session {
 public:
  AbsentSession(loop::Loop& loop, Error why) : loop_(loop), why_(std::move(why)) {}
  void open(Opened done) override {
    timer_ = loop_.after({}, [this, done = std::move(done)] { done(why_); });
  }
  void run(Request, Database::Done) override {}
  bool usable() const override { return false; }

 private:
  loop::Loop& loop_;
  Error why_;
  std::unique_ptr<Timer> timer_;
};

}  // namespace tidewire::sql
