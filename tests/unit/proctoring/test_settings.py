"""Settings: what is insecure or outside the EEA does not start."""

import re
from pathlib import Path

import pytest

from proctoring.errors import Invalid
from proctoring.settings import Settings, load

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
    assert settings.database.drivername == "sqlite"


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
    assert load(**PUBLIC, **TRANSIT, transit_region="DE").transit_place.url == TRANSIT["transit_url"]
    assert load(**PUBLIC, tsa_url="http://tsa.example/tsr", tsa_region="NL").tsa_region == "NL"
    assert load(keys="transit", transit_url="http://127.0.0.1:8200").transit_mount == "proctoring-transit"


def test_every_setting_is_in_the_example_file() -> None:
    """And nothing else is."""
    text = (Path(__file__).parents[3] / ".env.example").read_text()
    documented = set(re.findall(r"^PROCTORING_([A-Z_]+)=", text, re.MULTILINE))
    assert documented == {name.upper() for name in Settings.model_fields}
