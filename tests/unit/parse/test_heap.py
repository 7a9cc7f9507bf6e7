"""Memory that one page leaves serves the next."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import crawlpool.worker.requests_
import crawlpool.parse.html as html
page = b"<p class=x>Some <b>words</b> and <a href=/1>a link</a>" * 1200
parse = lambda: html.LexborHTMLParser(page, options=1)
for _ in range(5):
    parse()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    parse()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have ways of their own")
def test_a_tree_takes_no_memory_from_the_kernel_that_the_one_before_it_had():
    # 200 and more where each gives back what it had.
    assert int(subprocess.check_output([sys.executable, "-c", FAULTS], timeout=60)) < 20
