#include "core/catalog/content.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cassert>

#include "core/text/hex.h"

namespace tidemark {

namespace {

// One fetched SHA-256 for the process: fetching it anew costs more than hashing a small file.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  assert(algorithm != nullptr);
  return algorithm;
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) { reset(); }
  ~Sha256() { EVP_MD_CTX_free(context_); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }

  Digest finish() {
    Digest digest;
    EVP_DigestFinal_ex(context_, digest.bytes.data(), nullptr);
    reset();
    return digest;
  }

 private:
  void reset() { EVP_DigestInit_ex2(context_, sha256_algorithm(), nullptr); }

  EVP_MD_CTX* context_;
};

constexpr std::string_view bom = "\xEF\xBB\xBF";

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return -1;
}

}  // namespace

std::string Digest::hex() const {
  return in_hex(bytes);
}

std::optional<Digest> parse_digest(std::string_view hex) {
  Digest digest;
  if (hex.size() != digest.bytes.size() * 2) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    const int high = hex_value(hex[2 * i]);
    const int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    digest.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

Digest sha256(std::string_view bytes) {
  thread_local Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

struct ContentHasher::State {
  Sha256 raw;
  Sha256 normalised;
  std::uint64_t size = 0;
  std::string head;  // the first bytes, until it is known whether they are a byte-order mark
  bool head_done = false;
  bool after_cr = false;  // the piece before ended in CR: a LF that comes now belongs to it
  std::string scratch;

  void normalise(std::string_view bytes) {
    scratch.clear();
    for (const char c : bytes) {
      if (after_cr && c == '\n') {
        after_cr = false;
        continue;
      }
      after_cr = c == '\r';
      scratch += after_cr ? '\n' : c;
    }
    normalised.update(scratch);
  }

  void feed(std::string_view bytes) {
    if (!after_cr && bytes.find('\r') == std::string_view::npos) {
      normalised.update(bytes);
      return;
    }
    normalise(bytes);
  }

  void flush_head() {
    head_done = true;
    feed(head.starts_with(bom) ? std::string_view(head).substr(bom.size())
                               : std::string_view(head));
    head.clear();
  }
};

ContentHasher::ContentHasher() : state_(std::make_unique<State>()) {}
ContentHasher::~ContentHasher() = default;
ContentHasher::ContentHasher(ContentHasher&&) noexcept = default;
ContentHasher& ContentHasher::operator=(ContentHasher&&) noexcept = default;

void ContentHasher::update(std::string_view bytes) {
  State& s = *state_;
  s.raw.update(bytes);
  s.size += bytes.size();
  if (!s.head_done) {
    const auto wanted = bom.size() - s.head.size();
    s.head += bytes.substr(0, wanted);
    bytes.remove_prefix(std::min(wanted, bytes.size()));
    if (s.head.size() < bom.size()) {
      return;
    }
    s.flush_head();
  }
  s.feed(bytes);
}

Content ContentHasher::finish() {
  State& s = *state_;
  if (!s.head_done) {
    s.flush_head();
  }
  Content content{s.raw.finish(), s.normalised.finish(), s.size};
  s.size = 0;
  s.head_done = false;
  s.after_cr = false;
  return content;
}

Content content_of(std::string_view bytes) {
  // Nearly every file is normal as it is: its one hash is both.
  if (!bytes.starts_with(bom) && bytes.find('\r') == std::string_view::npos) {
    const Digest digest = sha256(bytes);
    return {digest, digest, bytes.size()};
  }
  thread_local ContentHasher hasher;
  hasher.update(bytes);
  return hasher.finish();
}

}  // namespace tidemark
