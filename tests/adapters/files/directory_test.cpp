#include "adapters/files/directory.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <memory>

#include "tests/adapters/files/support.h"

using namespace tidemark;
using namespace tidemark::files_test;
using namespace std::chrono_literals;

namespace {

using Strings = std::vector<std::string>;

DirectoryTimes quick() {
  DirectoryTimes times;
  times.settle = {50ms, 3s};
  return times;
}

struct Scene {
  TemporaryFolder folder;
  Loop loop;
  std::unique_ptr<Directory> directory;

  Directory& watch(std::vector<std::string> roots,
                   DirectoryTimes times = quick(),
                   ScanLimits limits = hasty()) {
    directory = std::make_unique<Directory>(
        loop.executor(), RepoPaths{std::move(roots), {}}, every_sql_file, times, limits);
    return *directory;
  }

  Strings names_now() {
    const auto result = loop.next(*directory);
    REQUIRE_MESSAGE(result, result.error().detail);
    return names(*result);
  }
};

}  // namespace

TEST_CASE("what is there is told at once, and again when it changed") {
  Scene scene;
  write(scene.folder / "m/1.sql", "x");
  auto& directory = scene.watch({scene.folder.root("m")});
  CHECK_FALSE(directory.last_scan());
  CHECK(scene.names_now() == Strings{"1.sql"});
  CHECK(directory.last_scan());
  CHECK_FALSE(directory.polling());
  CHECK(scene.loop.stays_silent(directory, 200ms));

  write(scene.folder / "m/2.sql", "y");
  CHECK(scene.names_now() == Strings{"1.sql", "2.sql"});
  fs::remove(scene.folder / "m/1.sql");
  CHECK(scene.names_now() == Strings{"2.sql"});
  fs::rename(scene.folder / "m/2.sql", scene.folder / "m/3.sql");
  CHECK(scene.names_now() == Strings{"3.sql"});
}

TEST_CASE("files that were written a moment ago are no directory that lost its files") {
  Scene scene;
  auto times = quick();
  times.settle.at_most = 60s;
  auto limits = hasty();
  limits.read.young = 100ms;
  write(scene.folder / "m/1.sql", "x");
  auto& directory = scene.watch({scene.folder.root("m")}, times, limits);
  const auto result = scene.loop.next(directory, 10s);
  REQUIRE_MESSAGE(result, result.error().detail);
  CHECK(names(*result) == Strings{"1.sql"});
}

TEST_CASE("an editor that renames its new copy over the old one makes one change") {
  Scene scene;
  write(scene.folder / "m/1.sql", "x");
  auto& directory = scene.watch({scene.folder.root("m")});
  scene.names_now();
  const auto result = scene.loop.next(directory, 20ms, [&] {
    write(scene.folder / "m/.1.sql.swp", "y");
    fs::rename(scene.folder / "m/1.sql", scene.folder / "m/1.sql~");
    fs::rename(scene.folder / "m/.1.sql.swp", scene.folder / "m/1.sql");
    fs::remove(scene.folder / "m/1.sql~");
  });
  REQUIRE(result);
  CHECK(find(*result, "1.sql")->content == content_of("y"));
  CHECK(scene.loop.stays_silent(directory, 200ms));
}

TEST_CASE("a file that is away for less than the settle time was never gone") {
  Scene scene;
  write(scene.folder / "m/1.sql", "x");
  auto times = quick();
  times.settle.settle = 300ms;
  auto& directory = scene.watch({scene.folder.root("m")}, times);
  scene.names_now();
  fs::rename(scene.folder / "m/1.sql", scene.folder / "away");
  CHECK(scene.loop.stays_silent(directory, 50ms));
  fs::rename(scene.folder / "away", scene.folder / "m/1.sql");
  CHECK(scene.loop.stays_silent(directory, 700ms));
}

TEST_CASE("new folders are watched with all that is in them") {
  Scene scene;
  write(scene.folder / "m/1.sql", "x");
  scene.watch({scene.folder.root("m")});
  scene.names_now();
  write(scene.folder / "m/a/b/2.sql", "y");
  CHECK(scene.names_now() == Strings{"1.sql", "a/b/2.sql"});
  write(scene.folder / "m/a/b/3.sql", "z");
  CHECK(scene.names_now() == Strings{"1.sql", "a/b/2.sql", "a/b/3.sql"});
  fs::rename(scene.folder / "m/a", scene.folder / "moved");
  CHECK(scene.names_now() == Strings{"1.sql"});
  write(scene.folder / "moved/b/4.sql", "not ours any more");
  CHECK(scene.loop.stays_silent(*scene.directory, 200ms));
}

TEST_CASE("a root that is a link is followed where it moves") {
  Scene scene;
  write(scene.folder / "releases/1/db/1.sql", "x");
  write(scene.folder / "releases/2/db/2.sql", "y");
  link(scene.folder / "current", "releases/1");
  scene.watch({scene.folder.root("current/db")});
  CHECK(scene.names_now() == Strings{"1.sql"});
  link(scene.folder / "next", "releases/2");
  fs::rename(scene.folder / "next", scene.folder / "current");
  CHECK(scene.names_now() == Strings{"2.sql"});
  write(scene.folder / "releases/2/db/3.sql", "z");
  CHECK(scene.names_now() == Strings{"2.sql", "3.sql"});
  write(scene.folder / "releases/1/db/9.sql", "old");
  CHECK(scene.loop.stays_silent(*scene.directory, 200ms));
}

TEST_CASE("a ConfigMap that is swapped is one change") {
  Scene scene;
  const auto m = scene.folder / "m";
  write(m / "..1/1.sql", "one");
  link(m / "..data", "..1");
  link(m / "1.sql", "..data/1.sql");
  auto& directory = scene.watch({scene.folder.root("m")});
  CHECK(scene.names_now() == Strings{"1.sql"});
  const auto swapped = scene.loop.next(directory, 20ms, [&] {
    write(m / "..2/1.sql", "two");
    link(m / "..data_tmp", "..2");
    fs::rename(m / "..data_tmp", m / "..data");
    fs::remove_all(m / "..1");
  });
  REQUIRE(swapped);
  CHECK(find(*swapped, "1.sql")->content == content_of("two"));
  CHECK(swapped->problems.empty());
  write(m / "..2/1.sql", "three");  // behind the links
  const auto edited = scene.loop.next(directory);
  REQUIRE(edited);
  CHECK(find(*edited, "1.sql")->content == content_of("three"));
}

TEST_CASE("a root that goes away is told once, and once that it is back") {
  Scene scene;
  write(scene.folder / "app/m/1.sql", "x");
  auto& directory = scene.watch({scene.folder.root("app/m")});
  scene.names_now();
  fs::rename(scene.folder / "app", scene.folder / "away");
  const auto gone = scene.loop.next(directory);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == Errc::retry);
  CHECK(gone.error().detail == scene.folder.root("app/m") + ": no such directory");
  CHECK(scene.loop.stays_silent(directory, 200ms));
  fs::rename(scene.folder / "away", scene.folder / "app");
  CHECK(scene.names_now() == Strings{"1.sql"});
}

TEST_CASE("a root that is away for a moment was never gone") {
  Scene scene;
  write(scene.folder / "m/1.sql", "x");
  auto times = quick();
  times.settle.settle = 300ms;
  auto& directory = scene.watch({scene.folder.root("m")}, times);
  scene.names_now();
  fs::rename(scene.folder / "m", scene.folder / "away");
  CHECK(scene.loop.stays_silent(directory, 50ms));
  fs::rename(scene.folder / "away", scene.folder / "m");
  CHECK(scene.loop.stays_silent(directory, 700ms));
}

TEST_CASE("a root that does not exist yet is told, and found when it comes") {
  Scene scene;
  auto& directory = scene.watch({scene.folder.root("a/b/m")});
  CHECK_FALSE(scene.loop.next(directory));
  const auto result =
      scene.loop.next(directory, 20ms, [&] { write(scene.folder / "a/b/m/1.sql", "x"); });
  REQUIRE(result);
  CHECK(names(*result) == Strings{"1.sql"});
}

TEST_CASE("a checkout counts when git has finished") {
  Scene scene;
  write(scene.folder / "repo/.git/HEAD", "");
  write(scene.folder / "repo/m/1.sql", "x");
  auto& directory = scene.watch({scene.folder.root("repo/m")});
  scene.names_now();
  write(scene.folder / "repo/.git/index.lock", "");
  fs::remove(scene.folder / "repo/m/1.sql");
  CHECK(scene.loop.stays_silent(directory, 300ms));
  const auto result = scene.loop.next(directory, 20ms, [&] {
    write(scene.folder / "repo/m/1.sql", "from the other branch");
    fs::remove(scene.folder / "repo/.git/index.lock");
  });
  REQUIRE(result);
  CHECK(find(*result, "1.sql")->content == content_of("from the other branch"));
}

TEST_CASE("a lock that a crashed git left behind delays a change and does not hide it") {
  Scene scene;
  write(scene.folder / "repo/.git/index.lock", "");
  write(scene.folder / "repo/m/1.sql", "x");
  auto times = quick();
  times.settle.at_most = 300ms;
  scene.watch({scene.folder.root("repo/m")}, times);
  CHECK(scene.names_now() == Strings{"1.sql"});
  write(scene.folder / "repo/m/2.sql", "y");
  CHECK(scene.names_now() == Strings{"1.sql", "2.sql"});
}

TEST_CASE("what events cannot tell is found by looking") {
  Scene scene;
  write(scene.folder / "m/1.sql", "xx");
  fs::create_directory(scene.folder / "other");
  fs::create_hard_link(scene.folder / "m/1.sql", scene.folder / "other/1");
  auto times = quick();
  times.rescan = 100ms;
  auto& directory = scene.watch({scene.folder.root("m")}, times);
  scene.names_now();
  const auto result =
      scene.loop.next(directory, 20ms, [&] { write(scene.folder / "other/1", "yy"); });
  REQUIRE(result);
  CHECK(find(*result, "1.sql")->content == content_of("yy"));
}

TEST_CASE("a directory without events is polled") {
  Scene scene;
  write(scene.folder / "m/1.sql", "xx");
  fs::create_directory(scene.folder / "other");
  fs::create_hard_link(scene.folder / "m/1.sql", scene.folder / "other/1");
  auto times = quick();
  times.always_poll = true;
  times.poll = 50ms;
  auto& directory = scene.watch({scene.folder.root("m")}, times);
  scene.names_now();
  CHECK(directory.polling());
  CHECK(directory.why_polling() == "the configuration says so");
  const auto result =
      scene.loop.next(directory, 20ms, [&] { write(scene.folder / "other/1", "yy"); });
  REQUIRE(result);
  CHECK(find(*result, "1.sql")->content == content_of("yy"));
}

TEST_CASE("a person who asks makes it look now") {
  Scene scene;
  write(scene.folder / "m/1.sql", "xx");
  fs::create_directory(scene.folder / "other");
  fs::create_hard_link(scene.folder / "m/1.sql", scene.folder / "other/1");
  auto& directory = scene.watch({scene.folder.root("m")});
  scene.names_now();
  const auto result = scene.loop.next(directory, 20ms, [&] {
    write(scene.folder / "other/1", "yy");
    directory.rescan();
  });
  REQUIRE(result);
  CHECK(find(*result, "1.sql")->content == content_of("yy"));
}
