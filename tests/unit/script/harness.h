// harness.h — a script under test: its sources in memory, time and turns moved by hand.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "script/script.h"
#include "support/fake_clock.h"

namespace tidewire::test {

class MemorySources final : public script::Sources {
 public:
  std::map<std::string, std::string> texts;  // by module name

  std::optional<File> find(const std::string& module) override {
    const auto found = texts.find(module);
    if (found == texts.end()) return std::nullopt;
    std::string path = module;
    for (char& c : path)
      if (c == '.') c = '/';
    return File{path + ".lua", found->second};
  }
};

class ScriptHarness {
 public:
  FakeClock clock;
  ManualTimers timers{clock};
  MemorySources sources;
  script::Options options;

  ScriptHarness() {
    options.name = "test";
    options.main_path = "main.lua";
    options.sources = &sources;
    options.poster = &timers;
    options.timers = &timers;
    options.clock = &clock;
    options.budget.instructions = 5'000'000;
    options.budget.time = std::chrono::minutes(1);  // a slow machine decides no test: instructions and memory do
  }

  Result<std::unique_ptr<script::Script>> try_load(std::string text) {
    script::Options copy = options;
    copy.main_text = std::move(text);
    return script::Script::load(std::move(copy));
  }

  std::unique_ptr<script::Script> load(std::string text) {
    auto loaded = try_load(std::move(text));
    if (!loaded.ok()) std::fprintf(stderr, "load: %s\n", to_string(loaded.error()).c_str());
    ASSERT(loaded.ok(), "the script of a test loads");
    return std::move(loaded).value();
  }

  /// What `return <expression>` gives, or the error.
  Result<Value> value(const std::string& text) {
    auto loaded = try_load(text);
    if (!loaded.ok()) return std::move(loaded).error();
    return (*loaded)->data();
  }

  /// The error that loading `text` ends with; its message is empty when it did not fail.
  Error error(const std::string& text) {
    auto loaded = try_load(text);
    return loaded.ok() ? Error{} : std::move(loaded).error();
  }
};

}  // namespace tidewire::test
