"""What a cell showed, as the student's process tells it: made plain and kept small."""

MAX_IMAGE = 2_000_000  # characters of base64
SHOWN = ("text/plain", "image/png", "image/jpeg")


def events(outputs, limit, room):
    """Return what a cell showed as plain strings, whatever it claims to be.

    limit: characters of each text; room: characters of everything
    """
    kept = []
    for event in outputs[:500]:
        if type(event) is not dict:
            continue
        parts = {k: event.get(k) for k in ("kind", "name", "text", "value")}
        new: dict = {k: v[: limit + 1] for k, v in parts.items() if type(v) is str}
        if type(event.get("data")) is dict:
            data = event["data"]
            new["data"] = {k: data[k] for k in SHOWN if type(data.get(k)) is str}
            new["data"] = {k: v for k, v in new["data"].items() if len(v) <= MAX_IMAGE}
        room -= size_of([new])
        if room < 0:
            text = "The notebook shows more than is kept."
            return [*kept, {"kind": "stream", "name": "stderr", "text": text}]
        kept.append(new)
    return kept


def size_of(outputs):
    """Return how many characters outputs hold."""
    parts = [
        part for event in outputs for part in (*event.values(), *event.get("data", {}).values())
    ]
    return sum(len(part) for part in parts if type(part) is str)
