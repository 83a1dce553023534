// path: adapters/http/connection.h
#pragma once

#include <boost/beast/core.hpp>  // expect: third-party
