#include "app/env_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include <catch2/catch.hpp>

#include "app/files.h"
#include "app/secrets.h"
#include "support/temp_dir.h"

namespace tidewire::app {

TEST_CASE("a variable is set where it stands, others keep their place and comments", "[app][env]") {
  const std::string before = "# ours\nA=1\nexport KEY=old\n\nB='two words'\n";

  const auto after = with_variables(before, {{"KEY", "new"}, {"NEXT", "x"}});

  REQUIRE(after.ok());
  CHECK(*after == "# ours\nA=1\nKEY=new\n\nB='two words'\nNEXT=x\n");
}

TEST_CASE("a variable without a value goes, with every line that named it", "[app][env]") {
  CHECK(*with_variables("KEY=1\nA=1\nKEY=2\n", {{"KEY", std::nullopt}}) == "A=1\n");
}

TEST_CASE("a value with a line end is refused", "[app][env]") {
  const auto refused = with_variables("", {{"KEY", "a\nEVIL=1"}});

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("KEY") != std::string::npos);
}

TEST_CASE("what is saved is read back as it was, whatever quotes and blanks it has", "[app][env]") {
  const test::TempDir folder;
  const std::vector<std::string> odd{"plain", " blanks ", "\"quoted\"", "'single'", "a=b#c", "half\"", "\"", "it's", "tab\tin"};

  for (const std::string& text : odd) {
    REQUIRE(save_variables(folder.path().string(), {{"TIDEWIRE_TEST_KEY", text}}).ok());
    Redactor redactor;
    Secrets secrets(folder.path().string(), redactor);
    const auto warnings = secrets.load();
    CHECK(warnings.empty());
    CHECK(secrets.find("TIDEWIRE_TEST_KEY").value_or("none") == text);
  }
}

TEST_CASE("the file is for its owner alone afterwards, also where it was not", "[app][env]") {
  const test::TempDir folder;
  const std::string path = folder.path().string() + "/.env";
  REQUIRE(save_variables(folder.path().string(), {{"A", "1"}}).ok());
  REQUIRE(::chmod(path.c_str(), 0644) == 0);

  REQUIRE(save_variables(folder.path().string(), {{"B", "2"}}).ok());

  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(read_file(path).value_or("") == "A=1\nB=2\n");
  CHECK_FALSE(read_file(path + ".new~"));
}

TEST_CASE("a link to a file elsewhere stays a link", "[app][env]") {
  const test::TempDir folder, elsewhere;
  const std::string real = elsewhere.path().string() + "/secrets";
  REQUIRE(save_variables(elsewhere.path().string(), {{"A", "1"}}).ok());
  REQUIRE(::rename((elsewhere.path().string() + "/.env").c_str(), real.c_str()) == 0);
  REQUIRE(::symlink(real.c_str(), (folder.path().string() + "/.env").c_str()) == 0);

  REQUIRE(save_variables(folder.path().string(), {{"B", "2"}}).ok());

  CHECK(read_file(real).value_or("") == "A=1\nB=2\n");
  struct stat info {};
  REQUIRE(::lstat((folder.path().string() + "/.env").c_str(), &info) == 0);
  CHECK(S_ISLNK(info.st_mode));
}

TEST_CASE("a line of .env that counts for nothing is warned of", "[app][env]") {
  const test::TempDir folder;
  const auto warnings_of = [&](const std::string& text) {
    std::ofstream(folder.path() / ".env") << text;
    chmod((folder.path() / ".env").c_str(), 0600);
    Redactor redactor;
    Secrets secrets(folder.path().string(), redactor);
    return secrets.load();
  };
  setenv("TIDEWIRE_TEST_OUTSIDE", "there", 1);

  const auto other = warnings_of("TIDEWIRE_TEST_OUTSIDE=here\n");
  const auto twice = warnings_of("KEY=1\n\nKEY=2\n");

  REQUIRE(other.size() == 1);
  CHECK(other[0].find("TIDEWIRE_TEST_OUTSIDE is set outside .env too") == 0);
  CHECK(other[0].find("there") == std::string::npos);
  REQUIRE(twice.size() == 1);
  CHECK(twice[0] == ".env:3: KEY stands there twice, and this line counts");
  CHECK(warnings_of("TIDEWIRE_TEST_OUTSIDE=there\nKEY=1\n").empty());
  unsetenv("TIDEWIRE_TEST_OUTSIDE");
}

TEST_CASE("what is set nowhere or is empty is named all at once, with the lines that .env lacks", "[app][env]") {
  const test::TempDir folder;
  std::ofstream(folder.path() / ".env") << "TIDEWIRE_TEST_KEY=\nTIDEWIRE_TEST_URL=http://erp\n";
  Redactor redactor;
  Secrets secrets(folder.path().string(), redactor);
  secrets.load();
  const auto marked = [](const char* marker, const char* name) { return Value(Object{{marker, name}}); };

  const auto refused = secrets.resolve(Value(Object{{"url", marked("$env", "TIDEWIRE_TEST_URL")}, {"key", marked("$secret", "TIDEWIRE_TEST_KEY")}, {"more", Value(Array{marked("$secret", "TIDEWIRE_TEST_SECRET")})}}));

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kInvalid);
  CHECK(refused.error().message == "secret \"TIDEWIRE_TEST_KEY\" is empty; secret \"TIDEWIRE_TEST_SECRET\" is set nowhere");
  CHECK(refused.error().hint.find("TIDEWIRE_TEST_KEY=... and TIDEWIRE_TEST_SECRET=...") != std::string::npos);
}

}  // namespace tidewire::app
