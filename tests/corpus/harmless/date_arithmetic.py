from calendar import monthrange
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo


def last_day(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


start = date(2024, 2, 10)
print(last_day(start), (last_day(start) - start).days)
noon = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
print(noon + timedelta(hours=36), noon.strftime("%A %d %B"))
try:
    print(noon.astimezone(ZoneInfo("Europe/Zurich")))
except KeyError:
    print("no time zones here")
