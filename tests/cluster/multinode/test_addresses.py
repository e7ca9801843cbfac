import socket
from ipaddress import ip_address

import pytest

from cluster.errors import ClusterError
from cluster.multinode import addresses
from cluster.multinode.addresses import free_network, free_ports


def test_a_network_is_loopback_and_not_the_one_that_all_use() -> None:
    for _ in range(50):
        network = free_network()
        assert ip_address(f"{network}.1").is_loopback
        assert network != "127.0.0"


def test_a_network_that_is_taken_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter([0, 5, 0, 5, 0, 6])
    monkeypatch.setattr("secrets.randbelow", lambda limit: next(numbers))
    assert free_network(["127.1.5.3"]) == "127.1.6"


def test_a_network_on_which_something_listens_is_not_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = iter([76, 9, 76, 10])
    monkeypatch.setattr("secrets.randbelow", lambda limit: next(numbers))
    with socket.create_server(("127.77.9.4", 0)):
        assert free_network() == "127.77.10"


def test_ports_differ_and_are_free() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()


def test_where_none_is_free_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_is_free", lambda port: False)
    with pytest.raises(ClusterError, match="no free ports"):
        free_ports(1)
