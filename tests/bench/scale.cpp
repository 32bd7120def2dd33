// scale.cpp — what a mapping with many links costs: size of the state, start, memory, one change, a sweep; then the largest
// against the smallest and against the budget. Asserts nothing. The state file is real, the two systems are made up row by
// row, so what is measured is ours. Processor time is of all threads, and steadier than the clock, which waits for the disk.
//
//   bench_scale [folder] [links ...]   (the present folder; 1000, 10000, 100000 and 1000000 links: some minutes)
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <vector>

#include "base/text.h"
#include "loop/loop.h"
#include "store/database.h"
#include "store/migrate.h"
#include "store/store.h"
#include "sync/engine.h"

using namespace tidewire;
using sync::Side;

namespace {

using Clocked = std::chrono::steady_clock;
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
double seconds_since(Clocked::time_point then) { return std::chrono::duration<double>(Clocked::now() - then).count(); }

double resident_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::atof(line.c_str() + 6) / 1024;
  }
  return 0;
}

std::string key_of(char side, std::int64_t number) { return format("%c%07lld", side, static_cast<long long>(number)); }

const std::vector<std::string>& field_names() {
  static const std::vector<std::string> names{"first_name", "last_name", "email", "phone", "city", "country", "joined_on", "note"};
  return names;
}

Value fields_of(std::int64_t number) {
  Object fields;
  for (const std::string& name : field_names()) fields[name] = name + " of " + std::to_string(number);
  return Value(std::move(fields));
}

/// A system with so many records, none of them in memory but those that were written to.
class MadeUp final : public sync::Endpoint {
 public:
  MadeUp(Poster& poster, char side, std::int64_t count) : poster_(poster), side_(side), count_(count) {
    able_.guarded_writes = able_.guarded_deletes = able_.covers_all = able_.absence_proves_delete = true;
    able_.answer = sync::Capabilities::Answer::kStored;
    able_.bulk_read = able_.bulk_find = able_.bulk_create = 200;
  }
  void edit(std::int64_t number, const std::string& phone) { phones_[key_of(side_, number)] = {phone, std::to_string(++versions_)}; }

  const sync::Capabilities& capabilities() const override { return able_; }
  void read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) override {
    std::vector<sync::Record> found;
    for (const std::string& key : keys) found.push_back(record(std::atoll(key.c_str() + 1)));
    poster_.post([done, found = std::move(found)]() mutable { done(std::move(found)); });
  }
  void list(std::optional<Value> cursor, int limit, sync::Done<sync::ListPage> done) override {
    sync::ListPage page;
    std::int64_t number = cursor ? cursor->as_int() : 1;
    for (int i = 0; i < limit && number <= count_; ++i, ++number) page.records.push_back(record(number));
    if (!page.records.empty()) page.cursor = Value(number);
    poster_.post([done, page = std::move(page)]() mutable { done(std::move(page)); });
  }
  void start(sync::Done<Value> done) override {
    poster_.post([done] { done(Value(1)); });
  }
  void changes(Value cursor, int, sync::Done<sync::ChangesPage> done) override {
    sync::ChangesPage page;
    page.cursor = std::move(cursor);
    poster_.post([done, page] { done(page); });
  }
  void find(std::vector<sync::Query> queries, sync::Done<std::vector<std::vector<sync::Record>>> done) override {
    poster_.post([done, count = queries.size()] { done(std::vector<std::vector<sync::Record>>(count)); });
  }
  void create(std::vector<sync::CreateRequest>, sync::Done<std::vector<Result<sync::Record>>>) override { std::abort(); }
  void update(std::string key, Value values, std::optional<std::string>, sync::Done<sync::Record> done) override {
    const std::int64_t number = std::atoll(key.c_str() + 1);
    edit(number, values.string_or("phone"));
    poster_.post([done, answer = record(number)] { done(answer); });
  }
  void remove(std::string, std::optional<std::string>, sync::Done<sync::Answered>) override { std::abort(); }
  void trash(std::string, sync::Done<std::optional<sync::Record>>) override { std::abort(); }

 private:
  sync::Record record(std::int64_t number) const {
    sync::Record record{key_of(side_, number), "1", "", std::nullopt, fields_of(number)};
    if (const auto edited = phones_.find(record.key); edited != phones_.end()) {
      record.fields["phone"] = edited->second.first;
      record.version = edited->second.second;
    }
    return record;
  }
  Poster& poster_;
  const char side_;
  const std::int64_t count_;
  std::int64_t versions_ = 1;
  std::map<std::string, std::pair<std::string, std::string>> phones_;  // key -> phone, version
  sync::Capabilities able_;
};

class PlainMapper final : public sync::Mapper {
 public:
  PlainMapper() {
    plan_.name = "people";
    plan_.end.left.connection = "erp";
    plan_.end.right.connection = "app";
    plan_.end.left.collection = plan_.end.right.collection = "people";
    plan_.end.left.key = plan_.end.right.key = {"id"};
    for (const std::string& name : field_names()) {
      sync::Field field;
      field.name = name;
      field.paths = {{name}, {name}};
      field.strategy = "manual";
      plan_.fields.push_back(std::move(field));
    }
  }
  const sync::Plan& plan() const override { return plan_; }
  const std::string& version() const override { return version_; }
  Result<sync::Outcome> convert(const sync::Field&, Side, const Value&, const Value&, std::string_view) override { return sync::Outcome{}; }
  Result<sync::Verdict> resolve(const sync::Field&, std::int64_t, const sync::Dispute&) override { return sync::Verdict{}; }
  Result<std::optional<std::string>> check(const sync::Plan::Check&, const Value&) override { return std::optional<std::string>(); }

 private:
  sync::Plan plan_;
  std::string version_ = "bench";
};

void must(const Result<void>& done) {
  if (done.ok()) return;
  std::fprintf(stderr, "%s\n", to_string(done.error()).c_str());
  std::exit(1);
}

/// The state as it is after an initial load of so many pairs.
void build_state(const std::string& path, std::int64_t count) {
  for (const char* tail : {"", "-wal", "-shm"}) std::filesystem::remove(path + tail);
  auto database = store::Database::open(path).value();
  must(store::migrate(*database));
  std::string base = "'{'";
  for (const std::string& name : field_names()) {
    const std::string text = "'\"" + name + " of ' || i || '\"'";
    base += std::string(" || '") + (name == field_names().front() ? "" : ",") + "\"" + name + "\":{\"l\":' || " + text + " || ',\"r\":' || " + text + " || '}'";
  }
  base += " || '}'";
  must(database->exec("PRAGMA synchronous = OFF; BEGIN;"
                      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(count) + ") "
                      "INSERT INTO links (mapping, left_key, right_key, state, generation, base, left_version, right_version, left_tokens, right_tokens, stamps, notes, left_seen_at, right_seen_at, created_at, updated_at) "
                      "SELECT 'people', printf('L%07d', i), printf('R%07d', i), 'live', 1, " + base + ", '1', '1', '[\"1\"]', '[\"1\"]', '{}', '{}', 1, 1, 1, 1 FROM n;"
                      "COMMIT; PRAGMA wal_checkpoint(TRUNCATE);"));
}

/// Stops the loop once so many operations are committed.
struct Counting final : sync::Ears {
  explicit Counting(loop::Loop& the_loop) : loop(the_loop) {}
  void on_operation(const store::Operation&) override {
    if (--awaited == 0) loop.stop();
  }
  loop::Loop& loop;
  std::int64_t awaited = 0;
};

struct Figures {
  std::int64_t links = 0;
  double file_mb = 0, start_ms = 0, start_mb = 0, change_ms = 0, changes_per_s = 0, change_cpu_us = 0, page_ms = 0, summary_ms = 0, sweep_s = 0, sweep_mb = 0, left_mb = 0;
};

class Run {
 public:
  Run(const std::string& path, std::int64_t count) : left_(loop_, 'L', count), right_(loop_, 'R', count), hold_(loop_.hold()), count_(count) {
    const double before = resident_mb();
    const auto began = Clocked::now();
    executor_ = store::ThreadedExecutor::open({.path = path}, loop_).value();
    store_ = std::make_unique<store::Store>(*executor_, clock_);
    engine_ = std::make_unique<sync::Engine>(*store_, sync::Surroundings{clock_, loop_, loop_, random_, ears_});
    engine_->put(std::make_shared<PlainMapper>(), {&left_, &right_});
    engine_->start(false);
    wait([this](auto done) { engine_->settled(false, done); });
    figures.links = count;
    figures.start_ms = seconds_since(began) * 1000;
    figures.start_mb = resident_mb() - before;
    figures.file_mb = static_cast<double>(std::filesystem::file_size(path)) / 1e6;
  }
  ~Run() {
    wait([this](auto done) { engine_->stop(done); });
    engine_.reset();
    store_.reset();
    executor_.reset();
  }

  void one_change_at_a_time(int times) {
    std::vector<double> took;
    for (int i = 0; i < times; ++i) {
      const auto began = Clocked::now();
      change(1);
      took.push_back(seconds_since(began) * 1000);
    }
    std::sort(took.begin(), took.end());
    figures.change_ms = took[took.size() / 2];
  }
  void many_changes(int times) {
    const auto began = Clocked::now();
    const double used = processor_seconds();
    for (int i = 0; i < times / 250; ++i) change(250);
    figures.changes_per_s = times / seconds_since(began);
    figures.change_cpu_us = (processor_seconds() - used) * 1e6 / times;
  }
  void look() {
    auto began = Clocked::now();
    for (int i = 0; i < 20; ++i) {
      store::LinkFilter filter;
      filter.mapping = "people";
      wait([&](auto done) { store_->find_links(filter, {50, ""}, [done](auto) { done(); }); });
    }
    figures.page_ms = seconds_since(began) * 1000 / 20;
    began = Clocked::now();
    for (int i = 0; i < 20; ++i) wait([&](auto done) { store_->summary([done](auto) { done(); }); });
    figures.summary_ms = seconds_since(began) * 1000 / 20;
  }
  void sweep() {
    const auto began = Clocked::now();
    sync::Engine::SyncOptions options;
    options.mapping = "people";
    options.absences = true;
    wait([&](auto done) {
      engine_->sync(options, [this](const store::Job&) { figures.sweep_mb = std::max(figures.sweep_mb, resident_mb()); }, [done](Result<store::Job> job) {
        if (!job.ok()) std::fprintf(stderr, "%s\n", to_string(job.error()).c_str());
        done();
      });
    });
    figures.sweep_s = seconds_since(began);
    figures.left_mb = resident_mb();
  }
  Figures figures;

 private:
  template <typename Ask>
  void wait(Ask ask) {
    ask([this] { loop_.stop(); });
    loop_.run();
  }
  void change(int many) {
    std::set<std::int64_t> numbers;
    while (numbers.size() < static_cast<std::size_t>(many)) numbers.insert(1 + static_cast<std::int64_t>(random_.next() % static_cast<std::uint64_t>(count_)));
    std::vector<store::DirtyMark> marks;
    for (const std::int64_t number : numbers) {
      left_.edit(number, std::to_string(random_.next()));
      marks.push_back({Side::kLeft, key_of('L', number)});
    }
    ears_.awaited = many;
    store_->mark("people", std::move(marks), [this](Result<void>) { engine_->wake("people"); });
    loop_.run();
  }

  loop::Loop loop_;
  SystemClock clock_;
  SystemRandom random_;
  Counting ears_{loop_};
  MadeUp left_, right_;
  std::unique_ptr<loop::Loop::Hold> hold_;
  const std::int64_t count_;
  std::unique_ptr<store::ThreadedExecutor> executor_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<sync::Engine> engine_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  std::vector<std::int64_t> counts;
  for (int i = 2; i < argc; ++i) counts.push_back(std::atoll(argv[i]));
  if (counts.empty()) counts = {1'000, 10'000, 100'000, 1'000'000};
  std::printf("| links | state MB | bytes a link | start ms | start MB | one change ms | changes/s | processor us a change | page of links ms | status ms | sweep s | records/s | MB in it | MB after |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  std::vector<Figures> all;
  for (const std::int64_t count : counts) {
    const std::string path = folder + "/scale.db";
    build_state(path, count);
    {
      Run run(path, count);
      run.one_change_at_a_time(300);
      run.many_changes(10'000);
      run.look();
      run.sweep();
      all.push_back(run.figures);
    }
    const Figures& f = all.back();
    const double links = static_cast<double>(f.links);
    std::printf("| %lld | %.1f | %.0f | %.0f | %.1f | %.2f | %.0f | %.0f | %.2f | %.2f | %.1f | %.0f | %.0f | %.0f |\n", static_cast<long long>(f.links), f.file_mb, f.file_mb * 1e6 / links, f.start_ms, f.start_mb, f.change_ms, f.changes_per_s, f.change_cpu_us, f.page_ms, f.summary_ms, f.sweep_s, 2 * links / f.sweep_s, f.sweep_mb, f.left_mb);
    std::fflush(stdout);
    for (const char* tail : {"", "-wal", "-shm"}) std::filesystem::remove(path + tail);
  }
  const Figures &few = all.front(), &many = all.back();
  const auto more = [](double one, double other) { return (other / one - 1) * 100; };
  std::printf("\n%lld links against %lld: one change %+.0f %%, processor a change %+.0f %% (budget: +20 %%); start %.0f ms (1000 ms); most memory %.0f MB (150 MB)\n", static_cast<long long>(many.links), static_cast<long long>(few.links), more(few.change_ms, many.change_ms), more(few.change_cpu_us, many.change_cpu_us), many.start_ms, std::max(many.sweep_mb, many.left_mb));
  return 0;
}
