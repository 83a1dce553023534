#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace tidemark {

// Whether an Accept-Encoding header takes gzip: "gzip, deflate", "br;q=1, gzip;q=0.5", not
// "gzip;q=0".
bool accepts_gzip(std::string_view accept_encoding);

// Compresses piece by piece, so that the loop can do other things in between.
class Gzip {
 public:
  Gzip();
  ~Gzip();
  void add(std::string_view piece);
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tidemark
