#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using sync::Field;
using sync::Lifecycle;
using sync::Side;
using test::World;

namespace {

/// The left is moved by verbs: draft > posted > void; the right holds the state as a value. Both spell it alike here.
sync::Plan with_states() {
  sync::Plan plan = World::default_plan();
  plan.fields.push_back(World::field("state"));
  plan.lifecycle.field = "state";
  for (const char* state : {"draft", "posted", "void"}) plan.lifecycle.states.emplace_back(Value(state), Value(state));
  plan.lifecycle.moves.left = {{Value("draft"), Value("posted"), "submit"}, {Value("posted"), Value("void"), "cancel"}};
  plan.lifecycle.edit_after.left = {{Value("posted"), {"phone"}}};
  return plan;
}

/// A left side that refuses states as values, as an ERP does, and knows the two verbs.
class Ledger final : public sync::Endpoint {
 public:
  explicit Ledger(test::MemorySide& rows) : rows_(rows) {}
  std::vector<std::string> verbs;
  int state_writes = 0, refusals = 0;

  const sync::Capabilities& capabilities() const override { return rows_.able; }
  void read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) override { rows_.read(std::move(keys), std::move(done)); }
  void list(std::optional<Value> cursor, int limit, sync::Done<sync::ListPage> done) override { rows_.list(std::move(cursor), limit, std::move(done)); }
  void start(sync::Done<Value> done) override { rows_.start(std::move(done)); }
  void changes(Value cursor, int limit, sync::Done<sync::ChangesPage> done) override { rows_.changes(std::move(cursor), limit, std::move(done)); }
  void find(std::vector<sync::Query> queries, sync::Done<std::vector<std::vector<sync::Record>>> done) override { rows_.find(std::move(queries), std::move(done)); }
  void create(std::vector<sync::CreateRequest> requests, sync::Done<std::vector<Result<sync::Record>>> done) override {
    for (sync::CreateRequest& request : requests) {
      state_writes += request.values.find("state") != nullptr ? 1 : 0;
      request.values["state"] = Value("draft");
    }
    rows_.create(std::move(requests), std::move(done));
  }
  void update(std::string key, Value values, std::optional<std::string> guard, sync::Done<sync::Record> done) override {
    state_writes += values.find("state") != nullptr ? 1 : 0;
    rows_.update(std::move(key), std::move(values), std::move(guard), std::move(done));
  }
  void remove(std::string key, std::optional<std::string> guard, sync::Done<sync::Answered> done) override { rows_.remove(std::move(key), std::move(guard), std::move(done)); }
  void trash(std::string key, sync::Done<std::optional<sync::Record>> done) override { rows_.trash(std::move(key), std::move(done)); }
  void act(std::string key, std::string verb, std::optional<std::string> guard, sync::Done<sync::Record> done) override {
    verbs.push_back(verb);
    if (refusals > 0 && refusals-- > 0) return done(make_error(Code::kUnavailable, "not now"));
    rows_.update(std::move(key), Value(Object{{"state", Value(verb == "submit" ? "posted" : "void")}}), std::move(guard), std::move(done));
  }

 private:
  test::MemorySide& rows_;
};

Value invoice(const std::string& state) { return Value(Object{{"email", Value("ada@example.org")}, {"phone", Value("1")}, {"note", Value("n")}, {"tags", Value("t")}, {"state", Value(state)}}); }

/// The left's states in words of the right, which an edit of the mapping changes.
class Worded final : public sync::Mapper {
 public:
  explicit Worded(std::vector<std::pair<std::string, std::string>> words) : plan_(with_states()), words_(std::move(words)) {
    sync::Field& state = plan_.fields.back();
    state.kind = Field::Kind::kFunction;
    state.function.right = 1;
    state.function.left = 2;
    plan_.lifecycle.states.clear();
    for (const auto& [left, right] : words_) {
      plan_.lifecycle.states.emplace_back(Value(left), Value(right));
      version_ += left + right;
    }
  }
  const sync::Plan& plan() const override { return plan_; }
  const std::string& version() const override { return version_; }
  Result<sync::Outcome> convert(const Field&, Side to, const Value& form, const Value&, std::string_view) override {
    for (const auto& [left, right] : words_) {
      if (form == Value(to == Side::kRight ? left : right)) return sync::Outcome{sync::Outcome::Kind::kValue, Value(to == Side::kRight ? right : left), ""};
    }
    return sync::Outcome{sync::Outcome::Kind::kDead, {}, "no state"};
  }
  Result<sync::Verdict> resolve(const Field&, std::int64_t, const sync::Dispute&) override { return sync::Verdict{}; }
  Result<std::optional<std::string>> check(const sync::Plan::Check&, const Value&) override { return std::optional<std::string>(); }

 private:
  sync::Plan plan_;
  std::vector<std::pair<std::string, std::string>> words_;
  std::string version_;
};

/// A posted record whose right says "booked", and a mapping whose words are edited under it.
struct Rewording {
  World world;
  Ledger ledger{world.left};
  std::string left, right;

  Rewording() {
    put({{"draft", "open"}, {"posted", "booked"}, {"void", "cancelled"}});
    left = world.left.insert(invoice("posted"));
    world.hook(Side::kLeft, left);
    world.settle();
    right = world.only_right();
  }
  ~Rewording() {
    world.engine->remove("people");
    world.settle();
  }
  void put(std::vector<std::pair<std::string, std::string>> words) {
    world.engine->put(std::make_shared<Worded>(std::move(words)), {&ledger, &world.right});
    world.settle();
  }
  std::int64_t differing() {
    std::int64_t found = -1;
    world.engine->count_differing("people", [&](Result<std::int64_t> told) { found = told.ok() ? *told : -2; });
    world.settle();
    return found;
  }
  void resync() {
    test::run_job(world, "resync", Object{{"all", true}});
    world.settle();
  }
};

struct States {
  World world;
  Ledger ledger{world.left};
  std::string left, right;

  explicit States(const std::string& state = "draft") {
    world.engine->put(std::make_shared<test::TableMapper>(with_states(), "v2"), {&ledger, &world.right});
    right = world.right.insert(invoice(state));
    sync();
    left = world.left.rows.empty() ? "" : world.left.rows.begin()->first;
  }
  ~States() {
    world.engine->remove("people");
    world.settle();
  }
  void sync() {
    world.hook(Side::kRight, right);
    world.settle();
  }
  void set(const std::string& field, const std::string& value) {
    world.right.edit(right, field, Value(value));
    sync();
  }
};

}  // namespace

TEST_CASE("lifecycle: a state is moved by its verb, never written as a value", "[sync][lifecycle]") {
  States it;
  it.set("state", "posted");
  CHECK(it.ledger.verbs == std::vector<std::string>{"submit"});
  it.set("state", "void");

  CHECK(it.ledger.verbs == std::vector<std::string>{"submit", "cancel"});
  CHECK(it.world.left.get(it.left, "state") == Value("void"));
  CHECK(it.ledger.state_writes == 0);
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("lifecycle: a record that is further along is created in its first state and moved on", "[sync][lifecycle]") {
  States it("posted");

  CHECK(it.world.left.get(it.left, "state") == Value("posted"));
  CHECK(it.world.right.get(it.right, "state") == Value("posted"));
  CHECK(it.ledger.verbs == std::vector<std::string>{"submit"});
  CHECK(it.world.left.creates == 1);
}

TEST_CASE("lifecycle: values are written while the state still takes them, then the verb", "[sync][lifecycle]") {
  States it;
  it.world.right.edit(it.right, "email", Value("late@example.org"));
  it.set("state", "posted");

  CHECK(it.world.left.get(it.left, "email") == Value("late@example.org"));
  CHECK(it.world.left.get(it.left, "state") == Value("posted"));
}

TEST_CASE("lifecycle: the side with verbs moves the other as any field does", "[sync][lifecycle]") {
  States it;
  it.world.left.edit(it.left, "state", Value("posted"));
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.world.right.get(it.right, "state") == Value("posted"));
  CHECK(it.ledger.verbs.empty());
}

TEST_CASE("lifecycle: a move that no verb makes is a conflict, and travels nowhere", "[sync][lifecycle]") {
  States it("posted");
  it.set("state", "draft");

  const auto open = it.world.conflicts();
  REQUIRE(open.size() == 1);
  CHECK(open.front().kind == "not_accepted");
  CHECK(it.world.left.get(it.left, "state") == Value("posted"));
  CHECK(it.world.right.get(it.right, "state") == Value("draft"));
}

TEST_CASE("lifecycle: once posted only the allowed fields are written; the others wait and the rest goes on", "[sync][lifecycle]") {
  States it("posted");
  const int writes = it.world.left.writes;
  it.world.right.edit(it.right, "email", Value("too@late.org"));
  it.set("phone", "2");

  CHECK(it.world.left.get(it.left, "phone") == Value("2"));
  CHECK(it.world.left.get(it.left, "email") == Value("ada@example.org"));
  CHECK(it.world.left.writes == writes + 1);
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().field == "email");
}

TEST_CASE("lifecycle: a verb whose answer was lost is read back, not repeated", "[sync][lifecycle]") {
  States it;
  it.world.left.write_faults = {test::MemorySide::Fault::kLoseAnswer};
  it.set("state", "posted");
  it.world.settle(std::chrono::minutes(3));

  CHECK(it.ledger.verbs == std::vector<std::string>{"submit"});
  CHECK(it.world.left.get(it.left, "state") == Value("posted"));
}

TEST_CASE("after: who asked is told of an operation, in the transaction that stores it", "[sync][hooks]") {
  sync::Plan plan = World::default_plan();
  plan.hooks = {{"created", "post", "http://example.org"}, {"conflict", "mail", "ops@example.org"}};
  World world(plan);
  const std::string left = world.left.insert(invoice("draft"));
  world.hook(Side::kLeft, left);
  world.settle();
  world.left.edit(left, "phone", Value("2"));
  world.hook(Side::kLeft, left);
  world.settle();

  std::vector<store::Hook> due;
  world.store.due_hooks("people", 10, [&](Result<std::vector<store::Hook>> hooks) { due = hooks.value(); });
  world.timers.run_posted();
  REQUIRE(due.size() == 1);
  CHECK(due.front().hook.string_or("event") == "created");
  CHECK(due.front().operation == world.ears.operations.front().id);

  world.left.edit(left, "note", Value("mine"));
  world.right.edit(world.only_right(), "note", Value("yours"));
  for (int i = 0; i < 2; ++i) {
    world.hook(Side::kLeft, left);
    world.settle();
  }
  world.store.due_hooks("people", 10, [&](Result<std::vector<store::Hook>> hooks) { due = hooks.value(); });
  world.timers.run_posted();
  REQUIRE(due.size() == 2);
  CHECK(due.back().hook.string_or("to") == "ops@example.org");
}

TEST_CASE("lifecycle: values that were written before their verb was refused count once", "[sync][lifecycle]") {
  World world;
  Ledger ledger(world.right);
  sync::Plan plan = with_states();
  std::swap(plan.lifecycle.moves.left, plan.lifecycle.moves.right);
  plan.lifecycle.edit_after = {};
  world.engine->put(std::make_shared<test::TableMapper>(plan, "v2"), {&world.left, &ledger});
  const std::string left = world.left.insert(invoice("draft"));
  world.hook(Side::kLeft, left);
  world.settle();
  const std::string right = world.only_right();
  world.left.edit(left, "tags", Value("a"));
  world.left.edit(left, "state", Value("posted"));
  world.right.edit(right, "tags", Value("b"));  // tags are calculated of both
  ledger.refusals = 1;
  world.hook(Side::kLeft, left);
  world.settle(std::chrono::minutes(5));

  CHECK(world.right.get(right, "state") == Value("posted"));
  CHECK(world.right.get(right, "tags") == Value("a+b"));
  CHECK(world.left.get(left, "tags") == Value("a+b"));
  world.engine->remove("people");
  world.settle();
}

TEST_CASE("lifecycle: another word for a state is told, and a resync says it where there are no verbs", "[sync][lifecycle]") {
  Rewording it;
  REQUIRE(it.world.right.get(it.right, "state") == Value("booked"));
  REQUIRE(it.differing() == 0);
  it.put({{"draft", "open"}, {"posted", "posted"}, {"void", "cancelled"}});
  CHECK(it.differing() == 1);
  it.world.right.edit(it.right, "phone", Value("2"));
  it.world.hook(Side::kRight, it.right);
  it.world.settle();
  CHECK(it.world.right.get(it.right, "state") == Value("booked"));

  it.resync();
  CHECK(it.world.right.get(it.right, "state") == Value("posted"));
  CHECK(it.world.left.get(it.left, "state") == Value("posted"));
  CHECK(it.ledger.verbs.empty());
  CHECK(it.differing() == 0);
}

TEST_CASE("lifecycle: words that were exchanged submit and cancel nothing", "[sync][lifecycle]") {
  Rewording it;
  it.put({{"draft", "open"}, {"posted", "cancelled"}, {"void", "booked"}});
  CHECK(it.differing() == 1);
  it.resync();

  CHECK(it.ledger.verbs.empty());
  CHECK(it.world.left.get(it.left, "state") == Value("posted"));
  CHECK(it.world.right.get(it.right, "state") == Value("cancelled"));
}

TEST_CASE("lifecycle: a state that is not named any more is told", "[sync][lifecycle]") {
  Rewording it;
  it.put({{"draft", "open"}, {"void", "cancelled"}});
  CHECK(it.differing() == 1);
  it.resync();

  CHECK(it.world.counts().dead > 0);
  CHECK(it.ledger.verbs.empty());
  CHECK(it.world.right.get(it.right, "state") == Value("booked"));
}
