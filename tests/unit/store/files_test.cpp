#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

File photo(std::string connection, std::string ref, std::string sha256) {
  return {std::move(connection), std::move(ref), std::move(sha256), 3, "ada.png", false};
}

void keep(StoreFixture& f, File file) {
  f.ask<void>([&](auto done) { f.store.keep_file(std::move(file), done); });
}
std::vector<File> known(StoreFixture& f, const std::string& connection, std::vector<std::string> refs) {
  return f.ask<std::vector<File>>([&](auto done) { f.store.files(connection, std::move(refs), done); });
}
std::vector<File> with(StoreFixture& f, const std::string& sha256) {
  return f.ask<std::vector<File>>([&](auto done) { f.store.files_with(sha256, done); });
}
void prune(StoreFixture& f) {
  f.ask<bool>([&](auto done) { f.store.prune(std::chrono::hours(24 * 30), done); });
}

}  // namespace

TEST_CASE("files: a reference is known in its own connection, as what was kept last", "[store][files]") {
  StoreFixture f;
  keep(f, photo("erp", "/files/a.png", "aa"));
  keep(f, photo("app", "/files/a.png", "bb"));

  CHECK(known(f, "erp", {"/files/a.png", "/files/other.png"}) == std::vector<File>{photo("erp", "/files/a.png", "aa")});
  File newer = photo("erp", "/files/a.png", "cc");
  newer.uploaded = true;
  newer.size = 4;
  newer.name = "b.png";
  newer.mark = "etag";
  keep(f, newer);
  CHECK(known(f, "erp", {"/files/a.png"}) == std::vector<File>{newer});
  CHECK(with(f, "aa").empty());
}

TEST_CASE("files: a content is found wherever it is, the one seen last first", "[store][files]") {
  StoreFixture f;
  keep(f, photo("erp", "/files/a.png", "aa"));
  f.clock.pass(std::chrono::seconds(1));
  keep(f, photo("app", "x/a.png", "aa"));
  keep(f, photo("app", "x/b.png", "bb"));

  CHECK(with(f, "aa") == std::vector<File>{photo("app", "x/a.png", "aa"), photo("erp", "/files/a.png", "aa")});
  f.ask<void>([&](auto done) { f.store.drop_file("app", "x/a.png", done); });
  CHECK(with(f, "aa") == std::vector<File>{photo("erp", "/files/a.png", "aa")});
  keep(f, photo("erp/photos", "x.png", "aa"));
  keep(f, photo("erp_old", "x.png", "cc"));
  f.ask<void>([&](auto done) { f.store.drop_files("erp", done); });
  CHECK(with(f, "aa").empty());
  CHECK(with(f, "cc").size() == 1);
  CHECK(with(f, "bb").size() == 1);
}

TEST_CASE("files: what nothing has named for as long as operations are kept leaves", "[store][files]") {
  StoreFixture f;
  keep(f, photo("erp", "/files/used.png", "aa"));
  keep(f, photo("erp", "/files/left.png", "bb"));
  f.clock.pass(std::chrono::hours(24 * 20));
  known(f, "erp", {"/files/used.png"});
  f.timers.run_posted();  // that it was seen is written behind the answer

  f.clock.pass(std::chrono::hours(24 * 11));
  prune(f);

  CHECK(known(f, "erp", {"/files/used.png", "/files/left.png"}) == std::vector<File>{photo("erp", "/files/used.png", "aa")});
}

TEST_CASE("files: a person who is forgotten takes along what is known of their files", "[store][files]") {
  StoreFixture f;
  keep(f, photo("erp", "/files/ada.png", "aa"));
  keep(f, photo("app", "x/ada.png", "aa"));
  keep(f, photo("erp", "/files/bob.png", "bb"));
  REQUIRE(f.database->exec("INSERT INTO links (mapping, left_key, right_key, state, generation, base, left_tokens, right_tokens, stamps, notes, created_at, updated_at) VALUES "
                           "('people', 'L1', 'R1', 'live', 1, '{\"photo\":{\"l\":{\"name\":\"ada.png\",\"sha256\":\"aa\"},\"r\":null}}', '[]', '[]', '{}', '{}', 0, 0)").ok());

  Forgetting what;
  what.mapping = "people";
  what.keys = {{Side::kLeft, "L1"}};
  what.author = "ada";
  const auto gone = f.ask<std::map<std::string, std::int64_t>>([&](auto done) { f.store.forget(what, done); });

  CHECK(gone.at("files") == 2);
  CHECK(with(f, "aa").empty());
  CHECK(with(f, "bb").size() == 1);
}
