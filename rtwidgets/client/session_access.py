"""What a hub object does with sessions: open them, and sign the owner's own browser in."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, cast

from .driver import Endpoint
from .exchange import Exchange
from .link import Link
from .live_session import Session
from .share import SignInLink, link_of

if TYPE_CHECKING:
    from .hub import Hub

log = logging.getLogger("rtwidgets")


class SessionAccess(ABC):
    """The part of a hub object that is about sessions."""

    _sessions: dict[str, Session]

    def session(self, name: str, *, title: str | None = None) -> Session:
        """Return a shared live session, made when there is none: ``hub.session("morning", title="Desk")``.

        Asking again for the same one gives the same object.

        Args:
            name: 1 to 64 of A-Z, a-z, 0-9, ``.``, ``_`` and ``-``, the first a letter or digit.
            title: What people read; the name if left out.

        Raises:
            ChannelNameError: If the name is not allowed.
            PermissionDeniedError: If we may neither see nor make it.
        """
        known = self._sessions.get(name) if isinstance(name, str) else None
        if known is None:
            known = self._sessions[name] = Session(cast("Hub", self), name, title)
        elif title is not None:
            known._open(title)
        return known

    def sign_in_link(self) -> SignInLink:
        """Return a link that signs the browser in that opens it, as you: for your own, and good for minutes.

        What a cell shows of it is not the link, as notebooks are saved: ``hub.sign_in_link().url`` is.

        The page that it opens lists the sessions. Give it to nobody: who opens it has your rights on the
        hub's channels and commands for hours. For others there is `Session.share`.

        Raises:
            PermissionDeniedError: If our token may make no other.
        """
        return SignInLink(*link_of(self._endpoint().address, "", self._use().rpc("rtwidgets.sign_in", {})))

    def _open_sessions_again(self, exchange: Exchange) -> None:
        """Tell a hub that may be a new one of the sessions that we hold; in the portal's loop."""
        for session in list(self._sessions.values()):
            session._open_again(exchange)

    @abstractmethod
    def _use(self) -> Link:
        """Return this process's link."""

    @abstractmethod
    def _endpoint(self) -> Endpoint:
        """Return where the hub is, and our token."""
