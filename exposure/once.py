"""Once: a value made when it is first asked for, by one thread while others wait, and kept until it is let go."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")
_LOCKS = "_locks"


class once(Generic[T]):  # noqa: N801 (read as @once, like property)
    """An attribute computed from its object once, whatever number of threads ask for it.

    ``functools.cached_property`` computes twice where two threads ask at the same time. Values that need
    each other must not do so in a circle: two threads would wait for one another.

    >>> class Book:
    ...     @once
    ...     def total(self):
    ...         print("added up")
    ...         return 3
    >>> book = Book()
    >>> book.total + book.total
    added up
    6
    >>> let_go(book, "total")
    >>> book.total
    added up
    3
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        """Remember the attribute's name."""
        self._name = name

    @overload
    def __get__(self, of: None, owner: type) -> Self: ...
    @overload
    def __get__(self, of: object, owner: type) -> T: ...
    def __get__(self, of: object | None, owner: type) -> Self | T:
        """The value, made first if need be; asked only where the object's own dictionary does not hold it."""
        if of is None:
            return self
        held = of.__dict__
        with held.setdefault(_LOCKS, {}).setdefault(self._name, RLock()):
            if self._name not in held:
                held[self._name] = self._make(of)
            made: T = held[self._name]
            return made


def let_go(of: object, *names: str) -> None:
    """Free what ``once`` keeps under these names; it is made again if it is asked for again."""
    for name in names:
        of.__dict__.pop(name, None)
