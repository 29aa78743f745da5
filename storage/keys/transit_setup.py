"""Makes the Transit engine and one login per power on a key service; harmless to repeat.

A policy names the engine and nothing else of the service. The sealer may encrypt and can open nothing. The
opener may only decrypt. The shredder makes non-exportable keys and deletes them, and can use none. A login is
an AppRole whose tokens last an hour.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import hvac
from hvac.exceptions import InvalidPath, InvalidRequest

from storage.addresses import TransitAddress
from storage.errors import KeyServiceFailed
from storage.keys.folder import write_secret
from storage.keys.powers import KeyPower
from storage.keys.transit import KEY_TYPE
from storage.keys.transit_client import TransitClient

TOKEN_TTL_S = 3600
APPROLE = "approle"

_LIST = {"keys": {"capabilities": ["list"]}}
# No capability `create` on encrypt/: with it, encrypting with a key that is not there would make it.
RULES: dict[KeyPower, dict[str, dict[str, Any]]] = {
    KeyPower.SEALER: {"encrypt/+": {"capabilities": ["update"]}} | _LIST,
    KeyPower.OPENER: {"decrypt/+": {"capabilities": ["update"]}},
    KeyPower.SHREDDER: {
        "keys/+": {
            "capabilities": ["create", "delete", "update"],
            "allowed_parameters": {"type": [KEY_TYPE]},
        },
        "keys/+/config": {
            "capabilities": ["create", "update"],
            "allowed_parameters": {"deletion_allowed": []},
        },
    }
    | _LIST,
}


def policy(power: KeyPower, mount: str) -> str:
    """What the power may do with the engine, in the service's policy language (as JSON)."""
    rules = {f"{mount}/{path}": rule for path, rule in RULES[power].items()}
    return json.dumps({"path": rules}, sort_keys=True)


def role_name(power: KeyPower, mount: str) -> str:
    """The name of the power's policy, and of its AppRole."""
    return f"{mount}-{power.value}"


def set_up(address: TransitAddress, admin: Path, logins: Mapping[KeyPower, Path]) -> list[str]:
    """Make what is missing or different; returns the changes, one line each.

    `logins` are the files for the powers' logins; one is written where there is none yet or the present one
    is not let in. Raises KeyServiceFailed.
    """
    client = TransitClient(address, admin)
    try:
        made = client.call("let itself be set up", lambda server: _engine(server, address.mount))
        for power in KeyPower:
            made += client.call("let itself be set up", lambda s, p=power: _role(s, address.mount, p))  # type: ignore[misc]
        for power, login in logins.items():
            made += client.call("give a login", lambda s, p=power, f=login: _login(s, address, p, f))  # type: ignore[misc]
    except InvalidRequest as error:
        raise KeyServiceFailed(f"the key service does not let itself be set up: {error.args[0]}") from error
    return made


def _engine(server: hvac.Client, mount: str) -> list[str]:
    made = []
    if f"{mount}/" not in server.sys.list_mounted_secrets_engines()["data"]:
        server.sys.enable_secrets_engine("transit", path=mount)
        made.append(f"Transit engine {mount}")
    if f"{APPROLE}/" not in server.sys.list_auth_methods()["data"]:
        server.sys.enable_auth_method(APPROLE)
        made.append("login by AppRole")
    return made


def _role(server: hvac.Client, mount: str, power: KeyPower) -> list[str]:
    made = []
    name, wanted = role_name(power, mount), policy(power, mount)
    if _policy(server, name) != wanted:
        server.sys.create_or_update_acl_policy(name, wanted)
        made.append(f"policy {name}")
    role = {
        "token_policies": [name],
        "token_no_default_policy": True,
        "token_ttl": TOKEN_TTL_S,
        "token_max_ttl": TOKEN_TTL_S,
    }
    there = _read_role(server, name)
    if {setting: there.get(setting) for setting in role} != role:
        server.auth.approle.create_or_update_approle(name, **role)
        made.append(f"role {name}")
    return made


def _login(server: hvac.Client, address: TransitAddress, power: KeyPower, login: Path) -> list[str]:
    if login.exists() and _is_let_in(address, login):
        return []
    name = role_name(power, address.mount)
    role_id = server.auth.approle.read_role_id(name)["data"]["role_id"]
    secret_id = server.auth.approle.generate_secret_id(name)["data"]["secret_id"]
    login.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    login.unlink(missing_ok=True)
    write_secret(login, f"{role_id}\n{secret_id}\n".encode())
    return [f"login of the {power.value} in {login}"]


def _is_let_in(address: TransitAddress, login: Path) -> bool:
    try:
        TransitClient(address, login).log_in()
    except KeyServiceFailed:
        return False
    return True


def _policy(server: hvac.Client, name: str) -> str | None:
    try:
        return str(server.sys.read_acl_policy(name)["data"]["policy"])
    except InvalidPath:
        return None


def _read_role(server: hvac.Client, name: str) -> dict[str, Any]:
    try:
        return dict(server.auth.approle.read_role(name)["data"])
    except InvalidPath:
        return {}
