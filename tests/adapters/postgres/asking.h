#pragma once

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "adapters/postgres/question.h"
#include "tests/adapters/postgres/writing.h"
#include "tests/support/postgres_server.h"

namespace tidemark::test {

// Two sessions on a new database of the shared server: one that migrates, and one that asks.
struct Asking {
  // Runs what has to succeed, and gives the last statement's first value.
  std::string run(WriteSession& in, const std::string& sql) {
    const auto ran = writing.run(in, sql);
    if (!ran) {
      throw std::runtime_error(ran.error().error.detail);
    }
    return ran->rows.empty() ? "" : ran->rows.front().front().value_or("");
  }
  std::string run(const std::string& sql) { return run(*session, sql); }

  template <class T>
  T ask(Awaitable<Asked<T>> question) {
    return writing.answer(std::move(question));
  }

  std::string seen(const std::string& sql) { return server.run(sql, database); }

  // Asks again and again, for as long as a test has.
  void wait_until(const std::string& condition) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (seen("SELECT " + condition) != "t") {
      if (std::chrono::steady_clock::now() > patience) {
        throw std::runtime_error("still not: " + condition);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  PostgresServer& server = PostgresServer::shared();
  const std::string database = server.create_database("asking");
  Writing writing;
  const std::unique_ptr<WriteSession> session = writing.connect(server.address(database));
  const std::unique_ptr<WriteSession> other = writing.connect(server.address(database));
};

}  // namespace tidemark::test
