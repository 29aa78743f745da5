"""The bill of materials: exactly what the lock file names, made alike by `make sbom` and in the image."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"^([a-z0-9.-]+)==(\S+) \\$", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def options() -> list[str]:
    """How `make sbom` asks for it."""
    found = re.search(r"^SBOM := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found
    return found[1].split()


def locked() -> dict[tuple[str, str], set[str]]:
    """Every package of the lock file with its version, and the hashes that it may have."""
    text = (ROOT / "requirements.lock").read_text()
    found = list(PINNED.finditer(text))
    ends = [one.start() for one in found[1:]] + [len(text)]
    return {
        (one[1], one[2]): set(HASH.findall(text[one.start() : end]))
        for one, end in zip(found, ends, strict=True)
    }


def test_it_names_every_dependency_with_its_hashes(tmp_path: Path) -> None:
    """Name, version and hashes of the lock file, no more and no less, in a CycloneDX document about us."""
    made = tmp_path / "sbom.cdx.json"
    program = str(Path(sys.executable).with_name("cyclonedx-py"))
    command = [program, *options(), "--output-file", str(made)]
    subprocess.run([*command, "requirements.lock"], cwd=ROOT, check=True, capture_output=True)
    told = json.loads(made.read_text())
    assert (told["bomFormat"], told["metadata"]["component"]["name"]) == ("CycloneDX", "proctoring")
    parts = {
        (one["name"], one["version"]): {
            entry["content"] for place in one["externalReferences"] for entry in place["hashes"]
        }
        for one in told["components"]
    }
    assert parts == locked()
    assert len(parts) > 50
    assert all(one["purl"].startswith("pkg:pypi/") for one in told["components"])


def test_the_image_makes_the_same() -> None:
    """The same options in the Dockerfile, and one version of the tool, from a lock file with hashes."""
    dockerfile = re.sub(r"\s*\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    assert f"/opt/sbom/bin/cyclonedx-py {' '.join(options())} --output-file" in dockerfile
    assert "--require-hashes -r requirements-sbom.lock" in dockerfile
    names = ("pyproject.toml", "requirements-dev.lock", "requirements-sbom.lock")
    pins = [set(re.findall(r"\bcyclonedx-bom==([\d.]+)", (ROOT / name).read_text())) for name in names]
    assert len(pins[0]) == 1
    assert pins == pins[:1] * 3


def test_versions_are_above_their_advisories() -> None:
    """What the lock file has of packages with known ones; MinIO's client is pinned exactly."""
    found = dict(locked().keys())
    assert tuple(map(int, found["python-multipart"].split("."))) >= (0, 0, 31)
    assert f'"minio=={found["minio"]}"' in (ROOT / "pyproject.toml").read_text()
