// Asio's TLS streams and Beast are compiled once, here (see also base/asio_impl.cpp).
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
