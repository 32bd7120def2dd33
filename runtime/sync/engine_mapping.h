// engine_mapping.h — a mapping as the engine has it loaded; for engine*.cpp alone.
#pragma once

#include "sync/engine.h"

namespace tidewire::sync {

struct Engine::Mapping {
  std::unique_ptr<Lane> lane;
  Sides<std::unique_ptr<Batcher>> batcher;
  Sides<std::unique_ptr<Poller>> poller;
  std::unique_ptr<Worker> worker;
  bool paused = false;
  std::uint64_t put = 0;  // which of the engine's mappings it is, of any name
  int unread = 0;         // sides whose announced creates are not known yet: before that any unknown key may be the echo of one
  Sides<std::unique_ptr<Timer>> reading;
  std::map<std::string, std::unique_ptr<Timer>> again;  // what the state could not take is tried again, by what it is
  std::unique_ptr<Timer> timer;  // once it leaves
};

template <typename T>
void Engine::refuse(const std::string& mapping, Done<T> done) {
  around_.poster.post([done = std::move(done), why = why_not(mapping)] { done(why); });
}

}  // namespace tidewire::sync
