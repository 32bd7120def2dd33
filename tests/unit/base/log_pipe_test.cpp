#include "base/log_pipe.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <string>

using namespace tidewire;

namespace {

struct Pipe {
  Pipe() { REQUIRE(::pipe(ends) == 0); }
  ~Pipe() { ::close(ends[0]); }
  /// Everything until the writing end is closed.
  std::string read_all() const {
    std::string all;
    char part[4096];
    for (ssize_t got = 0; (got = ::read(ends[0], part, sizeof part)) > 0;) all.append(part, static_cast<std::size_t>(got));
    return all;
  }
  /// Everything up to a text that surely comes, and the rest of its line.
  std::string read_to(const std::string& text) const {
    std::string all;
    char part[4096];
    while (all.find(text) == std::string::npos || all.back() != '\n') {
      const ssize_t got = ::read(ends[0], part, sizeof part);
      if (got <= 0) break;
      all.append(part, static_cast<std::size_t>(got));
    }
    return all;
  }
  int ends[2] = {-1, -1};
};

std::string gap(std::uint64_t count) { return "gap " + std::to_string(count) + "\n"; }

std::string numbered(int number) { return std::to_string(number) + std::string(200, '.') + "\n"; }

}  // namespace

TEST_CASE("log pipe: a line is out when put returns", "[base][log]") {
  const Pipe pipe;
  LogPipe log(pipe.ends[1], gap);
  log.put("a\n");
  char text[8];
  REQUIRE(::read(pipe.ends[0], text, sizeof text) == 2);
  ::close(pipe.ends[1]);
}

TEST_CASE("log pipe: a reader who stops reading stops nobody, and reads later how many lines were let go", "[base][log]") {
  const Pipe pipe;
  LogPipe log(pipe.ends[1], gap);
  const int lines = 20'000;  // far more than the pipe and the queue hold
  for (int i = 0; i < lines; ++i) log.put(numbered(i));

  const std::string all = pipe.read_to("gap ");
  ::close(pipe.ends[1]);

  int next = 0;
  std::size_t at = 0;
  for (std::string line = numbered(0); all.compare(at, line.size(), line) == 0; line = numbered(++next)) at += line.size();
  CHECK(next > 1000);
  CHECK(all.substr(at) == "gap " + std::to_string(lines - next) + "\n");
}

TEST_CASE("log pipe: a line longer than a pipe goes out whole", "[base][log]") {
  const Pipe pipe;
  LogPipe log(pipe.ends[1], gap);
  const std::string line = std::string(300'000, 'x') + "\n";
  log.put(line);
  log.put("end\n");
  CHECK((pipe.read_to("end") == line + "end\n"));
  ::close(pipe.ends[1]);
}

TEST_CASE("log pipe: the end does not wait for a reader who is gone or asleep", "[base][log]") {
  const Pipe pipe;
  {
    LogPipe log(pipe.ends[1], gap);
    for (int i = 0; i < 2000; ++i) log.put(numbered(i));
  }
  ::close(pipe.ends[1]);
  CHECK(pipe.read_all().starts_with(numbered(0)));
}
