#include "adapters/metrics/metrics.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/text/printable.h"

using namespace tidemark;
using namespace std::chrono_literals;

namespace {

const EnvironmentRef staging{"shop", "staging"};

EnvironmentFacts facts_of(const EnvironmentRef& environment, Mode mode = Mode::reconcile_only) {
  EnvironmentFacts facts;
  facts.environment = environment;
  facts.mode = mode;
  facts.tool = "flyway";
  facts.reachable = true;
  facts.last_successful_poll = TimePoint(1'776'521'720'250ms);
  return facts;
}

std::vector<std::string> lines_of(const std::string& page, std::string_view part) {
  std::vector<std::string> lines;
  std::istringstream text(page);
  for (std::string line; std::getline(text, line);) {
    if (line.find(part) != std::string::npos && !line.starts_with('#')) {
      lines.push_back(line);
    }
  }
  return lines;
}

bool has(const std::string& page, std::string_view line) {
  return ("\n" + page).find("\n" + std::string(line) + "\n") != std::string::npos;
}

double value_of(const std::string& page, const std::string& name) {
  const auto lines = lines_of(page, name);
  REQUIRE(lines.size() == 1);
  return std::stod(lines[0].substr(lines[0].rfind(' ')));
}

// Everything that the daemon can say, said once.
void fill(Metrics& metrics) {
  auto facts = facts_of(staging);
  facts.migrations[CellState::applied] = 12;
  facts.findings[FindingKind::edited] = 1;
  facts.acknowledged = 2;
  facts.lag = 90'500ms;
  facts.overprivileged = true;
  metrics.environment(facts);
  metrics.environment(facts_of({"shop", "prod"}, Mode::export_only));
  metrics.poll(staging, "ok", 12ms);
  metrics.repo("shop", 13, TimePoint(1'776'521'720s));
  metrics.reloaded(true);
  metrics.audit_verified(true);
  metrics.loop_lag(3ms);
  metrics.handler_failed();
}

}  // namespace

TEST_CASE("an environment's facts are on the page by the names that dashboards use") {
  Metrics metrics;
  fill(metrics);
  const auto page = metrics.page();
  CHECK(has(page, R"(tidemark_build_info{version="0.1.0"} 1)"));
  CHECK(has(
      page,
      R"(tidemark_environment_info{app="shop",environment="staging",mode="reconcile_only",tool="flyway"} 1)"));
  CHECK(has(page, R"(tidemark_migrations{app="shop",environment="staging",state="applied"} 12)"));
  CHECK(has(page, R"(tidemark_drift_findings{app="shop",environment="staging",kind="edited"} 1)"));
  CHECK(has(page, R"(tidemark_acknowledged_findings{app="shop",environment="staging"} 2)"));
  CHECK(has(page, R"(tidemark_environment_reachable{app="shop",environment="staging"} 1)"));
  CHECK(has(page, R"(tidemark_lag_seconds{app="shop",environment="staging"} 90.5)"));
  CHECK(has(page, R"(tidemark_lag_seconds{app="shop",environment="prod"} 0)"));
  CHECK(has(page, R"(tidemark_credential_overprivileged{app="shop",environment="staging"} 1)"));
  CHECK_FALSE(has(page, R"(tidemark_credential_overprivileged{app="shop",environment="prod"} 0)"));
  CHECK(has(page, "tidemark_ledger_writable 1"));
  CHECK(has(
      page,
      R"(tidemark_last_successful_poll_timestamp_seconds{app="shop",environment="staging"} 1776521720.25)"));
  CHECK(has(page, R"(tidemark_polls_total{app="shop",environment="staging",outcome="ok"} 1)"));
  CHECK(has(page, R"(tidemark_poll_duration_seconds_count 1)"));
  CHECK(has(page, R"(tidemark_poll_duration_seconds_bucket{le="0.01"} 0)"));
  CHECK(has(page, R"(tidemark_poll_duration_seconds_bucket{le="0.025"} 1)"));
  CHECK(has(page, R"(tidemark_repo_migrations{app="shop"} 13)"));
  CHECK(has(page, R"(tidemark_repo_last_scan_timestamp_seconds{app="shop"} 1776521720)"));
  CHECK(has(page, R"(tidemark_config_last_reload_successful 1)"));
  CHECK(has(page, R"(tidemark_audit_verified 1)"));
  CHECK(has(page, R"(tidemark_event_loop_lag_seconds_count 1)"));
  CHECK(has(page, R"(tidemark_http_handler_failures_total 1)"));
}

TEST_CASE(
    "every state, kind and outcome is there from the start, so that rates and sums are never "
    "missing") {
  Metrics metrics;
  metrics.environment(facts_of(staging));
  const auto page = metrics.page();
  for (const auto state : all_cell_states) {
    CHECK(has(page,
              "tidemark_migrations{app=\"shop\",environment=\"staging\",state=\"" +
                  std::string(to_string(state)) + "\"} 0"));
  }
  for (const auto kind : all_finding_kinds) {
    CHECK(has(page,
              "tidemark_drift_findings{app=\"shop\",environment=\"staging\",kind=\"" +
                  std::string(to_string(kind)) + "\"} 0"));
  }
  for (const std::string outcome : {"ok", "retry", "denied", "broken"}) {
    CHECK(has(page,
              "tidemark_polls_total{app=\"shop\",environment=\"staging\",outcome=\"" + outcome +
                  "\"} 0"));
  }
  CHECK(lines_of(page, "tidemark_migrations{").size() == all_cell_states.size());
  CHECK(lines_of(page, "tidemark_drift_findings{").size() == all_finding_kinds.size());
  CHECK(has(page, "tidemark_http_handler_failures_total 0"));
}

TEST_CASE("a count that went down is down") {
  Metrics metrics;
  auto facts = facts_of(staging);
  facts.findings[FindingKind::edited] = 3;
  metrics.environment(facts);
  metrics.environment(facts_of(staging));
  CHECK(has(metrics.page(),
            R"(tidemark_drift_findings{app="shop",environment="staging",kind="edited"} 0)"));
}

TEST_CASE("an environment has one mode and one tool at a time") {
  Metrics metrics;
  metrics.environment(facts_of(staging, Mode::reconcile_only));
  metrics.environment(facts_of(staging, Mode::managed));
  auto other_tool = facts_of(staging, Mode::managed);
  other_tool.tool = "";
  metrics.environment(other_tool);
  metrics.environment(other_tool);
  CHECK(
      lines_of(metrics.page(), "tidemark_environment_info{") ==
      std::vector<std::string>{
          R"(tidemark_environment_info{app="shop",environment="staging",mode="managed",tool=""} 1)"});
}

TEST_CASE("of a database that is never connected to, nobody says that it cannot be reached") {
  Metrics metrics;
  auto unread = facts_of(staging, Mode::export_only);
  unread.last_successful_poll.reset();
  metrics.environment(unread);
  CHECK(lines_of(metrics.page(), "reachable").empty());
  CHECK(lines_of(metrics.page(), "tidemark_polls_total").empty());
  metrics.environment(facts_of(staging, Mode::managed));
  CHECK(lines_of(metrics.page(), "reachable").size() == 1);
  CHECK(lines_of(metrics.page(), "last_successful").size() == 1);
  metrics.environment(unread);
  CHECK(lines_of(metrics.page(), "reachable").empty());
  CHECK(lines_of(metrics.page(), "last_successful").empty());
}

TEST_CASE("an environment and a repo that are gone leave nothing behind, and take nobody along") {
  Metrics metrics;
  fill(metrics);
  metrics.remove_environment(staging);
  metrics.remove_environment(staging);
  metrics.remove_environment({"no", "such"});
  metrics.remove_repo("shop");
  metrics.remove_repo("shop");
  const auto page = metrics.page();
  CHECK(lines_of(page, "staging").empty());
  CHECK(lines_of(page, "tidemark_repo_").empty());
  CHECK(lines_of(page, "prod").size() ==
        1 + all_cell_states.size() + all_finding_kinds.size() + 1 + 1 + 1 + 1);
}

TEST_CASE("applies are counted by outcome, where migrations are applied") {
  Metrics metrics;
  EnvironmentFacts facts;
  facts.environment = {"shop", "dev"};
  facts.mode = Mode::managed;
  facts.unknown_outcomes = 1;
  metrics.environment(facts);
  facts.environment = {"shop", "prod"};
  facts.mode = Mode::export_only;
  metrics.environment(facts);
  metrics.applied({"shop", "dev"}, "applied", std::chrono::seconds{2});
  metrics.applied({"shop", "dev"}, "failed", std::chrono::seconds{2});
  metrics.applied({"shop", "dev"}, "applied", std::chrono::seconds{2});
  const auto page = metrics.page();
  const std::string dev = "{app=\"shop\",environment=\"dev\"";
  CHECK(page.find("tidemark_applies_total" + dev + ",outcome=\"applied\"} 2\n") !=
        std::string::npos);
  CHECK(page.find("tidemark_applies_total" + dev + ",outcome=\"failed\"} 1\n") !=
        std::string::npos);
  CHECK(page.find("tidemark_applies_total" + dev + ",outcome=\"unknown\"} 0\n") !=
        std::string::npos);
  CHECK(page.find("tidemark_unknown_outcomes" + dev + "} 1\n") != std::string::npos);
  CHECK(page.find("tidemark_apply_duration_seconds_count 3\n") != std::string::npos);
  CHECK(page.find("tidemark_applies_total{app=\"shop\",environment=\"prod\"") ==
        std::string::npos);
}

TEST_CASE("the page is in the same order whatever came first") {
  Metrics forwards;
  Metrics backwards;
  for (int i = 0; i < 50; ++i) {
    forwards.environment(facts_of({"app", "e" + std::to_string(i)}));
    backwards.environment(facts_of({"app", "e" + std::to_string(49 - i)}));
  }
  CHECK(lines_of(forwards.page(), "tidemark_") == lines_of(backwards.page(), "tidemark_"));
  std::vector<std::string> names;
  std::istringstream text(forwards.page());
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("# HELP ")) {
      names.push_back(line.substr(0, line.find(' ', 7)));
    }
  }
  CHECK(names.size() > 15);
  CHECK(std::is_sorted(names.begin(), names.end()));
}

TEST_CASE("of thousands of environments each is on the page once, under one heading") {
  Metrics metrics;
  constexpr std::size_t many = 2003;
  for (std::size_t i = 0; i < many; ++i) {
    metrics.environment(facts_of({"shop", "e" + std::to_string(i)}));
  }
  const std::string page = metrics.page();
  const auto infos = lines_of(page, "tidemark_environment_info{");
  CHECK(infos.size() == many);
  CHECK(std::set<std::string>(infos.begin(), infos.end()).size() == many);
  CHECK(lines_of(page, "tidemark_migrations{").size() == many * all_cell_states.size());
  for (const std::string head : {"# HELP tidemark_migrations ", "# TYPE tidemark_migrations "}) {
    const auto at = page.find(head);
    REQUIRE(at != std::string::npos);
    CHECK(page.find(head, at + 1) == std::string::npos);
  }
}

TEST_CASE("a hostile name stays one label value on one line of valid text") {
  for (const std::string name :
       {"a\"b", "a\\", "a\nb{x=\"1\"} 2", "\xff\xfe", "a\xc0\xaf", "{}", "\xed\xa0\x80"}) {
    Metrics metrics;
    metrics.environment(facts_of({name, name}));
    metrics.repo(name, 1, TimePoint());
    const auto page = metrics.page();
    CHECK(valid_utf8(page) == page);
    CHECK(lines_of(page, "tidemark_migrations{app=\"").size() == all_cell_states.size());
    CHECK(lines_of(page, "tidemark_repo_migrations{app=\"").size() == 1);
    metrics.remove_environment({name, name});
    metrics.remove_repo(name);
    CHECK(lines_of(metrics.page(), "app=").empty());
  }
}

TEST_CASE("what the process uses is told as its operators know it") {
  Metrics metrics;
  const auto page = metrics.page();
  CHECK(value_of(page, "process_resident_memory_bytes") > 1e5);
  CHECK(value_of(page, "process_virtual_memory_bytes") >
        value_of(page, "process_resident_memory_bytes"));
  CHECK(value_of(page, "process_cpu_seconds_total") >= 0);
  CHECK(value_of(page, "process_max_fds") > 10);
  const auto now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  CHECK(value_of(page, "process_start_time_seconds") < now + 2);
  CHECK(value_of(page, "process_start_time_seconds") > now - 24 * 3600);
  const auto open = value_of(page, "process_open_fds");
  const int one_more = ::dup(0);
  CHECK(value_of(metrics.page(), "process_open_fds") == open + 1);
  ::close(one_more);
}

TEST_CASE("promtool has nothing to say about the page") {
  if (std::system("command -v promtool >/dev/null") != 0) {
    MESSAGE("SKIPPED: promtool is not installed (Debian: prometheus)");
    return;
  }
  Metrics metrics;
  fill(metrics);
  metrics.environment(facts_of({"a\"b\n\\", "\xff"}));
  const auto file =
      std::filesystem::temp_directory_path() / ("tidemark-metrics-" + std::to_string(::getpid()));
  std::ofstream(file) << metrics.page();
  FILE* promtool = ::popen(("promtool check metrics <" + file.string() + " 2>&1").c_str(), "r");
  REQUIRE(promtool != nullptr);
  std::string said;
  std::array<char, 1024> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), promtool) != nullptr) {
    said += buffer.data();
  }
  CHECK(::pclose(promtool) == 0);
  CHECK(said == "");
  std::filesystem::remove(file);
}
