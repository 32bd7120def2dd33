#include <catch2/catch.hpp>

#include "base/json.h"
#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Mending;
using sync::Side;
using Act = sync::Mending::Act;

namespace {

Result<store::Operation> mend(World& world, Act act, sync::SideKey key, std::optional<sync::SideKey> with = {}, std::string field = {}) {
  std::optional<Result<store::Operation>> answer;
  world.engine->mend({act, "people", std::move(key), std::move(with), std::move(field), "ann"}, [&](Result<store::Operation> done) { answer = std::move(done); });
  world.settle();
  REQUIRE(answer);
  return std::move(*answer);
}

Value last_audit(World& world) {
  Value out;
  world.store.audit_log({}, {1, ""}, [&](Result<store::Paged<Value>> page) { out = page->rows.front(); });
  world.timers.run_posted();
  return out;
}

}  // namespace

TEST_CASE("unlink: the link goes, audited, and its history stays with the keys", "[sync][mend]") {
  Pair it;

  const auto done = mend(it.world, Act::kUnlink, {Side::kLeft, it.left});

  REQUIRE(done.ok());
  CHECK_FALSE(it.known(Side::kLeft, it.left).link);
  CHECK(it.world.counts().links == 0);
  const Value audited = last_audit(it.world);
  CHECK(audited.string_or("action") == "unlink");
  CHECK(audited.string_or("author") == "ann");
  CHECK(audited.string_or("subject") == "people/left/" + it.left);
  store::OperationFilter filter{.mapping = "people", .key = it.left};
  std::size_t operations = 0;
  it.world.store.operations(filter, {}, [&](Result<store::Paged<store::Operation>> page) { operations = page->rows.size(); });
  it.world.timers.run_posted();
  CHECK(operations == 2);  // the create and the unlink
}

TEST_CASE("unlink: nothing comes of it before a change, and its answer says what will", "[sync][mend]") {
  for (const bool matched : {false, true}) {
    INFO((matched ? "match finds the same pair" : "it does not"));
    Pair it;
    const auto done = mend(it.world, Act::kUnlink, {Side::kLeft, it.left});
    REQUIRE(done.ok());
    CHECK(done->record.string_or("next").find("linked again where `match` finds the same pair") != std::string::npos);
    CHECK(it.world.counts().links == 0);  // time to say what they are

    if (!matched) it.edit(Side::kLeft, "email", "augusta@example.org");
    it.tell();

    CHECK(it.world.right.rows.size() == (matched ? 1U : 2U));
    CHECK(it.world.counts().links == (matched ? 1 : 2));
  }
}

TEST_CASE("relink: two records meet as strangers, and one that is not there is refused", "[sync][mend]") {
  World world;
  const std::string left = world.left.insert(person("ada@example.org", "left"));
  const std::string right = world.right.insert(Value(Object{{"email", "augusta@example.org"}, {"phone", "left"}, {"note", "n"}, {"tags", "t"}}));

  const Error missing = mend(world, Act::kRelink, {Side::kLeft, left}, sync::SideKey{Side::kRight, "R99"}).error();
  CHECK(missing.code == Code::kNotFound);
  world.right.denied = make_error(Code::kInvalid, "no number: R99");  // what can be no key there is none
  const Error refused = mend(world, Act::kRelink, {Side::kLeft, left}, sync::SideKey{Side::kRight, "R99"}).error();
  world.right.denied.reset();
  CHECK(refused.code == Code::kNotFound);
  CHECK(refused.message == missing.message + ": no number: R99");
  CHECK(world.left.rows.size() == 1);
  REQUIRE(mend(world, Act::kRelink, {Side::kLeft, left}, sync::SideKey{Side::kRight, right}).ok());

  CHECK(world.counts().links == 1);
  CHECK(world.right.rows.size() == 1);
  CHECK(world.right.get(right, "email") == world.left.get(left, "email"));
  CHECK(mend(world, Act::kRelink, {Side::kLeft, left}, sync::SideKey{Side::kRight, right}).error().code == Code::kStale);
  const std::string other = world.left.insert(person("grace@example.org"));
  const Error linked = mend(world, Act::kRelink, {Side::kLeft, other}, sync::SideKey{Side::kRight, right}).error();
  CHECK(linked.message == "people/right/" + right + " is linked already, to left/" + left);
  CHECK(linked.hint == "part it first with: tidewire unlink people " + right + " --side right");
}

TEST_CASE("merge: one link is left, and the duplicates are set aside", "[sync][mend]") {
  Pair it;
  const std::string other = it.world.left.insert(person("ada2@example.org"));
  it.world.hook(Side::kLeft, other);
  it.world.settle();
  const std::string twin = *it.known(Side::kLeft, other).link->key.right;

  REQUIRE(mend(it.world, Act::kMerge, {Side::kLeft, it.left}, sync::SideKey{Side::kLeft, other}).ok());

  CHECK(it.known(Side::kLeft, it.left).link->key.right == it.right);
  CHECK(it.known(Side::kLeft, other).link->state == store::LinkState::kIgnored);
  CHECK(it.known(Side::kRight, twin).link->state == store::LinkState::kIgnored);
  it.world.left.edit(other, "phone", Value("9"));
  it.world.hook(Side::kLeft, other);
  it.world.settle();
  CHECK(it.world.right.get(twin, "phone") == Value("1"));
}

TEST_CASE("merge: what was written to the pair that goes is nothing to take back in the one that stays", "[sync][mend][revert]") {
  Pair it;
  const std::string other = it.world.left.insert(person("ada2@example.org", "old"));
  it.world.hook(Side::kLeft, other);
  it.world.settle();
  it.world.timers.advance(std::chrono::minutes(5));
  const Instant since = it.world.clock.now();
  it.world.left.edit(other, "phone", Value("1"));
  it.world.hook(Side::kLeft, other);
  it.world.settle();
  REQUIRE(mend(it.world, Act::kMerge, {Side::kLeft, it.left}, sync::SideKey{Side::kLeft, other}).ok());

  run_job(it.world, "revert", Object{{"since", format_instant(since)}, {"apply", true}});

  CHECK(it.world.right.get(it.right, "phone") == Value("1"));
  store::OperationFilter filter{.mapping = "people", .key = other};
  std::vector<std::string> kinds;
  it.world.store.operations(filter, {}, [&](Result<store::Paged<store::Operation>> page) {
    for (const store::Operation& one : page->rows) kinds.push_back(one.kind);
  });
  it.world.timers.run_posted();
  CHECK(kinds == std::vector<std::string>{"update", "create"});
}

TEST_CASE("merge: a link takes over the key it lacks", "[sync][mend]") {
  Pair it;
  const std::string alone = it.world.left.insert(person("alone@example.org"));
  REQUIRE(mend(it.world, Act::kUnlink, {Side::kLeft, it.left}).ok());
  REQUIRE(mend(it.world, Act::kIgnore, {Side::kLeft, alone}).ok());
  REQUIRE(mend(it.world, Act::kIgnore, {Side::kRight, it.right}).ok());

  REQUIRE(mend(it.world, Act::kMerge, {Side::kLeft, alone}, sync::SideKey{Side::kRight, it.right}).ok());

  const auto link = it.known(Side::kLeft, alone).link;
  REQUIRE(link);
  CHECK(link->key.right == it.right);
  CHECK(link->state == store::LinkState::kLive);
  CHECK(it.world.left.get(alone, "email") == it.world.right.get(it.right, "email"));
}

TEST_CASE("ignore: a record is nobody's business until it is heeded", "[sync][mend]") {
  Pair it;
  REQUIRE(mend(it.world, Act::kIgnore, {Side::kLeft, it.left}).ok());
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  CHECK(it.world.right.get(it.right, "phone") == Value("1"));

  REQUIRE(mend(it.world, Act::kHeed, {Side::kRight, it.right}).ok());

  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
}

TEST_CASE("ignore: a stranger set aside creates nothing", "[sync][mend]") {
  World world;
  const std::string key = world.left.insert(person("ada@example.org"));
  REQUIRE(mend(world, Act::kIgnore, {Side::kLeft, key}).ok());

  world.hook(Side::kLeft, key);
  world.settle();

  CHECK(world.right.rows.empty());
}

TEST_CASE("ignore: a difference in one field may stay, the others travel", "[sync][mend]") {
  Pair it;
  it.world.left.edit(it.left, "note", Value("mine"));
  it.world.right.edit(it.right, "note", Value("yours"));
  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle();
  REQUIRE(it.world.conflicts().size() == 1);

  REQUIRE(mend(it.world, Act::kIgnore, {Side::kLeft, it.left}, {}, "note").ok());
  CHECK(it.world.conflicts().empty());
  it.world.left.edit(it.left, "note", Value("mine again"));
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.world.right.get(it.right, "note") == Value("yours"));
  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK(it.world.conflicts().empty());
  CHECK(it.world.counts().waiting == 0);
  CHECK(mend(it.world, Act::kIgnore, {Side::kLeft, it.left}, {}, "nose").error().code == Code::kNotFound);
}

TEST_CASE("reset-base: the sides meet as strangers, and the rules decide", "[sync][mend]") {
  Pair it;
  it.world.left.edit(it.left, "phone", Value("left"));
  it.world.timers.advance(std::chrono::minutes(5));
  it.world.right.edit(it.right, "phone", Value("right"));  // newer, but nobody told

  REQUIRE(mend(it.world, Act::kResetBase, {Side::kLeft, it.left}, {}, "phone").ok());

  CHECK(it.world.left.get(it.left, "phone") == Value("right"));
}

TEST_CASE("mend: waits for a pass under way and never races it", "[sync][mend]") {
  Pair it;
  it.world.left.edit(it.left, "phone", Value("2"));
  bool during = false;
  std::optional<Result<store::Operation>> answer;
  it.world.right.before_write = [&] {
    it.world.engine->mend({Act::kUnlink, "people", {Side::kLeft, it.left}, {}, "", "ann"}, [&](Result<store::Operation> done) { answer = std::move(done); });
    during = !answer;
  };

  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(during);
  REQUIRE(answer);
  CHECK(answer->ok());
  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK_FALSE(it.known(Side::kLeft, it.left).link);
}

TEST_CASE("revert: each side gets back what it held, unless somebody went on from there", "[sync][revert]") {
  Pair it;
  it.world.timers.advance(std::chrono::minutes(5));
  const Instant since = it.world.clock.now();
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.left.edit(it.left, "email", Value("new@example.org"));
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  it.world.left.edit(it.left, "phone", Value("3"));
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  it.world.right.edit(it.right, "email", Value("own@example.org"));  // after us, not told yet
  const Value options = Object{{"since", format_instant(since)}};

  const store::Job dry = run_job(it.world, "revert", options);
  CHECK(found_in(dry, "reverted") == 1);
  CHECK(it.world.right.get(it.right, "phone") == Value("3"));
  Value apply = options;
  apply["apply"] = true;
  const store::Job job = run_job(it.world, "revert", apply);

  CHECK(job.state == "done");
  CHECK(it.world.right.get(it.right, "phone") == Value("1"));
  CHECK(it.world.right.get(it.right, "email") == Value("own@example.org"));
  CHECK(found_in(job, "refused") == 1);
  const auto findings = findings_of(it.world, job.id);
  REQUIRE(findings.size() == 1);
  CHECK(findings.front().record.at_path("fields.email.decision")->as_string() == "refused");
  const auto& told = it.world.ears.operations;
  const auto operation = std::find_if(told.begin(), told.end(), [](const auto& one) { return one.kind == "revert"; });
  REQUIRE(operation != told.end());
  CHECK(operation->author == "ann");
  CHECK(operation->outcome == "applied");
  CHECK(it.world.left.get(it.left, "email") == Value("own@example.org"));  // the later edit travels on its own
}

TEST_CASE("revert: what became of a write without an answer is found out, though no change tells of it", "[sync][revert]") {
  Pair it;
  it.later();
  const Value options = Object{{"since", format_instant(it.world.clock.now())}, {"apply", true}};
  it.edit(Side::kLeft, "phone", "2");
  it.tell();
  it.later();
  it.world.right.write_faults = {MemorySide::Fault::kLoseRequest};

  CHECK(found_in(run_job(it.world, "revert", options), "stopped") == 1);
  REQUIRE(it.known(Side::kLeft, it.left).intents.size() == 1);
  it.later();

  CHECK(it.known(Side::kLeft, it.left).intents.empty());
  CHECK(it.both_show("phone", "2"));
  CHECK(found_in(run_job(it.world, "revert", options), "reverted") == 1);
  CHECK(it.shown(Side::kRight, "phone") == "1");
}

TEST_CASE("revert: an engine that is stopped while one writes has not come to rest", "[sync][revert]") {
  Pair it;
  it.later();
  const Value options = Object{{"since", format_instant(it.world.clock.now())}, {"apply", true}};
  it.edit(Side::kLeft, "phone", "2");
  it.tell();
  it.later();
  CHECK_FALSE(it.world.engine->letting_go());
  it.world.right.write_faults = {MemorySide::Fault::kSilent};
  start_job(it.world, "revert", options);
  it.world.settle();

  bool stopped = false;
  it.world.engine->stop([&] { stopped = true; });
  it.world.settle();

  CHECK(stopped);
  CHECK(it.world.engine->letting_go());
}

TEST_CASE("revert: what was taken back stays so until somebody edits, and twice is once", "[sync][revert]") {
  Pair it;
  it.world.timers.advance(std::chrono::minutes(5));
  const Instant since = it.world.clock.now();
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  const Value options = Object{{"since", format_instant(since)}, {"apply", true}};
  run_job(it.world, "revert", options);
  const int writes = it.world.writes();

  run_job(it.world, "revert", options);
  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle();
  CHECK(it.world.writes() == writes);
  CHECK(it.world.right.get(it.right, "phone") == Value("1"));
  it.world.left.edit(it.left, "phone", Value("4"));
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.world.right.get(it.right, "phone") == Value("4"));
}

TEST_CASE("read-only: what would be written is one operation per key, and is done once it may", "[sync][read_only]") {
  sync::Plan plan = World::default_plan();
  plan.read_only = {true, true};
  World world(plan);
  const std::string key = world.left.insert(person("ada@example.org"));
  for (const char* phone : {"2", "3", "4"}) {
    world.left.edit(key, "phone", Value(phone));
    world.hook(Side::kLeft, key);
    world.settle();
  }
  CHECK(world.writes() == 0);
  CHECK(world.counts().would_write == 1);
  std::vector<store::Operation> told;
  world.store.operations({.mapping = "people", .outcome = "would_write"}, {}, [&](Result<store::Paged<store::Operation>> page) { told = page->rows; });
  world.timers.run_posted();
  REQUIRE(told.size() == 1);
  CHECK(told.front().record.at_path("writes.0.values.phone")->as_string() == "4");

  restart(world);
  world.settle();

  CHECK(world.right.rows.size() == 1);
  CHECK(world.right.get(world.only_right(), "phone") == Value("4"));
  CHECK(world.counts().would_write == 0);
}

TEST_CASE("read-only: one direction alone is written, the other recorded", "[sync][read_only]") {
  Pair it;
  sync::Plan plan = World::default_plan();
  plan.read_only.right = true;
  it.world.engine->put(std::make_shared<TableMapper>(plan, "v2"), {&it.world.left, &it.world.right});
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.right.edit(it.right, "email", Value("new@example.org"));

  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle();

  CHECK(it.world.left.get(it.left, "email") == Value("new@example.org"));
  CHECK(it.world.right.get(it.right, "phone") == Value("1"));
  CHECK(it.world.counts().would_write == 1);
  it.world.engine->put(std::make_shared<TableMapper>(World::default_plan(), "v3"), {&it.world.left, &it.world.right});
  it.world.settle();
  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
}

TEST_CASE("read-only: what is level again by itself is not told as pending", "[sync][read_only]") {
  Pair it;
  sync::Plan plan = World::default_plan();
  plan.read_only = {true, true};
  it.world.engine->put(std::make_shared<TableMapper>(plan, "v2"), {&it.world.left, &it.world.right});
  for (const char* phone : {"2", "1"}) {
    it.world.left.edit(it.left, "phone", Value(phone));
    it.world.hook(Side::kLeft, it.left);
    it.world.settle();
  }

  CHECK(it.world.counts().would_write == 0);
  std::size_t told = 1;
  it.world.store.operations({.mapping = "people", .outcome = "would_write"}, {}, [&](Result<store::Paged<store::Operation>> page) { told = page->rows.size(); });
  it.world.timers.run_posted();
  CHECK(told == 0);
}

TEST_CASE("revert: where the mapping may not write nothing is taken back, said so, and nothing waits for later", "[sync][revert][read_only]") {
  const bool both = GENERATE(true, false);
  CAPTURE(both);
  Pair it;
  it.later();
  const Value options = Object{{"since", format_instant(it.world.clock.now())}, {"apply", true}};
  it.edit(Side::kLeft, "phone", "2");
  it.edit(Side::kRight, "email", "new@example.org");
  it.tell();
  it.later();
  sync::Plan plan = World::default_plan();
  plan.read_only = {both, true};
  it.world.engine->put(std::make_shared<TableMapper>(plan, "v2"), {&it.world.left, &it.world.right});
  const int writes = it.world.writes();

  const store::Job job = run_job(it.world, "revert", options);

  CHECK(job.state == (both ? "failed" : "done"));
  if (both) CHECK(job.summary.at_path("error.message")->as_string() == "people is read-only: nothing of it can be taken back");
  CHECK(found_in(job, "stopped") == (both ? 0 : 1));
  CHECK(found_in(job, "reverted") == 0);
  CHECK(it.world.writes() == writes);
  CHECK(operations_of(it.world, "would_write").empty());
  it.world.engine->put(std::make_shared<TableMapper>(World::default_plan(), "v3"), {&it.world.left, &it.world.right});
  it.later();
  CHECK(it.world.writes() == writes);

  CHECK(found_in(run_job(it.world, "revert", options), "reverted") == 1);
  CHECK(it.shown(Side::kRight, "phone") == "1");
  CHECK(it.shown(Side::kLeft, "email") == "ada@example.org");
}

TEST_CASE("revert: a record written thousands of times gets back what was there before the first", "[sync][revert]") {
  Pair it;
  it.later();
  const std::string since = format_instant(it.world.clock.now());
  for (int i = 0; i < 1100; ++i) {
    it.edit(Side::kLeft, "phone", "v" + std::to_string(i));
    it.world.hook(Side::kLeft, it.left);
    it.world.settle(std::chrono::milliseconds(50));
  }
  REQUIRE(it.shown(Side::kRight, "phone") == "v1099");
  it.later();

  run_job(it.world, "revert", Object{{"since", since}, {"apply", true}});

  CHECK(it.shown(Side::kRight, "phone") == "1");
}

TEST_CASE("revert: of a time of which something is no longer on record nothing is taken back", "[sync][revert]") {
  Pair it;
  it.world.timers.advance(std::chrono::minutes(5));
  const Instant since = it.world.clock.now();
  const auto edit = [&](const char* phone) {
    it.world.left.edit(it.left, "phone", Value(phone));
    it.world.hook(Side::kLeft, it.left);
    it.world.settle();
    it.world.timers.advance(std::chrono::hours(48));
  };
  edit("2");
  edit("3");
  it.world.store.prune(std::chrono::hours(60), [](Result<bool> more) { REQUIRE(more.ok()); });
  it.world.timers.run_posted();

  const store::Job job = run_job(it.world, "revert", Object{{"since", format_instant(since)}, {"apply", true}});

  CHECK(job.state == "failed");
  CHECK(job.summary.at_path("error.message")->as_string().find("is no longer on record") != std::string::npos);
  CHECK(it.world.right.get(it.right, "phone") == Value("3"));
  CHECK(run_job(it.world, "revert", Object{{"since", format_instant(since + std::chrono::hours(24))}, {"apply", true}}).state == "done");
  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
}

TEST_CASE("revert: what the mapping redacts is left alone, and listed", "[sync][revert]") {
  sync::Plan plan = World::default_plan();
  plan.fields[1].redact = true;  // phone
  Pair it(plan);
  it.later();
  const Value options = Object{{"since", format_instant(it.world.clock.now())}, {"apply", true}};
  it.world.left.edit(it.left, "phone", Value());
  it.world.left.edit(it.left, "note", Value("2"));
  it.tell();
  REQUIRE(it.world.right.get(it.right, "phone") == Value());

  const store::Job job = run_job(it.world, "revert", options);

  CHECK(it.world.right.get(it.right, "phone") == Value());
  CHECK(it.world.right.get(it.right, "note") == Value("n"));
  CHECK(found_in(job, "reverted") == 1);
  REQUIRE(found_in(job, "not_undone") == 1);
  CHECK(json::dump(findings_of(it.world, job.id).front().record).find("phone") != std::string::npos);
}

TEST_CASE("ignore: what waited for the record, and what a person asks of it then, is in the balance", "[sync][mend]") {
  Pair it;
  it.world.engine->pause("people", true);
  it.edit(Side::kLeft, "phone", "2");
  it.edit(Side::kRight, "phone", "3");
  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle();
  REQUIRE(it.world.counts().waiting == 2);
  const auto ended = [&] {
    const auto counts = it.world.counts();
    std::int64_t all = counts.waiting + counts.backing_off + counts.conflict + counts.dead;
    for (const char* name : {"applied", "echo", "coalesced", "ignored", "conflict"}) all += counts.counters.contains(name) ? counts.counters.at(name) : 0;
    return all;
  };

  REQUIRE(mend(it.world, Act::kIgnore, {Side::kLeft, it.left}).ok());
  CHECK(it.world.counts().waiting == 0);
  CHECK(ended() == it.world.counts().counters.at("received"));

  it.world.engine->pause("people", false);
  REQUIRE(mend(it.world, Act::kResetBase, {Side::kLeft, it.left}).ok());
  it.world.settle();
  CHECK(ended() == it.world.counts().counters.at("received"));
  CHECK(it.shown(Side::kRight, "phone") == "3");
}
