from itertools import combinations

from benchmarks.decision.direct_labels import Box, along, place_labels

AREA = Box(0, 0, 400, 300)


def test_labels_lie_in_the_area_and_not_on_each_other() -> None:
    anchors = {f"curve {number}": [(395.0, 5.0 + number), (200.0, 150.0)] for number in range(6)}
    placed = place_labels(anchors, AREA, ink=[], taken=[])
    assert list(placed) == list(anchors)
    assert all(box.is_within(AREA) for box in placed.values())
    assert not any(one.meets(other) for one, other in combinations(placed.values(), 2))


def test_a_label_goes_where_it_hides_least() -> None:
    anchor = {"name": [(200.0, 150.0)]}
    free = place_labels(anchor, AREA, ink=[])["name"]
    assert free.left > 200  # to the right of its point
    ink = list(along([(205.0, 150.0), (399.0, 150.0)]))
    moved = place_labels(anchor, AREA, ink=ink)["name"]
    assert not any(moved.hides(point) for point in ink)
    assert not place_labels(anchor, AREA, ink=[], taken=[free])["name"].meets(free)


def test_an_early_point_is_better_than_a_late_one() -> None:
    box = place_labels({"name": [(50.0, 50.0), (300.0, 250.0)]}, AREA, ink=[])["name"]
    assert box.bottom < 70


def test_a_name_without_a_point_in_the_area_gets_no_place() -> None:
    assert place_labels({"gone": [(200.0, -500.0)], "none": []}, AREA, ink=[]) == {}


def test_the_points_along_a_line_leave_no_gap() -> None:
    points = list(along([(0.0, 0.0), (30.0, 40.0), (30.0, 41.0)]))
    assert points[0] == (0.0, 0.0)
    assert points[-1] == (30.0, 41.0)
    steps = zip(points, points[1:], strict=False)
    assert max((x1 - x0) ** 2 + (y1 - y0) ** 2 for (x0, y0), (x1, y1) in steps) <= 4.0**2
    assert list(along([])) == []
