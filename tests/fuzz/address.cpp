// Where a database is, as somebody wrote it.

#include <expected>
#include <string>

#include "adapters/postgres/target.h"
#include "core/text/printable.h"
#include "tests/fuzz/input.h"

namespace tidemark::fuzz {

namespace {

std::string written(const Target& target) {
  std::string text;
  for (const auto& [name, value] : target.parameters) {
    text += name + "='";
    for (const char c : value) {
      text += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string{c};
    }
    text += "' ";
  }
  return text;
}

}  // namespace

void try_input(std::string_view input) {
  const std::expected<Target, Error> target = parse_target(input);
  const std::expected<Target, Error> twice = parse_target(input);
  promise(target == twice, "the same address is read the same twice");
  if (!target) {
    promise(target.error().code == Errc::invalid, "a bad address is invalid");
    promise(printable(target.error().detail) == target.error().detail, "an error can be shown");
    return;
  }
  for (const auto* secret : {"password", "sslpassword", "passfile", "service", "options"}) {
    promise(!target->parameters.contains(secret), "an address has no password", secret);
  }
  const auto words = describe(*target);
  promise(printable(words) == words, "an address can be shown", words);
  // Where libpq leaves nothing to write, nothing can be read.
  const auto again = written(*target);
  const std::expected<Target, Error> parsed = parse_target(again);
  promise(again.empty() || parsed == target, "an address that is written out is the same", again);
}

}  // namespace tidemark::fuzz
