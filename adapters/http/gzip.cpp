#include "adapters/http/gzip.h"

#include <zlib.h>

#include <array>
#include <new>

#include <boost/algorithm/string/predicate.hpp>

namespace tidemark {
namespace {

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// "q=0", "q=0.000"
bool is_zero_weight(std::string_view parameters) {
  const auto text = trim(parameters);
  return (text.starts_with("q=0") || text.starts_with("Q=0")) &&
         text.find_first_of("123456789") == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const auto part = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(part.size() + 1, accept_encoding.size()));
    const auto semicolon = std::min(part.find(';'), part.size());
    if (boost::algorithm::iequals(trim(part.substr(0, semicolon)), "gzip")) {
      return !is_zero_weight(part.substr(std::min(semicolon + 1, part.size())));
    }
  }
  return false;
}

struct Gzip::State {
  z_stream stream{};
  std::string compressed;

  void run(std::string_view piece, int flush) {
    // zlib's interface is older than const; it does not write there.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream.avail_in = static_cast<uInt>(piece.size());
    std::array<char, 16 * 1024> out{};
    do {
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = out.size();
      deflate(&stream, flush);
      compressed.append(out.data(), out.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }
};

Gzip::Gzip() : state_(std::make_unique<State>()) {
  constexpr int gzip_window = 15 + 16;  // 16 asks for gzip instead of zlib framing
  constexpr int memory_level = 8;       // zlib's default
  if (deflateInit2(&state_->stream,
                   Z_BEST_SPEED,
                   Z_DEFLATED,
                   gzip_window,
                   memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

Gzip::~Gzip() {
  deflateEnd(&state_->stream);
}

void Gzip::add(std::string_view piece) {
  state_->run(piece, Z_NO_FLUSH);
}

std::string Gzip::finish() {
  state_->run({}, Z_FINISH);
  return std::move(state_->compressed);
}

}  // namespace tidemark
