#pragma once

#include <string>
#include <string_view>

#include "daemon/client/console.h"

namespace tidemark::client {

// What a piece of text is about; the colour follows from it and never says anything that the words
// do not.
enum class Tone { plain, good, waiting, bad, doubtful, faint, strong };

std::string paint(std::string_view text, Tone tone, const Style& style);

// "2026-04-18T14:22:00Z (3 min ago)" on a terminal, the exact time otherwise; "-" for no time.
std::string when(std::optional<TimePoint> time, const Style& style);

// "3 min ago", "in 2 h".
std::string age(TimePoint time, const Style& style);

}  // namespace tidemark::client
