#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace tidemark::client {

// Takes server-sent events apart: fed line by line, it hands over the data of each event once it is
// complete.
class EventStream {
 public:
  using Each = std::function<bool(const std::string& data)>;

  // False: `each` wants no more, or the event is larger than anybody sends.
  bool line(std::string_view text, const Each& each);

 private:
  std::string data_;
};

}  // namespace tidemark::client
