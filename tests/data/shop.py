"""A small shop as tables, and what they are."""

from tfmmrec.modalities import Category, Number, Text
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, NextItem, Rating

PLAIN = Schema(tasks=[NextItem()], order="file")
RICH = Schema(
    item=[Text("title", min_count=1), Number("year")],
    user=[Category("town")],
    event=[Category("kind")],
    tasks=[NextItem(), Binary("like"), Rating("stars")],
    timestamp="time",
)
ITEMS = "item_id,title,year\ni5,Fifth,1990\ni1,First,2001\ni2,Second,\ni3,Third,2003\ni4,Fourth,2004\n"
USERS = "user_id,town\nu9,Rom\nu2,Oslo\nu1,Bonn\n"
EVENTS = """user_id,item_id,time,kind,like,stars
u1,i3,30,view,1,5
u1,i1,10,view,0,
u2,i2,5,buy,,1
u1,i2,20,buy,1,3
u3,i3,1,view,1,4
u1,i4,40,view,0,2
"""


def fill(folder, **tables):
    """The shop's tables, but for those given."""
    for name, text in ({"items": ITEMS, "users": USERS, "events": EVENTS} | tables).items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return folder


def events_only(folder, text, name="events.csv"):
    """A table of events alone."""
    folder.mkdir(exist_ok=True, parents=True)
    (folder / name).write_text(text, "utf-8")
    return folder
