"""Errors of the core, without a word of HTTP; `proctoring.web.problems` maps them to statuses.

Each error carries two sentences: what is wrong, and what to do about it. One that a candidate can meet also
has a key and the facts that its words name. By the key the candidate's page finds the words in four languages
(`capture/templates/refusals.html`).

    CoreError
    ├── NotFound            no such exam, session, flag, hold ... (or none that you may see)
    ├── Denied              this person may not do this
    ├── NotSignedIn         nobody is signed in
    ├── Invalid             the request cannot be understood
    ├── Conflict            the present state does not allow it
    │   ├── WrongState      a state machine refuses the event
    │   ├── BeingErased     a hold came after erasure had begun
    │   └── KeyRefused      a unit's public key is not the one that was made for it (units.keys)
    ├── TokenRefused        a link or token is forged, expired, or for something else
    └── Unavailable         a part we need is unreachable; try again later
        ├── Contended       another transaction won; nothing was changed
        ├── TooMany         asked more often than a limit allows; try again in `retry_after_s`
        └── Quarantined     the database was put back to a backup and is not whole yet
"""


class CoreError(Exception):
    """Base of the core's errors: `title` says what is the matter, `remedy` what to do."""

    title = "Something is wrong"

    def __init__(self, detail: str, remedy: str = "", key: str = "", **facts: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
        self.key = key
        self.facts = facts


class NotFound(CoreError):
    title = "Not found"


class Denied(CoreError):
    title = "Not allowed"


class NotSignedIn(CoreError):
    title = "Sign in first"


class Invalid(CoreError):
    title = "Not understood"


class Conflict(CoreError):
    title = "Not possible now"


class WrongState(Conflict):
    title = "Not possible in this state"


class BeingErased(Conflict):
    title = "Already being erased"


class TokenRefused(CoreError):
    title = "Token refused"


class Unavailable(CoreError):
    title = "Not available right now"


class Contended(Unavailable):
    title = "Changed at the same moment"


class TooMany(Unavailable):
    title = "Too often"

    def __init__(self, detail: str, remedy: str, retry_after_s: int) -> None:
        super().__init__(detail, remedy)
        self.retry_after_s = retry_after_s


class Quarantined(Unavailable):
    title = "In quarantine after a restore"
