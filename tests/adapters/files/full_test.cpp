// What takes longer than a developer waits.

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include "tests/adapters/files/support.h"

using namespace tidemark;
using namespace tidemark::files_test;
using namespace std::chrono_literals;

namespace {

std::chrono::milliseconds time_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               begin);
}

long memory_high_water_kb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

bool shell(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

}  // namespace

TEST_CASE("a gigabyte is hashed without being held") {
  TemporaryFolder folder;
  write(folder / "m/1.sql", "");
  fs::resize_file(folder / "m/1.sql", 1ULL << 30U);
  const auto before = memory_high_water_kb();
  auto scanner = scanner_of({folder.root("m")});
  const auto result = scanner.scan();
  REQUIRE(result);
  CHECK(find(*result, "1.sql")->content.raw.hex() ==
        "49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14");
  CHECK(memory_high_water_kb() - before < 64 * 1024);
}

TEST_CASE("a hundred thousand files take seconds, and a fraction of one when none changed") {
  TemporaryFolder folder;
  constexpr std::size_t count = 100'000;
  for (std::size_t i = 0; i < count; ++i) {
    write(folder / ("m/" + std::to_string(i % 1000) + "/" + std::to_string(i) + ".sql"),
          std::string(2048, 'x'));
  }
  auto scanner = scanner_of({folder.root("m")});
  let_it_age();
  Result<ScanResult> result;
  const auto cold = time_of([&] { result = scanner.scan(); });
  REQUIRE(result);
  CHECK(result->statistics.hashed == count);
  const auto warm = time_of([&] { result = scanner.scan(); });
  REQUIRE(result);
  CHECK(result->statistics.hashed == 0);
  MESSAGE("cold " << cold.count() << " ms, warm " << warm.count() << " ms");
  // Many times what an optimised build takes on two idle cores: this finds what became quadratic.
  CHECK(cold < 60s);
  CHECK(warm < 10s);
}

TEST_CASE("a hundred thousand writes at full speed are never seen half done") {
  SeenWhileWritten all;
  while (all.writes < 100'000) {
    const auto seen = scan_while_written(5s, 128 * 1024, 1U << 20U);
    REQUIRE(seen.writes > 0);
    all.writes += seen.writes;
    all.whole += seen.whole;
    all.torn += seen.torn;
  }
  CHECK(all.torn == 0);
  CHECK(all.whole > 0);
  MESSAGE("seen whole " << all.whole << " times in " << all.writes << " writes");
}

TEST_CASE("a directory whose branch is switched again and again is only ever one of the two") {
  if (!shell("git --version")) {
    MESSAGE("git is not installed");
    return;
  }
  TemporaryFolder folder;
  const auto repo = folder.root("repo");
  const std::string git = "git -C '" + repo + "' -c user.name=a -c user.email=a@example.com ";
  const auto commit_files = [&](const std::string& text, int from) {
    fs::remove_all(folder / "repo/m");
    for (int i = from; i < from + 300; ++i) {
      write(folder / ("repo/m/" + std::to_string(i) + ".sql"), text);
    }
    return shell(git + "add -A") && shell(git + "commit -m " + text);
  };
  fs::create_directories(repo);
  REQUIRE(shell(git + "init -b a"));
  REQUIRE(commit_files("a", 0));
  REQUIRE(shell(git + "checkout -b b"));
  REQUIRE(commit_files("b", 100));

  constexpr int wanted = 300;
  std::atomic<int> switches = 0;
  std::atomic<bool> broken = false;
  std::thread switcher([&] {
    std::minstd_rand random(3);
    for (; switches < wanted && !broken; ++switches) {
      broken = !shell(git + "checkout -f " + (switches % 2 == 0 ? "a" : "b"));
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 200));
    }
  });
  Loop loop;
  DirectoryTimes times;
  times.settle = {50ms, 60s};
  Directory directory(
      loop.executor(), {{folder.root("repo/m")}, {}}, every_sql_file, times, hasty());
  std::size_t seen = 0;
  while (switches < wanted && !broken) {
    const auto result = loop.next(directory, 2s);
    if (!result) {
      CHECK(result.error().code == Errc::cancelled);
      continue;
    }
    ++seen;
    REQUIRE_FALSE(result->files->empty());
    const auto content = content_of(names(*result).front() == "0.sql" ? "a" : "b");
    std::size_t wrong = result->files->size() == 300 ? 0 : 1;
    for (const auto& file : *result->files) {
      wrong += file.content == content ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
  switcher.join();
  CHECK_FALSE(broken);
  CHECK(seen > 10);
  MESSAGE(seen << " settled states in " << wanted << " switches");
}
