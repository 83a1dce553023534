#include "daemon/client/event_stream.h"

#include <utility>

namespace tidemark::client {

namespace {

constexpr std::size_t event_size_max = 16U << 20U;

}  // namespace

// "data: {…}"; an empty line ends the event; comments (":") and other fields say nothing that we
// print.
bool EventStream::line(std::string_view text, const Each& each) {
  if (text.empty()) {
    const auto data = std::exchange(data_, {});
    return data.empty() || each(data);
  }
  constexpr std::string_view field = "data:";
  if (text.starts_with(field)) {
    text.remove_prefix(field.size());
    if (text.starts_with(' ')) {
      text.remove_prefix(1);
    }
    data_ += (data_.empty() ? "" : "\n") + std::string(text);
  }
  return data_.size() <= event_size_max;
}

}  // namespace tidemark::client
