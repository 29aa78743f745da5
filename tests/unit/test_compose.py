"""docker-compose.yml: who is given what, who reaches whom, and that the native twin runs exactly this."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from proctoring.cli import main
from proctoring.compose.app import create_app
from proctoring.compose.capture_edge import capture_edge
from proctoring.compose.parts import assemble
from proctoring.compose.prepare import FOLDERS, SECRETS, prepare, prepare_secrets
from proctoring.compose.review_edge import review_edge
from proctoring.settings.settings import Settings
from tests.support import composefile
from tests.support.asgi import addresses
from tests.support.programs import program
from tests.support.settings import plain_settings
from tests.support.topology import LOOPBACK, ONLY_LOOPBACK, PUBLIC, Topology

WHOLE: dict[str, Any] = yaml.safe_load(composefile.FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = WHOLE["services"]
OURS = {name for name, service in SERVICES.items() if "build" in service}
PUBLISHED = {"caddy": {"80", "443"}, "capture": {"MEDIA_PORT"}, "turn": {"3478", "49160-49359"}}
ENV = Path(__file__).parents[2] / ".env.example"


@pytest.fixture
def twin(tmp_path: Path) -> Topology:
    """In a folder whose name looks like a port's number, as temporary folders' names now and then do."""
    return Topology(tmp_path / "80")


def test_our_containers_start_commands_that_exist() -> None:
    """Every command of our own image is a subcommand, with options that it has."""
    assert {"capture", "review", "worker", "beat", "operator"} == OURS
    for name in OURS:
        word, *arguments = SERVICES[name]["command"]
        command = main.get_command(click.Context(main), word)
        assert command is not None, word
        known = {option for parameter in command.params for option in parameter.opts}
        assert {argument for argument in arguments if argument.startswith("--")} <= known


def test_every_container_is_shut_in() -> None:
    """No root, no capability beyond the one that two programs ask for, a read-only disk, no new privileges;
    only what candidates and staff must reach is published."""
    for name, service in SERVICES.items():
        assert service["user"] == "${RUN_AS:-1000:1000}"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["mem_limit"]
        assert service["pids_limit"] <= 1024
        assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name in ("caddy", "turn") else [])
        ports = {re.sub(r"\$\{(\w+).*\}", r"\1", port.split("/")[0]) for port in service.get("ports", [])}
        outside = {port if port == "MEDIA_PORT" else port.split(":")[0] for port in ports}
        assert outside == PUBLISHED.get(name, set())
    assert all(WHOLE["networks"][name]["internal"] is True for name in set(WHOLE["networks"]) - {"outside"})


def test_each_role_is_given_its_own_keys_and_no_other() -> None:
    """What is mounted below /data of each role, word for word: capture gets no private half, no signing key,
    no key to read or to delete; review none to delete or to sign, and private halves to read only."""
    given = {
        name: {
            mount.target.removeprefix("/data/")
            for mount in spec.mounts
            if mount.target.startswith("/data/") and mount.source is not None
        }
        for name, spec in composefile.read(VARIABLES).items()
    }
    of = "keys/database"
    assert given["capture"] == {
        *("keys/public", "spool", "keys/links/links.key", "keys/units/units.key", "keys/minio/ingest.secret"),
        *(f"{of}/capture.secret", "keys/turn/turn.secret"),
    }
    assert given["review"] == {
        "keys/public",
        "keys/private",
        "keys/minio/reader.secret",
        f"{of}/review.secret",
    }
    assert given["worker"] == {
        *("keys/public", "keys/private", "keys/signing/signing.key", "keys/minio/purger.secret"),
        *(f"{of}/worker.secret", "keys/redis/default.secret"),
    }
    assert given["beat"] == {"keys/redis/default.secret"}
    for name in ("capture", "review"):
        assert all(volume.endswith(":ro") for volume in SERVICES[name]["volumes"] if "keys" in volume)


def test_each_service_is_given_its_own_variables_and_the_operator_alone_the_file() -> None:
    """What of .env each service sees, by name: those beside us nothing that they do not need to start, beat
    no address and no name. No setting of .env.example is lost on the way without a word here."""
    place, keys = {"ENV", "PUBLIC_URL", "REGION", "CONTROLLER_EMAIL", "CHECKPOINT_COPY"}, of_ours("TRANSIT_")
    keys = keys - {name for name in keys if "LOGIN" in name} | {"KEYS"}
    wanted = {
        "capture": place
        | keys
        | of_ours("CONTROLLER_")
        | of_ours("AUTHORITY_")
        | {"ICE_SERVERS", "METRICS_TOKEN"},
        "review": place | keys | {"METRICS_TOKEN"},
        "worker": place | keys | {"PURGE_INTERVAL_S", "TSA_URL", "TSA_REGION"},
        "beat": {"PURGE_INTERVAL_S"},
        "caddy": {"PUBLIC_URL"},
    }
    seen = {name: from_env(service) for name, service in SERVICES.items()}
    for name, service in SERVICES.items():
        assert seen[name] == wanted.get(name, set()), name
        assert ("env_file" in service) is (name == "operator")
    settings = set(re.findall(r"^PROCTORING_(\w+)=", ENV.read_text(), re.MULTILINE))
    handed = set().union(*seen.values())
    assert settings - handed == SET_BY_THE_FILE | {
        name for name in settings if name.endswith(("LOGIN_FILE",))
    }


SET_BY_THE_FILE = {
    *("DATA", "HOST", "PORT", "DATABASE_URL", "REDIS_URL", "STORE", "PROXIES", "CAPTURE_PROCESSES"),
    *("MEDIA_ADDRESSES", "MEDIA_PORT", "TURN_URLS", "TURN_REGION", "TURN_SECRET", "TURN_SECRET_FILE"),
    *("DATABASE_REGION", "REDIS_REGION", "METRICS_TOKEN_FILE"),
    *(f"MINIO_{name}" for name in ("URL", "SECURE", "REGION", "COUNTRY", "BUCKET")),
    *(
        f"MINIO_{power}_{what}"
        for power in ("INGEST", "READER", "PURGER", "ADMIN")
        for what in ("ACCESS_KEY", "SECRET_KEY", "SECRET_KEY_FILE")
    ),
}
"""Settings that docker-compose.yml sets itself, or leaves at their default: .env changes them for nobody."""


def of_ours(prefix: str) -> set[str]:
    """Our settings whose name begins so, as .env.example has them."""
    return set(re.findall(rf"^PROCTORING_({prefix}\w+)=", ENV.read_text(), re.MULTILINE))


def from_env(service: dict[str, Any]) -> set[str]:
    """Our settings that a service is given as .env says."""
    given = {
        name: re.findall(r"\$\{PROCTORING_(\w+)", str(value))
        for name, value in service.get("environment", {}).items()
    }
    return {one for name, found in given.items() for one in found if name == f"PROCTORING_{one}"}


VARIABLES = {
    "PROCTORING_PUBLIC_URL": "https://exams.example",
    "PROCTORING_REGION": "BE",
    "PROCTORING_CONTROLLER_EMAIL": "privacy@exam.example",
    "PUBLIC_ADDRESS": PUBLIC,
}


def test_who_reaches_whom() -> None:
    """Capture and review cannot reach the job queue, the relay can reach nothing of ours, and the parts
    beside us cannot reach the world."""
    networks = {name: set(service["networks"]) for name, service in SERVICES.items()}
    assert {name for name in networks if "jobs" in networks[name]} == {"jobs", "worker", "beat"}
    assert {name for name in networks if "outside" in networks[name]} == {"caddy", "capture", "turn"}
    assert networks["turn"] == {"outside"}
    assert not networks["caddy"] & {"database", "objects", "jobs"}


def test_what_caddy_says_of_a_client_is_believed_and_what_others_say_is_not() -> None:
    """The network between Caddy and the service is the proxies' one; who is in it is above."""
    (subnet,) = [one["subnet"] for one in WHOLE["networks"]["front"]["ipam"]["config"]]
    for name in ("capture", "review"):
        assert SERVICES[name]["environment"]["PROCTORING_PROXIES"] == f'["{subnet}"]'
    assert {name for name, one in SERVICES.items() if "front" in one["networks"]} == {
        "caddy",
        "capture",
        "review",
    }


def test_every_secret_is_made_by_init(tmp_path: Path) -> None:
    """`proctoring init --secrets` makes each file and each folder that is mounted, before anything starts."""
    prepare_secrets(plain_settings(data=tmp_path / "data"))
    files = [secret["file"] for secret in WHOLE["secrets"].values()]
    assert all((tmp_path / file).stat().st_mode & 0o777 == 0o600 for file in files)
    assert len(files) == sum(map(len, SECRETS.values())) + 3
    folders = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", [])}
    assert all((tmp_path / folder).is_dir() for folder in folders)
    assert {f"./data/{folder}" for folder in FOLDERS} <= folders


def test_no_value_is_a_secret_and_every_setting_exists() -> None:
    """PROCTORING_* in the deployment files are settings of ours; secrets come by file; what the file asks for
    is in .env.example."""
    named = set()
    for file in (composefile.FILE, composefile.FILE.parent / "Dockerfile"):
        named |= set(re.findall(r"PROCTORING_([A-Z_]*[A-Z])", file.read_text()))
    assert named <= {name.upper() for name in Settings.model_fields}
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert not re.search("SECRET|PASSWORD", name) or str(value).startswith(
                ("/run/secrets/", "/data/")
            )
    for variable in set(re.findall(r"(?<!\$)\$\{(\w+)", composefile.FILE.read_text())):
        assert f"{variable}=" in ENV.read_text()


def test_each_address_goes_to_the_process_that_has_it(tmp_path: Path) -> None:
    """Caddy's rule sends every address of the capture edge to capture, and every one of the review edge to
    review; health and metrics stay inside."""
    settings = plain_settings(data=tmp_path / "data")
    prepare(settings)
    made = assemble(settings)
    shared = {"/healthz", "/readyz", "/metrics", "/static/look"}
    rule = re.search(
        r"@capture path_regexp (\S+)", WHOLE["configs"]["caddyfile"]["content"].replace("$$", "$")
    )
    assert rule
    goes = re.compile(rule[1])
    for _, path in addresses(create_app(made.core, capture_edge(made.capture))):
        assert path in shared or goes.search(path), path
    for _, path in addresses(create_app(made.core, review_edge(made.review))):
        assert path == "/api/v1/openapi.json" or not goes.search(path), path
    for path in ("/api/v1/sessions/any/events", "/api/v1/sessions/any/late-segments/webcam/3", "/whip/any"):
        assert goes.search(path)
    for path in ("/", "/certificates/any", "/sessions/any/timeline.json", "/whipped", "/api/v1/sessions/any"):
        assert not goes.search(path)


def neutral(text: str, own: str, twin: Topology) -> str:
    """The text with the file's names for the twin's ports and folders, and `@` for the service's own host and
    the public one."""
    text = text.replace(str(twin.plan(own).root), "")
    for name, ports in twin.ports.items():
        for port, here in ports.items():
            text = text.replace(f"{LOOPBACK}:{here}", f"{name}:{port}")
            text = re.sub(rf"(?<!\d){here}(?!\d)", str(port), text) if name == own else text
    text = text.replace(f"{PUBLIC}:3478", "turn:3478").replace(f"{own}:", "@:")
    return re.sub(rf"^(?=:\d+$)|{PUBLIC}|{LOOPBACK}|^0\.0\.0\.0$", "@", text)


def test_the_twin_runs_what_the_file_says(twin: Topology) -> None:
    """Each command, health check and environment is the file's, word for word, but for hosts, ports and
    folders; no service is left out. Only what keeps a program off other addresses is added."""
    for name, spec in composefile.read(twin.variables).items():
        plan = twin.plan(name)
        own = [neutral(word, name, twin) for word in plan.command[-len(spec.command) :]]
        filed = [neutral(word, name, twin) for word in spec.command]
        added = neutral(ONLY_LOOPBACK.get(spec.image.partition(":")[0], ""), name, twin)
        assert own == [*filed[:-1], filed[-1] + added]
        asked = [neutral(word, name, twin) for word in plan.healthcheck or []]
        assert asked == [neutral(word, name, twin) for word in spec.healthcheck or []]
        for key, value in spec.environment.items():
            assert neutral(plan.environment[key], name, twin) == neutral(value, name, twin), key


def test_compose_understands_the_file(tmp_path: Path) -> None:
    """`docker compose config` takes it as it is, with nothing but what the file says to set."""
    compose = program("docker-compose", "compose", "Docker compose is not here; `make compose` builds it.")
    shutil.copy(composefile.FILE, tmp_path)
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in VARIABLES.items()))
    file = str(tmp_path / composefile.FILE.name)
    command = [str(compose), "--project-directory", str(tmp_path), "-f", file, "config"]
    done = subprocess.run([*command, "--quiet"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    read = subprocess.run([*command, "--services"], capture_output=True, text=True)
    assert set(read.stdout.split()) == set(SERVICES)


@pytest.mark.promise("P7")
def test_the_database_keeps_no_old_log_and_quotes_no_row() -> None:
    """What `tests/integration/test_nothing_left.py` shows of PostgreSQL holds with these settings."""
    command = composefile.read(VARIABLES)["database"].command
    assert {"wal_recycle=off", "log_error_verbosity=terse"} <= set(command)
