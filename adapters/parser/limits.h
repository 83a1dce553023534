#pragma once

#include <chrono>
#include <cstddef>

namespace tidemark {

// What one file may cost: a migration of a megabyte takes a tenth of a second and 100 MB.
constexpr int parser_cpu_seconds = 10;
constexpr std::size_t parser_memory_max = std::size_t{2} << 30;
constexpr std::size_t parser_stack_size = std::size_t{64} << 20;
// On a machine that has too much to do, a file waits for its seconds; then the daemon gives up.
constexpr std::chrono::seconds parser_patience{60};

// The sanitizers reserve more addresses than there is memory.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TIDEMARK_PARSER_SANITIZED
#endif
#endif
#ifdef TIDEMARK_PARSER_SANITIZED
constexpr bool parser_limits_memory = false;
#else
constexpr bool parser_limits_memory = true;
#endif

// How the parser ends when it is not of the daemon's version, and when there is nothing to work
// with.
constexpr int parser_is_another_version = 3;
constexpr int parser_cannot_begin = 4;

}  // namespace tidemark
