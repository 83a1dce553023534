// path: daemon/watch/loop.cpp
Awaitable<void> turn(Environment& environment) {
  if (co_await is_due(environment)) {  // expect: co-await-condition
    poll(environment);
  } else if (co_await is_late(environment)) {  // expect: co-await-condition
    warn(environment);
  }
  while (co_await next()) {  // expect: co-await-condition
    step();
  }
  do {
    step();
  } while (co_await next());  // expect: co-await-condition
  switch (co_await kind()) {  // expect: co-await-condition
    case Kind::a:
      break;
  }
  for (int i = 0; co_await more(i); ++i) {  // expect: co-await-condition
    step();
  }
  if (const auto rows = co_await read()) {  // expect: co-await-condition
    use(*rows);
  }
  if (auto now = clock(); co_await is_due(now)) {  // expect: co-await-condition
    step();
  }
  if (ready &&
      !co_await is_due(environment))  // expect: co-await-condition
    step();
}
