// path: tests/adapters/postgres/read_test.cpp
Awaitable<void> reads(Session& session) {
  CHECK(co_await session.ok());  // expect: co-await-check
  REQUIRE((co_await session.read()).has_value());  // expect: co-await-check
}
