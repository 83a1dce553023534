// path: core/drift/compare.cpp
#include "core/drift/compare.h"

#include <chrono>
#include <filesystem>  // expect: layer
#include <fstream>  // expect: layer
#include <iostream>  // expect: layer
#include <mutex>  // expect: layer
#include <thread>  // expect: layer

#include <boost/asio/awaitable.hpp>  // expect: layer
#include <boost/json.hpp>  // expect: layer
#include <openssl/ssl.h>  // expect: layer
#include <spdlog/spdlog.h>  // expect: layer
#include <unistd.h>  // expect: layer

#include "adapters/loop/timer.h"  // expect: layer
#include "daemon/watch/loop.h"  // expect: layer

TimePoint now() { return floor<milliseconds>(std::chrono::system_clock::now()); }  // expect: core-clock
auto tick() { return steady_clock::now(); }  // expect: core-clock
const char* home() { return std::getenv("HOME"); }  // expect: core-clock
