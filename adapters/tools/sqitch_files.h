#pragma once

#include <span>

#include "adapters/tools/tool.h"

namespace tidemark {

// Plans, and their scripts: in the folders deploy and revert beside them, or where sqitch.conf
// says.

bool is_named_like_sqitch_plan(std::string_view path);
bool is_sqitch_script(std::string_view path);

std::vector<FileEntry> sqitch_parts(std::string_view path, std::string_view bytes);
std::vector<FileEntry> sqitch_parts_by_name(std::string_view path);
Result<Catalog> arrange_sqitch(std::span<const ScannedFile> files, const ReadScanned& read);

}  // namespace tidemark
