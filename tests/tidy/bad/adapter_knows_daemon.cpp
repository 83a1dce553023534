// path: adapters/metrics/page.cpp
#include <doctest/doctest.h>  // expect: layer

#include "daemon/watch/loop.h"  // expect: layer
#include "tests/support/server.h"  // expect: layer
