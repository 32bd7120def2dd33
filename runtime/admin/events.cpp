#include "admin/events.h"

#include "admin/redaction.h"
#include "base/json.h"

namespace tidewire::admin {

void Events::publish(const std::string& kind, const Value& value) {
  if (!wanted_) return;
  Kept one{++last_id_, ""};
  one.text = "id: " + std::to_string(one.id) + "\nevent: " + kind + "\ndata: " + json::dump(without_secrets(control_, value)) + "\n\n";
  kept_.push_back(one);
  if (kept_.size() > kKept) kept_.pop_front();
  send(one.text);
}

void Events::send(const std::string& text) {
  readers_.remove_if([&](Reader& reader) { return !reader.outlet->write(text); });
}

void Events::add(std::unique_ptr<http::Outlet> outlet, std::uint64_t last) {
  // Ids begin anew with each process: a reader of the former one is ahead of us and gets what there is.
  const std::uint64_t from = last > last_id_ ? 0 : last;
  std::string first = "retry: 2000\n\n";
  for (const Kept& one : kept_) {
    if (last != 0 && one.id > from) first += one.text;
  }
  if (!outlet->write(first)) return;
  readers_.push_back({std::move(outlet), control_.clock().ticks()});
  if (readers_.size() > 1) return;
  wanted_ = true;
  timer_ = control_.timers().after(kBeat, [this] { beat(); });
}

void Events::beat() {
  const Ticks now = control_.clock().ticks();
  readers_.remove_if([&](const Reader& reader) { return now - reader.since > kLongest; });
  send(": still here\n\n");
  if (readers_.empty()) timer_ = control_.timers().after(kAfter, [this] { forget(); });
  else timer_ = control_.timers().after(kBeat, [this] { beat(); });
}

void Events::forget() {
  wanted_ = false;
  kept_.clear();
}

}  // namespace tidewire::admin
