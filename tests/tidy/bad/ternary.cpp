// path: daemon/control/routes.cpp
Awaitable<std::string> text(bool brief) {
  auto shown = brief ? co_await summary() : co_await content();  // expect: co-await-ternary // expect: two-co-awaits
  co_await write(brief ? shown : more);  // expect: co-await-ternary
  co_return co_await get(brief ? a() : b());  // expect: co-await-ternary
}
