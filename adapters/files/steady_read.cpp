#include "adapters/files/steady_read.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <expected>

#include "adapters/files/system_error.h"

namespace tidemark {

namespace {

constexpr std::size_t piece = 1U << 20U;

std::expected<std::size_t, int> read_some(int fd, char* at, std::size_t size) {
  for (;;) {
    const auto count = ::read(fd, at, size);
    if (count >= 0) {
      return static_cast<std::size_t>(count);
    }
    if (errno != EINTR) {
      return std::unexpected(errno);
    }
  }
}

// Up to one byte more than `size`. What ends short of that ends there: the caller asks for the size
// again.
std::expected<Content, int> read_whole(int fd, std::size_t size, std::string& buffer) {
  buffer.resize(size + 1);  // one more byte, to meet the end in the same call
  std::size_t length = 0;
  for (;;) {
    const auto count = read_some(fd, buffer.data() + length, buffer.size() - length);
    if (!count) {
      return std::unexpected(count.error());
    }
    length += *count;
    if (*count == 0 || length >= size) {
      buffer.resize(length);
      return content_of(buffer);
    }
  }
}

std::expected<Content, int> read_in_pieces(int fd,
                                           std::uint64_t size,
                                           std::string& buffer,
                                           const std::stop_token& stop) {
  buffer.resize(piece);
  ContentHasher hasher;
  for (std::uint64_t length = 0; length <= size;) {
    if (stop.stop_requested()) {
      return std::unexpected(ECANCELED);
    }
    const auto count = read_some(fd, buffer.data(), buffer.size());
    if (!count) {
      return std::unexpected(count.error());
    }
    if (*count == 0) {
      break;
    }
    hasher.update(std::string_view(buffer.data(), *count));
    length += *count;
  }
  buffer.clear();
  return hasher.finish();
}

bool is_young(const FileStat& stat, FileTime now, std::chrono::milliseconds limit) {
  const auto age = now - stat.changed;
  // A little in the future is a clock of another granularity; far in the future says nothing.
  return age < limit && age > std::chrono::seconds(-2);
}

std::expected<Reading, int> read_once(const FileDescriptor& file,
                                      const FileStat& before,
                                      const FileReadLimits& limits,
                                      std::string& buffer,
                                      const std::stop_token& stop) {
  Reading reading;
  reading.at = file_time_now();
  reading.held = before.size <= limits.held;
  const auto content = reading.held
                           ? read_whole(file.get(), static_cast<std::size_t>(before.size), buffer)
                           : read_in_pieces(file.get(), before.size, buffer, stop);
  if (!content) {
    return std::unexpected(content.error());
  }
  const auto after = stat_of(file.get());
  if (!after) {
    return std::unexpected(after.error());
  }
  reading.content = *content;
  reading.stat = *after;
  reading.steady = before == *after && content->size == after->size &&
                   !is_young(before, reading.at, limits.young);
  return reading;
}

}  // namespace

Result<Reading> read_steadily(const Place& folder,
                              const std::string& name,
                              const FileStat& before,
                              const FileReadLimits& limits,
                              std::string& buffer,
                              const std::stop_token& stop) {
  const auto file = open_file(folder, name);
  if (!file) {
    return fail(errc_of(file.error()), error_text(file.error()));
  }
  auto reading = read_once(*file, before, limits, buffer, stop);
  if (!reading) {
    return fail(errc_of(reading.error()), error_text(reading.error()));
  }
  return *std::move(reading);
}

std::string read_head(const Place& folder, const std::string& name) {
  constexpr std::size_t enough = 8192;
  std::string head;
  const auto file = open_file(folder, name);
  const auto stat = file ? stat_of(file->get()) : std::unexpected(file.error());
  if (!stat || !stat->is_file()) {
    return head;
  }
  head.resize(enough);
  std::size_t length = 0;
  while (length < enough) {
    const auto count = read_some(file->get(), head.data() + length, enough - length);
    if (!count || *count == 0) {
      break;
    }
    length += *count;
  }
  head.resize(length);
  return head;
}

}  // namespace tidemark
