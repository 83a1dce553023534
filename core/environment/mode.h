#pragma once

#include <optional>
#include <string_view>

namespace tidemark {

// The contract with a database; see product.md, "Modes".
enum class Mode {
  managed,         // read, and written when somebody applies
  export_only,     // never connected to
  reconcile_only,  // read in read-only transactions, never written
};

std::string_view to_string(Mode mode);
std::optional<Mode> parse_mode(std::string_view text);

// The mode that a name gets when nobody says otherwise: development-like names are managed, every
// other name is export_only. Whole words count, and production-like words win.
Mode default_mode(std::string_view environment_name);

inline bool may_connect(Mode mode) {
  return mode != Mode::export_only;
}

}  // namespace tidemark
