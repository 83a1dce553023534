// A directory that becomes empty under the running daemon: somebody deploys, or somebody deletes.

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "tests/daemon/support/rig.h"

using namespace tidemark::test;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int files = 40;

// Everything is applied in prod, on somebody's word.
struct Applied : Rig {
  explicit Applied(const std::string& settle) {
    for (int i = 1; i <= files; ++i) {
      put(i);
    }
    settle_in(settle);
    configure("      - name: prod\n");
    start();
    REQUIRE(tidemark({"mark", "shop/prod", "--baseline", name(files), "--reason", "x"}).status ==
            0);
    REQUIRE(cell("prod", name(1)) == "applied");
  }

  static std::string name(int number) { return "V" + std::to_string(number) + "__x"; }
  void put(int number) const {
    file(name(number) + ".sql", "CREATE TABLE t" + std::to_string(number) + " (id int);\n");
  }
  void put_all() const {
    for (int i = 1; i <= files; ++i) {
      put(i);
    }
  }
  void remove_all() const {
    for (int i = 1; i <= files; ++i) {
      remove(name(i) + ".sql");
    }
  }
  std::filesystem::path aside() const { return folder() / "aside"; }
  std::size_t findings_ever() {
    return json({"findings", "--all"}).at("findings").as_array().size();
  }
  bool drifts() { return json({"findings"}).at("findings").as_array().size() == files; }
  // Looks on for a while.
  bool stays_calm_for(std::chrono::milliseconds time) {
    const auto until = Clock::now() + time;
    bool calm = true;
    while (Clock::now() < until) {
      calm = findings_ever() == 0 && calm;
      std::this_thread::sleep_for(20ms);
    }
    return calm;
  }
};

}  // namespace

TEST_CASE("an emptied directory is removed migrations, but not before ten times settle") {
  Applied rig("300ms");
  std::function<void()> empty;
  SUBCASE("rm, one after the other") {
    empty = [&] { rig.remove_all(); };
  }
  SUBCASE("rm -rf dir/*") {
    empty = [&] {
      REQUIRE(run({"sh", "-c", "rm -rf " + rig.migrations().string() + "/*"}).status == 0);
    };
  }
  SUBCASE("most of it") {
    empty = [&] {
      for (int i = 1; i <= files - 10; ++i) {
        rig.remove(Applied::name(i) + ".sql");
      }
    };
  }
  SUBCASE("moved away, and an empty one put there") {
    empty = [&] {
      std::filesystem::rename(rig.migrations(), rig.aside());
      std::filesystem::create_directory(rig.migrations());
    };
  }
  const auto began = Clock::now();
  empty();
  REQUIRE_MESSAGE(
      rig.eventually([&] { return rig.cell("prod", Applied::name(1)) == "drifted removed"; }, 60),
      rig.log());
  CHECK(Clock::now() - began >= 3s);
  CHECK(rig.cell("prod", Applied::name(files - 10)) == "drifted removed");
  const auto told = rig.findings_ever();
  CHECK((told == files || told == files - 10));

  // And it ends as it began.
  if (std::filesystem::exists(rig.aside())) {
    std::filesystem::remove(rig.migrations());
    std::filesystem::rename(rig.aside(), rig.migrations());
  }
  rig.put_all();
  CHECK(rig.eventually([&] { return rig.json({"findings"}).at("findings").as_array().empty(); }));
  CHECK(rig.cell("prod", Applied::name(1)) == "applied");
  CHECK(rig.findings_ever() == told);
  CHECK(rig.stop() == 0);
}

TEST_CASE("a directory that is empty for a moment was never empty") {
  Applied rig("1s");
  SUBCASE("deleted, and written again, file by file") {
    for (int round = 0; round < 3; ++round) {
      rig.remove_all();
      CHECK(rig.stays_calm_for(2s));
      for (int i = 1; i <= files; ++i) {
        rig.put(i);
        std::this_thread::sleep_for(10ms);
      }
    }
  }
  SUBCASE("rm -rf dir/*, and back") {
    REQUIRE(run({"sh", "-c", "rm -rf " + rig.migrations().string() + "/*"}).status == 0);
    CHECK(rig.stays_calm_for(4s));
    rig.put_all();
  }
  SUBCASE("moved away and back") {
    for (int round = 0; round < 5; ++round) {
      std::filesystem::rename(rig.migrations(), rig.aside());
      CHECK(rig.stays_calm_for(std::chrono::milliseconds(700 * round)));
      std::filesystem::rename(rig.aside(), rig.migrations());
    }
  }
  CHECK(rig.stays_calm_for(12s));  // longer than an empty one would have been waited for
  CHECK(rig.cell("prod", Applied::name(1)) == "applied");
  // It is still looked at.
  rig.file("V1__x.sql", "edited\n");
  CHECK(rig.eventually([&] { return rig.cell("prod", Applied::name(1)) == "drifted edited"; }, 60));
  CHECK(rig.findings_ever() == 1);
  CHECK(rig.stop() == 0);
}

TEST_CASE("a directory that is gone is a problem to be told, and no drift") {
  Applied rig("200ms");
  std::filesystem::rename(rig.migrations(), rig.aside());
  REQUIRE_MESSAGE(
      rig.eventually(
          [&] { return rig.log().find("directory cannot be read") != std::string::npos; }, 60),
      rig.log());
  CHECK(rig.stays_calm_for(4s));
  CHECK(rig.cell("prod", Applied::name(1)) == "applied");
  const auto status = rig.tidemark({"status"});
  CHECK_MESSAGE(status.out.find(rig.migrations().string()) != std::string::npos, status.out);
  std::filesystem::rename(rig.aside(), rig.migrations());
  rig.file("V41__new.sql", "x\n");
  CHECK(rig.eventually([&] { return rig.cell("prod", "V41__new") == "pending"; }, 90));
  CHECK(rig.findings_ever() == 0);
  CHECK(rig.stop() == 0);
}
