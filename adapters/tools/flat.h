#pragma once

#include <span>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/result.h"

namespace tidemark {

// The files of tools that read one folder and nothing below it.
struct FlatFiles {
  std::vector<ScannedFile> files;
  std::vector<CatalogProblem> problems;  // of each folder that is left out or counts, in doubt
};

// Without what lies in a folder below another one that has files: people keep there what is not to
// run, like archives, seeds, drafts. One file that strayed into a folder above must not hide all of
// them, so a folder with fewer files than one below it hides that one only when its name says that
// it was put away; else both count.
FlatFiles without_nested(std::span<const ScannedFile> files);

// A catalog that tells of these, too.
Result<Catalog> with_problems(Result<Catalog> catalog, std::span<const CatalogProblem> problems);

}  // namespace tidemark
