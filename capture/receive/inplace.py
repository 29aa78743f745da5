"""Takes SRTP's protection off in the receive buffer; the binding's own way copies twice and allocates."""

from collections.abc import Callable
from typing import Any, Final, final

Unprotect = Callable[[int, int, int], int]


@final
class InPlace:
    """`unprotect` and `unprotect_rtcp` are libsrtp's functions, `srtp` its session. `buffer_at` is the
    buffer's address, `length_at` that of `length.value`. `kept` must live as long as these addresses.

    The length may be shared: nobody else comes between, on the one thread of the event loop.
    """

    def __init__(
        self,
        unprotect: Unprotect,
        unprotect_rtcp: Unprotect,
        *,
        srtp: int,
        buffer_at: int,
        length: Any,
        length_at: int,
        kept: object,
    ) -> None:
        self._unprotect: Final = unprotect
        self._unprotect_rtcp: Final = unprotect_rtcp
        self._srtp: Final = srtp
        self._buffer_at: Final = buffer_at
        self._length: Final = length
        self._length_at: Final = length_at
        self._kept: Final = kept

    def unprotect(self, begin: int, length: int) -> int:
        """The length without its protection of the packet that begins there in the buffer; -1 when it is not
        authentic or was there before."""
        return self._take_off(self._unprotect, begin, length)

    def unprotect_rtcp(self, begin: int, length: int) -> int:
        """As `unprotect`, for RTCP."""
        return self._take_off(self._unprotect_rtcp, begin, length)

    def _take_off(self, unprotect: Unprotect, begin: int, length: int) -> int:
        out = self._length
        out.value = length
        if unprotect(self._srtp, self._buffer_at + begin, self._length_at):
            return -1
        left: int = out.value
        return left
