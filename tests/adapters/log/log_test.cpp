#include "adapters/log/log.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <thread>

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>

using namespace tidemark;

namespace {

// Takes what is written to file descriptor 2 while it lives.
class Stderr {
 public:
  Stderr() : file_(::memfd_create("stderr", MFD_CLOEXEC)), kept_(::dup(STDERR_FILENO)) {
    ::dup2(file_, STDERR_FILENO);
  }
  ~Stderr() {
    ::dup2(kept_, STDERR_FILENO);
    ::close(kept_);
    ::close(file_);
    configure_log({});
  }

  // As systemd names the stream that its journal reads.
  std::string device_and_inode() const {
    struct stat status {};
    ::fstat(file_, &status);
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  }

  std::vector<std::string> lines() const {
    std::string text(static_cast<std::size_t>(::lseek(file_, 0, SEEK_END)), '\0');
    REQUIRE(::pread(file_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    std::vector<std::string> result;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      result.push_back(line);
    }
    return result;
  }

 private:
  int file_;
  int kept_;
};

std::string without_time(const std::string& line) {
  return line.substr(25);
}

}  // namespace

TEST_CASE("log lines go to stderr with their level") {
  Stderr out;
  configure_log({Level::debug, LogFormat::text});
  log_debug("one");
  log_info("two", {{"environment", "shop/dev"}});
  log_warn("three", {{"attempt", 3}});
  log_error("four", {{"error", std::string("timed out")}});
  const auto lines = out.lines();
  REQUIRE(lines.size() == 4);
  CHECK(without_time(lines[0]) == "debug one");
  CHECK(without_time(lines[1]) == "info  two environment=shop/dev");
  CHECK(without_time(lines[2]) == "warn  three attempt=3");
  CHECK(without_time(lines[3]) == R"(error four error="timed out")");
}

TEST_CASE("what is below the level is neither written nor counted") {
  Stderr out;
  configure_log({Level::warn, LogFormat::text});
  const auto before = log_line_counts();
  log_info("quiet");
  log_warn("loud");
  log_error("louder");
  log_error("louder");
  CHECK(out.lines().size() == 3);
  const auto after = log_line_counts();
  CHECK(after[0] == before[0]);
  CHECK(after[1] == before[1]);
  CHECK(after[2] == before[2] + 1);
  CHECK(after[3] == before[3] + 2);
}

TEST_CASE("automatic is the journal's format only when the journal reads this very stderr") {
  Stderr out;
  ::setenv("JOURNAL_STREAM", out.device_and_inode().c_str(), 1);
  configure_log({});
  log_info("to the journal");
  ::setenv("JOURNAL_STREAM", "1:2", 1);
  configure_log({});
  log_info("to a file");
  ::unsetenv("JOURNAL_STREAM");
  configure_log({});
  log_info("to a file");
  const auto lines = out.lines();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "<6>to the journal");
  CHECK(without_time(lines[1]) == "info  to a file");
  CHECK(without_time(lines[2]) == "info  to a file");
}

TEST_CASE("a redacted secret reaches stderr in no format and no encoding") {
  Stderr out;
  redact("c@nary secret");
  for (const auto format : {LogFormat::text, LogFormat::journal, LogFormat::json}) {
    configure_log({Level::info, format});
    log_info("c@nary secret",
             {{"raw", "x c@nary secret x"},
              {"url", "//u:c%40nary%20secret@h"},
              {"base64", "Y0BuYXJ5IHNlY3JldA=="}});
  }
  const auto lines = out.lines();
  REQUIRE(lines.size() == 3);
  for (const auto& line : lines) {
    CHECK(line.find("nary") == std::string::npos);
    CHECK(line.find("Y0BuYXJ5") == std::string::npos);
    CHECK(line.find("[redacted]") != std::string::npos);
  }
  CHECK(redacted("is c@nary secret") == "is [redacted]");
}

TEST_CASE("lines from many threads never mix") {
  Stderr out;
  configure_log({Level::info, LogFormat::json});
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 200; ++i) {
        redact("rotating secret " + std::to_string(i % 5));
        log_info("turn", {{"thread", t}, {"filler", std::string(500, static_cast<char>('a' + t))}});
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  const auto lines = out.lines();
  CHECK(lines.size() == 1600);
  CHECK(std::ranges::all_of(lines, [](const auto& line) {
    boost::system::error_code failed;
    const auto value = boost::json::parse(line, failed);
    return !failed && value.is_object() && value.as_object().size() == 5;
  }));
}

TEST_CASE("levels and formats are parsed by their names") {
  CHECK(parse_level("warn") == Level::warn);
  CHECK(parse_level("warning") == std::nullopt);
  CHECK(parse_log_format("auto") == LogFormat::automatic);
  CHECK(parse_log_format("journal") == LogFormat::journal);
  CHECK(parse_log_format("xml") == std::nullopt);
}
