"""How pages reach what the container built: by type, from the running application.

The container calls `provide` once; a page calls `use(Database)`. Nothing is looked up by name, nothing is global, and
several nodes may live in one process.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from flask import Flask, current_app

T = TypeVar("T")
EXTENSION = "bianmin.services"


def provide(app: Flask, instances: Iterable[object]) -> None:
    """Makes instances available to the pages of an application, each under its own type.

    Raises:
        ValueError: two instances have the same type.
    """
    services: dict[type, object] = app.extensions.setdefault(EXTENSION, {})
    for instance in instances:
        kind = type(instance)
        if services.get(kind, instance) is not instance:
            raise ValueError(f"two instances of {kind.__name__} were provided")
        services[kind] = instance


def use(kind: type[T]) -> T:
    """The instance of a type, or of its one subclass, of the application that answers this request.

    Raises:
        LookupError: the container provided none, or several subclasses.
    """
    services: dict[type, object] = current_app.extensions.get(EXTENSION, {})
    found = services.get(kind)
    if isinstance(found, kind):
        return found
    fitting = [one for one in services.values() if isinstance(one, kind)]
    if len(fitting) != 1:
        raise LookupError(f"{len(fitting)} services of type {kind.__name__} were provided, one is needed")
    return fitting[0]
