"""Programs for the system (classic BPF, bpf(4)) that sort the datagrams of a port before any is queued.

    from a known source     to the socket for media
    from anybody else       to the door, a socket with a separate buffer, if it looks like STUN
                            nowhere, if it does not

So strangers' datagrams take no place from media. A program has no tables: it contains the known sources as a
tree of comparisons of a 31-bit key of address and port. Two sources may have the same key. The port looks up
every datagram again: a program may let too much through to media, and never keeps a known source out.
"""

import socket
import struct
from collections.abc import Collection, Sequence
from functools import lru_cache

from capture.receive import stun
from capture.receive.delivery import Address

DOOR, MEDIA = 0, 1  # which socket of the port, in the order in which they were bound
SOURCES_MAX = 1_200  # in one program: the system takes 20 KB where net.core.optmem_max is as it was long
SOURCES_KEPT = 4_096
LEAF_KEYS = 8  # compared one by one

_NETWORK = 0xFFF00000  # SKF_NET_OFF: counted from the header of the network on
_UDP_HEADER_BYTES = 8
_UDP = 17
_MIX = 0x9E3779B1
_WORDS = {socket.AF_INET: (12,), socket.AF_INET6: (8, 12, 16, 20)}  # the source's address
_PORT = {socket.AF_INET: 20, socket.AF_INET6: 40}
_PLAIN = {socket.AF_INET: (0, 0x45), socket.AF_INET6: (6, _UDP)}  # a header without options

_Instruction = tuple[int, int, int, int]  # struct sock_filter
_FORM = struct.Struct("=HBBI")
INSTRUCTION_BYTES = _FORM.size
_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE, _LOAD_LENGTH = 0x20, 0x28, 0x30, 0x80
_ADD_X, _MULTIPLY, _SHIFT_RIGHT, _TO_X = 0x0C, 0x24, 0x74, 0x07
_IF_EQUAL, _IF_GREATER, _IF_NOT_LESS, _JUMP, _RETURN = 0x15, 0x25, 0x35, 0x05, 0x06
_JUMP_MAX = 255
_WHOLE = 1 << 16


def by_source(sources: Collection[Address], family: socket.AddressFamily) -> bytes:
    """To which socket a datagram goes, by where it came from; of more than SOURCES_MAX, by its first byte."""
    if len(sources) > SOURCES_MAX:
        return by_first_byte()
    keys = sorted({_key(family, source) for source in sources})
    at, plain = _PLAIN[family]
    words = _WORDS[family]
    program = [
        (_LOAD_BYTE, 0, 0, _NETWORK + at),
        (_IF_EQUAL, 1, 0, plain),
        (_RETURN, 0, 0, DOOR),
        (_LOAD_WORD, 0, 0, _NETWORK + words[0]),
    ]
    for load, where in [*((_LOAD_WORD, word) for word in words[1:]), (_LOAD_HALF, _PORT[family])]:
        program += [(_MULTIPLY, 0, 0, _MIX), (_TO_X, 0, 0, 0)]
        program += [(load, 0, 0, _NETWORK + where), (_ADD_X, 0, 0, 0)]
    program += [(_MULTIPLY, 0, 0, _MIX), (_SHIFT_RIGHT, 0, 0, 1)]
    return _packed(program + _tree(keys))


def by_first_byte() -> bytes:
    """STUN goes to the door, whosoever's it is, and all else to media."""
    return _packed(
        [(_LOAD_BYTE, 0, 0, 0), (_IF_GREATER, 1, 0, 3), (_RETURN, 0, 0, DOOR), (_RETURN, 0, 0, MEDIA)]
    )


def like_stun() -> bytes:
    """Keeps STUN of a length that a check of connectivity may have, by its cookie (RFC 8489 section 5)."""
    length_max = _UDP_HEADER_BYTES + stun.MESSAGE_BYTES_MAX
    return _packed(
        [
            (_LOAD_LENGTH, 0, 0, 0),
            (_IF_GREATER, 5, 0, length_max),
            (_LOAD_BYTE, 0, 0, _UDP_HEADER_BYTES),
            (_IF_GREATER, 3, 0, 3),
            (_LOAD_WORD, 0, 0, _UDP_HEADER_BYTES + 4),
            (_IF_EQUAL, 0, 1, stun.COOKIE),
            (_RETURN, 0, 0, _WHOLE),
            (_RETURN, 0, 0, 0),
        ]
    )


def _tree(keys: Sequence[int]) -> list[_Instruction]:
    """Compares the key, sorted ones."""
    if len(keys) <= LEAF_KEYS:
        compared = [(_IF_EQUAL, len(keys) - place, 0, key) for place, key in enumerate(keys)]
        return [*compared, (_RETURN, 0, 0, DOOR), (_RETURN, 0, 0, MEDIA)]
    middle = len(keys) // 2
    less, not_less = _tree(keys[:middle]), _tree(keys[middle:])
    if len(less) <= _JUMP_MAX:
        return [(_IF_NOT_LESS, len(less), 0, keys[middle]), *less, *not_less]
    return [(_IF_NOT_LESS, 0, 1, keys[middle]), (_JUMP, 0, 0, len(less)), *less, *not_less]


@lru_cache(SOURCES_KEPT)
def _key(family: socket.AddressFamily, source: Address) -> int:
    """As the program computes it. 31 bits: a comparison with a larger number costs the system two steps."""
    host = socket.inet_pton(family, source[0].partition("%")[0])
    key = 0
    for part in (*struct.unpack(f">{len(host) // 4}I", host), source[1]):
        key = (key * _MIX + part) & 0xFFFFFFFF
    return (key * _MIX & 0xFFFFFFFF) >> 1


def _packed(program: Sequence[_Instruction]) -> bytes:
    return b"".join(_FORM.pack(*instruction) for instruction in program)
