#include "admin/events.h"

#include <algorithm>

#include "admin/redaction.h"
#include "base/json.h"

namespace tidewire::admin {
namespace {

const std::string kStillHere = ": still here\n\n";

}  // namespace

void Events::publish(const std::string& kind, const Value& value) {
  if (!wanted_) return;
  Kept one{++last_id_, ""};
  one.text = "id: " + std::to_string(one.id) + "\nevent: " + kind + "\ndata: " + json::dump(without_secrets(control_, value)) + "\n\n";
  kept_.push_back(one);
  if (kept_.size() > kKept) kept_.pop_front();
  send(one.text);
}

void Events::send(const std::string& text) {
  readers_.remove_if([&](Reader& reader) { return (reader.may && !reader.may()) || !reader.outlet->write(text); });
}

std::optional<Error> Events::refusal(const Caller& caller) {
  const auto of_this_one = [&] { return std::count_if(readers_.begin(), readers_.end(), [&](const Reader& one) { return one.caller.author == caller.author; }); };
  const auto of_the_network = [&] { return std::count_if(readers_.begin(), readers_.end(), [](const Reader& one) { return one.caller.way != Caller::Way::kLocal; }); };
  const auto too_many = [&] { return of_this_one() >= static_cast<std::ptrdiff_t>(kMostOfOne); };
  const auto full = [&] { return caller.way != Caller::Way::kLocal && of_the_network() >= static_cast<std::ptrdiff_t>(kMostReaders); };
  if (!too_many() && !full()) return std::nullopt;
  send(kStillHere);  // who went away is noticed when something is sent
  Error error = too_many() ? make_error(Code::kThrottled, caller.author + " looks on " + std::to_string(kMostOfOne) + " times already, as often as one may", "close a page or end a program that listens; give each program a token of its own")
                           : make_error(Code::kThrottled, "too many are looking on already", "close a page");
  if (!too_many() && !full()) return std::nullopt;
  error.retry_after = std::chrono::duration_cast<std::chrono::milliseconds>(kBeat);
  return error;
}

void Events::add(std::unique_ptr<http::Outlet> outlet, Asked asked) {
  const std::uint64_t last = asked.last;
  // Ids go on from the time of the first reader, in microseconds: those of a former process are behind all of ours, and a reader
  // that brings one gets what there is. So does one that is ahead of us, whose clock was set back.
  if (last_id_ == 0) last_id_ = static_cast<std::uint64_t>(std::max<std::int64_t>(1, control_.clock().now().time_since_epoch().count()));
  const std::uint64_t from = last > last_id_ ? 0 : last;
  std::string first = "retry: 2000\n\n";
  for (const Kept& one : kept_) {
    if (last != 0 && one.id > from) first += one.text;
  }
  if (!outlet->write(first)) return;
  readers_.push_back({std::move(outlet), control_.clock().ticks(), std::move(asked.caller), std::move(asked.may)});
  if (readers_.size() > 1) return;
  wanted_ = true;
  timer_ = control_.timers().after(kBeat, [this] { beat(); });
}

void Events::beat() {
  const Ticks now = control_.clock().ticks();
  readers_.remove_if([&](const Reader& reader) { return now - reader.since > kLongest; });
  send(kStillHere);
  if (readers_.empty()) timer_ = control_.timers().after(kAfter, [this] { forget(); });
  else timer_ = control_.timers().after(kBeat, [this] { beat(); });
}

void Events::forget() {
  wanted_ = false;
  kept_.clear();
}

}  // namespace tidewire::admin
