// path: adapters/postgres/read_session.cpp
Awaitable<int> sum() {
  const auto a = co_await one() + co_await two();  // expect: two-co-awaits
  combine(co_await one(),
          co_await two());  // expect: two-co-awaits
  co_await (co_await open()).close();  // expect: two-co-awaits
  asio::steady_timer timer(co_await asio::this_coro::executor);
  co_return a;
}
