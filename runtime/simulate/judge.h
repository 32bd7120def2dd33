// judge.h — whom the built-in mapping asks about its judged field: slow, sometimes silent, sometimes talking nonsense.
#pragma once

#include <functional>
#include <string>

#include "simulate/faults.h"
#include "simulate/time.h"
#include "sync/ports.h"

namespace tidewire::simulate {

class MemoryJudge final : public sync::Judge {
 public:
  MemoryJudge(VirtualTime& time, Faults& faults, std::function<void(const std::string&)> note) : time_(time), faults_(faults), note_(std::move(note)) {}
  void ask(const sync::JudgeAt& at, const std::string& id, const Value& question, sync::Done<Value> done) override;

 private:
  Value answer_to(const Value& question);

  VirtualTime& time_;
  Faults& faults_;
  std::function<void(const std::string&)> note_;
};

}  // namespace tidewire::simulate
