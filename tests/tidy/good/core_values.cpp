// path: core/audit/event.cpp
// with: core/audit/event.h
#include "core/audit/event.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>

#include <openssl/evp.h>

#include "core/time.h"

// Never asks system_clock::now(): time is an argument. mkstemp's XXXXXX and a todo list are no loose ends.
TimePoint same(TimePoint now) { return now; }
