"""Secrets from files, since more people can read an environment. Invariant: no message shows a secret."""

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import SecretStr

from proctoring.errors import Invalid

REDIS_DEFAULT_USER = "default"


def secret(name: str, value: SecretStr, named: Path | None, default: Path | None = None) -> str:
    """The secret of PROCTORING_<name>: from the named file, which must exist; else the value; else the
    default file, if it exists. Empty without any. Raises Invalid, naming the setting."""
    if named is None and value.get_secret_value():
        return value.get_secret_value()
    file = named or default
    if file is None or (named is None and not file.exists()):
        return ""
    try:
        return file.read_text().strip()
    except OSError as error:
        raise Invalid(
            f"PROCTORING_{name}_FILE: {file}: {error.strerror}.",
            "Name a file that this process may read, or leave the setting out.",
        ) from error


def with_password(url: str, folder: Path) -> str:
    """The URL with its user's password from `folder/<user>.secret`. Unchanged when it has a password or there
    is no such file. A URL without a user means Redis's user `default`."""
    parts = urlsplit(url)
    file = folder / f"{parts.username or REDIS_DEFAULT_USER}.secret"
    if parts.password or not file.exists():
        return url
    password = secret("", SecretStr(""), file)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:{quote(password, safe='')}@{host}"))
