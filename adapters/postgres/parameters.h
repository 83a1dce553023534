#pragma once

#include <string>

#include <boost/container/flat_map.hpp>

namespace tidemark {

// Of a connection, by libpq's names. In one piece: a copy of it is made for each connect.
using Parameters = boost::container::flat_map<std::string, std::string>;

}  // namespace tidemark
