#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tidemark {

// SipHash-2-4 with 128 bits. Who does not know the key cannot find two texts with the same hash;
// for short texts it costs a fraction of a SHA-256. Not for what is written down.
class SipHash {
 public:
  using Key = std::array<std::uint64_t, 2>;
  using Value = std::array<std::uint64_t, 2>;

  explicit SipHash(Key key);
  void update(std::string_view bytes);
  Value value() const;

 private:
  void rounds(int count);
  void take(std::uint64_t word);

  std::array<std::uint64_t, 4> state_;
  std::uint64_t size_ = 0;
  std::uint64_t tail_ = 0;  // the last bytes, fewer than a word
};

}  // namespace tidemark
