#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "adapters/http/http.h"
#include "adapters/loop/asio.h"
#include "adapters/loop/wakeup.h"

namespace tidemark {

// What a running apply tells whoever listens, as JSON objects: what happened, all of it from the
// beginning, and what it is at now, of which only the newest counts.
class Progress {
 public:
  explicit Progress(asio::io_context& loop) : loop_(loop) {}

  void tell(std::string_view type, boost::json::object line);
  // Told to those who listen now, not too often.
  void now(boost::json::object state);
  // Nothing follows any more.
  void end();
  bool ended() const { return ended_; }

 private:
  friend class ProgressStream;
  void wake();

  asio::io_context& loop_;
  std::vector<std::string> lines_;
  boost::json::object now_;
  std::size_t states_ = 0;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  bool ended_ = false;
  std::list<Wakeup*> listeners_;
};

// One listener. Whoever goes away stops nothing.
class ProgressStream : public Stream {
 public:
  // Shared: the apply and those who listen to it, of whom either may be there longer.
  explicit ProgressStream(std::shared_ptr<Progress> progress);
  ~ProgressStream() override;
  ProgressStream(const ProgressStream&) = delete;
  ProgressStream& operator=(const ProgressStream&) = delete;

  Awaitable<std::optional<std::string>> next() override;

 private:
  std::string news(bool silent_for_long);

  std::shared_ptr<Progress> progress_;
  Wakeup wakeup_;
  std::size_t lines_told_ = 0;
  std::size_t states_told_ = 0;
  std::chrono::steady_clock::time_point state_told_at_;
  std::chrono::steady_clock::time_point told_at_;
};

}  // namespace tidemark
