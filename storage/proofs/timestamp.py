"""Time-stamps (RFC 3161): a third party says that a checkpoint existed at an instant.

The SHA-256 of the checkpoint's signed note is time-stamped. The authority's whole answer is kept
(TimeStampResp, DER, with the authority's certificates), which other tools read too. It is verified offline
under given root certificates, at its own instant, by a person who trusts an authority.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import httpx2
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from storage.errors import Refused, TimestampFailed

SHA256_OID = "2.16.840.1.101.3.4.2.1"
ANSWER_BYTES_MAX = 64 << 10
CONNECT_S_MAX = 3.0
ANSWER_S_MAX = 10.0
_NO_CHAIN = "certificate verify error"
Roots = Sequence[x509.Certificate]


class TimestampAuthority(Protocol):
    """Who can be asked for a time-stamp; `HttpAuthority` is the one there is."""

    def stamp(self, note: str) -> bytes:
        """The answer over this note, in which nothing is amiss. Raises TimestampFailed."""


class HttpAuthority:
    """An authority reached by HTTP (RFC 3161, section 3.4). It learns a hash and nothing else."""

    def __init__(self, url: str) -> None:
        self._url = url

    def stamp(self, note: str) -> bytes:
        """See TimestampAuthority. The answer is granted, to this request (nonce) and over this note; whose
        signature it is, is for whoever verifies it to say."""
        builder = TimestampRequestBuilder().data(note.encode()).hash_algorithm(HashAlgorithm.SHA256)
        request = builder.build()
        answer = self._post(request.as_bytes())
        try:
            response = _decode(answer)
            _check_imprint(response, note)
            if response.tst_info.nonce != request.nonce:
                raise Refused("other-request", "the answer is to another request")
        except Refused as refused:
            raise TimestampFailed(f"the time-stamp authority's answer is amiss: {refused}") from refused
        return answer

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query"}
        timeout = httpx2.Timeout(ANSWER_S_MAX, connect=CONNECT_S_MAX)
        try:
            with httpx2.stream("POST", self._url, content=body, headers=headers, timeout=timeout) as response:
                response.raise_for_status()
                answer = b""
                for part in response.iter_bytes():
                    answer += part
                    if len(answer) > ANSWER_BYTES_MAX:
                        raise TimestampFailed("the time-stamp authority's answer is too long")
        except httpx2.HTTPError as error:
            raise TimestampFailed(f"the time-stamp authority gives no time-stamp: {error}") from error
        return answer


def check_timestamp(answer: bytes, note: str, roots: Roots) -> datetime:
    """The instant at which the note existed, by an authority under one of `roots`. Intermediate certificates
    are among them, where the answer holds only the authority's own.

    Raises Refused: `wrong-timestamp` for no granted time-stamp, `other-checkpoint` for one of another note,
    `other-authority` for one by somebody else, `bad-signature` for an altered one.
    """
    response = _decode(answer)
    _check_imprint(response, note)
    try:
        verifier = VerifierBuilder(roots=list(roots)).build()
        verifier.verify(response, response.tst_info.message_imprint.message)
    except (VerificationError, ValueError) as error:
        if _NO_CHAIN in str(error):
            raise Refused(
                "other-authority", "it is not by an authority under the certificates given"
            ) from error
        raise Refused("bad-signature", "the time-stamp's signature does not match") from error
    return response.tst_info.gen_time


def stamped_at(answer: bytes) -> datetime:
    """The instant that an answer of an authority names; whose signature it is, is not looked at. Raises
    Refused."""
    return _decode(answer).tst_info.gen_time


def read_roots(data: bytes) -> list[x509.Certificate]:
    """The certificates of a file, PEM or DER. Raises Refused `wrong-certificate`."""
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(data)]
    except ValueError as error:
        raise Refused("wrong-certificate", "this is no certificate") from error


def _decode(answer: bytes) -> TimeStampResponse:
    try:
        response = decode_timestamp_response(answer)
        if response.as_bytes() == answer and response.status == 0 and response.tst_info.gen_time:
            return response
    except ValueError:
        pass
    raise Refused("wrong-timestamp", "this is no granted time-stamp")


def _check_imprint(response: TimeStampResponse, note: str) -> None:
    imprint = response.tst_info.message_imprint
    if imprint.hash_algorithm.dotted_string != SHA256_OID:
        raise Refused("wrong-timestamp", "the time-stamp is not over a SHA-256")
    if imprint.message != hashlib.sha256(note.encode()).digest():
        raise Refused("other-checkpoint", "the time-stamp is of another checkpoint")
