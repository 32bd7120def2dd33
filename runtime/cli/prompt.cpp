#include "cli/prompt.h"

#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace tidewire::cli {
namespace {

/// The terminal shows nothing of what is typed while one exists.
class Unseen {
 public:
  Unseen() {
    known_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (known_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~Unseen() {
    if (known_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
  bool known_ = false;
};

std::string typed(const std::string& question) {
  std::fputs(question.c_str(), stderr);
  std::string line;
  {
    const Unseen unseen;
    std::getline(std::cin, line);
  }
  std::fputs("\n", stderr);
  return line;
}

}  // namespace

Result<std::string> new_password(const std::string& of_whom) {
  if (isatty(STDIN_FILENO) == 0) {
    std::string line;
    std::getline(std::cin, line);
    if (!line.empty()) return line;
    return make_error(Code::kInvalid, "no password came on standard input", "printf '%s' PASSWORD | tidewire user add ...");
  }
  std::string first = typed("Password of " + of_whom + ": ");
  if (typed("The same again: ") == first) return first;
  return make_error(Code::kInvalid, "the two passwords differ");
}

}  // namespace tidewire::cli
