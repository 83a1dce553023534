// path: daemon/watch/scheduler.cpp
void Scheduler::start() {
  supervisor_.start("poll", [this]() -> Awaitable<void> {  // expect: coroutine-captures
    co_await poll();
  });
  auto watch = [&path](int n) -> asio::awaitable<Result<int>> {  // expect: coroutine-captures
    if (n > 0) {
      co_return n;
    }
    co_return 0;
  };
  auto fine = [this] {
    return [](int n) -> Awaitable<int> { co_return n; };
  };
}
