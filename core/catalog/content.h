#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

// A SHA-256.
struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  std::string hex() const;
  friend auto operator<=>(const Digest&, const Digest&) = default;
};

std::optional<Digest> parse_digest(std::string_view hex);
Digest sha256(std::string_view bytes);

// What we remember of a file's content. `normalised` is the hash without a byte-order mark and with
// every CRLF or CR as LF: two contents that differ only in `raw` differ only in what an editor or a
// checkout does.
struct Content {
  Digest raw;
  Digest normalised;
  std::uint64_t size = 0;
  friend bool operator==(const Content&, const Content&) = default;
};

Content content_of(std::string_view bytes);

// The same in pieces, for files that nobody wants in memory as a whole.
class ContentHasher {
 public:
  ContentHasher();
  ~ContentHasher();
  ContentHasher(ContentHasher&&) noexcept;
  ContentHasher& operator=(ContentHasher&&) noexcept;

  void update(std::string_view bytes);
  // Once, at the end; afterwards the hasher is fresh again.
  Content finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// True when the two differ in nothing but line endings or a byte-order mark.
inline bool same_but_for_line_endings(const Content& a, const Content& b) {
  return a.normalised == b.normalised && a.raw != b.raw;
}

}  // namespace tidemark
