#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/postgres/answer_digest.h"
#include "adapters/postgres/link.h"

namespace tidemark {

// Where the rows of a pipeline's replies go.
class RowSink {
 public:
  struct Taken {
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
  };
  virtual ~RowSink() = default;
  // Some rows of a command's reply, or the last of them; in order. Gives what it took of them.
  virtual Taken take(std::size_t command, const PGresult& rows) = 0;
};

// Nobody wants them.
class NoSink : public RowSink {
 public:
  Taken take(std::size_t /*command*/, const PGresult& /*rows*/) override { return {}; }
};

// Keeps the answers to the commands `first` to `end`.
class AnswerSink : public RowSink {
 public:
  AnswerSink(std::size_t first, std::size_t end) : first_(first), answers_(end - first) {}
  Taken take(std::size_t command, const PGresult& rows) override;
  std::vector<ResultSet> answers() && { return std::move(answers_); }

 private:
  std::size_t first_;
  std::vector<ResultSet> answers_;
};

// As digest_of() the answers to the commands `first` to `end`.
class DigestSink : public RowSink {
 public:
  DigestSink(std::size_t first, std::size_t end) : first_(first), end_(end) {}
  Taken take(std::size_t command, const PGresult& rows) override;
  Digest digest() const { return digest_.digest(); }

 private:
  std::size_t first_;
  std::size_t end_;
  AnswerDigest digest_;
};

// Reads what comes back for a pipeline of commands, result by result.
class ReplyReader {
 public:
  ReplyReader(std::size_t commands, Bounds bounds, RowSink& sink);

  // The next thing that PQgetResult gave: a result, or null, which ends a command.
  void take(const PGresult* result);

  // The Sync was answered: that was all.
  bool done() const { return done_; }
  // Nothing good can follow: too much, something that we did not ask for, or an end without a
  // Sync, as of a connection that was lost. The link must be closed.
  bool hopeless() const { return hopeless_ || at_ > commands_; }
  // So many bytes have come in all, whatever they were.
  void note_traffic(std::uint64_t bytes);
  const std::optional<ReadFailure>& failure() const { return failure_; }
  const std::string& last_tag() const { return last_tag_; }  // "COMMIT"

 private:
  void take_rows(const PGresult& result);
  void keep_first(ReadFailure failure);
  void give_up(std::string why);
  void give_up_of(std::uint64_t most, const char* what);

  std::size_t commands_;
  Bounds bounds_;
  RowSink& sink_;
  std::size_t at_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t bytes_ = 0;
  bool done_ = false;
  bool hopeless_ = false;
  std::optional<ReadFailure> failure_;
  std::string last_tag_;
};

}  // namespace tidemark
