#include "loop/watch.h"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "support/temp_dir.h"

using namespace tidewire;
using namespace std::chrono_literals;
using loop::Loop;
using loop::Watch;
namespace fs = std::filesystem;

namespace {

using Files = std::vector<std::string>;

/// A watched folder; edit() makes a change and waits for what is told of it (or, after 5 s, nothing).
struct Watched {
  explicit Watched(loop::WatchOptions options = {.quiet = 20ms}) : root(folder.path().string() + "/p") {
    fs::create_directories(root + "/mappings");
    write("tidewire.lua", "1");
    write("mappings/a.lua", "1");
    watch = std::make_unique<Watch>(loop, root, options, [this](const Files& files) {
      told.push_back(files);
      loop.stop();
    });
  }

  void write(const std::string& name, const std::string& text) { std::ofstream(root + "/" + name) << text; }

  Files edit(const std::function<void()>& change) {
    told.clear();
    change();
    bool late = false;
    const auto limit = loop.after(5s, [&] {
      late = true;
      loop.stop();
    });
    loop.run();
    return late ? Files{"nothing was told"} : told.front();
  }

  Loop loop;
  test::TempDir folder;
  std::string root;
  std::vector<Files> told;
  std::unique_ptr<Watch> watch;
};

}  // namespace

TEST_CASE("watch: tells new, changed and deleted files, once for changes that come together", "[loop]") {
  Watched watched;

  CHECK(watched.edit([&] {
    watched.write("tidewire.lua", "22");
    watched.write("mappings/b.lua", "1");
    watched.write("mappings/b.lua", "2");
  }) == Files{"mappings/b.lua", "tidewire.lua"});
  CHECK(watched.edit([&] { fs::remove(watched.root + "/mappings/a.lua"); }) == Files{"mappings/a.lua"});
}

TEST_CASE("watch: an editor's temporary file renamed over the old one is one change of that file", "[loop]") {
  Watched watched;

  CHECK(watched.edit([&] {
    watched.write("mappings/.a.lua.swp", "x");
    watched.write("mappings/4913.tmp", "2");
    fs::rename(watched.root + "/mappings/4913.tmp", watched.root + "/mappings/a.lua");
    fs::remove(watched.root + "/mappings/.a.lua.swp");
  }) == Files{"mappings/a.lua"});
  CHECK(watched.edit([&] { watched.write("mappings/a.lua", "33"); }) == Files{"mappings/a.lua"});
}

TEST_CASE("watch: a file that is a link is told when what it leads to is written", "[loop]") {
  Watched watched({.quiet = 20ms, .rescan = 20ms});
  const std::string target = watched.folder.path().string() + "/elsewhere.lua";
  std::ofstream(target) << "1";

  CHECK(watched.edit([&] { fs::create_symlink(target, watched.root + "/mappings/l.lua"); }) == Files{"mappings/l.lua"});
  CHECK(watched.edit([&] { std::ofstream(target) << "22"; }) == Files{"mappings/l.lua"});
  CHECK(watched.edit([&] { std::ofstream(target) << "333"; }) == Files{"mappings/l.lua"});
}

TEST_CASE("watch: folders made later are watched, also when filled at once, or made anew", "[loop]") {
  Watched watched;

  CHECK(watched.edit([&] {
    fs::create_directories(watched.root + "/transforms/deep");
    watched.write("transforms/deep/t.lua", "1");
  }) == Files{"transforms/deep/t.lua"});
  CHECK(watched.edit([&] { watched.write("transforms/deep/t.lua", "22"); }) == Files{"transforms/deep/t.lua"});
  CHECK(watched.edit([&] { fs::remove_all(watched.root + "/transforms"); }) == Files{"transforms/deep/t.lua"});
  CHECK(watched.edit([&] {
    fs::create_directories(watched.root + "/transforms");
    watched.write("transforms/u.lua", "1");
  }) == Files{"transforms/u.lua"});
  CHECK(watched.edit([&] {
    fs::remove_all(watched.root + "/transforms");
    fs::create_directories(watched.root + "/transforms");
    watched.write("transforms/v.lua", "1");
  }) == Files{"transforms/u.lua", "transforms/v.lua"});
  CHECK(watched.edit([&] { watched.write("transforms/v.lua", "22"); }) == Files{"transforms/v.lua"});
}

TEST_CASE("watch: the state folder and hidden files are no changes, the .env file is", "[loop]") {
  Watched watched;
  fs::create_directories(watched.root + "/state");

  CHECK(watched.edit([&] {
    watched.write("state/tidewire.db", "x");
    watched.write(".hidden", "x");
    watched.write("a.lua~", "x");
    watched.write(".env", "KEY=1");
  }) == Files{".env"});
}

TEST_CASE("watch: a root that appears later is found by scanning", "[loop]") {
  Watched watched({.quiet = 20ms, .rescan = 30ms});

  CHECK(watched.edit([&] { fs::remove_all(watched.root); }).size() == 2);
  CHECK(watched.edit([&] {
    fs::create_directories(watched.root);
    watched.write("tidewire.lua", "1");
  }) == Files{"tidewire.lua"});
}

TEST_CASE("watch: it may be destroyed from its own callback", "[loop]") {
  Loop loop;
  test::TempDir folder;
  std::unique_ptr<Watch> watch;
  int calls = 0;
  watch = std::make_unique<Watch>(loop, folder.path().string(), loop::WatchOptions{.quiet = 5ms}, [&](const Files&) {
    ++calls;
    watch.reset();
  });

  std::ofstream(folder.file("x.lua")) << "1";
  loop.run();

  CHECK(calls == 1);
}
