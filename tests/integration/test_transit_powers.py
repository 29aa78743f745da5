"""Least privilege on a real key service: each power can do its own work, and the others' is refused; and what
happens when the service is away, or a login is no longer valid."""

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import hvac
import pytest
from hvac.exceptions import Forbidden
from sqlalchemy import func, select

from proctoring.compose.key_service import open_keys, prepare_key_service
from proctoring.errors import Unavailable
from proctoring.proofs.epochs import EpochGuard
from proctoring.recordings.rotation import Rotation
from proctoring.sessions import service as sessions
from proctoring.settings.settings import Keys
from proctoring.units.rows import UnitRow
from storage.addresses import TransitAddress
from storage.errors import KeyMissing, KeyServiceFailed
from storage.keys.folder import KeyFolder, epoch_name
from storage.keys.powers import KeyPower
from storage.keys.transit import MAGIC, TransitEpochs, TransitOpening, TransitSealing
from storage.keys.transit_client import TransitClient
from storage.keys.transit_setup import role_name, set_up
from storage.seal import Opener, SealedUnitKey, Sealer
from tests.support.openbao import OpenBaoServer
from tests.support.service import free_port
from tests.support.settings import plain_settings
from tests.support.unit_keys import TAGS
from tests.support.world import World

NOW = datetime(2026, 11, 23, tzinfo=UTC)
EPOCH = "kek-2026w48"
TEXT = base64.b64encode(b"x").decode()


@dataclass
class Site:
    """An engine with its three logins, made by `set_up`, and a neighbour's engine on the same service."""

    server: OpenBaoServer
    address: TransitAddress
    logins: dict[KeyPower, Path]
    made: list[str]
    neighbour: str
    folder: Path

    def client(self, power: KeyPower) -> TransitClient:
        return TransitClient(self.address, self.logins[power])

    def raw(self, power: KeyPower) -> hvac.Client:
        """The power's login, with nothing of ours between it and the service."""
        role_id, secret_id = self.logins[power].read_text().split()
        client = hvac.Client(url=self.server.url, token="")
        client.auth.approle.login(role_id=role_id, secret_id=secret_id)
        return client

    def sealing(self) -> TransitSealing:
        return TransitSealing(self.client(KeyPower.SEALER))

    def opening(self) -> TransitOpening:
        return TransitOpening(self.client(KeyPower.OPENER), KeyFolder(self.folder))

    def epochs(self) -> TransitEpochs:
        return TransitEpochs(self.client(KeyPower.SHREDDER), KeyFolder(self.folder))

    def again(self) -> list[str]:
        return set_up(self.address, self.server.root_login, self.logins)


@pytest.fixture
def site(openbao: OpenBaoServer, tmp_path: Path) -> Site:
    name = f"site-{secrets.token_hex(4)}"
    logins = {power: tmp_path / "logins" / f"{power.value}.login" for power in KeyPower}
    neighbour = f"{name}-neighbour"
    openbao.root.sys.enable_secrets_engine("transit", path=neighbour)
    openbao.root.secrets.transit.create_key(EPOCH, mount_point=neighbour)
    address = openbao.engine(name)
    made = set_up(address, openbao.root_login, logins)
    site = Site(openbao, address, logins, made, neighbour, tmp_path / "keys")
    site.epochs().ensure_epoch(NOW)
    return site


def acts(client: hvac.Client, mount: str, neighbour: str, sealed: str) -> dict[str, Callable[[], object]]:
    """What a login may try, each as one bare request."""
    keys = client.secrets.transit
    here, there = {"mount_point": mount}, {"mount_point": neighbour}
    return {
        "encrypt": lambda: keys.encrypt_data(EPOCH, TEXT, **here),
        "encrypt with a new key": lambda: keys.encrypt_data("kek-2030w01", TEXT, **here),
        "list": lambda: keys.list_keys(**here),
        "decrypt": lambda: keys.decrypt_data(EPOCH, sealed, **here),
        "make": lambda: keys.create_key("kek-2026w50", key_type="aes256-gcm96", **here),
        "make exportable": lambda: keys.create_key("kek-2026w51", exportable=True, **here),
        "let be deleted": lambda: keys.update_key_configuration("kek-2026w47", deletion_allowed=True, **here),
        "delete": lambda: keys.delete_key("kek-2026w47", **here),
        "let be exported": lambda: keys.update_key_configuration(EPOCH, exportable=True, **here),
        "read": lambda: keys.read_key(EPOCH, **here),
        "export": lambda: keys.export_key(EPOCH, "encryption-key", **here),
        "back up": lambda: keys.backup_key(EPOCH, **here),
        "rotate": lambda: keys.rotate_key(EPOCH, **here),
        "rewrap": lambda: keys.rewrap_data(EPOCH, sealed, **here),
        "data key": lambda: keys.generate_data_key(EPOCH, "plaintext", **here),
        "neighbour list": lambda: keys.list_keys(**there),
        "neighbour encrypt": lambda: keys.encrypt_data(EPOCH, TEXT, **there),
        "neighbour decrypt": lambda: keys.decrypt_data(EPOCH, sealed, **there),
        "neighbour delete": lambda: keys.delete_key(EPOCH, **there),
        "policies": lambda: client.sys.list_acl_policies(),
        "own policy": lambda: client.sys.create_or_update_acl_policy(role_name(KeyPower.SEALER, mount), ""),
        "a login more": lambda: client.auth.approle.generate_secret_id(role_name(KeyPower.OPENER, mount)),
        "engines": lambda: client.sys.list_mounted_secrets_engines(),
        "unmount": lambda: client.sys.disable_secrets_engine(mount),
    }


MAY = {
    KeyPower.SEALER: {"encrypt", "list"},
    KeyPower.OPENER: {"decrypt"},
    KeyPower.SHREDDER: {"list", "make", "let be deleted", "delete"},
}


@pytest.mark.promise("P12")
@pytest.mark.parametrize("power", list(KeyPower))
def test_a_power_can_do_its_own_work_and_no_other(site: Site, power: KeyPower) -> None:
    """The service itself refuses the rest with 403: the neighbour's engine and its own administration too."""
    root, here = site.server.root.secrets.transit, {"mount_point": site.address.mount}
    sealed = root.encrypt_data(EPOCH, TEXT, **here)["data"]["ciphertext"]
    root.create_key("kek-2026w47", **here)
    may = set()
    for name, act in acts(site.raw(power), site.address.mount, site.neighbour, sealed).items():
        try:
            act()
        except Forbidden:
            continue
        may.add(name)
    assert may == MAY[power]


def test_the_wrong_power_is_told_so(site: Site) -> None:
    """Each of our three hands over another's login: KeyServiceFailed says what is the matter."""
    shredder, opener = site.client(KeyPower.SHREDDER), site.client(KeyPower.OPENER)
    sealed = site.sealing().newest().seal(b"x", b"")
    wrong: list[Callable[[], object]] = [
        lambda: TransitSealing(shredder).newest().seal(b"x", b""),
        lambda: TransitSealing(opener).newest(),
        lambda: TransitOpening(shredder, KeyFolder(site.folder)).open(EPOCH, sealed, b""),
        lambda: TransitEpochs(opener, KeyFolder(site.folder)).destroy(EPOCH),
        lambda: TransitEpochs(site.client(KeyPower.SEALER), KeyFolder(site.folder)).destroy(EPOCH),
    ]
    for act in wrong:
        with pytest.raises(KeyServiceFailed, match="has not the power"):
            act()
    assert site.opening().open(EPOCH, sealed, b"") == b"x"


def test_set_up_says_what_it_made_and_is_harmless_to_repeat(site: Site) -> None:
    """The second time it makes nothing; a policy that was widened and a login that is no longer let in are
    put right, and nothing else is touched."""
    mount = site.address.mount
    assert site.made[0] == f"Transit engine {mount}"
    assert [line for line in site.made if line.startswith(("policy", "role"))] == [
        f"{kind} {mount}-{power}" for power in ("sealer", "opener", "shredder") for kind in ("policy", "role")
    ]
    assert [file.stat().st_mode & 0o777 for file in site.logins.values()] == [0o600] * 3
    assert site.again() == []
    name = role_name(KeyPower.SEALER, mount)
    site.server.root.sys.create_or_update_acl_policy(name, {"path": {"*": {"capabilities": ["sudo"]}}})
    opener = site.logins[KeyPower.OPENER]
    opener.write_text("no-role\nno-secret\n")
    assert site.again() == [f"policy {name}", f"login of the opener in {opener}"]
    assert site.again() == []


def test_an_expired_token_is_replaced(site: Site) -> None:
    """A process that runs for weeks logs in again by itself when the service no longer knows its token."""
    sealing = site.sealing()
    sealing.newest()
    accessors = site.server.root.auth.token.list_accessors()["data"]["keys"]
    root = site.server.root.lookup_token()["data"]["accessor"]
    for accessor in set(accessors) - {root}:
        site.server.root.auth.token.revoke_accessor(accessor)
    assert sealing.newest().name == EPOCH


def test_without_the_service_nobody_is_admitted_and_nothing_is_half_made(site: Site, tmp_path: Path) -> None:
    """Admission says Unavailable with what to do; the session is as it was, without units or an entry in the
    ledger, and is admitted when the service is back."""
    (tmp_path / "world").mkdir()
    world = World(tmp_path / "world")
    session = world.session()
    nobody = TransitAddress(f"http://127.0.0.1:{free_port()}", site.address.mount)
    away = TransitSealing(TransitClient(nobody, site.logins[KeyPower.SEALER]))
    core = replace(world.core, sealer=Sealer(away, TAGS))
    with pytest.raises(Unavailable, match="key service is away") as raised, core.db.begin() as db:
        sessions.admit(db, core, session.id, "v1", notice_text="{}", language="nl")
    assert "Try again" in raised.value.remedy
    with core.db.read() as db:
        assert sessions.load(db, session.id) == session
        assert db.scalar(select(func.count()).select_from(UnitRow)) == 0
    core = replace(core, sealer=Sealer(site.sealing(), TAGS))
    with core.db.begin() as db:
        sessions.admit(db, core, session.id, "v1", notice_text="{}", language="nl")
    with core.db.read() as db:
        assert {key[:4] for key in db.scalars(select(UnitRow.sealed_private_key)) if key} == {MAGIC}
    world.core.db.close()


@pytest.mark.promise("P7")
def test_a_key_folder_moves_into_the_service(site: Site, tmp_path: Path) -> None:
    """Units sealed to key files open beside the service; rotation moves them into it, and then destroys the
    files' epoch: what is left of it on any disk opens nothing."""
    (tmp_path / "world").mkdir()
    world = World(tmp_path / "world")
    world.ended()
    files = KeyFolder(world.folder / "keys")
    old = epoch_name(world.clock())
    opener = Opener(TransitOpening(site.client(KeyPower.OPENER), files))
    epochs = TransitEpochs(site.client(KeyPower.SHREDDER), files)
    core = replace(world.core, sealer=Sealer(site.sealing()))
    with core.db.read() as db:
        before = {unit.id: unit.key() for unit in db.scalars(select(UnitRow))}
    world.clock.move(days=21)
    assert Rotation(core, opener, epochs, EpochGuard(core)).run() == (3, [old, EPOCH])
    with core.db.read() as db:
        after = {unit.id: unit.key() for unit in db.scalars(select(UnitRow))}
    for unit_id, key in after.items():
        assert key is not None
        assert key.sealed_private.startswith(MAGIC)
        opener.unit(unit_id, key)
        stolen = before[unit_id]
        assert stolen is not None
        with pytest.raises(KeyMissing):
            opener.unit(unit_id, stolen)
    world.core.db.close()


def test_init_makes_engine_logins_and_the_first_epoch(openbao: OpenBaoServer, tmp_path: Path) -> None:
    """From the settings alone, beside key files too; afterwards the keys of a process that holds all three
    logins work, and without the opener's login the same process may only seal."""
    KeyFolder(tmp_path / "keys").ensure_epoch(NOW)
    settings = plain_settings(
        data=tmp_path,
        keys=Keys.TRANSIT,
        transit_url=openbao.url,
        transit_mount=f"init-{secrets.token_hex(4)}",
        transit_admin_login_file=openbao.root_login,
    )
    made = prepare_key_service(settings)
    assert made[-1].startswith("key epoch kek-")
    assert len([line for line in made if line.startswith("login of the ")]) == 3
    assert prepare_key_service(settings) == []
    keys = open_keys(settings, tmp_path / "keys")
    key = Sealer(keys.sealing).new_unit_key("u" * 16)
    Opener(keys.opening).unit("u" * 16, key)
    (tmp_path / "keys" / "transit" / "opener.login").unlink()
    capture = open_keys(settings, tmp_path / "keys")
    Sealer(capture.sealing).new_unit_key("u" * 16)
    with pytest.raises(KeyServiceFailed, match="PROCTORING_TRANSIT_OPENER_LOGIN_FILE"):
        Opener(capture.opening).unit("u" * 16, key)


def test_the_golden_vector_opens_in_the_service(site: Site) -> None:
    """What a service sealed once in version PET1, today's service opens with the same key."""
    vector = json.loads((Path(__file__).parents[1] / "golden" / "pet1.json").read_text())
    raw = {name: base64.b64decode(vector[name]) for name in ("unit_public", "sealed_unit_key")}
    site.epochs().destroy(EPOCH)
    site.server.root.secrets.transit.restore_key(
        vector["epoch_backup"], name=vector["epoch"], mount_point=site.address.mount
    )
    key = SealedUnitKey(raw["unit_public"], raw["sealed_unit_key"], vector["epoch"])
    opened = Opener(site.opening()).unit(vector["unit"], key)
    taken = base64.b64decode(vector["sealed_take_key"]), vector["seq"], vector["media_type"]
    assert opened.open(vector["take"], *taken, base64.b64decode(vector["object"])) == base64.b64decode(
        vector["plaintext"]
    )
