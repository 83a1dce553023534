// A daemon's worth of writing, killed with SIGKILL at random moments: nothing that was acknowledged
// is missing.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include <doctest/doctest.h>

#include "adapters/store/ledger.h"
#include "tests/adapters/store/support.h"

using namespace tidemark;
using namespace tidemark::store_test;

namespace {

constexpr int kills = 200;
constexpr int kills_per_ledger = 20;  // so that making a ledger is interrupted as well

// What the child says of a commit once it has returned.
struct Acknowledged {
  std::uint64_t seq;
  std::int64_t key;
};

Change next_change(const EnvironmentState& state, std::int64_t number) {
  const auto key = std::to_string(number);
  const auto content =
      "-- " + key + "\n" + std::string(static_cast<std::size_t>(number % 7) * 700, 'x');
  auto next = change(1);
  next.records = {record(key, content)};
  next.contents = {bytes_of(content)};
  next.observation.emplace();
  next.observation->table = key;
  std::vector<Finding> wrong;
  if (number % 3 != 0) {
    wrong.push_back(finding(FindingKind::edited, "1"));
    wrong.back().details["number"] = key;
  }
  next.findings = changes(state.findings, wrong, at(1));
  // The one that is open ends where the next begins.
  if (!state.attempts.empty()) {
    next.attempts = {ended(state.attempts.back(), Attempt::Outcome::applied)};
  }
  next.attempts.push_back(attempt(key, key, content));
  next.audit = {event("mark.recorded")};
  return next;
}

// Commits until it is killed. Never returns.
[[noreturn]] void write_for_ever(const std::filesystem::path& file, int pipe) {
  auto result = Ledger::open(file, at(0));
  if (!result) {
    ::_exit(1);
  }
  auto& ledger = result->ledger;
  for (;;) {
    const auto state = ledger.load(staging, at(1));
    if (!state) {
      ::_exit(2);
    }
    const auto number = static_cast<std::int64_t>(state->records.size()) + 1;
    const auto committed = ledger.commit(next_change(*state, number));
    if (!committed || !ledger.append({event("reload")}) ||
        (number % 10 == 0 && !ledger.prune(at(1), std::chrono::minutes{0}))) {
      ::_exit(3);
    }
    const Acknowledged said{.seq = committed->audit.back().seq, .key = number};
    if (::write(pipe, &said, sizeof said) != sizeof said) {
      ::_exit(4);
    }
  }
}

// When to kill: a while after so many commits were acknowledged.
struct Moment {
  int acknowledged;
  std::chrono::microseconds then;
};

// Starts a writer, kills it, and returns all that it had acknowledged.
std::vector<Acknowledged> killed_at(const std::filesystem::path& file, const Moment& moment) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const auto child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    write_for_ever(file, ends[1]);
  }
  ::close(ends[1]);
  std::vector<Acknowledged> all;
  Acknowledged one{};
  const auto next = [&] { return ::read(ends[0], &one, sizeof one) == sizeof one; };
  for (int i = 0; i < moment.acknowledged && next(); ++i) {
    all.push_back(one);
  }
  std::this_thread::sleep_for(moment.then);
  ::kill(child, SIGKILL);
  while (next()) {
    all.push_back(one);
  }
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE_MESSAGE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL),
                  "the writer failed: " << WEXITSTATUS(status));
  return all;
}

struct Counts {
  std::size_t acknowledged = 0;
  std::size_t missing = 0;
  int before_the_first_commit = 0;
};

void check_ledger(const std::filesystem::path& file,
                  const std::vector<Acknowledged>& acknowledged,
                  Counts& counts) {
  auto again = opened(file);
  CHECK_MESSAGE(again.restored.empty(), again.restored);
  CHECK_MESSAGE(again.audit_problem.empty(), again.audit_problem);
  const auto check = again.ledger.verify_audit();
  REQUIRE(check);
  CHECK_MESSAGE(check->ok, check->problem);
  const auto state = again.ledger.load(staging, at(1));
  REQUIRE(state);
  for (const auto& one : acknowledged) {
    const auto index = static_cast<std::size_t>(one.key - 1);
    const bool recorded =
        index < state->records.size() && state->records[index].key.value == std::to_string(one.key);
    const bool audited = one.seq <= check->last.seq;
    counts.missing += recorded && audited ? 0 : 1;
  }
  for (const auto& stored : state->records) {
    const bool whole = again.ledger.content(stored.content->raw).value_or(std::nullopt).has_value();
    CHECK(whole);
  }
  CHECK(state->attempts.size() == state->records.size());
  CHECK(std::ranges::count_if(state->attempts, is_unsettled) == (state->records.empty() ? 0 : 1));
  CHECK((state->records.empty() || state->observation->table == state->records.back().key.value));
  counts.acknowledged += acknowledged.size();
  counts.before_the_first_commit += acknowledged.empty() ? 1 : 0;
}

}  // namespace

TEST_CASE("a daemon that is killed 200 times under load loses nothing that it acknowledged") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> acknowledged(0, 12);
  std::uniform_int_distribution<int> then_us(0, 12'000);
  Counts counts;
  int sound = 0;
  for (int round = 0; round < kills / kills_per_ledger; ++round) {
    const Folder folder(On::disk);
    const auto file = folder / "ledger.db";
    for (int i = 0; i < kills_per_ledger; ++i) {
      // The first ones while the ledger is being made.
      const Moment moment{.acknowledged = i < 5 ? 0 : acknowledged(random),
                          .then = std::chrono::microseconds{then_us(random)}};
      check_ledger(file, killed_at(file, moment), counts);
      sound += meddle(file, "PRAGMA integrity_check") == std::vector<std::string>{"ok"} ? 1 : 0;
    }
  }
  MESSAGE("kills " << kills << ", acknowledged commits " << counts.acknowledged << ", missing "
                   << counts.missing << ", sound afterwards " << sound
                   << ", killed before the first commit " << counts.before_the_first_commit);
  CHECK(counts.missing == 0);
  CHECK(sound == kills);
  CHECK(counts.acknowledged > kills);
}
