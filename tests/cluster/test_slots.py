from cluster.resources import Capacity, TrialResources
from cluster.slots import Slots


class Machine:
    """A cluster whose nodes, and a clock whose hands, a test moves."""

    def __init__(self, *cpus: float) -> None:
        self.cpus = cpus
        self.now_s = 0.0
        self.num_looks = 0

    def capacity(self) -> Capacity:
        self.num_looks += 1
        return Capacity.of_nodes([Capacity(each) for each in self.cpus])

    def slots(self, limit: int | None = None) -> Slots:
        return Slots(
            TrialResources(2),
            limit,
            read_capacity=self.capacity,
            clock=lambda: self.now_s,
        )


def test_slots_follow_the_nodes_that_join_and_leave() -> None:
    machine = Machine(4)
    slots = machine.slots()
    assert slots() == 2
    machine.cpus = (4, 4)
    assert slots() == 2  # not looked again yet
    machine.now_s = 2.0
    assert slots() == 4
    machine.cpus, machine.now_s = (4,), 4.0
    assert slots() == 2


def test_the_cluster_is_not_asked_at_every_turn() -> None:
    machine = Machine(4)
    slots = machine.slots()
    assert [slots() for _ in range(100)] == [2] * 100
    assert machine.num_looks == 1


def test_without_a_node_that_holds_a_trial_there_are_none_until_one_comes() -> None:
    machine = Machine(1)
    slots = machine.slots()
    assert slots() == 0
    machine.cpus, machine.now_s = (1, 2), 2.0
    assert slots() == 1


def test_the_limit_caps_what_fits() -> None:
    assert Machine(8).slots(3)() == 3
