// exit_code.h — what a command leaves behind for scripts that call it. Part of the public face: README.md lists them.
#pragma once

#include <optional>

#include "base/result.h"

namespace tidewire::cli {

enum Exit : int {
  kOk = 0,
  kFailed = 1,       // done, but not with success: not level, a check failed, no such operation
  kUsage = 2,        // the command line is wrong
  kConfig = 3,       // tidewire.lua or a script is wrong
  kUnavailable = 4,  // a remote system or the state cannot be reached
  kAttention = 5,    // it worked; conflicts, dead letters or held keys wait for a person
};

/// The status for an error met by a request of a command.
inline Exit exit_code(Code code) {
  switch (code) {
    case Code::kInvalid: return kUsage;
    case Code::kDenied:
    case Code::kThrottled:
    case Code::kUnavailable:
    case Code::kUnknown:
    case Code::kCorrupt:
    case Code::kCancelled: return kUnavailable;
    case Code::kScript:
    case Code::kBudget: return kConfig;
    case Code::kNotFound:
    case Code::kBlocked:
    case Code::kStale: return kFailed;
  }
  return kFailed;
}

inline Exit exit_code(const Error& error) { return exit_code(error.code); }

/// Why a mapping is refused: its file, or a system that does not tell what its collection has.
inline Exit refused_exit_code(std::optional<Code> code) { return code && exit_code(*code) == kUnavailable ? kUnavailable : kConfig; }

/// The status for an error while the project is opened: there a wrong or missing file is the reason, never the command line.
inline Exit opening_exit_code(const Error& error) {
  return error.code == Code::kInvalid || error.code == Code::kNotFound ? kConfig : exit_code(error);
}

}  // namespace tidewire::cli
