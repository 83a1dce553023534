// Disks that are full or fail, made for real: a small tmpfs, writes and flushes that fail.

#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "adapters/store/ledger.h"
#include "tests/adapters/store/support.h"

using namespace tidemark;
using namespace tidemark::store_test;

namespace {

int flushes_that_fail = 0;

}  // namespace

// Stands before libc's in this program, for SQLite too.
extern "C" int fdatasync(int descriptor) {
  if (flushes_that_fail > 0) {
    --flushes_that_fail;
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

namespace {

Change large(int number) {
  auto next = change(number);
  std::string noise;
  for (unsigned i = 0; i < 20'000; ++i) {
    noise += static_cast<char>((i * 2654435761U + static_cast<unsigned>(number) * 40503U) >> 13U);
  }
  next.records = {record(std::to_string(number), noise)};
  next.contents = {bytes_of(noise)};
  next.attempts = {attempt(std::to_string(number), std::to_string(number), noise)};
  next.attempts.push_back(ended(next.attempts[0], Attempt::Outcome::applied, number));
  next.freeze = Freeze{.by = "ana", .reason = noise, .at = at(number), .until = std::nullopt};
  next.audit = {event("mark.recorded", number)};
  return next;
}

// Writes that SQLite makes, counted down; the one that is due fails.
int writes_until_failure = -1;
int failure = ENOSPC;
ssize_t (*real_pwrite)(int, const void*, size_t, off_t) = nullptr;

ssize_t failing_pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  if (writes_until_failure == 0) {
    errno = failure;
    return -1;
  }
  if (writes_until_failure > 0) {
    --writes_until_failure;
  }
  return real_pwrite(descriptor, bytes, size, offset);
}

class FailingWrites {
 public:
  FailingWrites() : vfs_(sqlite3_vfs_find(nullptr)) {
    for (const auto* name : {"pwrite", "pwrite64"}) {
      if (auto* found = vfs_->xGetSystemCall(vfs_, name)) {
        real_pwrite = reinterpret_cast<decltype(real_pwrite)>(found);
        vfs_->xSetSystemCall(vfs_, name, reinterpret_cast<sqlite3_syscall_ptr>(&failing_pwrite));
      }
    }
  }
  ~FailingWrites() {
    writes_until_failure = -1;
    vfs_->xSetSystemCall(vfs_, nullptr, nullptr);
  }
  FailingWrites(const FailingWrites&) = delete;
  FailingWrites& operator=(const FailingWrites&) = delete;

 private:
  sqlite3_vfs* vfs_;
};

}  // namespace

TEST_CASE(
    "whichever write finds the disk full, the commit is whole or not there, and it goes on when "
    "there is room") {
  const FailingWrites failing;
  int failed = 0;
  for (const int number : {ENOSPC, EIO}) {
    failure = number;
    for (int nth = 0;; ++nth) {
      const Folder folder;
      auto ledger = opened(folder / "ledger.db").ledger;
      REQUIRE(ledger.commit(large(1)));
      const auto before = must(ledger.load(staging, at(5)));

      writes_until_failure = nth;
      const auto result = ledger.commit(large(2));
      const bool reached = writes_until_failure == 0;
      writes_until_failure = -1;
      if (!result) {
        ++failed;
        CHECK(result.error().code == Errc::retry);
        CHECK(must(ledger.load(staging, at(5))) == before);
        REQUIRE(ledger.commit(large(2)));
      }
      CHECK(ledger.load(staging, at(5))->records.size() == 2);
      CHECK(ledger.load(staging, at(5))->attempts.size() == 2);
      CHECK(ledger.load(staging, at(5))->freeze == *large(2).freeze);
      CHECK(ledger.verify_audit()->entries == 2);
      CHECK(ledger.content(large(2).contents[0].digest).value() == large(2).contents[0].bytes);
      if (!reached) {
        break;
      }
    }
  }
  CHECK(failed > 6);
}

TEST_CASE(
    "a full disk is said in words, nothing is lost, and it goes on by itself when there is room") {
  if (::getuid() != 0) {
    MESSAGE("skipped: only root can mount a small file system");
    return;
  }
  const Folder folder;
  std::filesystem::create_directory(folder / "disk");
  constexpr int no_mount = 77;
  const int code = in_child([&] {
    // In a mount namespace of its own: gone with this process, whatever happens.
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", (folder / "disk").c_str(), "tmpfs", 0, "size=1m") != 0) {
      return no_mount;
    }
    auto first =
        std::make_unique<Result<Ledger::Opened>>(Ledger::open(folder / "disk/ledger.db", at(0)));
    if (!*first) {
      return 1;
    }
    auto& ledger = (*first)->ledger;
    int stored = 0;
    Result<Committed> result = ledger.commit(large(stored));
    while (result && stored < 1000) {
      result = ledger.commit(large(++stored));
    }
    if (stored == 0 || stored == 1000 || result.error().code != Errc::retry ||
        result.error().detail.find("disk full") == std::string::npos) {
      return 2;
    }
    const auto count = static_cast<std::size_t>(stored);
    const auto state = ledger.load(staging, at(1));
    if (!state || state->records.size() != count || !ledger.verify_audit()->ok) {
      return 3;
    }
    if (::mount("tmpfs", (folder / "disk").c_str(), "tmpfs", MS_REMOUNT, "size=16m") != 0) {
      return no_mount;
    }
    if (!ledger.commit(large(stored)) || !ledger.keep_mark().empty() ||
        ledger.load(staging, at(1))->records.size() != count + 1) {
      return 4;
    }
    first.reset();
    const auto again = Ledger::open(folder / "disk/ledger.db", at(2));
    return again && again->restored.empty() && again->audit_problem.empty() ? 0 : 5;
  });
  if (code == no_mount) {
    MESSAGE("skipped: no file system can be mounted here");
    return;
  }
  CHECK(code == 0);
}

TEST_CASE("a mark that could not be written is told, and is no restore at the next start") {
  const Folder folder;
  {
    auto ledger = opened(folder / "ledger.db").ledger;
    REQUIRE(ledger.append({event("one")}));
    CHECK(ledger.keep_mark().empty());
    std::filesystem::create_directory(folder / "ledger.db.mark.new");  // in the way of the new mark
    REQUIRE(ledger.append({event("two")}));
    CHECK_FALSE(ledger.keep_mark().empty());
  }
  CHECK(opened(folder / "ledger.db").restored.empty());
  std::filesystem::remove(folder / "ledger.db.mark.new");
  auto ledger = opened(folder / "ledger.db").ledger;
  REQUIRE(ledger.append({event("three")}));
  CHECK(ledger.keep_mark().empty());
}

TEST_CASE("after a flush that failed nothing more is written, even when the next one would work") {
  const Folder folder;
  {
    auto ledger = opened(folder / "ledger.db").ledger;
    REQUIRE(ledger.append({event("before")}));
    flushes_that_fail = 1;
    for (int attempt = 0; attempt < 3; ++attempt) {
      const auto refused = ledger.append({event("lost")});
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::broken);
      CHECK(refused.error().detail.find("failed to flush") != std::string::npos);
    }
    CHECK(flushes_that_fail == 0);
    CHECK(ledger.audit({})->size() == 1);
  }
  auto after = opened(folder / "ledger.db");
  CHECK(after.restored.empty());
  CHECK(after.ledger.verify_audit()->ok);
  CHECK(after.ledger.append({event("after")}));
}
