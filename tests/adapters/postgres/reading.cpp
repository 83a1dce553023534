#include "tests/adapters/postgres/reading.h"

#include <fstream>
#include <stdexcept>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "tests/adapters/postgres/drive.h"

namespace tidemark::test {

Connected Reading::connect(const std::string& address,
                           const std::string& password,
                           std::chrono::milliseconds within) {
  return drive(loop_, ReadSession::connect(pool_, resolver_, route_to(address), password, within));
}

ReadSession::Answer Reading::read(ReadSession& session,
                                  std::vector<ReadQuery> queries,
                                  ReadLimits limits) {
  return drive(loop_, session.read(std::move(queries), limits));
}

std::expected<AnswerDigest::Value, ReadFailure> Reading::digest(ReadSession& session,
                                                                std::vector<ReadQuery> queries,
                                                                ReadLimits limits) {
  auto batch = ReadBatch::make(std::move(queries), limits);
  if (!batch) {
    throw std::runtime_error(batch.error().detail);
  }
  return drive(loop_, session.digest(*batch));
}

Connected Reading::connect_cancelled(const std::string& address, std::chrono::milliseconds after) {
  return drive(loop_, ReadSession::connect(pool_, resolver_, route_to(address), ""), after);
}

ReadSession::Answer Reading::read_cancelled(ReadSession& session,
                                            std::vector<ReadQuery> queries,
                                            std::chrono::milliseconds after) {
  return drive(loop_, session.read(std::move(queries), {}), after);
}

ReadSession::Answer Reading::read_interrupted(ReadSession& session,
                                              std::vector<ReadQuery> queries,
                                              std::chrono::milliseconds after) {
  asio::steady_timer timer(loop_, after);
  timer.async_wait([&session](boost::system::error_code) { session.interrupt(); });
  return drive(loop_, session.read(std::move(queries), {}));
}

std::uint64_t resident_bytes() {
  std::ifstream pages("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  pages >> all >> resident;
  return resident * 4096;
}

ReadQuery query(ReadStatement statement, std::vector<std::optional<std::string>> values) {
  return {statement, std::nullopt, std::move(values)};
}

ReadQuery query_on(TableName ledger, ReadStatement statement) {
  return {statement, std::move(ledger), {}};
}

}  // namespace tidemark::test
