#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/postgres/answer_digest.h"
#include "adapters/postgres/failure.h"
#include "adapters/postgres/statement.h"
#include "adapters/postgres/wire.h"

namespace tidemark {

// Where the rows go with which a server answers the commands `first` to `end` of a pipeline.
class RowSink {
 public:
  RowSink(std::size_t first, std::size_t end) : first_(first), end_(end) {}
  virtual ~RowSink() = default;
  RowSink(const RowSink&) = delete;
  RowSink& operator=(const RowSink&) = delete;
  bool wants(std::size_t command) const { return command >= first_ && command < end_; }
  std::size_t answer_to(std::size_t command) const { return command - first_; }

  // In order, for each command that is wanted.
  virtual void begin(std::size_t answer, const Columns& columns) = 0;
  // Gives how many bytes it keeps of it.
  virtual std::uint64_t take(std::size_t answer, const RowValues& row) = 0;
  virtual void end(std::size_t answer) = 0;

 protected:
  std::size_t count() const { return end_ - first_; }

 private:
  std::size_t first_;
  std::size_t end_;
};

// Keeps them.
class AnswerSink : public RowSink {
 public:
  AnswerSink(std::size_t first, std::size_t end) : RowSink(first, end), answers_(count()) {}
  void begin(std::size_t answer, const Columns& columns) override;
  std::uint64_t take(std::size_t answer, const RowValues& row) override;
  void end(std::size_t /*answer*/) override {}
  std::vector<ResultSet> answers() && { return std::move(answers_); }

 private:
  std::vector<ResultSet> answers_;
};

// As digest_of() all of them.
class DigestSink : public RowSink {
 public:
  using RowSink::RowSink;
  void begin(std::size_t /*answer*/, const Columns& /*columns*/) override {}
  std::uint64_t take(std::size_t answer, const RowValues& row) override;
  void end(std::size_t /*answer*/) override { digest_.end_answer(); }
  AnswerDigest::Value digest() const { return digest_.value(); }

 private:
  AnswerDigest digest_;
};

struct AnswerBounds {
  std::uint64_t rows_max;
  std::uint64_t bytes_max;
};

// Understands what a server says to a pipeline of commands.
class ReplyReader {
 public:
  // `messages` has what came after the last answer, and will have what comes after this one.
  // Without a sink nobody wants any rows.
  ReplyReader(MessageReader& messages, std::size_t commands, AnswerBounds bounds, RowSink* sink);

  // What came next. It need not live longer.
  void read(std::string_view bytes);

  // There was something of an answer, and not only what a server may say at any time.
  bool begun() const { return at_ > 0 || columns_ || done_; }
  // The Sync was answered: that was all.
  bool done() const { return done_; }
  // Nothing good can follow: too much, or something that is no answer. The link must be closed.
  bool hopeless() const { return hopeless_; }
  const std::optional<ReadFailure>& failure() const { return failure_; }
  // Once done: not in a transaction.
  bool idle() const { return idle_; }
  const std::string& last_tag() const { return last_tag_; }  // "COMMIT"

 private:
  void take(const Message& message);
  void take_columns(std::string_view body);
  void take_row(std::string_view body);
  void take_end(std::string_view body);
  void take_error(std::string_view body);
  void take_sync(std::string_view body);
  bool wanted() const { return sink_ != nullptr && sink_->wants(at_); }
  void keep_first(ReadFailure failure);
  void give_up(std::string why);
  void give_up_of(std::uint64_t most, const char* what);
  void not_understood(const char* what);

  MessageReader& messages_;
  std::size_t commands_;
  AnswerBounds bounds_;
  RowSink* sink_;
  std::size_t at_ = 0;
  std::optional<std::size_t> columns_;  // of the command whose rows may come now
  std::uint64_t rows_ = 0;
  std::uint64_t bytes_ = 0;  // kept of rows
  std::uint64_t come_ = 0;   // whatever it was
  bool done_ = false;
  bool idle_ = false;
  bool hopeless_ = false;
  std::optional<ReadFailure> failure_;
  std::string last_tag_;
};

}  // namespace tidemark
