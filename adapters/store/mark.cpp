#include "adapters/store/mark.h"

#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

#include "adapters/store/durable_file.h"

namespace tidemark {

namespace {

constexpr std::string_view heading = "tidemark-mark-1 ";

std::string text_of(const AuditMark& mark) {
  return std::string(heading) + std::to_string(mark.seq) + " " + mark.hash.hex() + "\n";
}

std::optional<AuditMark> parse_mark(std::string_view text) {
  if (!text.starts_with(heading) || !text.ends_with('\n')) {
    return std::nullopt;
  }
  const auto body = text.substr(heading.size(), text.size() - heading.size() - 1);
  AuditMark mark;
  const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), mark.seq);
  const auto rest = body.substr(static_cast<std::size_t>(end - body.data()));
  const auto hash = parse_digest(rest.substr(rest.starts_with(' ') ? 1 : 0));
  if (error != std::errc() || !hash) {
    return std::nullopt;
  }
  mark.hash = *hash;
  // Only what we write ourselves is a mark.
  return text_of(mark) == text ? std::optional(mark) : std::nullopt;
}

}  // namespace

std::filesystem::path mark_file(const std::filesystem::path& ledger) {
  auto file = ledger;
  file += ".mark";
  return file;
}

Result<std::optional<AuditMark>> read_mark(const std::filesystem::path& file) {
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in && errno == ENOENT) {
    return std::optional<AuditMark>();
  }
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in && !in.eof()) {
    return file_failure("read", file);
  }
  const auto mark = parse_mark(text);
  if (!mark) {
    return fail(Errc::broken, file.string() + " is not a high-water mark");
  }
  return mark;
}

Result<void> write_mark(const std::filesystem::path& file, const AuditMark& mark) {
  return replace_file(file, text_of(mark));
}

}  // namespace tidemark
