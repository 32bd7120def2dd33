#include "bindings/recorded.h"

#include <algorithm>

namespace tidewire::bindings {

Recorded::Recorded(const script::Task& task, const Services& services, std::string method, std::string target) : clock_(services.clock) {
  if (task.recording() == nullptr || clock_ == nullptr) return;
  recording_ = task.recording();
  began_ = clock_->ticks();
  exchange_ = recording_->begin(std::move(method), std::move(target), clock_->now());
}

/// An answer took some time, however coarse the clock: zero says that none came.
void Recorded::end() { exchange_->took = std::max(std::chrono::duration_cast<Duration>(clock_->ticks() - began_), Duration(1)); }

namespace {

Exchange::Body file_body(std::string type, std::size_t bytes) { return {std::move(type), "", static_cast<std::int64_t>(bytes), "a file of " + std::to_string(bytes) + " bytes"}; }

}  // namespace

void Recorded::sent_file(std::string type, std::size_t bytes) { exchange_->sent = file_body(std::move(type), bytes); }

void Recorded::answered_file(std::string status, std::string type, std::size_t bytes) {
  end();
  exchange_->status = std::move(status);
  exchange_->answer = file_body(std::move(type), bytes);
}

void Recorded::answered(std::string status, std::string type, std::string_view text) {
  end();
  exchange_->status = std::move(status);
  exchange_->answer = recording_->body(std::move(type), text);
}

void Recorded::failed(const Error& error, std::string status) {
  end();
  exchange_->status = std::move(status);
  exchange_->error = to_string(error);
}

}  // namespace tidewire::bindings
