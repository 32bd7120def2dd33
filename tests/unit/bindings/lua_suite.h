// lua_suite.h — runs one tests/lua file: the profile of its first line, real loop and network of this machine only.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "bindings/install.h"
#include "http/client.h"
#include "loop/loop.h"
#include "script/script.h"
#include "support/seeded_random.h"

namespace tidewire::test {

inline std::filesystem::path source_folder() {
  const char* given = std::getenv("SOURCE_DIR");
  return given ? std::filesystem::path(given) : std::filesystem::path(__FILE__).parent_path() / ".." / ".." / "..";
}

inline std::string file_text(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// Modules as a project sees them, tests/lua in the place of the project.
class SourceTree final : public script::Sources {
 public:
  std::optional<File> find(const std::string& module) override {
    if (module == "tap_host") return File{"tap_host.lua", "return function(load_main) load_main() return require('tap').tests end"};
    std::string path = module;
    for (char& c : path)
      if (c == '.') c = '/';
    path += ".lua";
    for (const char* folder : {"tests/lua", "scripts"})
      if (std::filesystem::exists(source_folder() / folder / path)) return File{path, file_text(source_folder() / folder / path)};
    return std::nullopt;
  }
};

/// A namespace in memory; answers come in a later turn, as the store's do.
class MemoryKv final : public bindings::KvPort {
 public:
  explicit MemoryKv(Poster& poster) : poster_(poster) {}
  void get(std::string key, std::function<void(Result<std::optional<Value>>)> done) override {
    const auto found = values_.find(key);
    std::optional<Value> value = found == values_.end() ? std::nullopt : std::optional(found->second);
    poster_.post([value = std::move(value), done = std::move(done)] { done(value); });
  }
  void set(std::string key, Value value, std::optional<Duration> keep, std::function<void(Result<void>)> done) override {
    values_[key] = std::move(value);
    last_keep = keep;
    poster_.post([done = std::move(done)] { done({}); });
  }
  void remove(std::string key, std::function<void(Result<void>)> done) override {
    values_.erase(key);
    poster_.post([done = std::move(done)] { done({}); });
  }
  std::optional<Duration> last_keep;

 private:
  Poster& poster_;
  std::map<std::string, Value> values_;
};

/// What scripts of any profile need, on a real loop.
struct LuaWorld {
  loop::Loop loop;
  SystemClock clock;
  SeededRandom random{42};
  Redactor redactor;
  Logger logger{clock, redactor};
  http::Client client{loop, http::ClientOptions{}};
  MemoryKv kv{loop};
  SourceTree sources;

  bindings::Services services() {
    return {.client = &client, .timers = &loop, .poster = &loop, .clock = &clock, .random = &random, .logger = &logger,
            .kv = &kv, .loop = &loop, .practice_options = Object{{"port", 8080}}, .exit = [this](int code) { exit_code = code; }, .ready = {}};
  }
  std::optional<int> exit_code;

  script::Options options(bindings::Profile profile) {
    script::Options options;
    options.name = "test";
    options.install = bindings::installer(profile, services());
    options.sources = &sources;
    options.poster = &loop;
    options.timers = &loop;
    options.clock = &clock;
    options.deadline = std::chrono::seconds(60);
    options.budget.time = std::chrono::minutes(5);  // a slow machine decides no test
    return options;
  }

  /// Runs function `number` as a task and the loop until it is done.
  Result<Value> run(script::Script& script, std::int64_t number, Array arguments = {}) {
    Result<Value> outcome = make_error(Code::kCancelled, "it waits for something that cannot happen");
    const auto running = script.start(number, std::move(arguments), [&](Result<Value> result) {
      outcome = std::move(result);
      loop.stop();
    });
    loop.run();
    return outcome;
  }
};

}  // namespace tidewire::test
