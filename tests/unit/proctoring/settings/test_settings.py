"""Settings: what is insecure or outside the EEA does not start."""

import re
from pathlib import Path

import pytest
from sqlalchemy import make_url

from proctoring.errors import Invalid
from proctoring.settings.settings import Settings, load

POSTGRES = {"database_url": "postgresql+psycopg://review@db.example/proctoring"}
MINIO = {"store": "minio", "minio_url": "https://objects.example:9000"}
REDIS = {"redis_url": "redis://jobs.example:6379/0"}
PLACED = {"database_region": "BE", "minio_country": "NL", "redis_region": "DE"}
PUBLIC = {"public_url": "https://exams.example", "region": "BE", "controller_email": "p@exams.example"}

TRANSIT = {"keys": "transit", "transit_url": "https://keys.example:8200"}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PROCTORING_{name.upper()}", raising=False)


def test_a_proxy_is_an_address_or_a_network() -> None:
    """Anything else is named, so that nobody is believed by accident."""
    assert load(proxies=("192.0.2.7", "198.51.100.0/24", "2001:db8::/32")).proxies
    for wrong in ("caddy", "*", "192.0.2.7:8000", "198.51.100.1/24"):
        with pytest.raises(Invalid, match="PROCTORING_PROXIES"):
            load(proxies=(wrong,))


def test_the_defaults_start() -> None:
    """Nothing set: this machine only, SQLite below ./data."""
    settings = load()
    assert settings.base_url == "http://127.0.0.1:8000"
    assert make_url(settings.database).drivername == "sqlite"


@pytest.mark.promise("P15")
@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"public_url": "http://exams.example", "region": "BE"}, "https"),
        ({"public_url": "https://exams.example"}, "country"),
        ({"public_url": "https://exams.example", "region": "US"}, "outside"),
        ({"region": "GB"}, "outside"),
        (PUBLIC | {"ice_servers": ({"url": "stun:stun.example:3478"},)}, "country"),
        (PUBLIC | {"ice_servers": ({"url": "turn:turn.example", "region": "US"},)}, "outside"),
        ({"public_url": "https://exams.example", "region": "BE"}, "not yours"),
        ({"tsa_url": "https://tsa.example/"}, "country"),
        ({"tsa_url": "https://tsa.example/", "tsa_region": "CH"}, "outside"),
        ({"tsa_url": "tsa.example"}, "no address"),
        (TRANSIT, "country"),
        (TRANSIT | {"transit_region": "US"}, "outside"),
        (TRANSIT | {"transit_region": "BE", "transit_url": "http://keys.example:8200"}, "not https"),
        ({"keys": "transit"}, "no address"),
        (POSTGRES, "database"),
        (POSTGRES | {"database_region": "US"}, "outside"),
        ({"database_url": "postgresql+psycopg://u@/p?host=127.0.0.1,db.example"}, "database"),
        ({"database_url": "postgresql+psycopg://u@localhost/p?hostaddr=192.0.2.7"}, "database"),
        ({"database_url": "postgresql+psycopg://u@/p?host=a.example&host=/run/postgresql"}, "database"),
        (MINIO, "object store"),
        (MINIO | {"minio_country": "US"}, "outside"),
        (MINIO | {"minio_country": "eu-central-1"}, "outside"),
        (MINIO | {"minio_country": "be"}, "outside"),
        (REDIS, "Redis"),
        (REDIS | {"redis_region": "CH"}, "outside"),
        ({"redis_url": "rediss://:secret@192.0.2.7:6379/0"}, "Redis"),
        ({"keys": "hsm"}, "PROCTORING_KEYS"),
        ({"port": 0}, "PROCTORING_PORT"),
        ({"env": "staging"}, "PROCTORING_ENV"),
    ],
)
def test_what_must_not_be_does_not_start(changes: dict[str, object], word: str) -> None:
    """Http beyond this machine, an undeclared or foreign country, an impossible value: refused by name."""
    with pytest.raises(Invalid, match=word) as refusal:
        load(**changes)
    assert refusal.value.remedy


@pytest.mark.promise("P15")
def test_a_declared_service_in_the_eea_starts() -> None:
    """With a relay, a key service and a time-stamp authority that say where they are; a key service on this
    machine need not."""
    relay = {"url": "turn:turn.example:3478", "region": "NL", "username": "u", "credential": "c"}
    assert load(**PUBLIC, ice_servers=(relay,)).ice_servers[0].region == "NL"
    assert load(**PUBLIC, **TRANSIT, transit_region="DE").transit_address.url == TRANSIT["transit_url"]
    assert load(**PUBLIC, tsa_url="http://tsa.example/tsr", tsa_region="NL").tsa_region == "NL"
    assert load(**POSTGRES, **MINIO, **REDIS, **PLACED).database_region == "BE"
    assert load(keys="transit", transit_url="http://127.0.0.1:8200").transit_mount == "proctoring-transit"


@pytest.mark.promise("P15")
@pytest.mark.parametrize(
    ("setting", "here"),
    [
        ("database_region", {"database_url": "sqlite:////tmp/else.db"}),
        ("database_region", {"database_url": "postgresql+psycopg://u@127.0.0.1:5432/p"}),
        ("database_region", {"database_url": "postgresql+psycopg://u@[::1]/p"}),
        ("database_region", {"database_url": "postgresql+psycopg://u@/p?host=/run/postgresql"}),
        ("database_region", {"database_url": "postgresql+psycopg://u@/p?host=127.0.0.1&host=127.0.0.2"}),
        ("redis_region", {"redis_url": "redis://:secret@localhost:6379/0"}),
        ("redis_region", {"redis_url": "unix:///run/redis.sock"}),
        ("minio_country", {"store": "minio", "minio_url": "http://127.0.0.1:9000"}),
    ],
)
def test_a_part_on_this_machine_need_not_say_where_it_is(setting: str, here: dict[str, object]) -> None:
    """By a loopback address or a Unix socket; what is said must be in the EEA all the same."""
    assert getattr(load(**here), setting) == ""
    with pytest.raises(Invalid, match="outside"):
        load(**here, **{setting: "US"})


def test_every_setting_is_in_the_example_file() -> None:
    """And nothing else is."""
    text = (Path(__file__).parents[4] / ".env.example").read_text()
    documented = set(re.findall(r"^PROCTORING_([A-Z_]+)=", text, re.MULTILINE))
    assert documented == {name.upper() for name in Settings.model_fields}
