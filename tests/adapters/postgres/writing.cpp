#include "tests/adapters/postgres/writing.h"

namespace tidemark::test {

Writing::Connected Writing::try_connect(const std::string& address, const std::string& password) {
  const auto managed = ManagedEnvironment::of({"shop", "test"}, Mode::managed);
  return drive(loop_,
               WriteSession::connect(*managed, pool_, resolver_, route_to(address), password));
}

std::unique_ptr<WriteSession> Writing::connect(const std::string& address,
                                               const std::string& password) {
  auto connected = try_connect(address, password);
  if (!connected) {
    throw std::runtime_error(connected.error().error.detail);
  }
  return std::move(*connected);
}

WriteSession::Answer Writing::run(WriteSession& session,
                                  std::string sql,
                                  std::optional<std::chrono::milliseconds> within) {
  return drive(loop_, session.run(std::move(sql), within));
}

WriteSession::Answer Writing::run_cancelled(WriteSession& session,
                                            std::string sql,
                                            std::chrono::milliseconds after) {
  return drive(loop_, session.run(std::move(sql)), after);
}

WriteSession::Answer Writing::run_interrupted(WriteSession& session,
                                              std::string sql,
                                              std::chrono::milliseconds after) {
  asio::steady_timer timer(loop_, after);
  timer.async_wait([&session](boost::system::error_code) { session.interrupt(); });
  return drive(loop_, session.run(std::move(sql)));
}

WriteSession::Answer Writing::ask(WriteSession& session,
                                  ReadStatement statement,
                                  std::vector<std::optional<std::string>> values) {
  return drive(loop_, session.ask(statement, std::move(values)));
}

}  // namespace tidemark::test
