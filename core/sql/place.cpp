#include "core/sql/place.h"

namespace tidemark {

SqlPlace SqlPlaces::at(std::size_t offset) {
  for (; at_ < offset && at_ < text_.size(); ++at_) {
    const auto byte = static_cast<unsigned char>(text_[at_]);
    if (byte == '\n') {
      place_ = {place_.line + 1, 1};
    } else if (byte < 0x80 || byte >= 0xC0) {  // the others go on with a character
      ++place_.column;
    }
  }
  return place_;
}

}  // namespace tidemark
