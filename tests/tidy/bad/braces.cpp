// path: adapters/http/client.cpp
Awaitable<void> send_all(Connection& connection) {
  Observation seen{co_await read(connection), now};  // expect: co-await-braces
  co_await send(Event{environment, finding});  // expect: co-await-braces
  co_await send({environment, finding});  // expect: co-await-braces
  co_await send(Options{});  // expect: co-await-braces
  co_await write(std::string("x"), {});  // expect: co-await-braces
  auto answer = co_await ask(connection, Options{.retries = 3});  // expect: co-await-braces
  co_return Answer{co_await read(connection)};  // expect: co-await-braces
  for (const auto& row : co_await rows(Filter{name})) {  // expect: co-await-braces
    use(row);
  }
  auto task = [](Socket socket) -> Awaitable<void> {
    co_await send(Event{"nested"});  // expect: co-await-braces
  };
}
