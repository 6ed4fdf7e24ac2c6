"""Which journal entries have had their time."""

from datetime import datetime

from sqlalchemy import Select, and_, func, or_, select

from hershy.core.ids import OwnerID

from ._schema import JOURNAL, PROGRAMS

PRUNED_AT_ONCE = 10_000


def surplus(owner: OwnerID, before: datetime, keep: int) -> Select[tuple[int]]:
    """The ids of at most PRUNED_AT_ONCE entries: beyond the newest ``keep`` of a program, or a gone one's old ones."""
    is_same = and_(PROGRAMS.c.owner == JOURNAL.c.owner, PROGRAMS.c.id == JOURNAL.c.program_id)
    place = func.row_number().over(partition_by=JOURNAL.c.program_id, order_by=JOURNAL.c.id.desc())
    entries = (
        select(JOURNAL.c.id, JOURNAL.c.at, PROGRAMS.c.id.label("registered"), place.label("place"))
        .join_from(JOURNAL, PROGRAMS, is_same, isouter=True)
        .where(JOURNAL.c.owner == str(owner))
        .subquery()
    )
    is_registered = entries.c.registered.is_not(None)
    doomed = or_(and_(is_registered, entries.c.place > keep), and_(~is_registered, entries.c.at < before))
    return select(entries.c.id).where(doomed).limit(PRUNED_AT_ONCE)
