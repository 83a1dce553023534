#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.h"

namespace tidemark {

// What a program prints on its standard output. No shell, no input, only the standard descriptors;
// what it prints on its standard error is dropped, because it may hold what must not be shown.
// After `time_max`, with more than `bytes_max` of output, or when told to stop, its whole process
// group is killed. Blocks.
Result<std::string> run_command(const std::vector<std::string>& arguments,
                                std::chrono::milliseconds time_max,
                                std::size_t bytes_max,
                                const std::stop_token& stop = {});

}  // namespace tidemark
