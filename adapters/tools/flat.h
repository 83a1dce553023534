#pragma once

#include <span>
#include <vector>

#include "core/catalog/catalog.h"

namespace tidemark {

// Without what lies in a folder below another one that has files: of tools that read one folder
// and nothing below it. People keep there what is not to run: archives, seeds, drafts.
std::vector<ScannedFile> without_nested(std::span<const ScannedFile> files);

}  // namespace tidemark
