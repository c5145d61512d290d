"""Access: who may ask what. Every question names a principal, and every answer or refusal is an event first.

Roles are those of a banking group: a manager proposes and reveals, an approver is the second person, an analyst sees
all lenders' credit without the names of natural persons, a subsidiary's analyst only that subsidiary's part of the
book, an auditor everything read-only with the audit, an operator the health of the loads and no business.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from app.audit import Audit, hashed
from app.desk.opened import ALL, Desk, Scope, open_desk
from app.refusals import refusal
from exposure.report import Request
from graph.errors import KonzernError, OptionError
from graph.judgements import KIND
from graph.store import Store

MANAGER: Final = "manager"
APPROVER: Final = "approver"
ANALYST: Final = "analyst"
SUBSIDIARY: Final = "subsidiary"
AUDITOR: Final = "auditor"
OPERATOR: Final = "operator"
ROLES: Final = (MANAGER, APPROVER, ANALYST, SUBSIDIARY, AUDITOR, OPERATOR)
WHOLE: Final = frozenset({MANAGER, APPROVER, ANALYST, AUDITOR})
"""Roles that see every lender's credit."""
BUSINESS: Final = WHOLE | {SUBSIDIARY}
_DESKS: Final = 12
"""Desks that stay open, those asked for last."""
_ANSWERS: Final = 256
"""Answers that a desk keeps."""


class RefusedError(KonzernError):
    """A principal asked what none of its roles may."""

    exit_code = 2


@dataclass(frozen=True)
class Principal:
    """Somebody who asks: a name, roles, and the lender of a subsidiary's analyst.

    ``named`` is true where natural persons are shown by name: the one local principal of a machine of one's own.
    """

    name: str
    roles: frozenset[str]
    lender: str = ALL
    named: bool = False

    def __post_init__(self) -> None:
        """Refuse unknown roles, and a subsidiary's analyst without a subsidiary or with another role."""
        strange = sorted(self.roles - set(ROLES))
        if strange:
            raise OptionError(f"no role {strange[0]!r}: choose from {', '.join(ROLES)}")
        if (SUBSIDIARY in self.roles) != bool(self.lender) or (self.lender and len(self.roles) > 1):
            raise OptionError(
                "write subsidiary:LENDER, such as subsidiary:L-BANK; it goes with no other role"
            )

    @property
    def scope(self) -> Scope:
        """What reports it is shown."""
        return Scope(self.lender, self.named)

    def role_among(self, allowed: frozenset[str]) -> str:
        """The first of its roles that is allowed, empty if none is."""
        return next((role for role in ROLES if role in self.roles and role in allowed), "")

    def may(self, allowed: frozenset[str]) -> bool:
        """Whether one of its roles is allowed."""
        return bool(self.role_among(allowed))


def local() -> Principal:
    """The principal of a machine of one's own: all roles that see the whole book, natural persons named."""
    return Principal("local", frozenset(set(ROLES) - {SUBSIDIARY}), named=True)


def sample(role: str) -> Principal:
    """A sample principal of a role such as ``manager`` or ``subsidiary:L-BANK``."""
    name, _, lender = role.partition(":")
    return Principal(f"sample-{role.replace(':', '-')}", frozenset({name}), lender)


@dataclass(frozen=True)
class Question:
    """A question by name: who answers it and which roles may ask.

    ``act`` marks what changes something; its answer is never kept.
    """

    name: str
    answer: Callable[..., Any]
    roles: frozenset[str]
    act: bool = False


@dataclass
class Access:
    """The one way from pages to a store: checks, answers from the desk of the principal's scope, and writes it down."""

    store: Store
    audit: Audit
    request: Request = field(default_factory=Request)
    questions: dict[str, Question] = field(default_factory=dict)
    _desks: dict[tuple[Scope, int, int], Desk] = field(default_factory=dict)
    _answers: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    _opening: dict[tuple[Scope, int, int], threading.Lock] = field(default_factory=dict)

    def desk(self, scope: Scope, version: int) -> Desk:
        """The desk of a scope and version, opened once while only those wait who ask for the same one.

        A judgement of identity that came since makes it another desk, which takes the place of the earlier one.
        """
        judged = self.store.journal.records(kind=KIND)
        key = scope, version, judged[-1].number if judged else 0
        with self._opening.setdefault(key, threading.Lock()):
            held = self._desks.pop(key, None) or open_desk(self.store, scope, self.request, version)
            self._desks[key] = held
            kept = list(self._desks)  # the one that was asked for last stands last
            for old in [*kept[:-_DESKS], *(k for k in kept if k[:2] == key[:2] and k != key)]:
                self._desks.pop(old, None)
            return held

    def entered(self, name: str, roles: frozenset[str], *, let_in: bool) -> None:
        """Write down that somebody signed in and was let in or not."""
        self.audit.write(
            principal=name, role=", ".join(sorted(roles)), action="sign-in", question="", asked="", version=0, rows=0,
            outcome="answered" if let_in else "refused",
        )  # fmt: skip

    def ask(
        self, principal: Principal, name: str, version: int, /, *, reason: str = "", **parameters: Any
    ) -> Any:
        """The answer to a question about a version; ``RefusedError`` where no role of the principal may ask.

        The event is written before the answer is given; a refusal is an event too.
        """
        question = self.questions[name]
        role = principal.role_among(question.roles)
        told = {
            "principal": principal.name, "role": role, "action": "act" if question.act else "read",
            "question": name, "asked": hashed(parameters), "version": version, "reason": reason,
        }  # fmt: skip
        if not role:
            self.audit.write(**told, rows=0, outcome="refused")
            raise refusal(
                RefusedError, "not_allowed", question=name, roles=", ".join(sorted(principal.roles))
            )
        try:
            answer = self._answer(principal, question, version, parameters, reason)
        except KonzernError:
            self.audit.write(**told, rows=0, outcome="failed")
            raise
        self.audit.write(**told, rows=_rows(answer), outcome="answered")
        return answer

    def part(self, principal: Principal, name: str, version: int, /, **parameters: Any) -> Any:
        """The answer to a question that the one which is asked rests on: kept like it, without an event of its own."""
        return self._answer(principal, self.questions[name], version, parameters, "")

    def _answer(
        self, principal: Principal, question: Question, version: int, parameters: dict[str, Any], reason: str
    ) -> Any:
        """The answer, kept by scope, version and state of the journal."""
        desk = self.desk(principal.scope, version)
        if question.act:
            return question.answer(desk, principal=principal, reason=reason, access=self, **parameters)
        key = (
            principal.scope,
            principal.roles,
            question.name,
            version,
            self.store.journal.last(),
            *sorted(parameters.items()),
        )
        if key not in self._answers:
            answer = question.answer(desk, principal=principal, access=self, **parameters)
            while len(self._answers) >= _ANSWERS:
                self._answers.pop(next(iter(self._answers)), None)
            self._answers[key] = answer
        return self._answers[key]


def _rows(answer: Any) -> int:
    """How many rows an answer has: those of its longest list, its length, else 1, 0 for nothing."""
    if answer is None:
        return 0
    if isinstance(answer, dict):
        return max((len(part) for part in answer.values() if isinstance(part, list)), default=1)
    return len(answer) if hasattr(answer, "__len__") else 1


def audit_file(store: Store) -> Path:
    """Where the audit of a store is kept: in its folder, for a store on a server in the working folder."""
    scheme, _, rest = store.url.partition(":")
    return Path(rest) / "audit.jsonl" if scheme == "book" else Path("konzern-audit.jsonl")
