// path: adapters/http/connection.cpp
#include <boost/beast/core.hpp>

#define WAIT(x) if (co_await (x)) { }

enum class Kind : int { a, b };
struct Options { int retries{3}; };
template <class T>
class Box final : public Base<int(int)> {
 public:
  Box() : value_(1), other_{2} { start(); }
  [[nodiscard]] Awaitable<int> get() const { co_return co_await read(); }
  Awaitable<int> put(int a) { const int b = co_await one(a); const int c = co_await two(b); co_return c; }

 private:
  T value_{};
  int other_ = 0;
};

// A comment may say: if (co_await x) ... co_await f(Event{a, b}); asio::detached
Awaitable<void> turn(Environment& environment) {
  const bool due = co_await is_due(environment);
  if (due) {
    Event event{environment, finding};
    co_await send(std::move(event));
  }
  if (auto rows = co_await read(environment); rows.empty()) {
    co_return;
  }
  for (const auto& row : co_await read(environment)) {
    const auto name = row.name ? *row.name : "co_await a ? b : c";
    co_await show(name);
  }
  for (int i = 0; i < 3; ++i) {
    co_await wait_for(std::chrono::milliseconds{5});
  }
  do {
    co_await step();
  } while (!done());
  switch (kind) {
    case Kind::a: {
      co_await a();
      break;
    }
    case Kind::b:
      co_await b();
  }
  const auto [error, size] = co_await socket.async_read_some(buffer, asio::as_tuple(asio::use_awaitable));
  auto text = R"sql(if (co_await x) { f(Event{1}) ? "a" : "b"; })sql" + std::string(1'000, 'x');
  std::vector<int> list{1, 2, 3};
  auto work = [list = std::move(list)] { return list.size(); };
  const auto count = co_await pool.run(std::move(work));
  co_await pool.run([&] { return count; });
  co_await pool.run([&count, &text] { return count; });
  co_await pool.run([] { return Options{5}; });
  const bool is_detached = head.detached ? true : false;
  auto sorted = [&](const auto& a, const auto& b) -> bool { return table[a] < table[b]; };
  auto spawned = [](Environment& one) -> Awaitable<Result<int>> { co_return co_await poll(one); };
  std::array<int, 2> pair{1, 2};
  auto picked = due ? Options{1} : Options{2};
  try {
    co_await send(picked);
  } catch (const std::exception& failure) {
    note(failure);
  }
  if (due) [[likely]] {
    co_await a();
    co_await b();
  } else {
    co_await c();
  }
}

auto make(Pool& pool) -> Awaitable<int> {
  co_await a();
  co_await b();
}

template <class T>
  requires std::integral<T>
Awaitable<T> twice(T value) {
  co_await a(value);
  co_await b(value);
}
