#include "loop/watch.h"

#include <map>

#include "loop/alarm.h"
#include "loop/folder_scan.h"
#include "loop/handle.h"

namespace tidewire::loop {

struct FolderEvents {
  uv_fs_event_t uv{};
  std::function<void(const char* name, bool renamed)> seen;
};

namespace {

std::string below(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

struct Watch::State {
  State(Loop& loop_in, std::string root_in, WatchOptions options_in, Changed changed_in);

  Loop& loop;
  std::string root;
  WatchOptions options;
  Changed changed;
  FolderScan scan;
  std::map<std::string, Owned<FolderEvents>> folders;
  Alarm alarm;
  Ticks first_event{};
  bool pending = false;

  void on_event(const std::string& folder, const char* name, bool renamed);
  void forget(const std::string& folder);
  void look();
  bool watch_folders(const FolderScan& found);
  Owned<FolderEvents> watch_folder(const std::string& folder);
  FolderScan scan_and_watch(bool& complete);
};

Watch::State::State(Loop& loop_in, std::string root_in, WatchOptions options_in, Changed changed_in)
    : loop(loop_in),
      root(std::move(root_in)),
      options(std::move(options_in)),
      changed(std::move(changed_in)),
      alarm(loop_in, [this] { look(); }) {
  bool complete = false;
  scan = scan_and_watch(complete);
  if (!complete || scan.links) alarm.set(options.rescan);
}

Owned<FolderEvents> Watch::State::watch_folder(const std::string& folder) {
  Owned<FolderEvents> node(new FolderEvents);
  node->seen = [this, folder](const char* name, bool renamed) { on_event(folder, name, renamed); };
  uv_fs_event_init(loop.uv(), &node->uv);
  node->uv.data = node.get();
  const std::string path = folder.empty() ? root : root + "/" + folder;
  const int status = uv_fs_event_start(
      &node->uv,
      [](uv_fs_event_t* uv, const char* name, int events, int) {
        static_cast<FolderEvents*>(uv->data)->seen(name, (events & UV_RENAME) != 0);
      },
      path.c_str(), 0);
  if (status != 0) return nullptr;
  return node;
}

/// False when a folder could not be watched: then only scanning finds its changes.
bool Watch::State::watch_folders(const FolderScan& found) {
  std::erase_if(folders, [&](const auto& entry) { return !found.folders.contains(entry.first); });
  bool complete = !found.folders.empty();
  for (const auto& folder : found.folders) {
    if (folders.contains(folder)) continue;
    auto node = watch_folder(folder);
    complete = complete && node != nullptr;
    if (node) folders.emplace(folder, std::move(node));
  }
  return complete;
}

FolderScan Watch::State::scan_and_watch(bool& complete) {
  FolderScan found = scan_folder(root, options.ignore);
  // A folder may be filled between being found and being watched: look again until nothing new turned up.
  for (int round = 0; round < 8; ++round) {
    const auto before = found.folders;
    complete = watch_folders(found);
    found = scan_folder(root, options.ignore);
    if (found.folders == before) break;
  }
  return found;
}

/// A folder made anew under its old name (often with its old inode) is another one, and the old watch is blind:
/// whatever comes or goes under a name is watched afresh. An event about the folder itself carries its own name.
void Watch::State::forget(const std::string& folder) {
  std::erase_if(folders,
                [&](const auto& entry) { return entry.first == folder || entry.first.starts_with(folder + "/"); });
}

void Watch::State::on_event(const std::string& folder, const char* name, bool renamed) {
  if (renamed && name != nullptr) {
    const std::string here = folder;  // the caller's goes with its watch
    forget(below(here, name));
    if (last_part(here.empty() ? root : here) == name) here.empty() ? folders.clear() : forget(here);
  }
  const Ticks now = loop.turn_began();
  if (!std::exchange(pending, true)) first_event = now;
  const auto left = std::chrono::duration_cast<Duration>(first_event + options.quiet * 10 - now);
  alarm.set(std::max(Duration::zero(), std::min(options.quiet, left)));
}

void Watch::State::look() {
  pending = false;
  bool complete = false;
  FolderScan found = scan_and_watch(complete);
  const auto files = changed_files(scan, found);
  scan = std::move(found);
  if (!complete || scan.links) alarm.set(options.rescan);
  if (files.empty()) return;
  const Changed call = changed;  // it may destroy this watch
  call(files);
}

Watch::Watch(Loop& loop, std::string root, Changed changed)
    : Watch(loop, std::move(root), WatchOptions{}, std::move(changed)) {}

Watch::Watch(Loop& loop, std::string root, WatchOptions options, Changed changed)
    : state_(std::make_unique<State>(loop, std::move(root), std::move(options), std::move(changed))) {}

Watch::~Watch() = default;

void Watch::look() { state_->look(); }

}  // namespace tidewire::loop
