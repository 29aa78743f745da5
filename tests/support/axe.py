"""axe-core, which finds in a page what breaks WCAG and a machine can see."""

from playwright.sync_api import Page

from tests.support.programs import MODULES, missing

SCRIPT = MODULES / "axe-core" / "axe.min.js"
RUN = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const {violations} = await axe.run(document, {runOnly: tags, resultTypes: ["violations"]});
  return violations.flatMap(({id, nodes}) =>
    nodes.map(({target, failureSummary}) => `${id}: ${target.join(" ")}: ${failureSummary}`));
}"""


def faults(page: Page) -> list[str]:
    """What breaks WCAG 2.2 AA in the page as it stands, one line each. Skips where axe-core is not."""
    if not SCRIPT.exists():
        missing("npm", "axe-core is not installed; `npm ci` brings it.")
    page.evaluate(SCRIPT.read_text())  # not by a script element: the page's security policy forbids those
    found: list[str] = page.evaluate(RUN)
    return found
