"""Structured logs of a process, one JSON line an event, on standard error."""

from __future__ import annotations

import logging
import sys

import structlog

QUIET = {
    "apscheduler": logging.ERROR,  # that it looks a moment late on a busy machine is no news
    "waitress": logging.ERROR,  # the same of its queue
    "urllib3": logging.ERROR,
    "alembic": logging.WARNING,
}
"""Libraries that are heard from this level upward only."""


def start_logging(level: str) -> None:
    """Send every log record to standard error as one JSON line.

    Args:
        level: debug, info, warning or error.
    """
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, lowest in QUIET.items():
        logging.getLogger(name).setLevel(lowest)
