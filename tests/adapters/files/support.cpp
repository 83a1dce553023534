#include "tests/adapters/files/support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

namespace tidemark::files_test {

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "tidemark-files-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("mkdtemp " + name);
  }
  path_ = fs::canonical(name);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void write(const fs::path& file, std::string_view text) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  if (!out.flush()) {
    throw std::runtime_error("write " + file.string());
  }
}

void link(const fs::path& at, const std::string& target) {
  fs::create_directories(at.parent_path());
  fs::create_symlink(target, at);
}

Result<Layout> every_sql_file(std::span<const std::string>, const ReadHead&) {
  const auto by_name = [](std::string_view path) -> std::vector<FileEntry> {
    if (!path.ends_with(".sql")) {
      return {};
    }
    const std::string name(path.substr(path.rfind('/') + 1));
    FileEntry entry;
    entry.key = Key{name};
    entry.id = MigrationId{name};
    return {entry};
  };
  return Layout{"own",
                [by_name](std::string_view path, std::string_view) { return by_name(path); },
                by_name,
                {}};
}

ScanLimits hasty() {
  ScanLimits limits;
  limits.read.young = std::chrono::milliseconds(0);
  limits.racy = std::chrono::milliseconds(20);
  return limits;
}

void let_it_age() {
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
}

DirectoryScanner scanner_of(std::vector<std::string> roots, std::vector<std::string> ignore) {
  return DirectoryScanner({std::move(roots), std::move(ignore)}, every_sql_file, hasty());
}

std::vector<std::string> names(const ScanResult& result) {
  std::vector<std::string> all;
  for (const auto& file : *result.files) {
    all.push_back(file.path);
  }
  return all;
}

std::vector<std::string> problems(const ScanResult& result) {
  std::vector<std::string> all;
  for (const auto& problem : result.problems) {
    all.push_back(problem.file + ": " + problem.what);
  }
  return all;
}

const ScannedFile* find(const ScanResult& result, std::string_view path) {
  const auto at = std::ranges::find(*result.files, path, &ScannedFile::path);
  if (at == result.files->end()) {
    throw std::runtime_error("the scan has no " + std::string(path));
  }
  return &*at;
}

SeenWhileWritten scan_while_written(std::chrono::milliseconds how_long,
                                    std::size_t size,
                                    std::uint64_t held) {
  using namespace std::chrono_literals;
  TemporaryFolder folder;
  const std::string a(size, 'a');
  const std::string b(size, 'b');
  const auto path = folder / "m/1.sql";
  write(path, a);
  SeenWhileWritten seen;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    std::minstd_rand random(7);
    const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    for (; !stop; ++seen.writes) {
      const auto& text = seen.writes % 2 == 0 ? b : a;
      if (::pwrite(file.get(), text.data(), text.size(), 0) < 0) {
        break;
      }
      if (random() % (25'000'000 / size) == 0) {
        // Long enough for somebody to read it meanwhile, also on a slow machine.
        std::this_thread::sleep_for(60ms * (1 + random() % 5));
      }
    }
  });
  auto limits = hasty();
  limits.read.young = 30ms;
  limits.read.held = held;
  DirectoryScanner scanner({{folder.root("m")}, {}}, every_sql_file, limits);
  const auto begin = std::chrono::steady_clock::now();
  const auto goes_on = [&] {
    const auto took = std::chrono::steady_clock::now() - begin;
    const bool saw_both = seen.whole > 0 && seen.unsteady > 0;
    return took < how_long || (!saw_both && took < 20 * how_long);  // a busy machine gets its time
  };
  while (goes_on()) {
    const auto result = scanner.scan();
    seen.unsteady += result && !result->unsteady.empty() ? 1 : 0;
    if (result && result->statistics.hashed > 0) {
      const auto& content = result->files->front().content;
      const bool one_of_them = content == content_of(a) || content == content_of(b);
      ++(one_of_them ? seen.whole : seen.torn);
    }
  }
  stop = true;
  writer.join();
  return seen;
}

namespace {

// Runs a coroutine to its end; cancelled when that takes longer than `limit`, and then there is no
// answer.
template <class Answer>
std::optional<Answer> finish(asio::io_context& io,
                             Awaitable<Answer> work,
                             std::chrono::milliseconds limit) {
  std::optional<Answer> answer;
  asio::cancellation_signal stop;
  asio::steady_timer deadline(io, limit);
  asio::co_spawn(
      io,
      std::move(work),
      asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr error, Answer got) {
        if (!error) {
          answer = std::move(got);
        }
        deadline.cancel();
      }));
  deadline.async_wait([&](boost::system::error_code error) {
    if (!error) {
      stop.emit(asio::cancellation_type::terminal);
    }
  });
  io.restart();
  io.run();
  return answer;
}

}  // namespace

Result<ScanResult> Loop::next(Directory& directory, std::chrono::milliseconds limit) {
  auto answer = finish(io_, directory.next(pool_), limit);
  if (!answer) {
    return fail(Errc::cancelled, "nothing came in time");
  }
  return *std::move(answer);
}

Result<ScanResult> Loop::next(Directory& directory,
                              std::chrono::milliseconds after,
                              std::function<void()> act) {
  asio::steady_timer timer(io_, after);
  timer.async_wait([&](boost::system::error_code) { act(); });
  return next(directory);
}

bool Loop::stays_silent(Directory& directory, std::chrono::milliseconds how_long) {
  const auto answer = next(directory, how_long);
  return !answer && answer.error().code == Errc::cancelled;
}

bool Loop::changed(DirectoryWatch& watch, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < until) {
    const auto answer = finish(io_, watch.changed(until), limit + std::chrono::seconds(10));
    if (answer.value_or(false)) {
      return true;
    }
  }
  return false;
}

}  // namespace tidemark::files_test
