from soak.memory import growth


def test_growth_is_the_end_over_the_level_after_the_first_tenth():
    samples = [(0, 60.0), (19, 90.0), (21, 100.0), (150, 130.0), (200, 120.0), (200, 115.0)]

    grown = growth(samples, 200)

    assert (grown.tenths[0], grown.tenths[-1], grown.last) == (100.0, 120.0, 115.0)
    assert grown.ratio == 1.15
