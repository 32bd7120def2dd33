// recorded.h — requests of connectors, written down for whoever started the task (base/exchange.h). Where nobody asked it costs a look
// at a pointer.
#pragma once

#include <memory>
#include <string>

#include "base/exchange.h"
#include "base/result.h"
#include "bindings/install.h"
#include "script/task.h"

namespace tidewire::bindings {

/// One exchange under way; empty where nothing is recorded.
class Recorded {
 public:
  Recorded() = default;
  Recorded(const script::Task& task, const Services& services, std::string method, std::string target);

  explicit operator bool() const { return exchange_ != nullptr; }
  void sent(std::string type, std::string_view text) { exchange_->sent = recording_->body(std::move(type), text); }
  /// A file was sent, or came: its size is told, and nothing of what is in it.
  void sent_file(std::string type, std::size_t bytes);
  void answered_file(std::string status, std::string type, std::size_t bytes);
  void answered(std::string status, std::string type, std::string_view text);
  /// No answer came, or one that refuses.
  void failed(const Error& error, std::string status = {});

 private:
  void end();

  std::shared_ptr<Recording> recording_;
  std::shared_ptr<Exchange> exchange_;
  const Clock* clock_ = nullptr;
  Ticks began_{};
};

}  // namespace tidewire::bindings
