#pragma once

#include <string>

namespace tidemark::test {

// What servers say, for the scripts of a FakeServer.

// Questions for a password, and "you are in".
std::string asks_in_clear();
std::string asks_for_md5();
std::string asks_for_scram();
std::string lets_in();
// "It is set to that."
std::string parameter(const std::string& name, const std::string& value);
std::string notice(const std::string& text);

// The beginning of the answer to a batch: BEGIN, the settings, and the one column of the first
// query, of which rows follow.
std::string beginning();
std::string row_of(const std::string& value);

}  // namespace tidemark::test
