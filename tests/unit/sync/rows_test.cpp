#include <catch2/catch.hpp>

#include "base/json.h"
#include "support/sync_world.h"

using namespace tidewire;
using sync::Field;
using sync::Side;
using test::World;

namespace {

Value read(const char* text) { return json::parse(text).value(); }
std::string rows(const char* text) { return json::dump(read(text)); }

Field cell(const std::string& left, const std::string& right, std::int64_t strategy = 1) {
  Field out = World::field(left, strategy);
  out.paths = {{left}, {right}};
  return out;
}

/// A child table on the left (rows have names of their own), a JSON column on the right.
sync::Plan with_rows(bool ordered = false, std::int64_t strategy = 1) {
  sync::Plan plan = World::default_plan();
  Field rows;
  rows.name = "education";
  rows.paths = {{"education"}, {"schools"}};
  rows.kind = Field::Kind::kRows;
  rows.strategy = strategy == 0 ? "manual" : "newest";
  rows.ordered = ordered;
  Field key = cell("school", "where");
  key.row_key = true;
  rows.rows = {key, cell("degree", "title", strategy), cell("year", "year", strategy)};
  plan.fields.push_back(rows);
  return plan;
}

struct Pair {
  World world;
  std::string left, right;
  explicit Pair(sync::Plan plan = with_rows()) : world(std::move(plan)) {
    Value person = read(R"({"email":"ada@example.org","phone":"1","education":[
      {"name":"c1","idx":1,"school":"MIT","degree":"BSc","year":1990},{"name":"c2","idx":2,"school":"ETH","degree":"MSc","year":1992}]})");
    left = world.left.insert(std::move(person));
    world.hook(Side::kLeft, left);
    world.settle();
    right = world.only_right();
  }
  std::string here() { return json::dump(world.left.get(left, "education")); }
  std::string there() { return json::dump(world.right.get(right, "schools")); }
  void left_has(const char* rows) { world.left.edit(left, "education", read(rows)); }
  void right_has(const char* rows) { world.right.edit(right, "schools", read(rows)); }
  int sync() {
    const int before = world.writes();
    world.hook(Side::kLeft, left);
    world.hook(Side::kRight, right);
    world.settle();
    return world.writes() - before;
  }
};

}  // namespace

TEST_CASE("rows: a new record brings its rows", "[sync][rows]") {
  Pair it;

  CHECK(it.there() == rows(R"([{"where":"MIT","title":"BSc","year":1990},{"where":"ETH","title":"MSc","year":1992}])"));
  CHECK(it.sync() == 0);
}

TEST_CASE("rows: columns that no row names are carried over, and are no change", "[sync][rows]") {
  Pair it;
  it.right_has(R"([{"where":"ETH","title":"PhD","year":1992,"own":"kept"},{"where":"MIT","title":"BSc","year":1990}])");

  CHECK(it.sync() == 1);
  CHECK(it.here() == rows(R"([{"name":"c1","idx":1,"school":"MIT","degree":"BSc","year":1990},{"name":"c2","idx":2,"school":"ETH","degree":"PhD","year":1992}])"));
  it.left_has(R"([{"name":"c1","idx":1,"school":"MIT","degree":"BSc","year":1990},{"name":"c2","idx":2,"school":"ETH","degree":"PhD","year":1999}])");
  CHECK(it.sync() == 1);
  CHECK(it.there() == rows(R"([{"where":"ETH","title":"PhD","year":1999,"own":"kept"},{"where":"MIT","title":"BSc","year":1990}])"));
}

TEST_CASE("rows: different rows, and different fields of one row, edited on both sides all survive", "[sync][rows]") {
  Pair it;
  it.left_has(R"([{"name":"c1","school":"MIT","degree":"BA","year":1990},{"name":"c2","school":"ETH","degree":"MSc","year":1993}])");
  it.right_has(R"([{"where":"MIT","title":"BSc","year":1991},{"where":"ETH","title":"MSc","year":1992},{"where":"UCL","title":"new","year":2000}])");

  CHECK(it.sync() == 2);
  CHECK(it.here() == rows(R"([{"name":"c1","school":"MIT","degree":"BA","year":1991},{"name":"c2","school":"ETH","degree":"MSc","year":1993},{"school":"UCL","degree":"new","year":2000}])"));
  CHECK(it.there() == rows(R"([{"where":"MIT","title":"BA","year":1991},{"where":"ETH","title":"MSc","year":1993},{"where":"UCL","title":"new","year":2000}])"));
  CHECK(it.sync() == 0);
}

TEST_CASE("rows: a row deleted on one side goes on the other; one that was changed meanwhile comes back", "[sync][rows]") {
  Pair it;
  it.left_has(R"([])");
  it.right_has(R"([{"where":"MIT","title":"BSc","year":1990},{"where":"ETH","title":"changed","year":1992}])");

  it.sync();

  CHECK(it.here() == rows(R"([{"school":"ETH","degree":"changed","year":1992}])"));
  CHECK(it.there() == rows(R"([{"where":"ETH","title":"changed","year":1992}])"));
  REQUIRE_FALSE(it.world.ears.operations.empty());
  CHECK(it.world.ears.operations.back().record.at_path("fields.education")->string_or("rule").find("restored") != std::string::npos);
}

TEST_CASE("rows: one field of one row changed on both sides is won by the newest, the rest of the row stays merged", "[sync][rows]") {
  Pair it;
  it.left_has(R"([{"name":"c1","school":"MIT","degree":"older","year":1}])");
  it.world.timers.advance(std::chrono::minutes(5));
  it.right_has(R"([{"where":"MIT","title":"newer","year":1990},{"where":"ETH","title":"MSc","year":1992}])");

  it.sync();

  CHECK(it.there() == rows(R"([{"where":"MIT","title":"newer","year":1}])"));
  CHECK(it.here() == rows(R"([{"name":"c1","school":"MIT","degree":"newer","year":1}])"));
}

TEST_CASE("rows: a manual rule holds the list until a person decides; undisputed edits of both sides are in the result", "[sync][rows]") {
  Pair it(with_rows(false, 0));
  it.left_has(R"([{"name":"c1","school":"MIT","degree":"left's","year":1990},{"name":"c2","school":"ETH","degree":"MSc","year":1}])");
  it.right_has(R"([{"where":"MIT","title":"right's","year":2},{"where":"ETH","title":"MSc","year":1992}])");

  CHECK(it.sync() == 0);
  const auto open = it.world.conflicts();
  REQUIRE(open.size() == 1);
  CHECK(open.front().field == "education");
  it.world.store.resolve({open.front().id, "right", "ada", {}, open.front().shown_at}, [](Result<void> stored) { REQUIRE(stored.ok()); });
  it.world.timers.run_posted();
  it.world.engine->wake("people");
  it.world.settle();

  CHECK(it.here() == rows(R"([{"name":"c1","school":"MIT","degree":"right's","year":2},{"name":"c2","school":"ETH","degree":"MSc","year":1}])"));
  CHECK(it.there() == rows(R"([{"where":"MIT","title":"right's","year":2},{"where":"ETH","title":"MSc","year":1}])"));
}

TEST_CASE("rows: the order counts only where it is asked for", "[sync][rows]") {
  const char* turned = R"([{"name":"c2","school":"ETH","degree":"MSc","year":1992},{"name":"c1","school":"MIT","degree":"BSc","year":1990}])";
  Pair loose;
  loose.left_has(turned);
  CHECK(loose.sync() == 0);

  Pair strict(with_rows(true));
  strict.left_has(turned);
  strict.right_has(R"([{"where":"MIT","title":"BSc","year":1990},{"where":"UCL","title":"new","year":5},{"where":"ETH","title":"MSc","year":1992}])");
  strict.sync();
  CHECK(strict.there() == rows(R"([{"where":"ETH","title":"MSc","year":1992},{"where":"MIT","title":"BSc","year":1990},{"where":"UCL","title":"new","year":5}])"));
  CHECK(strict.sync() == 0);
}

TEST_CASE("rows: two rows of one key are two rows", "[sync][rows]") {
  Pair it;
  it.left_has(R"([{"school":"MIT","degree":"BSc","year":1990},{"school":"MIT","degree":"MSc","year":1991},{"school":"ETH","degree":"MSc","year":1992}])");

  it.sync();

  CHECK(it.there() == rows(R"([{"where":"MIT","title":"BSc","year":1990},{"where":"ETH","title":"MSc","year":1992},{"where":"MIT","title":"MSc","year":1991}])"));
  CHECK(it.sync() == 0);
}

TEST_CASE("rows: what is no list of rows is refused and deletes nothing", "[sync][rows]") {
  Pair it;
  it.world.right.edit(it.right, "schools", Value("{broken"));

  CHECK(it.sync() == 0);
  CHECK(read(it.here().c_str()).as_array().size() == 2);
  CHECK(it.world.counts().dead == 1);
}

TEST_CASE("rows: one way, rows that only the target has stay, and go with nothing of the source", "[sync][rows]") {
  sync::Plan plan = with_rows();
  plan.fields.back().flow = sync::Flow::kToRight;
  Pair it(plan);
  it.right_has(R"([{"where":"MIT","title":"BSc","year":1990},{"where":"ETH","title":"MSc","year":1992},{"where":"UCL","title":"theirs","year":5}])");
  CHECK(it.sync() == 0);

  it.left_has(R"([{"name":"c1","school":"MIT","degree":"BSc","year":2}])");
  it.sync();
  it.left_has(R"([{"name":"c1","school":"MIT","degree":"BSc","year":3}])");
  it.sync();

  CHECK(it.there() == rows(R"([{"where":"MIT","title":"BSc","year":3},{"where":"UCL","title":"theirs","year":5}])"));
  CHECK(read(it.here().c_str()).as_array().size() == 1);
}

TEST_CASE("rows: at first contact rows of both sides are joined, gaps filled, clashes decided", "[sync][rows]") {
  World world(with_rows());
  const std::string left = world.left.insert(read(R"({"email":"a@example.org","education":[{"school":"MIT","degree":"BSc","year":null},{"school":"ETH","degree":"MSc","year":1}]})"));
  const std::string right = world.right.insert(read(R"({"email":"a@example.org","schools":[{"where":"MIT","title":"BSc","year":1990},{"where":"UCL","title":"x","year":2}]})"));

  world.hook(Side::kLeft, left);
  world.settle();

  CHECK(world.left.get(left, "education") == read(R"([{"school":"MIT","degree":"BSc","year":1990},{"school":"ETH","degree":"MSc","year":1},{"school":"UCL","degree":"x","year":2}])"));
  CHECK(world.right.get(right, "schools") == read(R"([{"where":"MIT","title":"BSc","year":1990},{"where":"UCL","title":"x","year":2},{"where":"ETH","title":"MSc","year":1}])"));
}

TEST_CASE("rows: a crash between the writes of both sides loses no row", "[sync][rows]") {
  Pair it;
  it.left_has(R"([{"name":"c1","school":"MIT","degree":"BSc","year":7},{"name":"c2","school":"ETH","degree":"MSc","year":1992}])");
  it.right_has(R"([{"where":"MIT","title":"BSc","year":1990},{"where":"ETH","title":"MSc","year":8}])");
  it.world.left.write_faults = {test::MemorySide::Fault::kRefuse, test::MemorySide::Fault::kRefuse};

  it.sync();
  REQUIRE(it.here().find("1992") != std::string::npos);
  it.left_has(R"([{"name":"c1","school":"MIT","degree":"late","year":7},{"name":"c2","school":"ETH","degree":"MSc","year":1992}])");
  it.sync();
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.here() == rows(R"([{"name":"c1","school":"MIT","degree":"late","year":7},{"name":"c2","school":"ETH","degree":"MSc","year":8}])"));
  CHECK(it.there() == rows(R"([{"where":"MIT","title":"late","year":7},{"where":"ETH","title":"MSc","year":8}])"));
}

namespace {

/// Degrees are said with a word before them on the right; another word is another version of the mapping.
class Titles final : public sync::Mapper {
 public:
  explicit Titles(std::string word) : plan_(with_rows()), word_(std::move(word)) {
    Field& degree = plan_.fields.back().rows[1];
    degree.kind = Field::Kind::kFunction;
    degree.function.right = 1;
    degree.function.left = 2;
  }
  const sync::Plan& plan() const override { return plan_; }
  const std::string& version() const override { return word_; }
  Result<sync::Outcome> convert(const Field&, Side to, const Value& form, const Value&, std::string_view) override {
    const std::string text = form.is_string() ? form.as_string() : "";
    if (to == Side::kRight) return sync::Outcome{sync::Outcome::Kind::kValue, Value(word_ + text), ""};
    const bool said = text.rfind(word_, 0) == 0;
    return sync::Outcome{said ? sync::Outcome::Kind::kValue : sync::Outcome::Kind::kLeave, said ? Value(text.substr(word_.size())) : Value(), ""};
  }
  Result<sync::Verdict> resolve(const Field&, std::int64_t, const sync::Dispute&) override { return sync::Verdict{}; }
  Result<std::optional<std::string>> check(const sync::Plan::Check&, const Value&) override { return std::optional<std::string>(); }

 private:
  sync::Plan plan_;
  std::string word_;
};

}  // namespace

TEST_CASE("rows: of rows that go both ways a resync turns each cell again, and an edit of another cell stands", "[sync][rows]") {
  Pair it;
  const auto say = [&](const char* word) { it.world.engine->put(std::make_shared<Titles>(word), {&it.world.left, &it.world.right}); };
  const auto resync = [&] {
    store::Job job;
    job.mapping = "people";
    job.kind = "resync";
    job.options = Value(Object{{"all", Value(true)}});
    const int before = it.world.writes();
    it.world.engine->jobs().start({std::move(job)}, [](Result<std::string>) {});
    it.world.settle(std::chrono::minutes(2));
    return it.world.writes() - before;
  };
  say("a ");
  CHECK(resync() == 1);
  CHECK(it.there() == rows(R"([{"where":"MIT","title":"a BSc","year":1990},{"where":"ETH","title":"a MSc","year":1992}])"));
  say("the ");
  CHECK(it.sync() == 0);
  it.right_has(R"([{"where":"MIT","title":"a BSc","year":1990},{"where":"ETH","title":"a MSc","year":1999}])");
  CHECK(it.sync() == 1);
  CHECK(resync() == 1);
  CHECK(it.there() == rows(R"([{"where":"MIT","title":"the BSc","year":1990},{"where":"ETH","title":"the MSc","year":1999}])"));
  CHECK(it.here() == rows(R"([{"name":"c1","idx":1,"school":"MIT","degree":"BSc","year":1990},{"name":"c2","idx":2,"school":"ETH","degree":"MSc","year":1999}])"));
  CHECK(resync() == 0);
}

TEST_CASE("rows: no row is made, and none changed, that would lack a required field", "[sync][rows]") {
  sync::Plan plan = with_rows();
  plan.fields.back().rows[1].required = true;
  Pair it(std::move(plan));
  const std::string before = it.there();
  it.left_has(R"([{"name":"c1","school":"MIT","degree":null,"year":1990},{"name":"c2","school":"ETH","degree":"MSc","year":1992}])");
  CHECK(it.sync() == 0);
  it.left_has(R"([{"name":"c1","school":"MIT","degree":"BSc","year":1990},{"name":"c2","school":"ETH","degree":"MSc","year":1992},{"name":"c3","school":"UCL","year":2000}])");
  CHECK(it.sync() == 0);
  CHECK(it.there() == before);
  CHECK(it.world.counts().dead > 0);

  it.left_has(R"([{"name":"c1","school":"MIT","degree":"BSc","year":1990},{"name":"c2","school":"ETH","degree":"MSc","year":1992},{"name":"c3","school":"UCL","degree":"PhD","year":2000}])");
  CHECK(it.sync() == 1);
  CHECK(it.world.counts().dead == 0);
}
