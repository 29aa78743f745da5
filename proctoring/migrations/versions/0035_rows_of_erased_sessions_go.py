"""Segments in rows that say nothing twice; and what stays once the rows of an erased session are removed.

The segments of erased units are not copied; their other rows go by the retention worker. Only the gaps of
erased streams without a take go here: no take tells of them.
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"

ADDED = {"sessions": "length_ms", "evidence_units": "recorded_ms"}
_GAPS = """
delete from gaps where unit_id in (
  select id from evidence_units u where state in ('erasing', 'erased')
  and not exists (select 1 from takes where unit_id = u.id)
)
"""

_LAST = "update takes set last_seq = coalesce((select max(seq) from segments where take_id = takes.id), -1)"
_COPY = """
insert into segments
  (received_at, start_ms, duration_ms, position, seq, ct_len, take, unit_id, ct_sha256, leaf_hash)
select {received_at}, s.start_ms, s.duration_ms, s.position, s.seq, s.ct_len, t.number, s.unit_id,
       {ct_sha256}, {leaf_hash}
from segments_before s join takes t on t.id = s.take_id join evidence_units u on u.id = s.unit_id
where u.state <> 'erased'
"""
_POSTGRES = {
    "received_at": "(extract(epoch from date_trunc('milliseconds', s.received_at)) * 1000)::bigint",
    **{
        name: f"case when s.{name} ~ '^[0-9a-f]{{64}}$' then decode(s.{name}, 'hex') "
        f"else convert_to(s.{name}, 'UTF8') end"
        for name in ("ct_sha256", "leaf_hash")
    },
}
_SQLITE = {
    "received_at": "coalesce(cast(strftime('%s', substr(s.received_at, 1, 19)) as integer) * 1000 "
    "+ cast(substr(s.received_at, 21, 3) as integer), s.received_at)",
    "ct_sha256": "bytes_of(s.ct_sha256)",
    "leaf_hash": "bytes_of(s.leaf_hash)",
}


def upgrade() -> None:
    for table, column in ADDED.items():
        if column not in _columns(table):
            op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=True))
    keyless = sa.text("sealed_key IS NULL")
    op.create_index(
        "ix_takes_keyless",
        "takes",
        ["unit_id"],
        sqlite_where=keyless,
        postgresql_where=keyless,
        if_not_exists=True,
    )
    op.execute(_GAPS)
    if "take_id" in _columns("segments"):
        _pack()


def _pack() -> None:
    op.add_column("takes", sa.Column("last_seq", sa.Integer(), nullable=False, server_default="-1"))
    op.execute(_LAST)
    op.rename_table("segments", "segments_before")
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        op.execute("alter index pk_segments rename to pk_segments_before")
    op.create_table(
        "segments",
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("ct_len", sa.Integer(), nullable=False),
        sa.Column("take", sa.SmallInteger(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("ct_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id", "position", name="pk_segments"),
        sa.ForeignKeyConstraint(
            ["unit_id", "take"], ["takes.unit_id", "takes.number"], name="fk_segments_unit_id"
        ),
        sqlite_with_rowid=False,
    )
    if is_sqlite:
        raw = op.get_bind().connection.driver_connection
        assert raw is not None
        raw.create_function("bytes_of", 1, _bytes_of, deterministic=True)
    op.execute(_COPY.format(**(_SQLITE if is_sqlite else _POSTGRES)))
    op.drop_table("segments_before")


def _bytes_of(value: object) -> object:
    """Of a hash in hex; what is none stays, so that it is found."""
    is_hash = isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)
    return bytes.fromhex(str(value)) if is_hash else value


def _columns(table: str) -> set[str]:
    return {one["name"] for one in sa.inspect(op.get_bind()).get_columns(table)}
