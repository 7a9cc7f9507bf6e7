"""What a crawl does about a network that is gone, while it is paused and after."""

import pytest

from crawlpool.errors import NetworkError
from crawlpool.network import Network
from crawlpool.polite.outage import LONGEST_PROBE_S


class GoneFor:
    """An outage that began at 0, is borne for so many seconds, and holds nothing back."""

    is_on = True

    def __init__(self, max_s):
        self.max_s = max_s

    def tick(self, now, *, is_idle):
        return [], []

    def is_over(self, now):
        return now >= self.max_s

    def words(self):
        return "the network is gone"


def watch(network, now, *, is_paused):
    return network.watch(now, is_idle=False, is_stopping=False, is_paused=is_paused)


def test_an_outage_ends_no_crawl_that_is_paused_nor_before_it_could_look_again():
    network = Network(outage=GoneFor(600.0), gate=None, departures=None)
    watch(network, 599.0, is_paused=False)
    watch(network, 5000.0, is_paused=True)
    watch(network, 5000.0 + LONGEST_PROBE_S - 1, is_paused=False)  # resumed: a probe goes out
    with pytest.raises(NetworkError):
        watch(network, 5000.0 + LONGEST_PROBE_S, is_paused=False)


def test_without_the_pause_the_same_outage_ends_it():
    network = Network(outage=GoneFor(600.0), gate=None, departures=None)
    with pytest.raises(NetworkError):
        watch(network, 600.0, is_paused=False)
