"""Makes the bucket and one user per power on a MinIO server; harmless to repeat.

A policy names the bucket, and the objects below `u/`, and nothing else of the server. The ingest user cannot
read, list or delete what it wrote. The reader can only read objects that it can name. The purger can list and
destroy, neither read nor write, and may ask whether the bucket locks objects. The bucket is made without
versions, so that deleted objects are gone.
"""

import json
from collections.abc import Mapping
from typing import Any

from minio import Minio, MinioAdmin
from minio.error import S3Error

from storage.addresses import MinioAddress, MinioKey
from storage.errors import StoreFailed
from storage.objects.minio import MinioObjects
from storage.objects.minio_client import admin_client, mapped, s3_client
from storage.objects.powers import Power

OBJECT_ACTIONS = {
    Power.INGEST: ("PutObject", "AbortMultipartUpload"),
    Power.READER: ("GetObject",),
    Power.PURGER: ("DeleteObject", "DeleteObjectVersion", "AbortMultipartUpload"),
}
BUCKET_ACTIONS = {
    Power.INGEST: (),
    Power.READER: (),
    Power.PURGER: (
        "ListBucket",
        "ListBucketVersions",
        "ListBucketMultipartUploads",
        "GetBucketObjectLockConfiguration",
    ),
}
SECRET_CHARACTERS = range(8, 41)  # MinIO takes 8 to 40


def policy(power: Power, bucket: str) -> dict[str, Any]:
    """What the power may do in the bucket, in the server's policy language."""
    statements = [(OBJECT_ACTIONS[power], f"{bucket}/u/*"), (BUCKET_ACTIONS[power], bucket)]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": sorted(f"s3:{action}" for action in actions),
                "Resource": [f"arn:aws:s3:::{resource}"],
            }
            for actions, resource in statements
            if actions
        ],
    }


def set_up(address: MinioAddress, admin: MinioKey, users: Mapping[Power, MinioKey]) -> list[str]:
    """Make what is missing or different; what was made, one line each. Raises StoreFailed, also for a secret
    that MinIO would not take."""
    for power, user in users.items():
        if len(user.secret_key) not in SECRET_CHARACTERS:
            raise StoreFailed(f"the {power.value}'s secret key must have 8 to 40 characters")
    with mapped("let itself be set up"):
        made = _bucket(s3_client(address, admin), address)
        server = admin_client(address, admin)
        for power, user in users.items():
            made += _user(server, address, power, user)
    return made


def policy_name(power: Power, bucket: str) -> str:
    return f"{bucket}-{power.value}"


def _bucket(client: Minio, address: MinioAddress) -> list[str]:
    if client.bucket_exists(address.bucket):
        return []
    try:
        client.make_bucket(address.bucket, address.region)
    except S3Error as error:
        if error.code == "BucketAlreadyOwnedByYou":  # another `init` was faster
            return []
        raise
    return [f"bucket {address.bucket}"]


def _user(server: MinioAdmin, address: MinioAddress, power: Power, user: MinioKey) -> list[str]:
    made = []
    name, wanted = policy_name(power, address.bucket), policy(power, address.bucket)
    if _canonical(json.loads(server.policy_list()).get(name)) != _canonical(wanted):
        server.policy_add(name, policy=wanted)
        made.append(f"policy {name}")
    known = json.loads(server.user_list()).get(user.access_key)
    if known is None:
        server.user_add(user.access_key, user.secret_key)
        made.append(f"user {user.access_key}")
    if known is None or known.get("policyName") != name:
        server.policy_set(name, user=user.access_key)
        made.append(f"power of {user.access_key}: {power.value}")
    if known is not None and not _works(address, user):
        server.user_add(user.access_key, user.secret_key)
        made.append(f"secret key of {user.access_key}")
    return made


def _works(address: MinioAddress, user: MinioKey) -> bool:
    try:
        MinioObjects(address, user).check()
    except StoreFailed:
        return False
    return True


def _canonical(policy: dict[str, Any] | None) -> object:
    """The policy without what has no meaning: the order of statements, actions and resources."""
    if policy is None:
        return None
    return sorted(
        (one["Effect"], sorted(one["Action"]), sorted(one["Resource"]), sorted(one.get("Condition", {})))
        for one in policy["Statement"]
    )
