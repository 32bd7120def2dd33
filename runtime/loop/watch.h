// watch.h — tells which files of a project folder changed, a moment after the last change.
//
// The kernel's events say only "look here": what changed is found by comparing a scan with the one before. So a lost
// event, an editor that writes a temporary file and renames it, or a folder created and filled in one go all come out
// right. Scanning a project (tens of files) takes well under
// a millisecond; a folder of more than 10 000 files is not a project and is watched in part.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "loop/loop.h"

namespace tidewire::loop {

struct WatchOptions {
  /// Folders and files of these names directly below the root are not looked at: what the program itself writes.
  std::set<std::string> ignore = {"state"};
  Duration quiet = std::chrono::milliseconds(100);  // this long without an event; at most ten times that in all
  Duration rescan = std::chrono::seconds(2);        // where the system has no watches left, or a file is a link
};

class Watch {
 public:
  /// Paths relative to the root, sorted: new, changed and deleted files. Never empty.
  using Changed = std::function<void(const std::vector<std::string>& files)>;

  /// The root may be missing now and appear later. Hidden files and folders (but ".env*") and editors' leftovers
  /// ("x~", "x.swp", "x.tmp", "#x#") are not looked at.
  Watch(Loop& loop, std::string root, Changed changed);
  Watch(Loop& loop, std::string root, WatchOptions options, Changed changed);
  ~Watch();
  /// Tells now what it would tell in a moment; `Changed` is called before this returns, or not at all.
  void look();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tidewire::loop
