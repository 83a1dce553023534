#include "daemon/client/tone.h"

namespace tidemark::client {

namespace {

std::string_view escape_sequence(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "";
    case Tone::good:
      return "\x1b[32m";
    case Tone::waiting:
      return "\x1b[33m";
    case Tone::bad:
      return "\x1b[1;31m";
    case Tone::doubtful:
      return "\x1b[35m";
    case Tone::faint:
      return "\x1b[2m";
    case Tone::strong:
      return "\x1b[1m";
  }
  return "";
}

}  // namespace

std::string paint(std::string_view text, Tone tone, const Style& style) {
  if (!style.colour || tone == Tone::plain || text.empty()) {
    return std::string(text);
  }
  return std::string(escape_sequence(tone)) + std::string(text) + "\x1b[0m";
}

std::string age(TimePoint time, const Style& style) {
  return time > style.now ? "in " + format_age(time - style.now)
                          : format_age(style.now - time) + " ago";
}

std::string when(std::optional<TimePoint> time, const Style& style) {
  if (!time) {
    return "-";
  }
  if (!style.terminal) {
    return format_time(*time);
  }
  // "…:00.123Z" without its fraction: people read it.
  return format_time(*time).substr(0, 19) + "Z (" + age(*time, style) + ")";
}

}  // namespace tidemark::client
