"""The audit chain by docs/security.md, written a second time: to check it and to make a long one."""
import hashlib
import struct
import uuid

LABEL = b"oneclaw/audit/v1"


def chain_hash(before, row):
    """`row`: org_id, sequence, id, action, actor_type, actor_id, resource_type, resource_id,
    details, ip_address, created_at, prev_event_id, as the database has them."""
    (org, sequence, identity, action, actor_type, actor, resource_type, resource, details, address,
     at, previous) = row
    parts = [LABEL, before, identity, org, struct.pack(">q", sequence)]
    parts += [text.encode() for text in (action, actor_type, actor, resource_type, resource,
                                         details, address)]
    parts += [struct.pack(">q", at), previous or b""]
    return hashlib.sha256(b"".join(struct.pack(">I", len(part)) + part
                                   for part in parts)).digest()


def lengthen(database, org, count):
    """Adds `count` events to an org's chain; the server is stopped."""
    org = uuid.UUID(org).bytes
    sequence, previous, before = database.execute(
        "SELECT sequence, event_id, hash FROM audit_heads WHERE org_id = ?", (org,)).fetchone()
    at, = database.execute("SELECT created_at FROM audit_events WHERE org_id = ? AND sequence = ?",
                           (org, sequence)).fetchone()
    for _ in range(count):
        sequence += 1
        row = (org, sequence, uuid.uuid4().bytes, "secret.read", "user", "", "secret", "", "{}",
               "127.0.0.1", at, previous)
        before = chain_hash(before, row)
        previous = row[2]
        database.execute("INSERT INTO audit_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                         (*row, before))
    database.execute("UPDATE audit_heads SET sequence = ?, event_id = ?, hash = ? "
                     "WHERE org_id = ?", (sequence, previous, before, org))
