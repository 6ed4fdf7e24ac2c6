"""Which journal entries have had their time."""

from datetime import datetime

from sqlalchemy import Select, and_, func, or_, select

from hershy.core.ids import CHARACTERS_AFTER_USER, OwnerID

from ._schema import JOURNAL, PROGRAMS

PRUNED_AT_ONCE = 10_000


def surplus(owner: OwnerID, before: datetime, keep: int, keep_gone: int) -> Select[tuple[int]]:
    """The ids of at most PRUNED_AT_ONCE entries: beyond the newest ``keep`` of a program; of those that are gone old
    ones, and beyond the newest ``keep_gone`` of a user."""
    is_same = and_(PROGRAMS.c.owner == JOURNAL.c.owner, PROGRAMS.c.id == JOURNAL.c.program_id)
    place = func.row_number().over(partition_by=JOURNAL.c.program_id, order_by=JOURNAL.c.id.desc())
    user = func.substr(JOURNAL.c.program_id, 1, func.length(JOURNAL.c.program_id) - CHARACTERS_AFTER_USER)
    place_of_gone = func.row_number().over(partition_by=[user, PROGRAMS.c.id.is_(None)], order_by=JOURNAL.c.id.desc())
    entries = (
        select(
            *(JOURNAL.c.id, JOURNAL.c.at, PROGRAMS.c.id.label("registered")),
            *(place.label("place"), place_of_gone.label("place_of_gone")),
        )
        .join_from(JOURNAL, PROGRAMS, is_same, isouter=True)
        .where(JOURNAL.c.owner == str(owner))
        .subquery()
    )
    is_registered = entries.c.registered.is_not(None)
    has_had_its_time = or_(entries.c.at < before, entries.c.place_of_gone > keep_gone)
    doomed = or_(and_(is_registered, entries.c.place > keep), and_(~is_registered, has_had_its_time))
    return select(entries.c.id).where(doomed).limit(PRUNED_AT_ONCE)
