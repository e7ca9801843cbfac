from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from orchestrator.report.tradeoff import TrialPoint, tradeoff_chart

SHARP = TrialPoint(name="sharp", fid=2.0, coverage=0.62, on_front=True, is_selected=True)
DIVERSE = TrialPoint(name="diverse", fid=4.0, coverage=0.88, on_front=True)
BEATEN = TrialPoint(name="beaten", fid=8.0, coverage=0.70, on_front=False)


def draw(*points: TrialPoint) -> Element:
    return ElementTree.fromstring(tradeoff_chart(points))


def of_class(svg: Element, name: str) -> list[Element]:
    return [node for node in svg.iter() if name in node.get("class", "").split()]


def place(svg: Element, name: str) -> tuple[float, float]:
    """Return where the point of this name lies."""
    for circle in svg.iter("circle"):
        if (circle[0].text or "").startswith(f"{name}:"):
            return float(circle.get("cx", "nan")), float(circle.get("cy", "nan"))
    raise AssertionError(name)


def test_every_trial_is_a_point_that_says_its_numbers() -> None:
    svg = draw(SHARP, DIVERSE, BEATEN)
    assert {circle[0].text for circle in svg.iter("circle")} == {
        "sharp: FID 2.00, coverage 0.620, on the front",
        "diverse: FID 4.00, coverage 0.880, on the front",
        "beaten: FID 8.00, coverage 0.700",
    }


def test_better_is_lower_and_further_right() -> None:
    svg = draw(SHARP, DIVERSE, BEATEN)
    (sharp_x, sharp_y), (diverse_x, diverse_y) = place(svg, "sharp"), place(svg, "diverse")
    assert sharp_x < diverse_x
    assert sharp_y > diverse_y > place(svg, "beaten")[1]  # SVG counts down the page


def test_the_front_steps_from_the_lowest_fid_to_the_highest_coverage() -> None:
    svg = draw(DIVERSE, BEATEN, SHARP)
    (line,) = of_class(svg, "front")
    (sharp_x, sharp_y), (diverse_x, diverse_y) = place(svg, "sharp"), place(svg, "diverse")
    assert line.get("d") == f"M38,{sharp_y:g}H{sharp_x:g}V{diverse_y:g}H{diverse_x:g}V12"


def test_a_tie_on_the_front_adds_no_step_back() -> None:
    tied = TrialPoint(name="tied", fid=2.01, coverage=0.61, on_front=True)
    with_tie, without = draw(SHARP, DIVERSE, tied), draw(SHARP, DIVERSE)
    assert of_class(with_tie, "front")[0].get("d") == of_class(without, "front")[0].get("d")


def test_the_selected_trial_lies_on_top_and_is_named() -> None:
    svg = draw(SHARP, DIVERSE, BEATEN)
    assert [circle.get("class") for circle in svg.iter("circle")] == [
        "point",
        "point on-front",
        "point winner",
    ]
    assert [node.text for node in of_class(svg, "winner-label")] == ["sharp"]


def test_a_name_is_written_to_the_left_where_there_is_room() -> None:
    def offset(coverage: float) -> float:
        lone = TrialPoint(name="lone", fid=2.0, coverage=coverage, on_front=True, is_selected=True)
        svg = draw(lone, BEATEN, DIVERSE)
        (label,) = of_class(svg, "winner-label")
        assert ("end" in label.get("class", "")) is (coverage > 0.75)
        return float(label.get("x", "nan")) - place(svg, "lone")[0]

    assert offset(0.899) < 0 < offset(0.701)


def test_the_axis_of_coverage_spans_whole_tenths() -> None:
    ticks = [node.text for node in of_class(draw(SHARP, DIVERSE), "middle")]
    assert (ticks[0], ticks[-1]) == ("0.6", "0.9")
    alone = [node.text for node in of_class(draw(DIVERSE, DIVERSE), "middle")]
    assert (alone[0], alone[-1]) == ("0.8", "0.9")


def test_without_a_front_there_is_no_line() -> None:
    assert not of_class(draw(BEATEN, BEATEN), "front")


def test_names_cannot_break_out_of_the_markup() -> None:
    name = "</title><script>alert(1)</script>"
    hostile = TrialPoint(name=name, fid=1.0, coverage=0.5, on_front=True, is_selected=True)
    assert "<script" not in tradeoff_chart([hostile, BEATEN])
