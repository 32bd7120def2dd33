#include <catch2/catch.hpp>

#include "base/hash.h"
#include "base/json.h"
#include "support/disk.h"
#include "support/people.h"
#include "sync/merge/canonical.h"

using namespace tidewire;
using sync::Side;
using test::Disk;
using test::World;
using Fault = test::MemorySide::Fault;

namespace {

sync::Plan plan_with_photos() {
  sync::Plan plan = World::default_plan();
  sync::Field photo = World::field("photo");
  photo.type = {sync::Type::of("file"), sync::Type::of("file")};
  plan.fields.push_back(photo);
  return plan;
}

struct Photos {
  World world;
  std::shared_ptr<Disk> here = std::make_shared<Disk>(world.timers, "/files/"), there = std::make_shared<Disk>(world.timers, "bucket/");
  sync::Files files{world.store, world.timers, world.clock};
  sync::WithFiles left{world.left, files, {"erp", "erp", here}, {{"photo", false, {"app", "app", there}}}};
  sync::WithFiles right{world.right, files, {"app", "app", there}, {{"photo", false, {"erp", "erp", here}}}};

  explicit Photos(const sync::Plan& plan = plan_with_photos()) {
    world.engine->put(std::make_shared<test::TableMapper>(plan, "v2"), {&left, &right});
    world.settle();
  }
  ~Photos() {
    world.engine->remove("people");
    world.settle();
  }
  std::string add(const std::string& email, const std::string& ref) {
    Value ada = test::person(email);
    ada["photo"] = ref;
    const std::string key = world.left.insert(ada);
    tell(Side::kLeft, key);
    return key;
  }
  void tell(Side side, const std::string& key) {
    world.hook(side, key);
    world.settle();
  }
  void give(const std::string& key, Value ref) {
    world.left.edit(key, "photo", std::move(ref));
    tell(Side::kLeft, key);
  }
  std::string shown(const std::string& key) const {
    const Value ref = world.right.get(key, "photo");
    return ref.is_string() && there->files.contains(ref.as_string()) ? there->files.at(ref.as_string()) : "none";
  }
};

}  // namespace

TEST_CASE("with files: a file travels by its content, read once and put there once", "[sync][files]") {
  Photos it;
  it.here->files["/files/ada.png"] = std::string("a\0b", 3);

  const std::string ada = it.add("ada@example.org", "/files/ada.png");

  const std::string there = it.world.only_right();
  CHECK(it.shown(there) == std::string("a\0b", 3));
  CHECK(it.world.right.get(there, "photo") == Value("bucket/" + sha256_hex(std::string_view("a\0b", 3)).substr(0, 8) + "/ada.png"));
  CHECK(it.here->downloads == 1);
  CHECK(it.there->uploads == 1);
  const int writes = it.world.writes();
  it.tell(Side::kLeft, ada);
  it.tell(Side::kRight, there);
  CHECK(it.world.writes() == writes);
  CHECK(it.here->downloads == 1);
  CHECK(it.there->downloads == 0);
  CHECK(it.there->looks == 0);
}

TEST_CASE("with files: it travels back where the other side gives the record another one", "[sync][files]") {
  Photos it;
  it.here->files["/files/ada.png"] = "old";
  const std::string ada = it.add("ada@example.org", "/files/ada.png");
  const std::string there = it.world.only_right();

  it.there->files["mine/new.png"] = "new";
  it.world.right.edit(there, "photo", Value("mine/new.png"));
  it.tell(Side::kRight, there);

  const Value ref = it.world.left.get(ada, "photo");
  REQUIRE(ref.is_string());
  CHECK(ref.as_string().starts_with("/files/"));
  CHECK(it.here->files.at(ref.as_string()) == "new");
  CHECK(it.world.right.get(there, "photo") == Value("mine/new.png"));
}

TEST_CASE("with files: another reference to the same content is no edit", "[sync][files]") {
  Photos it;
  it.here->files["/files/ada.png"] = it.here->files["/files/copy.png"] = "same";
  const std::string ada = it.add("ada@example.org", "/files/ada.png");
  const int writes = it.world.writes();

  it.give(ada, Value("/files/copy.png"));

  CHECK(it.world.writes() == writes);
  CHECK(it.there->uploads == 1);
  CHECK(test::standing_of(it.world).empty());
}

TEST_CASE("with files: no file clears the field there, and takes no file away", "[sync][files]") {
  Photos it;
  it.here->files["/files/ada.png"] = "a";
  const std::string ada = it.add("ada@example.org", "/files/ada.png");

  it.give(ada, Value(""));

  CHECK(it.world.right.get(it.world.only_right(), "photo").is_null());
  CHECK(it.there->files.size() == 1);
}

TEST_CASE("with files: a content that is there already is named, not sent again, as long as it is there", "[sync][files]") {
  Photos it;
  it.here->files["/files/ada.png"] = it.here->files["/files/bob.png"] = it.here->files["/files/eve.png"] = "same";
  it.add("ada@example.org", "/files/ada.png");
  it.add("bob@example.org", "/files/bob.png");
  CHECK(it.there->uploads == 1);
  CHECK(it.there->looks == 1);

  it.there->files.clear();  // by a person
  it.add("eve@example.org", "/files/eve.png");

  CHECK(it.there->uploads == 2);
  CHECK(it.there->files.size() == 1);
}

TEST_CASE("with files: records that want the same content at the same time send it once", "[sync][files]") {
  Photos it;
  it.here->files["/files/logo.png"] = "logo";
  for (int i = 0; i < 20; ++i) {
    Value one = test::person("p" + std::to_string(i) + "@example.org");
    one["photo"] = "/files/logo.png";
    it.world.left.insert(one);
  }

  CHECK(test::run_job(it.world, "initial_load").state == "done");

  REQUIRE(it.world.right.rows.size() == 20);
  for (const auto& [key, row] : it.world.right.rows) CHECK(it.shown(key) == "logo");
  CHECK(it.here->downloads == 1);
  CHECK(it.there->uploads == 1);
}

TEST_CASE("with files: a load reads each file once", "[sync][files]") {
  Photos it;
  for (int i = 0; i < 30; ++i) {
    const std::string ref = "/files/" + std::to_string(i) + ".png";
    it.here->files[ref] = "photo " + std::to_string(i);
    Value one = test::person("p" + std::to_string(i) + "@example.org");
    one["photo"] = ref;
    it.world.left.insert(one);
  }

  CHECK(test::run_job(it.world, "initial_load").state == "done");

  CHECK(it.here->downloads == 30);
  CHECK(it.there->uploads == 30);
  CHECK(it.there->files.size() == 30);
}

TEST_CASE("with files: an upload whose answer is lost is made again and leaves one file", "[sync][files]") {
  Photos it;
  it.here->files["/files/ada.png"] = "a";
  it.there->lose_answer = true;

  it.add("ada@example.org", "/files/ada.png");
  it.world.settle(std::chrono::minutes(2));

  CHECK(it.there->uploads == 2);
  CHECK(it.there->files.size() == 1);
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.shown(it.world.only_right()) == "a");
}

TEST_CASE("with files: what was put there before the process ended is not sent again", "[sync][files]") {
  Photos it;
  it.here->files["/files/ada.png"] = "a";
  const std::string ada = it.add("ada@example.org", "/files/ada.png");
  it.here->files["/files/new.png"] = "b";
  it.world.right.write_faults = {Fault::kSilent};  // the file is there, the record's write is under way
  it.give(ada, Value("/files/new.png"));
  REQUIRE(it.there->uploads == 2);

  sync::Files fresh(it.world.store, it.world.timers, it.world.clock);
  sync::WithFiles left(it.world.left, fresh, {"erp", "erp", it.here}, {{"photo", false, {"app", "app", it.there}}}), right(it.world.right, fresh, {"app", "app", it.there}, {{"photo", false, {"erp", "erp", it.here}}});
  test::restart(it.world, plan_with_photos(), {&left, &right});
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.shown(it.world.only_right()) == "b");
  CHECK(it.there->uploads == 2);
  CHECK(it.here->downloads == 2);
  it.world.engine->remove("people");
  it.world.settle();
}

TEST_CASE("with files: a file that is gone is a dead letter that names field and reference, and nothing is written over the other side's", "[sync][files]") {
  Photos it;
  it.here->files["/files/ada.png"] = "a";
  const std::string ada = it.add("ada@example.org", "/files/ada.png");
  const int writes = it.world.writes();

  it.give(ada, Value("/files/none.png"));

  const auto dead = test::standing_of(it.world, store::KeyState::kDead);
  REQUIRE(dead.size() == 1);
  REQUIRE(dead.front().error);
  const std::string why = dead.front().error->string_or("message");
  CHECK(why.find("field 'photo'") != std::string::npos);
  CHECK(why.find("'/files/none.png' is not there") != std::string::npos);
  CHECK(it.world.writes() == writes);
  CHECK(it.shown(it.world.only_right()) == "a");

  it.here->files["/files/none.png"] = "found again";
  it.world.settle(std::chrono::minutes(2));  // until then its absence is remembered
  it.tell(Side::kLeft, ada);
  CHECK(it.shown(it.world.only_right()) == "found again");
  CHECK(test::standing_of(it.world).empty());
}

TEST_CASE("with files: a delete of the other copy needs no file: one that is gone is no edit, one that cannot be read at the moment is waited for", "[sync][files]") {
  sync::Plan plan = plan_with_photos();
  plan.end.left.deletes = sync::DeletePolicy::kDelete;
  Photos it(plan);
  it.here->files["/files/ada.png"] = "a";
  const std::string ada = it.add("ada@example.org", "/files/ada.png");
  const std::string there = it.world.only_right();
  it.give(ada, Value("/files/none.png"));
  REQUIRE(test::standing_of(it.world, store::KeyState::kDead).size() == 1);
  it.world.settle(std::chrono::hours(1));
  it.here->broken = make_error(Code::kUnavailable, "502");

  it.world.right.rows.erase(there);
  it.world.hook(Side::kRight, there, "delete");
  it.world.settle();
  CHECK(it.world.left.rows.size() == 1);

  it.here->broken.reset();
  it.world.settle(std::chrono::minutes(30));
  CHECK(it.world.left.rows.empty());
  CHECK(it.world.right.rows.empty());
  CHECK(test::standing_of(it.world).empty());
}

TEST_CASE("with files: a file that cannot be read at the moment holds its record back, not the others of the page", "[sync][files]") {
  Photos it;
  it.here->files["/files/ada.png"] = "a";
  it.here->broken = make_error(Code::kUnavailable, "502");
  const std::string bob = it.world.left.insert(test::person("bob@example.org"));
  Value ada = test::person("ada@example.org");
  ada["photo"] = "/files/ada.png";
  it.world.hook(Side::kLeft, it.world.left.insert(ada));
  it.tell(Side::kLeft, bob);

  CHECK(it.world.right.rows.size() == 1);
  CHECK(test::standing_of(it.world, store::KeyState::kDead).empty());

  it.here->broken.reset();
  it.world.settle(std::chrono::minutes(10));
  REQUIRE(it.world.right.rows.size() == 2);
}

TEST_CASE("with files: what the other system does not take is a dead letter of that record", "[sync][files]") {
  Photos it;
  it.here->files["/files/ada.exe"] = "MZ";
  it.there->refused = make_error(Code::kInvalid, "invalid_mime_type: mime type application/x-msdownload is not supported");

  it.add("ada@example.org", "/files/ada.exe");

  const auto dead = test::standing_of(it.world, store::KeyState::kDead);
  REQUIRE(dead.size() == 1);
  CHECK(dead.front().error->string_or("message").find("uploading the file 'ada.exe'") != std::string::npos);
  CHECK(it.world.right.rows.empty());
}

TEST_CASE("with files: a redacted one is a dead letter that names nobody's file", "[sync][files]") {
  sync::Plan plan = plan_with_photos();
  plan.fields.back().redact = true;
  Photos it(plan);

  it.add("ada@example.org", "/files/ada-lovelace.png");

  const auto dead = test::standing_of(it.world, store::KeyState::kDead);
  REQUIRE(dead.size() == 1);
  CHECK(json::dump(*dead.front().error).find("lovelace") == std::string::npos);
}

TEST_CASE("with files: where nothing may be written nothing is uploaded, and what would be is on record", "[sync][files]") {
  sync::Plan plan = plan_with_photos();
  plan.read_only.right = true;
  Photos it(plan);
  it.here->files["/files/ada.png"] = "a";

  it.add("ada@example.org", "/files/ada.png");

  CHECK(it.there->uploads == 0);
  const auto told = test::operations_of(it.world, "would_write");
  REQUIRE(told.size() == 1);
  const std::string record = json::dump(told.front().record);
  CHECK(record.find("ada.png") != std::string::npos);
  CHECK(record.find(sha256_hex("a")) != std::string::npos);
}

TEST_CASE("with files: what a system makes of the bytes that it got is the same file", "[sync][files]") {
  Photos it;
  it.here->files["/files/ada.jpg"] = "with metadata";
  it.there->stored_as = "without";
  const std::string ada = it.add("ada@example.org", "/files/ada.jpg");
  const std::string there = it.world.only_right();
  const int writes = it.world.writes();

  it.tell(Side::kRight, there);
  it.tell(Side::kLeft, ada);

  CHECK(it.world.writes() == writes);
  CHECK(it.there->downloads == 0);
}

TEST_CASE("with files: what is known of another system's files does not count, and nothing of them is kept", "[sync][files]") {
  Photos it;
  it.here->files["/files/ada.png"] = "a";
  const std::string ada = it.add("ada@example.org", "/files/ada.png");
  REQUIRE(it.here->downloads == 1);

  it.here->same = it.world.left.same = false;
  it.here->files["/files/ada.png"] = "another's";
  it.tell(Side::kLeft, ada);
  CHECK(it.here->downloads > 1);
  const int read = it.here->downloads;

  it.here->same = it.world.left.same = true;
  it.here->files["/files/ada.png"] = "a";
  it.tell(Side::kLeft, ada);
  CHECK(it.here->downloads == read);
}

TEST_CASE("with files: files that belong to their records are put there for each, and what was put there is not read again", "[sync][files]") {
  Photos it;
  it.there->is_shared = false;
  it.there->stored_as = "smaller";
  it.here->files["/files/ada.png"] = it.here->files["/files/bob.png"] = "same";

  const std::string ada = it.add("ada@example.org", "/files/ada.png");
  it.add("bob@example.org", "/files/bob.png");

  CHECK(it.there->uploads == 2);
  CHECK(it.there->looks == 0);
  const int writes = it.world.writes();
  for (const auto& [key, row] : it.world.right.rows) it.tell(Side::kRight, key);
  it.tell(Side::kLeft, ada);
  CHECK(it.there->downloads == 0);
  CHECK(it.world.writes() == writes);
}

TEST_CASE("with files: each row of a list names its file, and one that keeps it keeps its reference", "[sync][files]") {
  Photos it;
  it.here->files["/files/a.png"] = it.here->files["/files/copy of a.png"] = "a";
  sync::WithFiles rows{it.world.left, it.files, {"erp", "erp", it.here}, {{"scan", false, {"app", "app", it.there}, "papers"}}};
  Value ada = test::person("ada@example.org");
  ada["papers"] = Value(Array{Value(Object{{"title", "passport"}, {"scan", "/files/a.png"}}), Value(Object{{"title", "diploma"}, {"scan", "/files/copy of a.png"}}), Value(Object{{"title", "none"}, {"scan", ""}})});
  const std::string key = it.world.left.insert(ada);
  std::vector<sync::Record> read;
  rows.read({key}, [&](Result<std::vector<sync::Record>> records) { read = std::move(*records); });
  it.world.settle();
  REQUIRE(read.size() == 1);
  Value papers = *read.front().fields.find("papers");
  REQUIRE(papers.as_array().size() == 3);
  CHECK(papers.as_array()[0].find("scan")->string_or("sha256") == sha256_hex("a"));
  CHECK(papers.as_array()[2].find("scan")->is_null());

  papers.as_array().push_back(Value(Object{{"title", "certificate"}, {"scan", Value(Object{{"sha256", Value(sha256_hex("a"))}})}}));
  rows.update(key, Value(Object{{"papers", papers}}), std::nullopt, [](const Result<sync::Record>&) {});
  it.world.settle();

  const Value list = it.world.left.get(key, "papers");
  const Array& now = list.as_array();
  REQUIRE(now.size() == 4);
  CHECK(*now[0].find("scan") == Value("/files/a.png"));
  CHECK(*now[1].find("scan") == Value("/files/copy of a.png"));
  CHECK(now[2].find("scan")->is_null());
  CHECK(now[3].find("scan")->is_string());
  CHECK(it.here->looks == 1);
  CHECK(it.here->uploads == 0);
}

TEST_CASE("with files: a content that is exchanged behind its reference is seen when the record changes, and asked for once under each version", "[sync][files]") {
  Photos it;
  it.here->tells = true;
  it.here->files["/files/ada.png"] = "old";
  const std::string ada = it.add("ada@example.org", "/files/ada.png");
  const std::string there = it.world.only_right();
  it.tell(Side::kLeft, ada);
  CHECK(it.here->questions == 0);

  it.here->files["/files/ada.png"] = "new";
  it.world.left.edit(ada, "phone", Value("2"));
  it.tell(Side::kLeft, ada);
  CHECK(it.shown(there) == "new");
  CHECK(it.world.right.get(there, "phone") == Value("2"));
  CHECK(it.here->questions == 1);

  it.tell(Side::kLeft, ada);
  CHECK(it.here->questions == 1);
  it.world.left.edit(ada, "phone", Value("3"));
  it.tell(Side::kLeft, ada);
  CHECK(it.here->questions == 2);
  CHECK(it.here->downloads == 2);
}

TEST_CASE("with files: the sweep sees a content that was exchanged while no version moved, page by page, and reads no other file", "[sync][files]") {
  Photos it;
  it.here->tells = true;
  it.world.left.able.covers_all = it.world.left.able.page_reads = true;
  for (int i = 0; i < 30; ++i) {
    const std::string ref = "/files/" + std::to_string(i) + ".png";
    it.here->files[ref] = "photo " + std::to_string(i);
    Value one = test::person("p" + std::to_string(i) + "@example.org");
    one["photo"] = ref;
    it.world.left.insert(one);
  }
  CHECK(test::run_job(it.world, "initial_load").state == "done");
  REQUIRE(it.here->downloads == 30);
  const int asked = it.here->questions;

  it.here->files["/files/7.png"] = "exchanged";
  CHECK(test::run_job(it.world, "sweep").state == "done");
  it.world.settle(std::chrono::minutes(1));

  CHECK(std::ranges::count_if(it.world.right.rows, [&](const auto& row) { return it.shown(row.first) == "exchanged"; }) == 1);
  CHECK(it.here->downloads == 31);
  CHECK(it.here->questions == asked + 1);
  CHECK(test::standing_of(it.world).empty());
}

TEST_CASE("with files: what we put there and somebody has written over travels back, and is not named for what it was", "[sync][files]") {
  Photos it;
  it.there->tells = true;
  it.here->files["/files/ada.png"] = it.here->files["/files/bob.png"] = "same";
  const std::string ada = it.add("ada@example.org", "/files/ada.png");
  const std::string there = it.world.only_right();
  it.there->files.begin()->second = "written over";

  it.add("bob@example.org", "/files/bob.png");
  CHECK(it.there->uploads == 2);
  for (const auto& [key, row] : it.world.right.rows) CHECK(it.shown(key) == (key == there ? "written over" : "same"));

  it.world.right.edit(there, "phone", Value("2"));
  it.tell(Side::kRight, there);
  CHECK(it.here->files.at(it.world.left.get(ada, "photo").as_string()) == "written over");
}

TEST_CASE("with files: while it is not known whether a content was exchanged, the record waits and nothing is written", "[sync][files]") {
  Photos it;
  it.here->tells = true;
  it.here->files["/files/ada.png"] = "old";
  const std::string ada = it.add("ada@example.org", "/files/ada.png");
  const std::string there = it.world.only_right();

  it.here->silent = make_error(Code::kUnavailable, "502");
  it.here->files["/files/ada.png"] = "new";
  it.world.left.edit(ada, "phone", Value("2"));
  it.tell(Side::kLeft, ada);
  CHECK(it.shown(there) == "old");
  CHECK_FALSE(it.world.right.get(there, "phone") == Value("2"));
  CHECK(test::standing_of(it.world, store::KeyState::kDead).empty());

  it.here->silent.reset();
  it.world.settle(std::chrono::minutes(10));
  CHECK(it.shown(there) == "new");
  CHECK(it.world.right.get(there, "phone") == Value("2"));
}

TEST_CASE("canonical: a file is what is in it", "[sync][files]") {
  const sync::Type file = sync::Type::of("file");
  const std::string hash = sha256_hex("a");
  const Value one(Object{{"sha256", Value(hash)}, {"name", "a.png"}, {"size", 1}}), other(Object{{"sha256", Value(hash)}, {"name", "b.png"}, {"size", 1}});

  CHECK(sync::same(one, other, file));
  CHECK_FALSE(sync::same(one, Value(), file));
  CHECK(*sync::convert(one, file, file) == one);
  CHECK(sync::empty(Value(), file));
  const auto text = sync::canonical(Value("/files/a.png"), file);
  REQUIRE_FALSE(text.ok());
  const Value failed(Object{{"ref", "/files/a.png"}, {"failed", Value(Object{{"code", "throttled"}, {"message", "later"}, {"hint", ""}})}});
  const auto refused = sync::convert(failed, file, file);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kThrottled);
  CHECK(refused.error().message == "later");
}
