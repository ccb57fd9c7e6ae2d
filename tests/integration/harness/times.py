from datetime import datetime, timedelta, timezone


def in_seconds(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()


def parse_time(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
