// Asio is compiled once, here (BOOST_ASIO_SEPARATE_COMPILATION): store, service and http link it.
#include <boost/asio/impl/src.hpp>
