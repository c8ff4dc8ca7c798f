from functions.pickup import SHOWN
from services.intake.reissue import Checked
from services.pickup.booking.state import BookingState
from services.pickup.sharing.split_rules import Because, Rule
from services.pickup.stock.numbers import SlotState
from services.pickup.stock.sites import Method, MoveKind
from tests.functions.edge.staff_texts import staff_texts, staff_texts_left_over


def test_every_text_of_the_staff_pages_is_shown_somewhere():
    known = staff_texts("pickup")
    built = {
        f"{prefix}.{name}"
        for prefix, names in {
            "counter.state": BookingState,
            "counter.next": BookingState,
            "counter.checked": Checked,
            "supplies.state": SlotState,
            "supplies.method": Method,
            "supplies.moved": MoveKind,
            "supplies.rule": Rule,
            "supplies.because": Because,
        }.items()
        for name in names.__value__.__args__
    }
    built |= {key for key in known if key.startswith(("supplies.head.", "supplies.kind."))}
    built |= {f"{link.key}.{part}".removeprefix("staff.") for link in SHOWN.links for part in ("title", "lead")}

    assert built <= known
    assert staff_texts_left_over("pickup", "supplies.") - built == set()
