"""Opening the node that a command is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.loading import load_settings
from config.settings import Settings
from node.cli.problems import not_initialised
from node.container import Container, Ground, build, open_ground


def settings_of(data_dir: Path) -> Settings:
    """The settings of a node.

    Raises:
        Problem: `not-initialised`.
        SettingsError: every mistake in them.
    """
    if not (data_dir / "node.toml").exists():
        raise not_initialised(data_dir)
    return load_settings(data_dir)


@contextmanager
def opened(data_dir: Path) -> Iterator[Container]:
    """The whole node, closed afterwards."""
    container = build(settings_of(data_dir))
    try:
        yield container
    finally:
        container.close()


@contextmanager
def ground_of(data_dir: Path) -> Iterator[Ground]:
    """What a node has also before it belongs to a network, closed afterwards."""
    ground = open_ground(settings_of(data_dir))
    try:
        yield ground
    finally:
        ground.close()
