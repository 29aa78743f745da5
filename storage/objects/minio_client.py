"""Connection to MinIO: its address, the key, the time limit of a call, the translation of its errors.

Every call ends: it waits at most `CONNECT_S_MAX` for a connection and `ANSWER_S_MAX` between two bytes, and
is retried at most `RETRIES` times. Only repeatable calls are retried. A PUT whose answer was lost is not sent
again, since put is put-if-absent and the second would meet the first. The caller decides.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, MinioException, S3Error, ServerError
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from storage.addresses import MinioAddress, MinioKey
from storage.errors import StoreFailed

CONNECT_S_MAX = 3.0
ANSWER_S_MAX = 30.0
RETRIES = 2
BACKOFF_S = 0.2
CONNECTIONS = 16
REPEATABLE = frozenset({"GET", "HEAD", "DELETE", "POST"})
AWAY_STATUSES = (500, 502, 503, 504)
REMEDIES = {
    "NoSuchBucket": "there is no such bucket; run `proctoring init`",
    "InvalidAccessKeyId": "the server does not know this user; run `proctoring init`",
    "SignatureDoesNotMatch": "the secret key is not this user's; run `proctoring init`",
    "AccessDenied": "this user has not the power to do that",
}


def s3_client(address: MinioAddress, key: MinioKey) -> Minio:
    """A client with bounded calls; may be used by many threads. Certificates are checked against the
    system's, or the file that SSL_CERT_FILE names."""
    return Minio(
        endpoint=address.endpoint,
        access_key=key.access_key,
        secret_key=key.secret_key,
        secure=address.secure,
        region=address.region,
        http_client=_bounded_http(),
    )


def admin_client(address: MinioAddress, key: MinioKey) -> MinioAdmin:
    """The same for the server's administration: users and policies."""
    return MinioAdmin(
        endpoint=address.endpoint,
        credentials=StaticProvider(key.access_key, key.secret_key),
        secure=address.secure,
        region=address.region,
        http_client=_bounded_http(),
    )


@contextmanager
def mapped(what: str) -> Iterator[None]:
    """Whatever goes wrong inside becomes StoreFailed, saying what was tried and what to do."""
    try:
        yield
    except S3Error as error:
        why = REMEDIES.get(error.code or "", f"{error.code}: {error.message}")
        raise StoreFailed(f"MinIO does not {what}: {why}") from error
    except ServerError as error:
        raise StoreFailed(f"MinIO does not {what}: status {error.status_code}") from error
    except (MinioException, MinioAdminException) as error:
        raise StoreFailed(f"MinIO does not {what}: {error}") from error
    except (HTTPError, OSError) as error:
        raise StoreFailed(f"MinIO is away, or cut the answer, and does not {what}: {error}") from error


def _bounded_http() -> PoolManager:
    retries = Retry(
        total=RETRIES,
        allowed_methods=REPEATABLE,  # connections that were refused are tried again for PUT too
        status_forcelist=AWAY_STATUSES,
        backoff_factor=BACKOFF_S,
        raise_on_status=False,
        respect_retry_after_header=False,  # a busy MinIO says 60 s and more
    )
    timeout = Timeout(connect=CONNECT_S_MAX, read=ANSWER_S_MAX)
    return PoolManager(maxsize=CONNECTIONS, timeout=timeout, retries=retries)
