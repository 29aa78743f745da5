"""`python -m tests.attacks [AREA…]`: runs the attacks of these areas, or of all, and writes their table.

Exits 1 when one got through, something was lost, or one could not be made.
"""

import argparse
import importlib
import pkgutil
import resource
import sys
import time
import traceback
from datetime import UTC, datetime
from types import ModuleType

import tests.attacks as here
from tests.attacks import table
from tests.attacks.frame import Ground, Outcome

FILES_MIN = 8192  # an attack holds thousands of connections itself


def areas() -> dict[str, ModuleType]:
    """Every module here that has attacks, by its name."""
    names = [one.name for one in pkgutil.iter_modules(here.__path__) if one.name != "__main__"]
    modules = {name: importlib.import_module(f"{here.__name__}.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "ATTACKS")}


def run(area: ModuleType) -> list[table.Row]:
    """Each attack of the area, one after another, told as it ends."""
    rows: list[table.Row] = []
    with Ground() as ground:
        for attack in area.ATTACKS:
            begun_s = time.monotonic()
            try:
                outcome = attack.run(ground)
            except Exception:
                traceback.print_exc()
                outcome = None
            rows.append((attack.name, outcome))
            words = "could not be made" if outcome is None else _words(outcome)
            print(f"{time.monotonic() - begun_s:6.1f} s  {attack.name}: {words}", flush=True)
    return rows


def _words(outcome: Outcome) -> str:
    return f"{outcome.tried:,} tried, {outcome.through:,} through, lost {outcome.lost}"


def main() -> None:
    """Runs what was asked for; the table is written area by area."""
    known = areas()
    parser = argparse.ArgumentParser(description="Attacks on the real service.")
    parser.add_argument("areas", nargs="*", metavar="AREA", help=", ".join(known))
    asked = parser.parse_args().areas or list(known)
    if unknown := set(asked) - set(known):
        parser.error(f"no area is called {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES_MIN, hard), hard))
    failed, version = [], table.attacked()  # the table that is written is a change of the source, too
    for name in asked:
        print(f"--- {known[name].TITLE}", flush=True)
        rows = run(known[name])
        failed += [attack for attack, outcome in rows if outcome is None or not outcome.held]
        title = known[name].TITLE
        table.write({title: table.section(title, rows, datetime.now(UTC).date(), version)})
    print("\n".join(f"FAIL   {name}" for name in failed) or "PASS")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
