#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/apply/attempt.h"
#include "core/apply/script_text.h"
#include "core/result.h"

namespace tidemark {

// A file that is SQL from its first to its last byte. invalid: a line of it begins a section of a
// tool whose files hold both ways, for all of which would run.
Result<ScriptText> plain_script(std::string_view bytes);

// What a line says of the lines behind it, in a file that holds both ways: what to apply, and what
// takes it back.
struct SectionMark {
  enum class Kind { up, down, other } kind = Kind::other;
  bool outside_transaction = false;  // in other marks: of the whole file
};

// The section that an action runs, everything else blanked so that lines and offsets stay. `mark`
// says what a line is; nullopt: nothing. invalid: the file has no such section, or two.
Result<ScriptText> section_of(std::string_view bytes,
                              Attempt::Action action,
                              std::optional<SectionMark> (*mark)(std::string_view line));

// Whether there is a section that takes it back.
bool has_down_section(std::string_view bytes,
                      std::optional<SectionMark> (*mark)(std::string_view line));

// A line of a comment that begins with `word`, like "-- +goose": what comes behind it.
std::optional<std::string_view> directive(std::string_view line, std::string_view word);

}  // namespace tidemark
