#pragma once

#include <string>
#include <string_view>

#include "core/catalog/migration.h"

namespace tidemark {

// How what a file of Django's says, and what is no migration, is called until all are arranged.
namespace django_part {

inline constexpr std::string_view run_before = "run_before";  // its `after` are those that follow
inline constexpr std::string_view computed = "computed";      // some of it cannot be told
// Its `group` is the app's: of the package in `description`, or of the file's own folder.
inline constexpr std::string_view label = "label";
inline constexpr std::string_view setting = "setting ";  // and its name; of the app in `group`

}  // namespace django_part

inline constexpr std::string_view django_first = "__first__";
inline constexpr std::string_view django_latest = "__latest__";

inline Key django_key(std::string_view app, std::string_view name) {
  return {std::string(app) + "." + std::string(name)};
}

}  // namespace tidemark
