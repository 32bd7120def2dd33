// Law 16: a list that shows fewer records than the system counts says of none that it is missing.
#include <catch2/catch.hpp>

#include <map>

#include "support/missing.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::minutes;
using Fault = MemorySide::Fault;

namespace {

/// The left system counts its rows; one more of them is shown by neither list nor read.
struct Hidden : Missing {
  std::string hidden;
  std::map<std::string, MemorySide::Row> shown;
  Hidden() {
    world.left.counts = true;
    hidden = world.left.rows.begin()->first;
    shown = world.left.rows;
    shown.erase(hidden);
    world.left.hidden_from_list = hidden;
    world.left.replica = &shown;
  }
  void show() {
    world.left.hidden_from_list.clear();
    world.left.replica = nullptr;
  }
};

}  // namespace

TEST_CASE("law 16: a list that shows fewer records than the system counts says of none that it is missing, and the sweep tells it", "[laws][16]") {
  Hidden it;
  const store::Job job = it.sweep();

  CHECK(it.world.right.rows.size() == 5);
  CHECK(it.world.counts().links == 5);
  CHECK(it.world.counts().backing_off == 0);
  REQUIRE(job.state == "failed");
  CHECK(*job.summary.at_path("short.left.listed") == Value(std::int64_t{3}));
  CHECK(*job.summary.at_path("short.left.counted") == Value(std::int64_t{4}));
  CHECK(job.summary.at_path("short.right") == nullptr);
  CHECK(job.summary.at_path("error.message")->as_string() == "the list of Person on erp shows 3 records where the system counts 4: nothing that is missing there was taken for deleted");
  CHECK_FALSE(job.summary.at_path("error.hint")->as_string().empty());
}

TEST_CASE("law 16: the next sweep, whose list is whole, believes what the short one did not", "[laws][16]") {
  Hidden it;
  it.sweep();
  REQUIRE_FALSE(it.deleted());
  it.show();

  CHECK(it.sweep().state == "done");
  CHECK(it.deleted());
  CHECK(it.world.right.rows.size() == 4);
}

TEST_CASE("law 16: a short list of one side leaves the other side's word alone", "[laws][16]") {
  Hidden it;
  const std::string gone = it.world.right.rows.rbegin()->first, counterpart = it.known(Side::kRight, gone).link->key.left.value();
  it.world.right.erase(gone);
  it.sweep();

  CHECK_FALSE(it.world.left.rows.contains(counterpart));
  CHECK(it.world.left.rows.contains(it.hidden));
}

TEST_CASE("law 16: records that only go, or only come, while the pages are read make no list short", "[laws][16]") {
  Missing going;
  going.world.left.counts = true;
  going.world.left.short_page = 1;
  going.world.left.after_list = [&] { going.world.left.erase(going.world.left.rows.rbegin()->first); };
  CHECK(going.sweep().state == "done");
  CHECK(going.world.left.count_calls == 2);
  CHECK(going.world.right.rows.size() == 3);

  Missing coming;
  coming.world.left.counts = true;
  coming.world.left.short_page = 1;
  coming.world.left.after_list = [&] { coming.world.left.insert(person("late@example.org"), "A1"); };  // before the page just read
  CHECK(coming.sweep().state == "done");
  CHECK(coming.world.left.count_calls == 1);
  CHECK(coming.deleted());
}

TEST_CASE("law 16: more listed than counted is no short list", "[laws][16]") {
  Missing it;
  it.world.left.counts = true;
  it.world.left.counted_more = -2;

  CHECK(it.sweep().state == "done");
  CHECK(it.deleted());
}

TEST_CASE("law 16: a count that fails is tried again like a page, and without it nothing is believed", "[laws][16]") {
  Missing it;
  it.world.left.counts = true;
  it.world.left.count_faults.assign(50, Fault::kRefuse);
  const store::Job waiting = it.sweep();
  REQUIRE(waiting.state == "running");
  CHECK(it.world.engine->jobs().of("people")->summary.at_path("trouble.message")->as_string().find("counting Person on erp") != std::string::npos);
  CHECK_FALSE(it.deleted());

  it.world.left.count_faults = {Fault::kRefuse, Fault::kNone, Fault::kRefuse, Fault::kNone};
  it.world.left.short_page = 1;
  it.world.left.after_list = [&] { it.world.left.erase(it.world.left.rows.rbegin()->first); };  // so that it is asked twice
  it.world.settle(minutes(30));
  CHECK(job_of(it.world, waiting.id).state == "done");
  CHECK(it.deleted());
}

TEST_CASE("law 16: a sweep that goes on after kill -9 counts and lists its side anew, and still tells of the one before", "[laws][16]") {
  Hidden it;
  it.world.right.counts = true;
  it.world.right.list_faults = {Fault::kRefuse};
  const std::string id = start_job(it.world, "sweep");
  it.world.settle(std::chrono::seconds(1));
  REQUIRE(job_of(it.world, id).summary.at_path("short.left") != nullptr);
  REQUIRE(job_of(it.world, id).open());
  restart(it.world);
  it.world.settle(minutes(3));

  CHECK(job_of(it.world, id).state == "failed");
  CHECK(it.world.right.count_calls == 2);
  CHECK(it.world.right.rows.size() == 5);
}

TEST_CASE("law 16: while lists stay short, sweeps are asked for less and less often", "[laws][16]") {
  Hidden it;
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(minutes(180));
  CHECK(it.world.left.count_calls == 2 * 3);
  CHECK_FALSE(it.deleted());
  CHECK(it.world.counts().backing_off == 1);

  it.show();
  it.sweep();
  CHECK(it.deleted());
  CHECK(it.world.counts().backing_off == 0);
}
