#include "app/backups.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "store/copy.h"

namespace tidewire::app {
namespace {

constexpr Duration kLongest = std::chrono::hours(1);  // the clock may be set meanwhile

std::optional<Instant> time_of(const std::string& name) {
  std::string text = name.substr(9, name.size() - 12);
  if (text.size() < 19) return std::nullopt;
  text[13] = text[16] = ':';
  const auto at = parse_instant(text);
  return at.ok() ? std::optional(*at) : std::nullopt;
}

}  // namespace

// The name tells the time, whatever copying did to the file's own.
std::vector<std::string> backups_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code bad;
  for (const auto& entry : std::filesystem::directory_iterator(folder, bad)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("tidewire-") && name.ends_with("Z.db")) names.push_back(name);
  }
  std::sort(names.rbegin(), names.rend());
  return names;
}

Result<void> Backups::plan(const std::string& every, std::int64_t keep) {
  timer_.reset();
  every_.reset();
  if (every.empty()) return {};
  every_ = TRY(sched::parse_schedule(every));
  keep_ = keep;
  wait();
  return {};
}

void Backups::wait() {
  const auto folder = ports_.folder();
  const auto copies = folder.ok() ? backups_in(*folder) : std::vector<std::string>();
  const Instant now = ports_.clock.now();
  last_ = copies.empty() ? std::nullopt : time_of(copies.front());
  const Instant due = every_->next(std::min(last_.value_or(now), now));
  const Duration left = due <= now ? Duration(std::chrono::seconds(1)) : due - now;
  timer_ = ports_.timers.after(std::min(left, kLongest), [this, due] { ports_.clock.now() >= due ? make() : wait(); });
}

void Backups::make() {
  const auto folder = ports_.folder();
  if (!folder.ok()) return failed(folder.error());
  const std::string name = store::backup_name(ports_.clock.now());
  ports_.store.backup(*folder + "/" + name, [this, alive = alive_, name, folder = *folder](Result<void> copied) {
    if (!*alive) return;
    if (copied.ok()) {
      ports_.log.info("backup", "the state was copied to " + folder + "/" + name);
      trouble_.clear();
      prune(folder);
      return wait();
    }
    failed(copied.error());
  });
}

void Backups::failed(const Error& error) {
  trouble_ = to_string(error);
  ports_.log.error("backup_failed", trouble_);
  timer_ = ports_.timers.after(kLongest, [this] { make(); });
}

Value Backups::status() const {
  Object out;
  if (every_ && last_) out["last"] = format_instant(*last_);
  if (every_ && !trouble_.empty()) out["error"] = trouble_;
  return Value(std::move(out));
}

void Backups::prune(const std::string& folder) {
  const auto copies = backups_in(folder);
  for (std::size_t i = static_cast<std::size_t>(keep_); i < copies.size(); ++i) {
    std::error_code bad;
    std::filesystem::remove(folder + "/" + copies[i], bad);
    if (bad) ports_.log.warn("backup_kept", copies[i] + " could not be removed: " + bad.message());
  }
}

}  // namespace tidewire::app
