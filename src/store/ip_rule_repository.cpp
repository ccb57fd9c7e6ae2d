#include "store/ip_rule_repository.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT id, org_id, rule_type, cidr, label, applies_to, created_by, created_at FROM ip_rules";

std::vector<IpRuleRow> all(Statement& query) {
  std::vector<IpRuleRow> rules;
  while (query.step()) {
    rules.push_back({.id = query.uuid(0),
                     .org_id = query.uuid(1),
                     .rule_type = query.text(2),
                     .cidr = query.text(3),
                     .label = query.text(4),
                     .applies_to = query.text(5),
                     .created_by = query.uuid(6),
                     .created_at = query.time(7)});
  }
  return rules;
}

}  // namespace

void IpRuleRepository::insert(const IpRuleRow& rule) {
  connection_
      .prepare(
          "INSERT INTO ip_rules (id, org_id, rule_type, cidr, label, applies_to, created_by, "
          "created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
      .bind(1, rule.id)
      .bind(2, rule.org_id)
      .bind(3, rule.rule_type)
      .bind(4, rule.cidr)
      .bind(5, rule.label)
      .bind(6, rule.applies_to)
      .bind(7, rule.created_by)
      .bind(8, rule.created_at)
      .run();
}

std::vector<IpRuleRow> IpRuleRepository::list(const Uuid& org_id) {
  auto query = connection_.prepare(kSelect + " WHERE org_id = ?1 ORDER BY id");
  return all(query.bind(1, org_id));
}

std::vector<IpRuleRow> IpRuleRepository::list_all() {
  auto query = connection_.prepare(kSelect + " ORDER BY id");
  return all(query);
}

bool IpRuleRepository::remove(const Uuid& org_id, const Uuid& id) {
  connection_.prepare("DELETE FROM ip_rules WHERE org_id = ?1 AND id = ?2")
      .bind(1, org_id)
      .bind(2, id)
      .run();
  return connection_.changes() == 1;
}

}  // namespace oneclaw::store
