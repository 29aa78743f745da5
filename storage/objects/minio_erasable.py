"""Check that a bucket's objects can be erased in time: Object Lock, retention, and everything else that keeps
an object.

Findings are of two kinds. With a fault no recording can be erased when it is due; with a caution a person
could keep one.
"""

from collections.abc import Iterator

from minio import Minio
from minio.commonconfig import ENABLED
from minio.error import S3Error

from storage.addresses import MinioAddress, MinioKey
from storage.errors import NotErasable
from storage.objects.minio_client import mapped, s3_client

NOT_SET = frozenset({"ObjectLockConfigurationNotFoundError", "ReplicationConfigurationNotFoundError"})
NOT_KNOWN = frozenset({"NotImplemented", "MethodNotAllowed"})
NOT_ALLOWED = frozenset({"AccessDenied"})  # the purger may ask about locks alone


def cautions(address: MinioAddress, key: MinioKey) -> list[str]:
    """What in the bucket's settings could keep a recording, one line each; nothing, as it should be.

    The administrator learns of versions and copies too. Raises NotErasable when the settings keep every
    recording, StoreFailed when they cannot be read.
    """
    client = s3_client(address, key)
    with mapped("tell the settings of the bucket"):
        return [
            *_locks(client, address.bucket),
            *_versions(client, address.bucket),
            *_copies(client, address.bucket),
        ]


def _locks(client: Minio, bucket: str) -> Iterator[str]:
    try:
        lock = client.get_object_lock_config(bucket)
    except S3Error as error:
        if error.code in NOT_KNOWN:
            yield f"the server does not tell whether bucket {bucket} locks objects"
        elif error.code not in NOT_SET:
            raise
        return
    if lock.mode is not None:
        raise NotErasable(
            f"bucket {bucket} has Object Lock with a default retention ({lock.mode}, {lock.duration} "
            f"{lock.duration_unit}): nobody can erase a recording before that has passed"
        )
    yield (
        f"bucket {bucket} has Object Lock enabled: a legal hold or a retention that somebody sets on an "
        "object keeps it beyond its due date"
    )


def _versions(client: Minio, bucket: str) -> Iterator[str]:
    try:
        versioning = client.get_bucket_versioning(bucket)
    except S3Error as error:
        if error.code not in NOT_KNOWN | NOT_ALLOWED:
            raise
        return
    if versioning.mfa_delete == ENABLED:
        raise NotErasable(f"bucket {bucket} asks for a second factor at each deletion (MFA delete)")
    if versioning.status is not None:
        yield (
            f"bucket {bucket} has versioning {versioning.status.lower()}: erasure deletes every version, but "
            "what others delete stays until then"
        )


def _copies(client: Minio, bucket: str) -> Iterator[str]:
    try:
        replicated = client.get_bucket_replication(bucket) is not None
    except S3Error as error:
        if error.code not in NOT_SET | NOT_KNOWN | NOT_ALLOWED:
            raise
        replicated = False
    if replicated:
        yield f"bucket {bucket} is replicated: copies elsewhere stay, and open nothing without their keys"
