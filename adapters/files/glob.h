#pragma once

#include <string_view>

namespace tidemark {

// Whether `pattern` describes the whole of `path`: `?` is one character and `*` any number of them
// within a folder's or file's name, `**` standing alone between slashes is any number of folders,
// none included.
bool glob_matches(std::string_view pattern, std::string_view path);

}  // namespace tidemark
