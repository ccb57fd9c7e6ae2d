// The types of events that webhooks may ask for.
#pragma once

#include <optional>
#include <string_view>

#include "service/audit_log.h"

namespace oneclaw::service {

/// A known type, `resource.*` of a known resource, or `*`.
bool is_event_pattern(std::string_view text);

/// The type of the event that an audited success is, if webhooks are told of it.
std::optional<std::string_view> event_type_of(const AuditEntry& entry);

}  // namespace oneclaw::service
