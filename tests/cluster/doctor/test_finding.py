from cluster.doctor.finding import Level, fail, ok, warn


def test_each_kind_carries_its_level_and_all_but_the_good_a_mend() -> None:
    assert ok("disk", "n", "5 GB").level == Level.OK
    assert warn("disk", "n", "5 GB", "make room").level == Level.WARN
    assert fail("disk", "n", "0 GB", "make room").mend == "make room"
    assert f"{Level.FAIL}" == "fail"
