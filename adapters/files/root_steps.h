#pragma once

#include <string>

#include "adapters/files/beneath.h"

namespace tidemark {

// Tells the visitor every step that leads to the absolute `path`: its folders and, when some of
// them are links, theirs.
void visit_steps(const std::string& path, FolderVisitor& visitor);

}  // namespace tidemark
