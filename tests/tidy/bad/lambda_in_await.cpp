// path: tests/adapters/loop/pool_test.cpp
Awaitable<void> hash(Pool& pool, std::string path) {
  auto digest = co_await pool.run([path] { return hash_of(path); });  // expect: co-await-lambda
  co_await pool.run([this, path]() mutable { forget(path); });  // expect: co-await-lambda
  co_await pool.run([=] { return 1; });  // expect: co-await-lambda
  co_await pool.run([moved = std::move(path)]() -> Result<int> { return use(moved); });  // expect: co-await-lambda
  co_await pool.run([&digest, path]<class T>(T value) noexcept { use(value); });  // expect: co-await-lambda
  co_await [path]() -> Awaitable<void> { co_return; }();  // expect: co-await-lambda
}
