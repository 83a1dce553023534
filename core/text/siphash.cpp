#include "core/text/siphash.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace tidemark {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::size_t word_size = sizeof(std::uint64_t);

}  // namespace

SipHash::SipHash(Key key)
    : state_{key[0] ^ 0x736f6d6570736575U,
             key[1] ^ 0x646f72616e646f6dU ^ 0xeeU,
             key[0] ^ 0x6c7967656e657261U,
             key[1] ^ 0x7465646279746573U} {}

void SipHash::rounds(int count) {
  auto& [a, b, c, d] = state_;
  for (int i = 0; i < count; ++i) {
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }
}

void SipHash::take(std::uint64_t word) {
  state_[3] ^= word;
  rounds(2);
  state_[0] ^= word;
}

void SipHash::update(std::string_view bytes) {
  const auto one = [this](char byte) {
    const auto at = size_ % word_size;
    tail_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(byte)) << (at * 8);
    if (++size_ % word_size == 0) {
      take(tail_);
      tail_ = 0;
    }
  };
  while (!bytes.empty() && size_ % word_size != 0) {
    one(bytes.front());
    bytes.remove_prefix(1);
  }
  for (; bytes.size() >= word_size; bytes.remove_prefix(word_size)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), word_size);
    take(word);
    size_ += word_size;
  }
  for (const char byte : bytes) {
    one(byte);
  }
}

SipHash::Value SipHash::value() const {
  SipHash last = *this;
  last.take(tail_ | size_ << 56U);
  const auto half = [&last] {
    last.rounds(4);
    const auto& [a, b, c, d] = last.state_;
    return a ^ b ^ c ^ d;
  };
  last.state_[2] ^= 0xeeU;
  const auto first = half();
  last.state_[1] ^= 0xddU;
  return {first, half()};
}

}  // namespace tidemark
