"""Connection to the key service: its address, the login, the time limit of a call, the translation of its
errors.

A login is a file: one line is a token, two lines are an AppRole's role id and secret id. It is read when
there is no token yet, and again when the service refuses the present one. So an expired token is replaced,
and a token that is renewed in the file is picked up.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import hvac
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, VaultDown, VaultError
from requests import RequestException

from storage.addresses import TransitAddress
from storage.errors import KeyServiceFailed
from storage.keys.folder import is_epoch

CONNECT_S_MAX = 3.0
ANSWER_S_MAX = 5.0
"""Short, for a session is admitted inside a transaction."""
APPROLE_LINES = 2

T = TypeVar("T")


class TransitClient:
    """One login. May be used by many threads. Certificates are checked against the system's, or the file
    that REQUESTS_CA_BUNDLE names."""

    def __init__(self, address: TransitAddress, login: Path) -> None:
        self.mount = address.mount
        self._login = login
        # An empty token, for with none the library looks for one in the environment and the home folder.
        self._hvac = hvac.Client(url=address.url, token="", timeout=(CONNECT_S_MAX, ANSWER_S_MAX))

    def call(self, what: str, act: Callable[[hvac.Client], T]) -> T:
        """What `act` returns. Raises KeyServiceFailed, saying that the service does not do `what`; and
        InvalidRequest, which only the caller can read."""
        with _mapped(what):
            if not self._hvac.token:
                self.log_in()
            try:
                return act(self._hvac)
            except Forbidden:
                self.log_in()
                return act(self._hvac)

    def log_in(self) -> None:
        """Take the token from the login's file, or get one for its AppRole. Raises KeyServiceFailed."""
        with _mapped("let this process in"):
            lines = self._lines()
            if len(lines) == APPROLE_LINES:
                try:
                    self._hvac.auth.approle.login(role_id=lines[0], secret_id=lines[1])
                except InvalidRequest as error:
                    raise KeyServiceFailed(
                        f"the key service does not know the login in {self._login}; run `proctoring init`"
                    ) from error
            else:
                self._hvac.token = lines[0]

    def epochs(self) -> list[str]:
        """The names of the engine's keys that are epochs, the oldest first. Raises KeyServiceFailed."""

        def listed(client: hvac.Client) -> list[str]:
            try:
                answer = client.secrets.transit.list_keys(mount_point=self.mount)
            except InvalidPath as error:
                if error.errors:
                    raise
                return []
            return sorted(name for name in answer["data"]["keys"] if is_epoch(name))

        return self.call("list its keys", listed)

    def _lines(self) -> list[str]:
        try:
            lines = self._login.read_text().split()
        except OSError as error:
            raise KeyServiceFailed(f"the login in {self._login} cannot be read: {error.strerror}") from error
        if not 1 <= len(lines) <= APPROLE_LINES:
            raise KeyServiceFailed(f"{self._login} holds neither a token nor a role id and a secret id")
        return lines


@contextmanager
def _mapped(what: str) -> Iterator[None]:
    try:
        yield
    except InvalidRequest:
        raise
    except Forbidden as error:
        why = "this login has not the power to, or is no longer valid; `proctoring init` makes one per power"
        raise KeyServiceFailed(f"the key service does not {what}: {why}") from error
    except InvalidPath as error:
        why = "it has no such engine or role; run `proctoring init`"
        raise KeyServiceFailed(f"the key service does not {what}: {why}") from error
    except VaultDown as error:
        raise KeyServiceFailed(f"the key service does not {what}: it is sealed, or starting") from error
    except VaultError as error:
        raise KeyServiceFailed(f"the key service does not {what}: {error.args[0]}") from error
    except RequestException as error:
        raise KeyServiceFailed(f"the key service is away and does not {what}: {error}") from error
