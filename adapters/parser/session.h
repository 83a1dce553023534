#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/process/child.h"
#include "adapters/process/descriptor.h"
#include "core/result.h"
#include "core/sql/script.h"

namespace tidemark {

// One running tidemark-parser.
class ParserSession {
 public:
  static Result<ParserSession> start(const std::filesystem::path& program);

  Result<ParsedSql> ask(std::string_view text,
                        std::chrono::milliseconds patience,
                        const std::stop_token& stop);

  // Whether it can be asked again.
  bool lives() const { return lives_; }
  // Whether another one would end as this one did: it cannot work here at all.
  bool is_hopeless() const { return hopeless_; }

 private:
  ParserSession(Child child, Descriptor socket)
      : child_(std::move(child)), socket_(std::move(socket)) {}

  struct Wait;
  Result<ParsedSql> exchange(std::string_view text, const Wait& wait);
  Result<bool> send(std::string_view bytes, const Wait& wait);
  Result<bool> receive(std::string& bytes, std::size_t size, const Wait& wait);
  Result<ParsedSql> last_words(const Wait& wait);

  Child child_;
  Descriptor socket_;
  bool lives_ = true;
  bool hopeless_ = false;
};

}  // namespace tidemark
