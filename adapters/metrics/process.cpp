#include "adapters/metrics/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace tidemark {
namespace {

using prometheus::MetricType;

// The fields of /proc/self/stat that we need; see proc(5), which counts them from 1.
struct Stat {
  double cpu_seconds = 0;      // 14 and 15: utime, stime
  double started_seconds = 0;  // 22: starttime, since the machine came up
  double virtual_bytes = 0;    // 23: vsize
  double resident_bytes = 0;   // 24: rss, in pages
};

std::string contents(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::optional<Stat> read_stat() {
  const auto text = contents("/proc/self/stat");
  const auto end_of_name = text.rfind(')');  // the name may have spaces and parentheses in it
  if (end_of_name == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream rest(text.substr(end_of_name + 1));
  std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  constexpr std::size_t first = 3;  // the field that follows the name
  if (fields.size() <= 24 - first) {
    return std::nullopt;
  }
  const auto field = [&fields](std::size_t number) { return std::stod(fields[number - first]); };
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  return Stat{(field(14) + field(15)) / ticks, field(22) / ticks, field(23), field(24) * page};
}

// When the machine came up.
std::optional<double> boot_time() {
  std::istringstream text(contents("/proc/stat"));
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("btime ")) {
      return std::stod(line.substr(6));
    }
  }
  return std::nullopt;
}

std::optional<double> open_descriptors() {
  std::error_code failed;
  double count = 0;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", failed);
       !failed && entry != std::filesystem::directory_iterator();
       entry.increment(failed)) {
    ++count;
  }
  return failed ? std::nullopt : std::optional(count - 1);  // one is the listing's own
}

std::optional<double> most_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return std::nullopt;
  }
  return static_cast<double>(limit.rlim_cur);
}

prometheus::MetricFamily family(const char* name, const char* help, MetricType type, double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  metric.counter.value = value;
  return {name, help, type, {std::move(metric)}};
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  const auto gauge = [&families](const char* name, const char* help, std::optional<double> value) {
    if (value) {
      families.push_back(family(name, help, MetricType::Gauge, *value));
    }
  };
  if (const auto stat = read_stat()) {
    families.push_back(family("process_cpu_seconds_total",
                              "User and system CPU time spent, in seconds.",
                              MetricType::Counter,
                              stat->cpu_seconds));
    gauge("process_resident_memory_bytes", "Resident memory size in bytes.", stat->resident_bytes);
    gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", stat->virtual_bytes);
    if (const auto booted = boot_time()) {
      gauge("process_start_time_seconds",
            "When the process started, in seconds since the Unix epoch.",
            *booted + stat->started_seconds);
    }
  }
  gauge("process_open_fds", "Number of open file descriptors.", open_descriptors());
  gauge("process_max_fds", "Most file descriptors that may be open.", most_descriptors());
  return families;
}

}  // namespace tidemark
