"""Ids of the right grammar for tests of the vault."""

UNIT_A, UNIT_B = "a" * 16, "b" * 16
TAKE_1, TAKE_2 = "t" * 15 + "2", "t" * 15 + "3"
