#pragma once

#include <string>

namespace tidemark::client {

// From now on Ctrl-C ends the program with 130, wherever it is, and takes an unfinished file with
// it. Writing where nobody reads any more is an error of the write and not a signal.
void handle_signals();

// The file to remove then; empty for none. One at a time.
void unfinished_file(const std::string& path);

// What Ctrl-C says on the error output before it ends the program: for what goes on without it.
// Empty for nothing.
void last_words(const std::string& text);

}  // namespace tidemark::client
