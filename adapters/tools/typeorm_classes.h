#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// The names by which TypeORM knows the migrations in a program: a class is called
// CreateUsers1528653893000, or says so in its property `name`. In the order in which they stand
// there. Nothing is compiled: what a program makes its names of when it runs is not seen.
std::vector<std::string> typeorm_classes(std::string_view text);

// The name that TypeORM gives the class in 1528653893000-create-users.ts when it makes the file;
// empty when the file is not named so.
std::string typeorm_class_of_file(std::string_view stem);

// The milliseconds that such a name ends in; empty when it does not.
std::string_view time_of_typeorm_name(std::string_view name);

}  // namespace tidemark
