// Scans a directory of migrations from nothing, then again without a change, and prints one line of
// JSON: how long each took and the CPU time of the whole process, in microseconds.
//
//   scan_bench DIRECTORY

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "adapters/files/scan.h"
#include "adapters/tools/layout.h"

namespace {

using namespace tidemark;

struct Cost {
  long long wall_us;
  long long cpu_us;
};

long long microseconds(const timeval& time) {
  return time.tv_sec * 1'000'000LL + time.tv_usec;
}

long long cpu_us() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
}

template <class Work>
Cost cost_of(Work work) {
  const auto cpu = cpu_us();
  const auto began = std::chrono::steady_clock::now();
  work();
  const auto took = std::chrono::steady_clock::now() - began;
  return {std::chrono::duration_cast<std::chrono::microseconds>(took).count(), cpu_us() - cpu};
}

ChooseLayout flyway_layout() {
  return [](std::span<const std::string> paths, const ReadHead& head) -> Result<Layout> {
    const auto choice = choose_layout("flyway", {paths, head});
    if (choice.tool == nullptr) {
      return fail(Errc::invalid, choice.trouble);
    }
    Layout layout;
    layout.name = std::string(choice.tool->name());
    layout.entries = [tool = choice.tool](std::string_view path, std::string_view bytes) {
      return tool->entries(path, bytes);
    };
    layout.entries_by_name = [tool = choice.tool](std::string_view path) {
      return tool->entries_by_name(path);
    };
    return layout;
  };
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: scan_bench DIRECTORY\n", stderr);
    return 2;
  }
  DirectoryScanner scanner({{argv[1]}, {}}, flyway_layout());
  Result<ScanResult> first = fail(Errc::internal, "not scanned");
  Result<ScanResult> second = first;
  const Cost full = cost_of([&] { first = scanner.scan(); });
  const Cost again = cost_of([&] { second = scanner.scan(); });
  if (!first || !second) {
    std::fprintf(stderr, "%s\n", (first ? second : first).error().detail.c_str());
    return 1;
  }
  std::printf(
      "{\"hashed\": %zu, \"reused\": %zu, \"full_wall_us\": %lld, \"full_cpu_us\": %lld, "
      "\"again_wall_us\": %lld, \"again_cpu_us\": %lld}\n",
      first->statistics.hashed,
      second->statistics.reused,
      full.wall_us,
      full.cpu_us,
      again.wall_us,
      again.cpu_us);
  return 0;
}
