#pragma once

// What of Asio our headers name, under short names.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace tidemark {

namespace asio = boost::asio;

template <class T>
using Awaitable = asio::awaitable<T>;

}  // namespace tidemark
