// Other branches are checked out under the running daemon: many thousand files at a time.

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;
using namespace std::chrono_literals;

namespace {

constexpr int files = FILES;
constexpr int applied = 2'000;

std::string name(int number) {
  return "V" + std::to_string(number) + "__t";
}

std::string content(int number) {
  return "CREATE TABLE t" + std::to_string(number) + " (id int);\n";
}

// A git repository with the branches
//   old     everything in old/
//   new     everything in new/, with one more migration, and what is not applied says something
//   else edited  as old, and an applied migration says something else
// and a database where Flyway applied the first of them.
class Repository : public Rig {
 public:
  Repository() {
    // For a daemon in a user namespace: there it is nobody's root but our own.
    REQUIRE(::chown(folder().c_str(), ::geteuid(), ::getegid()) == 0);
    git({"init", "-q", "-b", "old"});
    std::filesystem::create_directory(migrations() / "old");
    for (int i = 1; i <= files; ++i) {
      write_file(migrations() / "old" / (name(i) + ".sql"), content(i));
    }
    commit();
    git({"checkout", "-q", "-b", "edited"});
    write_file(migrations() / "old" / (name(7) + ".sql"), "edited\n");
    commit();
    git({"checkout", "-q", "-b", "new", "old"});
    std::filesystem::rename(migrations() / "old", migrations() / "new");
    for (int i = applied + 1; i <= files; i += 2) {
      write_file(migrations() / "new" / (name(i) + ".sql"), content(i) + "-- otherwise\n");
    }
    write_file(migrations() / "new" / (name(files + 1) + ".sql"), content(files + 1));
    commit();
    git({"checkout", "-q", "old"});
    configure(
        "      - name: staging\n        mode: reconcile_only\n        poll: 1s\n        "
        "database: " +
        database() + "\n");
  }

  void check_out(const std::string& branch) const { git({"checkout", "-q", branch}); }
  // As a deployment does it that knows nothing of git: file by file, with pauses.
  void move_all(const std::string& from, const std::string& to) const {
    std::filesystem::create_directory(migrations() / to);
    for (int i = 1; i <= files; ++i) {
      const auto file = name(i) + ".sql";
      std::filesystem::rename(migrations() / from / file, migrations() / to / file);
      if (i % 1'000 == 0) {
        std::this_thread::sleep_for(30ms);
      }
    }
    std::filesystem::remove(migrations() / from);
  }

  // Cells of staging in this state.
  std::int64_t cells(const std::string& state) {
    const auto environment = status("staging");
    const auto* counts = environment.at("counts").as_object().if_contains(state);
    return counts == nullptr ? 0 : counts->as_int64();
  }
  bool shows(std::int64_t pending) {
    return cells("applied") == applied && cells("pending") == pending;
  }
  std::size_t findings_ever() {
    return json({"findings", "--all"}).at("findings").as_array().size();
  }

 private:
  void git(std::vector<std::string> arguments) const {
    // Without gc in the background, which takes folders away that the next git writes into.
    std::vector<std::string> command{"git", "-c", "gc.auto=0", "-C", migrations().string()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const auto ran = run(command,
                         {{"GIT_CONFIG_GLOBAL", "/dev/null"},
                          {"GIT_CONFIG_SYSTEM", "/dev/null"},
                          {"GIT_AUTHOR_NAME", "x"},
                          {"GIT_AUTHOR_EMAIL", "x@x"},
                          {"GIT_COMMITTER_NAME", "x"},
                          {"GIT_COMMITTER_EMAIL", "x@x"}});
    REQUIRE_MESSAGE(ran.status == 0, ran.err);
  }
  void commit() const {
    git({"add", "-A"});
    git({"commit", "-q", "-m", "x"});
  }
  static std::string database() {
    auto& server = PostgresServer::shared();
    const auto database = server.create_database("shop");
    std::ostringstream rows;
    rows << "BEGIN;" << create_flyway_ledger() << ";";
    for (int i = 1; i <= applied; ++i) {
      rows << insert_flyway_row({.rank = i,
                                 .version = std::to_string(i),
                                 .description = "t",
                                 .script = name(i) + ".sql",
                                 .content = content(i)})
           << ";";
    }
    rows << "COMMIT;";
    server.run(rows.str(), database);
    return server.address(database);
  }
};

// Whatever the daemon says while this is done.
bool calm_while(Repository& repository, const std::function<void()>& work) {
  auto done = std::async(std::launch::async, work);
  bool calm = true;
  do {
    calm = repository.findings_ever() == 0 && repository.cells("unknown") == 0 && calm;
  } while (done.wait_for(20ms) != std::future_status::ready);
  done.get();
  return calm;
}

void check_checkouts(Repository& repository, int rounds) {
  REQUIRE_MESSAGE(repository.eventually([&] { return repository.shows(files - applied); }, 60),
                  repository.log());
  for (int round = 0; round < rounds; ++round) {
    INFO("round " << round);
    CHECK(calm_while(repository, [&] { repository.check_out("new"); }));
    CHECK(repository.eventually([&] { return repository.shows(files + 1 - applied); }, 60));
    CHECK(calm_while(repository, [&] { repository.check_out("old"); }));
    CHECK(repository.eventually([&] { return repository.shows(files - applied); }, 60));
  }
  // Several without a pause, and not too many: after a minute of unrest a scan counts whatever it
  // sees, and where much else runs a checkout takes ten seconds.
  CHECK(calm_while(repository, [&] {
    repository.move_all("old", "moved");
    repository.move_all("moved", "old");
    repository.check_out("new");
  }));
  CHECK(repository.eventually([&] { return repository.shows(files + 1 - applied); }, 60));
  CHECK(calm_while(repository, [&] {
    repository.check_out("old");
    repository.check_out("new");
    repository.check_out("edited");
  }));
  const auto drifts = [&] { return repository.cells("drifted") == 1; };
  REQUIRE_MESSAGE(repository.eventually(drifts, 60), repository.log());
  CHECK(repository.cell("staging", name(7)) == "drifted edited");
  CHECK(repository.findings_ever() == 1);
  CHECK(repository.json({"audit", "verify"}).at("ok").as_bool());
}

// In a user namespace of its own, which has limits of its own.
std::vector<std::string> limited(const std::string& limit, int to) {
  return {"unshare",
          "-U",
          "-r",
          "sh",
          "-c",
          "echo " + std::to_string(to) + " > /proc/sys/user/" + limit + " && exec \"$@\"",
          "sh"};
}

}  // namespace

TEST_CASE("thousands of files are checked out again and again, and the only drift seen is real") {
  if (!PostgresServer::available()) {
    return;
  }
  Repository repository;
  repository.start();
  check_checkouts(repository, 2);
  CHECK(repository.log().find("directory is polled") == std::string::npos);
  CHECK(repository.stop() == 0);
}

TEST_CASE("where inotify has reached its limits, checkouts are seen by looking, and no worse") {
  std::vector<std::string> wrapper;
  std::string why;
  SUBCASE("of watches") {
    wrapper = limited("max_inotify_watches", 1);
    why = "fs.inotify.max_user_watches";
  }
  SUBCASE("of instances") {
    wrapper = limited("max_inotify_instances", 0);
    why = "fs.inotify.max_user_instances";
  }
  auto trial = wrapper;
  trial.emplace_back("true");
  if (!PostgresServer::available() || run(trial).status != 0) {
    MESSAGE("skipped: no user namespaces here, or no PostgreSQL");
    return;
  }
  Repository repository;
  repository.start(wrapper);
  check_checkouts(repository, 1);
  CHECK_MESSAGE(repository.log().find(why) != std::string::npos, repository.log());
  CHECK(repository.stop() == 0);
}
