// A user's own mapping under the simulator: sound ones pass, unsound ones are noticed.
#include <catch2/catch.hpp>

#include "simulate/run.h"
#include "sync/merge/canonical.h"

using namespace tidewire;
using namespace tidewire::simulate;
using sync::Field;

namespace {

Field plain_field(const std::string& left, const std::string& right, const std::string& kind = "text") {
  Field field;
  field.name = left == right ? left : left + ">" + right;
  field.paths = {{left}, {right}};
  field.strategy = "newest";
  field.strategy_function = 1;
  field.type.left.kind = field.type.right.kind = kind;
  return field;
}

void name_end(sync::End& end, const std::string& connection, const std::string& collection, const std::string& key) {
  end.connection = connection;
  end.collection = collection;
  end.key = {key};
}

/// title travels through functions: "Mr" <-> "m", "Ms" <-> "f"; `spoilt` says how they lie.
class PeopleMapper final : public sync::Mapper {
 public:
  enum class Spoilt { kNo, kOneWay, kRaises };
  explicit PeopleMapper(Spoilt spoilt = Spoilt::kNo) : spoilt_(spoilt) {
    plan_.name = "people";
    name_end(plan_.end.left, "hr", "Person", "name");
    name_end(plan_.end.right, "db", "people", "id");
    plan_.end.left.deletes = plan_.end.right.deletes = sync::DeletePolicy::kDelete;
    plan_.matches = {{{{"email", "mail", false}}}};
    plan_.fields = {plain_field("email", "mail"), plain_field("first_name", "first_name"), plain_field("age", "age", "int"), plain_field("joined", "joined_on", "date"), plain_field("title", "sex")};
    plan_.fields.back().kind = Field::Kind::kFunction;
    plan_.fields.back().function.right = 1;
    plan_.fields.back().function.left = 2;
  }
  const sync::Plan& plan() const override { return plan_; }
  sync::Plan& mutable_plan() { return plan_; }
  const std::string& version() const override { return version_; }
  Result<sync::Outcome> convert(const Field&, Side to, const Value& form, const Value&, std::string_view) override {
    const std::string text = form.is_string() ? form.as_string() : "";
    sync::Outcome out;
    out.kind = sync::Outcome::Kind::kValue;
    if (form.is_null()) return out;
    if (to == Side::kRight) {
      if (text == "Mr") out.value = Value("m");
      else if (text == "Ms") out.value = Value("f");
      else return make_error(Code::kInvalid, "no title: " + text);
      if (spoilt_ == Spoilt::kRaises && text == "Ms") return make_error(Code::kScript, "mappings/people.lua:7: attempt to index nil");
      return out;
    }
    if (text == "m") out.value = Value("Mr");
    else if (text == "f") out.value = Value(spoilt_ == Spoilt::kOneWay ? "Mr" : "Ms");
    else return make_error(Code::kInvalid, "no sex: " + text);
    return out;
  }
  Result<sync::Verdict> resolve(const Field&, std::int64_t, const sync::Dispute& dispute) override {
    sync::Verdict verdict;
    verdict.kind = sync::Verdict::Kind::kSide;
    verdict.side = dispute.newer.value_or(dispute.tie);
    return verdict;
  }
  Result<std::optional<std::string>> check(const sync::Plan::Check&, const Value&) override { return std::optional<std::string>(); }

 private:
  Spoilt spoilt_;
  sync::Plan plan_;
  std::string version_ = "people";
};

Sample::Examples examples() {
  return {{Value(Object{{"title", "Mr"}}), Value(Object{{"title", "Ms"}})}, {Value(Object{{"sex", "m"}}), Value(Object{{"sex", "f"}})}};
}

Wraps with(PeopleMapper::Spoilt spoilt) {
  Wraps wraps;
  auto sample = Sample::make(std::make_shared<PeopleMapper>(spoilt), examples());
  REQUIRE(sample.ok());
  wraps.sample = *sample;
  return wraps;
}

/// Two systems with everything.
Sides<sync::Capabilities> able() {
  sync::Capabilities all;
  all.guarded_writes = all.guarded_deletes = all.covers_all = all.incarnation = all.absence_proves_delete = true;
  all.answer = sync::Capabilities::Answer::kStored;
  return {all, all};
}

Profile plain_of(const Wraps& wraps) { return *wraps.sample->adapted(*find_profile("plain"), able()); }

Outcome first_failure(const Wraps& wraps, const Profile& profile, std::uint64_t& seed) {
  Outcome outcome;
  for (seed = 1; seed <= 40; ++seed) {
    outcome = run(seed, profile, wraps);
    if (!outcome.ok) break;
  }
  return outcome;
}

}  // namespace

TEST_CASE("simulate: histories of a user's own mapping keep the laws, and a seed gives the same one again", "[simulate][sample]") {
  const Wraps wraps = with(PeopleMapper::Spoilt::kNo);
  int tried = 0;
  for (const Profile& listed : profiles()) {
    const auto profile = wraps.sample->adapted(listed, able());
    if (!profile) continue;
    ++tried;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      const Outcome outcome = run(seed, *profile, wraps);
      INFO(profile->name << " " << seed << ": " << outcome.violation.law << ": " << outcome.violation.what);
      CHECK(outcome.ok);
      CHECK(outcome.steps > 50);
      if (seed <= 3) CHECK(run(seed, *profile, wraps).digest == outcome.digest);
    }
  }
  CHECK(tried >= 9);
}

TEST_CASE("simulate: functions that do not fit together are noticed, and the history made short", "[simulate][sample]") {
  const Wraps wraps = with(PeopleMapper::Spoilt::kOneWay);
  const Profile profile = plain_of(wraps);
  std::uint64_t seed = 0;
  const Outcome found = first_failure(wraps, profile, seed);
  const Outcome shortest = shrink(seed, profile, wraps, 60);

  CHECK(found.violation.law == "round trip");
  CHECK(shortest.violation.law == "round trip");
  CHECK(shortest.violation.what.find("title") != std::string::npos);
  CHECK(shortest.acts <= 2);
  CHECK_FALSE(shortest.history.empty());
}

TEST_CASE("simulate: a function that raises an error is noticed, with its place", "[simulate][sample]") {
  const Wraps wraps = with(PeopleMapper::Spoilt::kRaises);
  std::uint64_t seed = 0;
  const Outcome found = first_failure(wraps, plain_of(wraps), seed);

  CHECK(found.violation.law == "no script error");
  CHECK(found.violation.what.find("people.lua:7") != std::string::npos);
}

TEST_CASE("simulate: an engine that loses an edit of a user's own mapping is noticed", "[simulate][sample]") {
  Wraps wraps = with(PeopleMapper::Spoilt::kNo);
  wraps.hook = [](Side side, const std::string&, const VirtualTime&) { return side == Side::kLeft; };
  std::uint64_t seed = 0;
  const Outcome found = first_failure(wraps, plain_of(wraps), seed);

  CHECK_FALSE(found.ok);
}

TEST_CASE("simulate: a mapping of which no record can be drawn says why", "[simulate][sample]") {
  // Left empty a title passes, so that records can be drawn without a test that names one; one that is required cannot.
  CHECK(Sample::make(std::make_shared<PeopleMapper>(), {}).ok());

  auto mapper = std::make_shared<PeopleMapper>();
  mapper->mutable_plan().fields.back().required = true;
  const auto refused = Sample::make(mapper, {});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("title") != std::string::npos);
}

TEST_CASE("simulate: what refers to other collections is copied or left out, and said", "[simulate][sample]") {
  auto mapper = std::make_shared<PeopleMapper>();
  auto& fields = mapper->mutable_plan().fields;
  fields[1].kind = Field::Kind::kReference;
  fields[2].kind = Field::Kind::kRows;
  const auto sample = Sample::make(mapper, examples());

  REQUIRE(sample.ok());
  CHECK((*sample)->left_out() == std::vector<std::string>{"age (rows)", "first_name (a reference, copied as it is)"});
  CHECK((*sample)->plan().fields.size() == fields.size() - 1);
}

namespace {

/// The first history that fails, of these profiles.
std::string first_violation(const std::shared_ptr<const Sample>& sample, std::initializer_list<const char*> names) {
  Wraps wraps;
  wraps.sample = sample;
  for (const char* name : names) {
    const auto profile = sample->adapted(*find_profile(name), able());
    REQUIRE(profile);
    std::uint64_t seed = 0;
    const Outcome outcome = first_failure(wraps, *profile, seed);
    if (!outcome.ok) return profile->name + " " + std::to_string(seed) + ": " + outcome.violation.law + ": " + outcome.violation.what;
  }
  return "";
}

}  // namespace

TEST_CASE("simulate: a scope about a field that is not mapped is given to what is made there, and said", "[simulate][sample]") {
  for (const Value& condition : {Value("x"), Value(Object{{"op", "in"}, {"value", Value(Array{Value("x"), Value("y")})}}), Value(Object{{"op", "not_null"}}), Value(Object{{"op", "!="}, {"value", "z"}})}) {
    auto mapper = std::make_shared<PeopleMapper>();
    mapper->mutable_plan().end.left.scope = Value(Object{{"kind", condition}});
    const auto sample = Sample::make(mapper, examples());

    REQUIRE(sample.ok());
    CHECK((*sample)->left_out().front().starts_with("kind (a scope that is not mapped"));
    CHECK(first_violation(*sample, {"plain", "lost-answers"}) == "");
  }
}

TEST_CASE("simulate: an edit that a person decided against is found on record where the mapping redacts it", "[simulate][sample]") {
  auto mapper = std::make_shared<PeopleMapper>();
  sync::Field& field = mapper->mutable_plan().fields[1];
  field.redact = true;
  field.strategy = "manual";
  field.strategy_function.reset();
  const auto sample = Sample::make(mapper, examples());

  REQUIRE(sample.ok());
  CHECK(first_violation(*sample, {"plain"}) == "");
}

TEST_CASE("simulate: a create that cannot be found again meets no lost answers", "[simulate][sample]") {
  auto mapper = std::make_shared<PeopleMapper>();
  mapper->mutable_plan().matches.clear();
  const auto sample = Sample::make(mapper, examples());

  REQUIRE(sample.ok());
  CHECK((*(*sample)->adapted(*find_profile("lost-answers"), able()))[Fault::kLostAnswer] == 0);
}
