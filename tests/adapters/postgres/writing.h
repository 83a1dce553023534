#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "adapters/postgres/resolver.h"
#include "adapters/postgres/write_session.h"
#include "tests/adapters/postgres/drive.h"

namespace tidemark::test {

// A loop and a pool of one thread, on which sessions are driven step by step.
class Writing {
 public:
  using Connected = std::expected<std::unique_ptr<WriteSession>, ReadFailure>;

  Connected try_connect(const std::string& address, const std::string& password = "");
  // Throws with the reason when it cannot.
  std::unique_ptr<WriteSession> connect(const std::string& address,
                                        const std::string& password = "");

  WriteSession::Answer run(WriteSession& session,
                           std::string sql,
                           std::optional<std::chrono::milliseconds> within = {});
  WriteSession::Answer run_cancelled(WriteSession& session,
                                     std::string sql,
                                     std::chrono::milliseconds after);
  WriteSession::Answer run_interrupted(WriteSession& session,
                                       std::string sql,
                                       std::chrono::milliseconds after);
  WriteSession::Answer ask(WriteSession& session,
                           ReadStatement statement,
                           std::vector<std::optional<std::string>> values = {});

  // What a question asks, for its answer; throws with the failure when there is none.
  template <class T>
  T answer(Awaitable<std::expected<T, WriteFailure>> question) {
    auto answered = drive(loop_, std::move(question));
    if (!answered) {
      throw std::runtime_error(answered.error().error.detail);
    }
    return std::move(*answered);
  }

  asio::io_context& loop() { return loop_; }

 private:
  asio::io_context loop_;
  Pool pool_{1};
  Resolver resolver_{loop_};
};

}  // namespace tidemark::test
