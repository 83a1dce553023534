#include "adapters/files/watch.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "adapters/files/root_steps.h"
#include "tests/adapters/files/support.h"

using namespace tidemark;
using namespace tidemark::files_test;
using namespace std::chrono_literals;

namespace {

// Watches what a scan of `root` passes through.
void watch_tree(DirectoryWatch& watch, const std::string& root) {
  auto scanner = scanner_of({root});
  const auto plan = watch.plan();
  REQUIRE(scanner.scan(plan.get()));
  watch.adopt(*plan);
  watch.drain();
}

struct Steps final : FolderVisitor {
  void folder(int) override {}
  void step(const std::string& folder, const std::string& name) override {
    all.push_back(folder + " " + name);
  }
  std::vector<std::string> all;
};

// Of this process, in all.
std::size_t watches() {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream info(entry.path());
    for (std::string line; std::getline(info, line);) {
      count += line.starts_with("inotify wd:") ? 1 : 0;
    }
  }
  return count;
}

constexpr int not_possible_here = 77;

bool limit_watches(const char* count) {
  std::ofstream knob("/proc/sys/user/max_inotify_watches");
  knob << count << std::flush;
  return knob.good();
}

// 0 when it is polled for the right reason, and not any more once there is room.
int says_so_until_it_may(const std::string& root) {
  asio::io_context io;
  DirectoryWatch watch(io.get_executor());
  auto scanner = scanner_of({root});
  const auto plan = watch.plan();
  if (!scanner.scan(plan.get())) {
    return 1;
  }
  watch.adopt(*plan);
  if (watch.why_polling() != "the limit fs.inotify.max_user_watches is reached") {
    return 2;
  }
  limit_watches("10000");
  const auto second = watch.plan();
  if (!scanner.scan(second.get())) {
    return 3;
  }
  watch.adopt(*second);
  return watch.polling() ? 4 : 0;
}

}  // namespace

TEST_CASE("more events than the kernel keeps are one change") {
  TemporaryFolder folder;
  write(folder / "m/1.sql", "x");
  write(folder / "1", "");
  write(folder / "2", "");
  Loop loop;
  DirectoryWatch watch(loop.executor());
  watch_tree(watch, folder.root("m"));
  std::size_t queue = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queue;
  if (queue == 0 || queue > 200'000) {
    MESSAGE("the queue is too long to be filled");
    return;
  }
  for (std::size_t i = 0; i < queue + 10;
       ++i) {  // none of them concerns us, but they push out what does
    fs::permissions(folder / (i % 2 == 0 ? "1" : "2"), fs::perms::owner_all);
  }
  fs::remove(folder / "m/1.sql");
  CHECK(loop.changed(watch, 10s));
  CHECK_FALSE(loop.changed(watch, 50ms));
}

TEST_CASE("what else happens in the folders above a root concerns nobody") {
  TemporaryFolder folder;
  write(folder / "m/1.sql", "x");
  Loop loop;
  DirectoryWatch watch(loop.executor());
  watch_tree(watch, folder.root("m"));
  write(folder / "neighbour/1.sql", "y");
  write(folder / "n", "y");
  CHECK_FALSE(loop.changed(watch, 100ms));
  fs::rename(folder / "m", folder / "o");
  CHECK(loop.changed(watch, 10s));
}

TEST_CASE("what a scan does not pass through any more is not watched any more") {
  TemporaryFolder folder;
  for (const auto* path : {"1/a/1.sql", "1/b/1.sql", "2/c/1.sql", "2/d/1.sql"}) {
    write(folder / path, "x");
  }
  link(folder / "m", "1");
  Loop loop;
  DirectoryWatch watch(loop.executor());
  watch_tree(watch, folder.root("m"));
  const auto before = watches();
  CHECK(before >= 4);
  fs::remove(folder / "m");
  link(folder / "m", "2");
  watch_tree(watch, folder.root("m"));
  CHECK(watches() == before);
}

TEST_CASE("every step to a root is watched, those behind links too") {
  TemporaryFolder folder;
  fs::create_directories(folder / "releases/7/m");
  link(folder / "current", folder.root("releases/7"));
  link(folder / "app", "./current/../7");
  Steps steps;
  visit_steps(folder.root("app/m"), steps);
  const auto base = folder.path().string();
  const std::vector<std::string> wanted{base + " app",
                                        base + " current",
                                        base + " releases",
                                        base + "/releases 7",
                                        base + "/releases 7",
                                        base + "/releases/7 m"};
  for (const auto& step : wanted) {
    CHECK_MESSAGE(std::ranges::find(steps.all, step) != steps.all.end(), step);
  }
}

TEST_CASE("a circle of links on the way to a root comes to an end") {
  TemporaryFolder folder;
  link(folder / "a", "b");
  link(folder / "b", "a");
  Steps steps;
  visit_steps(folder.root("a/m"), steps);
  CHECK(steps.all.size() < 1000);
}

TEST_CASE("no more watches than the system allows: it says so and is polled") {
  TemporaryFolder folder;
  for (int i = 0; i < 30; ++i) {
    write(folder / ("m/" + std::to_string(i) + "/1.sql"), "x");
  }
  // In a child with limits of its own, so that nobody else on the machine feels them.
  const auto child = ::fork();
  if (child == 0) {
    ::_exit(::unshare(CLONE_NEWUSER) == 0 && limit_watches("10")
                ? says_so_until_it_may(folder.root("m"))
                : not_possible_here);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == not_possible_here) {
    MESSAGE("limits cannot be changed here");
    return;
  }
  CHECK(status == 0);
}
