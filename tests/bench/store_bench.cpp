// store_bench.cpp — what the state file sustains on this disk. Prints; asserts nothing.
//
//   store_bench [folder]   (the present one by default: a tmpfs would measure nothing)
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "store/store.h"
#include "tests/support/waiting_poster.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

struct Bench {
  test::WaitingPoster poster;
  SystemClock clock;
  std::unique_ptr<ThreadedExecutor> executor;
  std::unique_ptr<Store> store;
  std::string path;

  Bench(const std::string& folder, ThreadedExecutorOptions options) {
    path = folder + "/store_bench.db";
    remove_files();
    options.path = path;
    auto opened = ThreadedExecutor::open(options, poster);
    if (!opened.ok()) {
      std::fprintf(stderr, "%s\n", to_string(opened.error()).c_str());
      std::exit(1);
    }
    executor = std::move(opened).value();
    store = std::make_unique<Store>(*executor, clock);
  }
  ~Bench() {
    executor.reset();
    remove_files();
  }
  void remove_files() const {
    for (const char* tail : {"", "-wal", "-shm"}) std::filesystem::remove(path + tail);
  }

  /// `call(i, done)` n times with at most `depth` under way; seconds.
  template <typename Call>
  double run(int n, int depth, Call call) {
    const auto start = std::chrono::steady_clock::now();
    int started = 0, finished = 0;
    while (finished < n) {
      while (started < n && started - finished < depth) {
        call(started++, [&finished](auto result) {
          if (!result.ok()) {
            std::fprintf(stderr, "%s\n", to_string(result.error()).c_str());
            std::exit(1);
          }
          ++finished;
        });
      }
      poster.run_one();
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
};

std::string numbered(const char* prefix, int i) { return prefix + std::to_string(i); }

Change bench_change(int i, const std::string& payload) {
  Change change;
  change.connection = "erp";
  change.collection = "Employee";
  change.key = numbered("HR-EMP-", i * 7919 % 1'000'003);  // not in the order of the keys
  change.delivery_id = numbered("delivery-", i);
  change.payload = payload;
  return change;
}

void put_rate(const std::string& folder, int depth, Duration delay) {
  Bench bench(folder, {.fsync_delay = delay});
  const std::string payload(1000, 'x');
  const int n = delay > Duration::zero() ? 20'000 : depth == 1 ? 20'000 : 200'000;
  const double seconds =
      bench.run(n, depth, [&](int i, auto done) { bench.store->put({bench_change(i, payload)}, std::move(done)); });
  const auto stats = bench.executor->stats();
  std::printf("put 1 KB with delivery id, %4d under way, fsync +%lld ms: %8.0f/s  (group %.0f on average)\n", depth,
              static_cast<long long>(delay.count() / 1000), n / seconds,
              static_cast<double>(stats.members) / static_cast<double>(stats.groups));
}

Link bench_link(int i) {
  Link link;
  link.mapping = "employees";
  link.key.left = numbered("HR-EMP-", i);
  link.key.right = numbered("", i);
  link.incarnation.left = "2024-01-01 10:00:00.000000";
  for (const char* field : {"first_name", "last_name", "phone", "email", "status", "date_of_birth", "gender", "company",
                            "department", "joined_on", "salary", "currency", "city", "zip", "note"}) {
    link.base[field] = {Value(numbered(field, i)), Value(numbered(field, i))};
  }
  link.tokens.left = link.tokens.right = {"2024-05-01 10:00:00.000000"};
  return link;
}

void life_cycle(const std::string& folder, int n) {
  Bench bench(folder, {});
  std::vector<Change> changes;
  const auto put = [&](int i, auto done) {
    changes.clear();
    for (int j = 0; j < 1000; ++j) {
      changes.push_back(bench_change(i * 1000 + j, ""));
      changes.back().payload.reset();
      changes.back().delivery_id.clear();
    }
    bench.store->put(changes, std::move(done));
  };
  std::printf("put of 1000 without payload: %.0f changes/s\n", n / bench.run(n / 1000, 4, put));
  const auto fan = [&](int, auto done) {
    bench.store->fan_out({{"employees", Side::kLeft, "erp", "Employee"}}, 10'000, std::move(done));
  };
  std::printf("fan-out in pages of 10,000: %.0f changes/s\n", n / bench.run(n / 10'000, 1, fan));
  const auto take = [&](int, auto done) { bench.store->take("employees", 64, std::move(done)); };
  std::printf("take of 64 with %d waiting: %.0f us\n", n, bench.run(500, 1, take) / 500 * 1e6);
  const auto summarize = [&](int, auto done) { bench.store->summary(std::move(done)); };
  std::printf("summary with %d waiting: %.1f ms\n", n, bench.run(5, 1, summarize) / 5 * 1e3);

  std::vector<DirtyKey> rows;
  bench.run(1, 1, [&](int, auto done) {
    bench.store->take("employees", 20'000, [&rows, done](Result<std::vector<DirtyKey>> taken) {
      if (taken.ok()) rows = *taken;
      done(std::move(taken));
    });
  });
  const auto commit = [&](int i, auto done) {
    const DirtyKey& row = rows[static_cast<std::size_t>(i)];
    Commit made{.mapping = "employees"};
    made.link = bench_link(i);
    made.finished.push_back({row.side, row.key, row.last_seq, row.changes});
    made.counters = {{"applied", 1}};
    Operation operation;
    operation.id = numbered("018f33a3-020d-7000-8000-", 100'000'000 + i);
    operation.mapping = "employees";
    operation.kind = "create";
    operation.outcome = "applied";
    operation.record = Object{{"fields", std::string(700, 'x')}};
    made.operation = std::move(operation);
    bench.store->commit(std::move(made), std::move(done));
  };
  const int commits = static_cast<int>(rows.size());
  std::printf("commit of link, 15 fields, operation, key, 64 under way: %.0f/s\n",
              commits / bench.run(commits, 64, commit));
  const auto load = [&](int i, auto done) {
    std::vector<std::pair<Side, std::string>> keys;
    for (int j = 0; j < 64; ++j) keys.emplace_back(Side::kLeft, numbered("HR-EMP-", (i * 64 + j) % commits));
    bench.store->load("employees", std::move(keys), std::move(done));
  };
  std::printf("load of 64 known keys: %.0f keys/s\n", 64 * 500 / bench.run(500, 2, load));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  for (const int depth : {1, 16, 64, 256}) put_rate(folder, depth, {});
  for (const int depth : {64, 256}) put_rate(folder, depth, std::chrono::milliseconds(2));
  for (const int n : {100'000, 1'000'000}) life_cycle(folder, n);
}
