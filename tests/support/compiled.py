"""The modules that setup.py compiles: is each binary of the source beside it?"""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def stale(root: Path = ROOT) -> list[str]:
    """Sources that are newer than the binary which is imported in their place. None without binaries."""
    pairs = [(file.with_name(file.name.split(".")[0] + ".py"), file) for file in root.glob("capture/**/*.so")]
    return sorted(
        str(source.relative_to(root))
        for source, binary in pairs
        if source.exists() and source.stat().st_mtime > binary.stat().st_mtime
    )
