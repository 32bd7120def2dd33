#include <catch2/catch.hpp>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crash_point.h"

using namespace tidewire;

namespace {

/// How a process ends that arms `text` and passes kCommitStored twice: 0, or the signal that killed it.
int signal_of(const char* text) {
  const pid_t child = fork();
  if (child == 0) {
    const bool armed = arm_crash_point(text).ok();
    pass(CrashPoint::kCommitInTransaction);
    pass(CrashPoint::kCommitStored);
    pass(CrashPoint::kCommitStored);
    _exit(armed ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("crash point: the process dies at the one that is armed, the n-th time it is passed", "[base][crash]") {
  CHECK(signal_of("commit_stored") == SIGKILL);
  CHECK(signal_of("commit_stored:2") == SIGKILL);
  CHECK(signal_of("commit_stored:3") == 0);
  CHECK(signal_of("job_stored") == 0);
  CHECK(signal_of("") == 0);
}

TEST_CASE("crash point: what is no point is refused, and what there is is named", "[base][crash]") {
  for (const char* wrong : {"?", "commit", "commit_stored:", "commit_stored:0", "commit_stored:2x", "commit_stored:-1"}) {
    const auto armed = arm_crash_point(wrong);
    REQUIRE_FALSE(armed.ok());
    CHECK(armed.error().code == Code::kInvalid);
    for (const char* name : {"commit_stored", "job_stored", "forget_stored"}) CHECK(armed.error().hint.find(name) != std::string::npos);
  }
}
