"""The promises of the privacy notice, each with the tests that hold it: `pytest -m promise` prints the table,
and fails when one of them has no test that passed."""

import pytest

PROMISES = {
    "P1": "The computer's webcam is recorded, with sound, in a plain browser",
    "P2": "A phone or tablet is recorded, paired by a picture code, without an app",
    "P3": "The whole screen is recorded, and nothing less counts",
    "P4": "The copy of the identity card has a unit and rights of its own",
    "P5": "What is consulted during the exam is logged",
    "P6": "The answers given are logged",
    "P7": "Everything is erased when the objection period ends",
    "P8": "An incident, decided by people, holds the evidence",
    "P9": "An appeal holds the evidence from the moment it is lodged",
    "P10": "Nothing is held longer than the procedure needs",
    "P11": "The record of the exam is kept ten years, and never holds footage",
    "P12": "Only those who need it see it, and every view is written down first",
    "P13": "It is encrypted before it is stored, and changes are found",
    "P14": "Nothing goes to others, unless a recorded act of two people says so",
    "P15": "Nothing leaves the European Economic Area",
    "P16": "The candidate's rights can be exercised",
    "P17": "The candidate can see what is kept, why, for how long, and who saw it",
    "P18": "The candidate is informed beforehand, by the exam's real profile",
    "P19": "A centre's people see their own centre's sessions alone",
    "P20": "Complaints have an address: the controller's and the authority's",
}


class Promises:
    """Notes of each marked test whether it passed, also where several processes run the tests."""

    def __init__(self) -> None:
        self._tests: dict[str, dict[str, bool]] = {promise: {} for promise in PROMISES}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for mark in item.iter_markers("promise"):
                item.user_properties += [("promise", name) for name in mark.args]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        for name, promise in report.user_properties:
            if name == "promise":
                tests = self._tests[str(promise)]
                test = report.nodeid.split("[")[0]
                tests[test] = tests.get(test, True) and report.passed

    def broken(self) -> list[str]:
        """The promises without a test that passed, or with one that did not."""
        return [name for name, tests in self._tests.items() if not tests or not all(tests.values())]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if _asked(session.config) and self.broken() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not _asked(terminalreporter.config):
            return
        terminalreporter.section("promises")
        broken = self.broken()
        for promise, sentence in PROMISES.items():
            verdict = "NOT HELD" if promise in broken else "held"
            terminalreporter.write_line(f"{promise:4} {verdict}: {sentence}")
            for test, passed in self._tests[promise].items():
                terminalreporter.write_line(f"     {'' if passed else 'did not pass: '}{test}")


def _asked(config: pytest.Config) -> bool:
    return config.option.markexpr == "promise" and not hasattr(config, "workerinput")
