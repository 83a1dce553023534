// Our ledger's disk is full: a small tmpfs that only the daemon sees.

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;

namespace {

// A ledger on a disk of its own, seen from here through the daemon's eyes.
struct SmallDisk : Rig {
  SmallDisk() {
    std::filesystem::create_directory(disk());
    for (int i = 1; i <= 60; ++i) {
      file("V" + std::to_string(i) + "__x.sql", "-- " + std::to_string(i) + "\n");
    }
    configure("      - name: prod\n" + (PostgresServer::available() ? staging() : ""));
    std::ifstream in(config());
    std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto at = text.find(ledger().string());
    text.replace(at, ledger().string().size(), (disk() / "ledger.db").string());
    write_file(config(), text);
  }
  static std::string staging() {
    auto& server = PostgresServer::shared();
    return "      - name: staging\n        mode: reconcile_only\n        poll: 1s\n"
           "        database: " +
           server.address(server.create_database("full")) + "\n";
  }
  // Of the last look at staging.
  std::string as_of() {
    return PostgresServer::available() ? std::string(status("staging").at("as_of").as_string())
                                       : "";
  }
  bool writable(const char* value) {
    return get("/metrics").find(std::string("\ntidemark_ledger_writable ") + value + "\n") !=
           std::string::npos;
  }
  std::filesystem::path disk() const { return folder() / "disk"; }
  std::filesystem::path filler() const {
    return "/proc/" + std::to_string(pid()) + "/root" + (disk() / "filler").string();
  }
  std::string mount() const { return "mount -t tmpfs -o size=3m none " + disk().string(); }

  void fill() const {
    std::ofstream out(filler(), std::ios::binary);
    const std::string zeros(4096, '\0');
    while (out.write(zeros.data(), static_cast<std::streamsize>(zeros.size())).flush()) {
    }
  }
  Ran mark(int number) {
    return tidemark({"mark",
                     "shop/prod",
                     "V" + std::to_string(number) + "__x",
                     "--reason",
                     std::string(300, static_cast<char>('a' + number % 26))});
  }
};

}  // namespace

TEST_CASE("with a full disk changes are refused in words, the rest goes on, and it recovers") {
  SmallDisk rig;
  if (::getuid() != 0 || run({"unshare", "-m", "sh", "-c", rig.mount()}).status != 0) {
    MESSAGE("skipped: no file system can be mounted here");
    return;
  }
  rig.start({"unshare", "-m", "sh", "-c", rig.mount() + " && exec \"$@\"", "sh"});
  const auto first = rig.mark(1);
  REQUIRE_MESSAGE(first.status == 0, first.err << rig.log());
  CHECK(rig.writable("1"));

  rig.fill();
  int kept = 1;
  Ran refused = rig.mark(kept + 1);
  while (refused.status == 0 && kept < 50) {  // what room its files had
    ++kept;
    refused = rig.mark(kept + 1);
  }
  REQUIRE(refused.status != 0);
  CHECK_MESSAGE((refused.out + refused.err).find("disk full") != std::string::npos,
                refused.out << refused.err);
  const auto number = [](int of) { return "V" + std::to_string(of) + "__x"; };
  CHECK(rig.cell("prod", number(kept)) == "applied");
  CHECK(rig.cell("prod", number(kept + 1)) == "pending");
  CHECK(rig.writable("0"));
  CHECK_FALSE(rig.ready());
  const auto looked = rig.as_of();
  CHECK(rig.eventually([&] { return looked.empty() || rig.as_of() != looked; }));
  CHECK(rig.get("/metrics").find("tidemark_") != std::string::npos);
  CHECK(rig.get("/v1/status").find("shop") != std::string::npos);
  rig.file("V99__x.sql", "-- new\n");  // what is on disk is compared and shown all the same
  CHECK(rig.eventually([&] { return rig.cell("prod", "V99__x") == "pending"; }));
  CHECK(rig.running());

  std::filesystem::remove(rig.filler());
  CHECK(rig.eventually([&] { return rig.mark(kept + 1).status == 0; }, 30));
  CHECK(rig.cell("prod", number(kept + 1)) == "applied");
  CHECK(rig.eventually([&] { return rig.ready(); }, 30));
  CHECK(rig.writable("1"));
  CHECK(rig.json({"audit", "verify"}).at("ok").as_bool());
  CHECK(rig.stop() == 0);
}
