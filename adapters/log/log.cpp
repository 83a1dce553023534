#include "adapters/log/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "adapters/log/line.h"
#include "adapters/log/redactor.h"

namespace tidemark {

namespace {

constexpr std::array<std::string_view, level_count> level_names{"debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 4> format_names{"auto", "text", "journal", "json"};

// systemd says which stream its journal reads; a child whose stderr went elsewhere has inherited
// the variable too.
bool journal_reads_stderr() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
         stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

LogFormat resolved(LogFormat format) {
  if (format != LogFormat::automatic) {
    return format;
  }
  return journal_reads_stderr() ? LogFormat::journal : LogFormat::text;
}

class Log {
 public:
  // Lines arrive complete, so spdlog adds nothing to them; it brings the sink that writes each with
  // one call. A line that cannot be written has nowhere to be complained about.
  Log() : out_("tidemark", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    out_.set_pattern("%v");
    out_.set_level(spdlog::level::trace);
    out_.set_error_handler([](const std::string&) {});
  }

  void configure(const LogSettings& settings) {
    format_ = resolved(settings.format);
    level_ = settings.level;
  }

  void write(Level level, std::string_view message, const Fields& fields) {
    if (level < level_) {
      return;
    }
    const auto now =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto line = log_line(format_, now, level, message, fields, [this](std::string_view text) {
      return redacted(text);
    });
    out_.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
    ++counts_[static_cast<std::size_t>(level)];
  }

  void redact(std::string secret) {
    const std::lock_guard lock(secrets_mutex_);
    secrets_.add(std::move(secret));
  }

  std::string redacted(std::string_view text) const {
    const std::lock_guard lock(secrets_mutex_);
    return secrets_.apply(text);
  }

  std::array<std::uint64_t, level_count> counts() const {
    std::array<std::uint64_t, level_count> result{};
    std::ranges::copy(counts_, result.begin());
    return result;
  }

 private:
  spdlog::logger out_;
  std::atomic<LogFormat> format_ = LogFormat::text;
  std::atomic<Level> level_ = Level::info;
  std::array<std::atomic<std::uint64_t>, level_count> counts_{};
  mutable std::mutex secrets_mutex_;  // pool threads read secrets, and log
  Redactor secrets_;
};

// Never destroyed: threads may log until the process is gone.
Log& the_log() {
  static auto* log = new Log;
  return *log;
}

template <class Enum, std::size_t n>
std::optional<Enum> parse(const std::array<std::string_view, n>& names, std::string_view text) {
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) {
    return std::nullopt;
  }
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view to_string(Level level) {
  return level_names[static_cast<std::size_t>(level)];
}
std::optional<Level> parse_level(std::string_view text) {
  return parse<Level>(level_names, text);
}
std::optional<LogFormat> parse_log_format(std::string_view text) {
  return parse<LogFormat>(format_names, text);
}

void configure_log(const LogSettings& settings) {
  the_log().configure(settings);
}

void log(Level level, std::string_view message, const Fields& fields) {
  the_log().write(level, message, fields);
}

std::array<std::uint64_t, level_count> log_line_counts() {
  return the_log().counts();
}

void redact(std::string secret) {
  the_log().redact(std::move(secret));
}

std::string redacted(std::string_view text) {
  return the_log().redacted(text);
}

}  // namespace tidemark
