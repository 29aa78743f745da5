"""The canonical form, beside another implementation of RFC 8785."""

import string
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from storage.canonical import INTEGER_MAX, canonical, read_canonical

# Names of fields are ours: ASCII, which UTF-16 and code points sort alike.
NAMES = st.text(string.ascii_letters + string.digits + "_-./", max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=30,
)


@given(VALUES)
def test_it_is_what_another_implementation_writes(value: Any) -> None:
    """Byte for byte, for all that we ever write; and it is read again as what it was."""
    assert canonical(value) == rfc8785.dumps(value)
    assert read_canonical(canonical(value)) == value
