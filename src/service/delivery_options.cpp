#include "service/delivery_options.h"

#include <algorithm>

namespace oneclaw::service {

bool is_mail_address(std::string_view address) {
  constexpr std::string_view kForbidden = "\"(),:;<>[\\]";
  const std::size_t at = address.find('@');
  return address.size() <= 254 && at != std::string_view::npos && at > 0 && at <= 64 &&
         at + 1 < address.size() && address.find('@', at + 1) == std::string_view::npos &&
         std::ranges::all_of(address, [&](char c) {
           return c > ' ' && c < '\x7f' && kForbidden.find(c) == std::string_view::npos;
         });
}

}  // namespace oneclaw::service
