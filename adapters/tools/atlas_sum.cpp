#include "adapters/tools/atlas_sum.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <openssl/evp.h>

namespace tidemark {

namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

void check(int result) {
  if (result != 1) {
    throw std::runtime_error("no SHA-256");
  }
}

Context fresh() {
  Context context(EVP_MD_CTX_new());
  check(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr));
  return context;
}

void feed(const Context& context, std::string_view bytes) {
  check(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()));
}

// In base64, of what was fed so far; more may follow.
std::string hash_so_far(const Context& context) {
  const auto copy = fresh();
  check(EVP_MD_CTX_copy_ex(copy.get(), context.get()));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  check(EVP_DigestFinal_ex(copy.get(), digest.data(), &size));
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> text{};
  const int length = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(size));
  return {text.begin(), text.begin() + length};
}

// Its first line is "-- atlas:sum ignore", or has that behind anything printable.
bool asks_to_be_ignored(std::string_view bytes) {
  constexpr std::string_view directive = "atlas:sum";
  auto line = bytes.substr(0, bytes.find('\n'));
  const auto printable =
      std::ranges::find_if_not(line, [](char c) { return c >= ' ' && c <= '~'; });
  line = line.substr(0, static_cast<std::size_t>(printable - line.begin()));
  for (auto at = line.find(directive); at != std::string_view::npos;
       at = line.find(directive, at + 1)) {
    const auto rest = line.substr(at + directive.size());
    const auto word = rest.find_first_not_of(' ');
    if (word != std::string_view::npos && word > 0 && rest.substr(word).starts_with("ignore")) {
      return true;
    }
  }
  return false;
}

}  // namespace

struct AtlasSum::State {
  Context files = fresh();
  Context lines = fresh();
};

AtlasSum::AtlasSum() : state_(std::make_unique<State>()) {}
AtlasSum::~AtlasSum() = default;
AtlasSum::AtlasSum(AtlasSum&&) noexcept = default;
AtlasSum& AtlasSum::operator=(AtlasSum&&) noexcept = default;

std::string AtlasSum::add(std::string_view name, std::string_view bytes) {
  feed(state_->files, name);
  if (asks_to_be_ignored(bytes)) {
    return "";
  }
  feed(state_->files, bytes);
  auto hash = hash_so_far(state_->files);
  feed(state_->lines, name);
  feed(state_->lines, hash);
  return hash;
}

std::string AtlasSum::total() const {
  return "h1:" + hash_so_far(state_->lines);
}

}  // namespace tidemark
