#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/postgres/link.h"

namespace tidemark {

// Collects what comes back for a pipeline of commands, result by result.
class ReplyCollector {
 public:
  ReplyCollector(std::size_t commands, Bounds bounds);

  // The next thing that PQgetResult gave: a result, or null, which ends a command.
  void take(const PGresult* result);

  // The Sync was answered: that was all.
  bool done() const { return done_; }
  // Nothing good can follow: too much, something that we did not ask for, or an end without a
  // Sync, as of a connection that was lost. The link must be closed.
  bool hopeless() const { return hopeless_ || at_ > replies_.size(); }
  // So many bytes have come in all, whatever they were.
  void note_traffic(std::uint64_t bytes);
  const std::optional<ReadFailure>& failure() const { return failure_; }
  std::vector<Reply> replies() && { return std::move(replies_); }

 private:
  void add_rows(const PGresult& result);
  void keep_first(ReadFailure failure);
  void give_up(std::string why);
  void give_up_of(std::uint64_t most, const char* what);

  std::vector<Reply> replies_;
  Bounds bounds_;
  std::size_t at_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t bytes_ = 0;
  bool done_ = false;
  bool hopeless_ = false;
  std::optional<ReadFailure> failure_;
};

}  // namespace tidemark
