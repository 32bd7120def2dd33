#include "app/script_program.h"

#include <unistd.h>

#include <cstdlib>
#include <map>

#include "app/files.h"
#include "app/interrupts.h"
#include "base/embedded.h"
#include "base/text.h"
#include "bindings/install.h"
#include "http/client.h"
#include "script/script.h"

namespace tidewire::app {
namespace {

/// The same row of numbers for the same seed (splitmix64).
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

/// A connector's own memory, for as long as the program runs.
class MemoryKv final : public bindings::KvPort {
 public:
  explicit MemoryKv(Poster& poster) : poster_(poster) {}
  void get(std::string key, std::function<void(Result<std::optional<Value>>)> done) override {
    const auto found = values_.find(key);
    std::optional<Value> value;
    if (found != values_.end()) value = found->second;
    poster_.post([done = std::move(done), value = std::move(value)] { done(value); });
  }
  void set(std::string key, Value value, std::optional<Duration>, std::function<void(Result<void>)> done) override {
    values_[std::move(key)] = std::move(value);
    poster_.post([done = std::move(done)] { done({}); });
  }
  void remove(std::string key, std::function<void(Result<void>)> done) override {
    values_.erase(key);
    poster_.post([done = std::move(done)] { done({}); });
  }

 private:
  Poster& poster_;
  std::map<std::string, Value> values_;
};

std::optional<bindings::Profile> profile_of(const std::string& name) {
  if (name == "pure") return bindings::Profile::kPure;
  if (name == "io") return bindings::Profile::kIo;
  if (name == "practice") return bindings::Profile::kPractice;
  return std::nullopt;
}

/// Everything such a program lives on, in the order in which it goes away again.
class Runner {
 public:
  explicit Runner(const ScriptProgram& program)
      : program_(program), seeded_(program.seed.value_or(0)), random_(program.seed ? static_cast<Random&>(seeded_) : chance_),
        log_(clock_, redactor_), kv_(loop_), client_(loop_, http::ClientOptions{}), files_(program.folder, program.scripts_folder),
        interrupts_(loop_, [this] { end(Value()); }, [] {}) {}

  Result<Value> run(bindings::Profile profile) {
    Logger::Options log;
    log.level = program_.log_level;
    log.form = Logger::Form::kText;
    log.colours = isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
    TRY(log_.configure(log));
    const auto hold = loop_.hold();
    script_ = TRY(script::Script::load(options(profile)));
    const auto main = script::function_number(script_->data());
    ASSERT(main, "the wrapped file is a function");
    Array arguments(program_.arguments.begin(), program_.arguments.end());
    task_ = script_->start(*main, std::move(arguments), [this](Result<Value> result) { end(std::move(result)); });
    while (!result_) loop_.run();
    task_.reset();
    script_.reset();
    return std::move(*result_);
  }

 private:
  void end(Result<Value> result) {
    if (!result_) result_ = std::move(result);
    loop_.stop();
  }

  script::Options options(bindings::Profile profile) {
    script::Options out;
    out.name = program_.path;
    out.main_path = program_.path;
    // On one line with the file's first, so that errors name the lines that its author sees.
    out.main_text = "return function(...) " + program_.text + "\nend";
    out.budget = {.instructions = 20'000'000'000, .time = std::chrono::minutes(2), .memory = std::size_t{2} << 30};
    out.deadline = std::chrono::hours(24 * 365);
    out.install = bindings::installer(profile, services());
    out.sources = &files_;
    out.poster = &loop_;
    out.timers = &loop_;
    out.clock = &clock_;
    return out;
  }

  bindings::Services services() {
    bindings::Services out;
    out.client = &client_;
    out.timers = &loop_;
    out.poster = &loop_;
    out.clock = &clock_;
    out.random = &random_;
    out.logger = &log_;
    out.kv = &kv_;
    out.loop = &loop_;
    out.practice_options = program_.options;
    out.exit = [this](int code) { end(Value(code)); };
    out.ready = program_.ready;
    return out;
  }

  const ScriptProgram& program_;
  loop::Loop loop_;
  SystemClock clock_;
  SystemRandom chance_;
  SeededRandom seeded_;
  Random& random_;
  Redactor redactor_;
  Logger log_;
  MemoryKv kv_;
  http::Client client_;
  ScriptFiles files_;
  Interrupts interrupts_;
  std::unique_ptr<script::Script> script_;
  std::unique_ptr<script::Script::Running> task_;
  std::optional<Result<Value>> result_;
};

std::vector<std::string> practice_names(const std::string& scripts_folder) {
  std::vector<std::string> names;
  if (!scripts_folder.empty()) names = script_names_in(scripts_folder + "/practice");
  for (const EmbeddedFile& file : embedded_files()) {
    const std::string_view prefix = "practice/", ending = ".lua";
    if (!file.path.starts_with(prefix) || !file.path.ends_with(ending)) continue;
    const std::string_view name = file.path.substr(prefix.size(), file.path.size() - prefix.size() - ending.size());
    if (name.find('/') == std::string_view::npos) names.emplace_back(name);
  }
  return names;
}

}  // namespace

Result<Value> run_script(const ScriptProgram& program) {
  const auto profile = profile_of(program.profile);
  if (!profile) return make_error(Code::kInvalid, "no profile '" + program.profile + "'", "pure, io or practice");
  return Runner(program).run(*profile);
}

Result<Value> connection_kind(const std::string& kind, const std::string& project_folder, const std::string& scripts_folder) {
  ScriptProgram program;
  program.profile = "io";
  program.path = "connectors/" + kind + ".lua";
  program.text = R"(local kind = ... return require "tidewire.host.kind" (function() return require("connectors." .. kind) end))";
  program.folder = project_folder;
  program.scripts_folder = scripts_folder;
  program.arguments = {kind};
  program.log_level = Level::kError;
  return run_script(program);
}

Result<std::string> practice_text(const std::string& name, const std::string& scripts_folder) {
  const ScriptFiles files("", scripts_folder);
  if (name.find('/') == std::string::npos && name.find("..") == std::string::npos) {
    if (auto file = files.at("practice/" + name + ".lua")) return std::move(file->text);
  }
  const auto names = practice_names(scripts_folder);
  return make_error(Code::kNotFound, "no practice server '" + name + "'" + suggestion(name, names), "there are: " + join(names, ", "));
}

}  // namespace tidewire::app
