from cluster.errors import ClusterError


def test_it_is_no_mistake_of_the_caller_in_the_sense_of_python() -> None:
    assert issubclass(ClusterError, RuntimeError)
    assert not issubclass(ClusterError, ValueError)
