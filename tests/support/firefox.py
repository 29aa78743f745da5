"""Debian's Firefox without a window and with made-up devices, driven over Marionette, its own protocol.

Playwright's Firefox is not Firefox as people have it, and cannot be had from a distribution. Scripts see the
page's own objects; its security policy does not bind them.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.programs import program
from tests.support.service import free_port

PREFS: dict[str, bool | int | str] = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "intl.accept_languages": "en",
    "media.gmp-manager.updateEnabled": False,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
}
COMPLAINTS = """const { Ci } = globalThis;
return Services.console.getMessageArray()
  .filter((one) => one instanceof Ci.nsIScriptError && !(one.flags & Ci.nsIScriptError.warningFlag))
  .filter((one) => /^https?:/.test(one.sourceName) || /CSP|Content Security/.test(one.category))
  .map((one) => `${one.category}: ${one.sourceName}:${one.lineNumber}: ${one.errorMessage}`);"""
START_S, ANSWER_S, WAIT_S = 60, 60.0, 60.0
POLL_S = 0.25


def firefox_path() -> str:
    """Where Firefox is; see `program`."""
    return program(
        "firefox-esr", "firefox", "Firefox is not installed; `apt-get install firefox-esr` brings it."
    )


@contextmanager
def firefox(profile: Path, display: str = "") -> Iterator["Firefox"]:
    """A Firefox of the test's own, with a fresh profile in this folder; without a window, or on that
    X display, whose screen it can share."""
    path = firefox_path()
    port = free_port()
    profile.mkdir(parents=True)
    prefs = PREFS | {"marionette.port": port}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in prefs.items()]
    (profile / "user.js").write_text("".join(lines))
    started = subprocess.Popen(
        [
            path,
            *([] if display else ["--headless"]),
            "--no-remote",
            "--marionette",
            "--remote-allow-system-access",  # for `complaints`
            "--profile",
            str(profile),
            "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"HOME": str(profile)} | ({"DISPLAY": display} if display else {}),
    )
    try:
        driven = Firefox(port)
        yield driven
        driven.close()
    finally:
        started.terminate()
        started.wait(START_S)
        shutil.rmtree(profile, ignore_errors=True)


class Firefox:
    """One tab after the other of a running Firefox. Whatever goes wrong is an AssertionError."""

    def __init__(self, port: int) -> None:
        self._socket = _connect(port)
        self._buffer = b""
        self._number = 0
        self._receive()  # the greeting
        self._call("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {}}})

    def close(self) -> None:
        self._socket.close()

    def open(self, url: str) -> str:
        """A new tab in front with this page, loaded; its handle for `show`."""
        handle: str = self._call("WebDriver:NewWindow", {"type": "tab", "focus": True})["handle"]
        self.show(handle)
        self._call("WebDriver:Navigate", {"url": url})
        return handle

    def carry(self, cookies: dict[str, str]) -> None:
        """Gives the tab's site these cookies; a page of that site must be open."""
        for name, value in cookies.items():
            self._call("WebDriver:AddCookie", {"cookie": {"name": name, "value": value}})

    def show(self, handle: str) -> None:
        """Brings a tab to the front; scripts run there from now on."""
        self._call("WebDriver:SwitchToWindow", {"handle": handle, "focus": True})

    def run(self, script: str, *given: Any) -> Any:
        """What the body of a function with `arguments` returns; a promise is awaited."""
        body = {"script": script, "args": list(given), "sandbox": None, "newSandbox": False}
        return self._call("WebDriver:ExecuteScript", body)["value"]

    def click(self, selector: str) -> None:
        """Presses the visible element that matches, once there is one."""
        self.wait(f"[...document.querySelectorAll({json.dumps(selector)})].some((one) => one.offsetParent)")
        self.run(
            "[...document.querySelectorAll(arguments[0])].find((one) => one.offsetParent).click()", selector
        )

    def press(self, selector: str) -> None:
        """Presses it as a person does, whom a browser asks for what it gives to no script."""
        self.wait(f"document.querySelector({json.dumps(selector)})?.offsetParent")
        asked = {"using": "css selector", "value": selector}
        (element,) = self._call("WebDriver:FindElement", asked)["value"].values()
        self._call("WebDriver:ElementClick", {"id": element})

    def key(self, key: str) -> None:
        """Types this key on the page, as a person does."""
        typed = [{"type": how, "value": key} for how in ("keyDown", "keyUp")]
        self._call("WebDriver:PerformActions", {"actions": [{"type": "key", "id": "keys", "actions": typed}]})

    def complaints(self) -> list[str]:
        """All that went wrong in pages since the start: exceptions, and what a security policy refused."""
        self._call("Marionette:SetContext", {"value": "chrome"})
        try:
            found: list[str] = self.run(COMPLAINTS)
        finally:
            self._call("Marionette:SetContext", {"value": "content"})
        return found

    def wait(self, condition: str, seconds: float = WAIT_S) -> None:
        """Until this expression is true. Fails with what the page says."""
        deadline = time.monotonic() + seconds
        while not self.run(f"return Boolean({condition})"):
            assert time.monotonic() < deadline, f"{condition}: {self.run('return document.body.innerText')}"
            time.sleep(POLL_S)

    def _call(self, command: str, given: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        message = json.dumps([0, self._number, command, given]).encode()
        self._socket.sendall(f"{len(message)}:".encode() + message)
        _, number, error, result = self._receive()
        assert number == self._number
        assert error is None, f"{command}: {error}"
        return dict(result or {})

    def _receive(self) -> Any:
        while b":" not in self._buffer:
            self._more()
        length, self._buffer = self._buffer.split(b":", 1)
        while len(self._buffer) < int(length):
            self._more()
        message, self._buffer = self._buffer[: int(length)], self._buffer[int(length) :]
        return json.loads(message)

    def _more(self) -> None:
        data = self._socket.recv(1 << 16)
        assert data, "Firefox is gone"
        self._buffer += data


def _connect(port: int) -> socket.socket:
    deadline = time.monotonic() + START_S
    while True:
        with suppress(ConnectionRefusedError):
            connected = socket.create_connection(("127.0.0.1", port))
            connected.settimeout(ANSWER_S)
            return connected
        assert time.monotonic() < deadline, "Firefox did not start"
        time.sleep(POLL_S)
