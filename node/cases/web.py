"""The part of cases under its former name."""

from node.cases.pages import part

__all__ = ["part"]
