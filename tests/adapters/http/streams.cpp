#include "tests/adapters/http/streams.h"

#include <stdexcept>
#include <string>

#include "adapters/loop/timer.h"

namespace tidemark {
namespace {

class Counting : public Stream {
 public:
  explicit Counting(std::size_t last) : last_(last) {}
  Awaitable<std::optional<std::string>> next() override {
    if (at_ == last_) {
      co_return std::nullopt;
    }
    co_return std::to_string(++at_) + "\n";
  }

 private:
  std::size_t at_ = 0;
  std::size_t last_;
};

class Endless : public Stream {
 public:
  Awaitable<std::optional<std::string>> next() override {
    if (!std::exchange(begun_, true)) {
      co_return "begun\n";
    }
    ++endless_waiting;
    const bool time_passed = co_await wait_for(std::chrono::hours(1));
    --endless_waiting;
    endless_cancelled += time_passed ? 0 : 1;
    co_return std::nullopt;
  }

 private:
  bool begun_ = false;
};

class Flooding : public Stream {
 public:
  Awaitable<std::optional<std::string>> next() override { co_return std::string(64UL * 1024, 'x'); }
};

class Breaking : public Stream {
 public:
  Awaitable<std::optional<std::string>> next() override {
    if (!std::exchange(begun_, true)) {
      co_return "begun\n";
    }
    throw std::runtime_error("the stream's own trouble");
  }

 private:
  bool begun_ = false;
};

}  // namespace

std::atomic<int> endless_waiting = 0;
std::atomic<int> endless_cancelled = 0;

std::shared_ptr<Stream> counting_stream(std::size_t last) {
  return std::make_shared<Counting>(last);
}
std::shared_ptr<Stream> endless_stream() {
  return std::make_shared<Endless>();
}
std::shared_ptr<Stream> flooding_stream() {
  return std::make_shared<Flooding>();
}
std::shared_ptr<Stream> breaking_stream() {
  return std::make_shared<Breaking>();
}

}  // namespace tidemark
