#include "store/search.h"

#include "base/text.h"

#include "store/operations.h"
#include "store/statement.h"
#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

struct Words : StoreFixture {
  int last = 0;

  /// An operation of this moment; its id.
  std::string add(const std::string& note, const std::string& outcome = "applied") {
    Operation operation;
    operation.id = first_id_at(clock.now()) + format("-7%03d-8000-0000", ++last);
    write(operation.id, note, outcome);
    return operation.id;
  }
  void write(const std::string& id, const std::string& note, const std::string& outcome = "applied") {
    Operation operation;
    operation.id = id;
    operation.at = clock.now();
    operation.mapping = "employees";
    operation.kind = "update";
    operation.outcome = outcome;
    operation.key.left = "HR-EMP-00042";
    operation.record = Object{{"fields", Value(Object{{"note", Value(Object{{"left", note}})}})}};
    commit({.mapping = "employees", .operation = operation});
  }
  bool index(std::int64_t most = 1000) {
    return ask<bool>([&](auto done) { store.index_operations(most, done); });
  }
  std::vector<std::string> find(const std::string& text, OperationFilter filter = {}, Page page = {}) {
    filter.text = text;
    std::vector<std::string> ids;
    for (const Operation& one : ask<Paged<Operation>>([&](auto done) { store.operations(filter, page, done); }).rows) ids.push_back(one.id);
    return ids;
  }
  /// Entries of the index itself that have the word.
  std::int64_t entries(const std::string& word) { return number(*database, "SELECT count(*) FROM operation_words WHERE operation_words MATCH ?", 0, word).value(); }
};

}  // namespace

TEST_CASE("search: what is new is found at once, and the same once it is indexed", "[store][search]") {
  Words f;
  const std::string phone = f.add("call +44 20 7946 0958"), name = f.add("Zoë Müller of the sea");

  for (const bool indexed : {false, true}) {
    INFO(indexed);
    CHECK(f.find("7946 0958") == std::vector{phone});
    CHECK(f.find("müller") == std::vector{name});
    CHECK(f.find("ZOË, MÜLLER") == std::vector{name});
    CHECK(f.find("mül") == std::vector{name});
    CHECK(f.find("üller").empty());
    CHECK(f.find("HR-EMP-00042") == std::vector{name, phone});
    CHECK(f.find("nothing").empty());
    CHECK(f.find("sea", {.outcome = "dead"}).empty());
    CHECK(f.find("\"").empty());
    CHECK(f.entries("sea") == (indexed ? 1 : 0));
    f.clock.pass(std::chrono::minutes(1));
    f.index();
  }
}

TEST_CASE("search: the times of a pass are no words", "[store][search]") {
  Words f;
  Operation operation;
  operation.id = first_id_at(f.clock.now()) + "-7001-8000-0000";
  operation.at = f.clock.now();
  operation.mapping = "employees";
  operation.kind = "update";
  operation.outcome = "applied";
  const Value took(Object{{"step", "read"}, {"took_us", 987654}});
  operation.record = Object{{"began", "2024-05-01T10:00:00.111222Z"}, {"steps", Value(Array{took})}, {"taken", Value(Array{Value(Object{{"key", "K1"}, {"since", "2024-05-01T09:59:59.333444Z"}})})}};
  f.commit({.mapping = "employees", .operation = operation});

  for (const bool indexed : {false, true}) {
    INFO(indexed);
    CHECK(f.find("K1").size() == 1);
    for (const char* time : {"987654", "111222Z", "333444Z", "took_us"}) CHECK(f.find(time).empty());
    f.clock.pass(std::chrono::minutes(1));
    f.index();
  }
}

TEST_CASE("search: what may still change is not indexed", "[store][search]") {
  Words f;
  f.add("early");
  f.clock.pass(kSettled / 2);
  CHECK_FALSE(f.index());
  CHECK(f.entries("early") == 0);
  f.clock.pass(kSettled);
  f.index();
  CHECK(f.entries("early") == 1);
}

TEST_CASE("search: slices go on where the last one ended, and pages show each operation once", "[store][search]") {
  Words f;
  std::vector<std::string> all;
  for (int i = 0; i < 25; ++i) {
    all.insert(all.begin(), f.add("apple " + std::to_string(i)));
    if (i % 3 == 0) f.clock.pass(std::chrono::milliseconds(1));
  }
  f.clock.pass(std::chrono::minutes(1));
  CHECK(f.index(10));
  CHECK(f.entries("apple") == 10);

  std::vector<std::string> seen;
  for (std::string after; seen.size() < 40;) {
    const auto page = f.find("apple", {}, {4, after});
    if (page.empty()) break;
    seen.insert(seen.end(), page.begin(), page.end());
    after = page.back();
  }
  CHECK(seen == all);
  CHECK(f.index(10));
  CHECK_FALSE(f.index(10));
  CHECK(f.find("apple") == all);
}

TEST_CASE("search: operations of one number are one entry, and none is lost", "[store][search]") {
  Words f;
  std::vector<std::string> ids;
  for (const char* tail : {"a", "b", "c"}) ids.push_back(first_id_at(f.clock.now()) + "-7001-8000-" + tail);
  f.write(ids[0], "first pear");
  f.write(ids[1], "second");
  f.clock.pass(std::chrono::minutes(1));
  f.index(1);
  f.write(ids[2], "third pear");  // late, to a number that is indexed
  f.index();

  CHECK(f.entries("pear") == 1);
  CHECK(f.find("pear") == std::vector{ids[2], ids[0]});
  CHECK(f.find("third") == std::vector{ids[2]});
  CHECK(f.find("plum").empty());
}

TEST_CASE("search: few that fit a filter are found among many that have the words, page by page", "[store][search]") {
  Words f;
  std::vector<std::string> dead;
  for (int i = 0; i < 60; ++i) {
    const std::string outcome = i % 7 == 0 ? "dead" : "applied";
    const std::string id = f.add(i % 2 == 0 ? "plum" : "pear", outcome);
    if (outcome == "dead" && i % 2 == 0) dead.insert(dead.begin(), id);
    f.clock.pass(std::chrono::milliseconds(i % 3));
  }
  f.clock.pass(std::chrono::minutes(1));
  f.index();
  REQUIRE(dead.size() == 5);

  CHECK(f.find("plum", {.outcome = "dead"}) == dead);
  CHECK(f.find("plum", {.failed = true}) == dead);
  CHECK(f.find("plum", {.mapping = "none", .outcome = "dead"}).empty());
  const auto first = f.find("plum", {.failed = true}, {2, ""});
  CHECK(first == std::vector{dead[0], dead[1]});
  CHECK(f.find("plum", {.failed = true}, {9, first.back()}) == std::vector{dead[2], dead[3], dead[4]});
}

TEST_CASE("search: one that is told anew under its id is found by its new words alone", "[store][search]") {
  Words f;
  const std::string id = f.add("before");
  f.clock.pass(std::chrono::minutes(1));
  f.index();

  f.write(id, "afterwards");

  CHECK(f.find("before").empty());
  CHECK(f.find("afterwards") == std::vector{id});
  CHECK(f.entries("before") == 0);
}

TEST_CASE("search: what is pruned leaves the index with its words, what stays remains", "[store][search]") {
  Words f;
  f.add("old words");
  f.clock.pass(std::chrono::hours(48));
  const std::string kept = f.add("new words");
  f.clock.pass(std::chrono::minutes(1));
  f.index();
  REQUIRE(f.entries("words") == 2);

  f.ask<bool>([&](auto done) { f.store.prune(std::chrono::hours(24), done); });

  CHECK(f.entries("words") == 1);
  CHECK(f.entries("old") == 0);
  CHECK(f.find("words") == std::vector{kept});
  CHECK(f.database->exec("INSERT INTO operation_words (operation_words) VALUES ('integrity-check')").ok());
}

TEST_CASE("search: a person who is forgotten is in no word, and the rest is indexed again", "[store][search]") {
  Words f;
  f.add("secret of somebody");
  Operation other;
  other.id = first_id_at(f.clock.now()) + "-7900-8000-0000";
  other.mapping = "employees";
  other.kind = "update";
  other.outcome = "applied";
  other.key.left = "HR-EMP-00007";
  other.record = Object{{"note", "somebody else"}};
  f.commit({.mapping = "employees", .operation = other});
  f.clock.pass(std::chrono::minutes(1));
  f.index();

  f.ask<std::map<std::string, std::int64_t>>([&](auto done) {
    f.store.forget({.mapping = "employees", .keys = {{Side::kLeft, "HR-EMP-00042"}}, .source = {}, .author = "ann"}, done);
  });

  CHECK(f.entries("secret") == 0);
  CHECK(f.find("somebody") == std::vector{other.id});
  f.index();
  CHECK(f.entries("somebody") == 1);
}
