"""W3C trace context: one trace begins at each webhook and ends at the Graph call. Pure."""


def traceparent(trace_id: str, span_id: str) -> str:
    """The header of a sampled trace (32 and 16 lower-case hex digits, given by the caller)."""
    return f"00-{trace_id}-{span_id}-01"
