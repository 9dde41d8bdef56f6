"""Which subnet an app's network gets."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import islice

from paas.adapters.docker_networks import free_subnets, uplink_mtu

POOL = IPv4Network("10.208.0.0/12")


def test_the_first_free_subnet_comes_first() -> None:
    used = [IPv4Network("10.208.0.0/23"), IPv4Network("172.17.0.0/16")]

    assert [str(s) for s in islice(free_subnets(POOL, 23, used), 2)] == ["10.208.2.0/23", "10.208.4.0/23"]


def test_what_overlaps_is_left_out_whichever_is_larger() -> None:
    used = [IPv4Network("10.208.0.0/20"), IPv4Network("10.208.17.7/32")]

    assert str(next(free_subnets(POOL, 23, used))) == "10.208.18.0/23"


def test_a_pool_that_is_used_up_gives_none() -> None:
    assert list(free_subnets(IPv4Network("10.0.0.0/23"), 23, [IPv4Network("10.0.0.0/8")])) == []


def test_a_pool_smaller_than_a_network_gives_none() -> None:
    assert list(free_subnets(IPv4Network("10.0.0.0/24"), 23, [])) == []


def test_the_uplinks_mtu_is_one_that_an_interface_can_have() -> None:
    mtu = uplink_mtu()

    assert mtu is None or 68 <= mtu <= 65535  # RFC 791: every host takes 68 bytes
