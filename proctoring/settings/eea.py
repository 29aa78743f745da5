"""The European Economic Area, outside of which no recording, key or relay may be (P15)."""

from proctoring.errors import Invalid

EEA = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
        "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip


def check_region(region: str, what: str, setting: str) -> None:
    """Raises Invalid unless `region` (ISO 3166-1 alpha-2) is in the EEA; the message says that `what` is
    there."""
    if not region:
        raise Invalid(f"It is not said in which country {what} is.", f"Set {setting} to its two-letter code.")
    if region not in EEA:
        raise Invalid(
            f"{what[0].upper()}{what[1:]} would be in {region}, outside the European Economic Area.",
            f"Use one inside it, and set {setting} to its country's two-letter code.",
        )
