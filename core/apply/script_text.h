#pragma once

#include <string>

namespace tidemark {

// The SQL of a migration as it is to run: what its layout's tool would run of the file.
struct ScriptText {
  std::string text;  // the file, what does not run blanked: lines and offsets are the file's
  bool outside_transaction = false;  // the file asks for it
  friend bool operator==(const ScriptText&, const ScriptText&) = default;
};

}  // namespace tidemark
