#include "adapters/http/gzip.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "tests/adapters/http/unzip.h"

using namespace tidemark;

TEST_CASE("gzip is used for who takes it, and not for who says no") {
  for (const std::string yes : {"gzip",
                                "GZIP",
                                "deflate, gzip",
                                "br;q=1.0,gzip;q=0.5",
                                " gzip ",
                                "gzip;q=0.001",
                                "gzip;q=1"}) {
    INFO(yes);
    CHECK(accepts_gzip(yes));
  }
  for (const std::string no : {"",
                               "identity",
                               "*",
                               "xgzip",
                               "gzipx",
                               "gzip;q=0",
                               "gzip; q=0.000",
                               "deflate;gzip",
                               ",",
                               ";"}) {
    INFO(no);
    CHECK_FALSE(accepts_gzip(no));
  }
}

TEST_CASE("what was compressed piece by piece unpacks to the same") {
  std::string text;
  for (int i = 0; i < 50'000; ++i) {
    text += "tidemark_migrations{app=\"shop\"} " + std::to_string(i * 7919) + "\n";
  }
  Gzip gzip;
  for (std::size_t at = 0; at < text.size(); at += 10'000) {
    gzip.add(std::string_view(text).substr(at, 10'000));
  }
  const auto compressed = gzip.finish();
  CHECK(compressed.size() < text.size() / 3);
  CHECK(unzip(compressed) == text);
}
