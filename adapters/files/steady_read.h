#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

#include "adapters/files/beneath.h"
#include "core/catalog/content.h"
#include "core/result.h"

namespace tidemark {

struct FileReadLimits {
  std::uint64_t held =
      64ULL << 20U;  // larger files are hashed in pieces and never in memory as a whole
  // The kernel stamps a file when a write begins, and readers see the write half done: what changed
  // less than this ago may be torn although nothing moves while it is read.
  std::chrono::milliseconds young{200};
};

struct Reading {
  Content content;
  FileStat stat;
  FileTime at;
  bool held = false;    // the bytes are in the buffer
  bool steady = false;  // false: it was being written, `content` may be of no version at all
};

// Reads a regular file whole. What was not steady is for a later scan: whoever writes it is still
// at it. The bytes are left in `buffer` when they are few enough. The caller has seen `before`
// there, so `name` was no link; a file that is not the same any more is not steady. `cancelled`
// soon after it was told to stop.
Result<Reading> read_steadily(const Place& folder,
                              const std::string& name,
                              const FileStat& before,
                              const FileReadLimits& limits,
                              std::string& buffer,
                              const std::stop_token& stop = {});

// How a regular file begins; empty when it cannot be read.
std::string read_head(const Place& folder, const std::string& name);

}  // namespace tidemark
