// What the handlers share: answers, and the optional fields of wire objects.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "http/message.h"
#include "http/router.h"

namespace oneclaw::api {

using Reply = boost::asio::awaitable<Result<http::Response>>;

/// Binds a handler `f(service, request)` to its service, which must outlive the router.
template <class Service>
http::Handler bind_handler(Reply (*handler)(Service&, http::Request&), Service& service) {
  return [handler, &service](http::Request& request) { return handler(service, request); };
}

http::Response json_reply(int status, const boost::json::value& body);
/// The same for a body that holds a secret or a token: `Cache-Control: no-store`, wiped memory.
http::Response secret_reply(int status, const boost::json::value& body);
/// 204.
http::Response empty_reply();

/// An array with what `to_json` makes of each row. For rows with secrets, in wiping_storage().
template <class Rows, class F>
boost::json::array list_of(const Rows& rows, F to_json, boost::json::storage_ptr storage = {}) {
  boost::json::array list(std::move(storage));
  list.reserve(rows.size());
  for (const auto& row : rows) list.emplace_back(to_json(row));
  return list;
}

boost::json::array to_json_array(const std::vector<std::string>& texts);
boost::json::array to_json_array(const std::vector<Uuid>& ids);
/// Sets the member when there is a value.
void set_time(boost::json::object& object, std::string_view name,
              const std::optional<TimePoint>& time);
/// Sets the member to the parsed JSON text (which we stored); null when it no longer parses.
void set_json(boost::json::object& object, std::string_view name, std::string_view text);

}  // namespace oneclaw::api
