"""Work that shares something large: it gives the same in processes as on an executor that was handed in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from operator import mul

from openhifu.base.workers import gathered, sharing


def test_what_is_shared_reaches_every_piece_in_processes_and_on_an_executor() -> None:
    with sharing(2, mul, 3) as submit:
        own = gathered([submit(n) for n in range(5)], "pieces")
    with ThreadPoolExecutor(1) as pool, sharing(2, mul, 3, pool) as submit:
        handed = gathered([submit(n) for n in range(5)], "pieces")
    assert sorted(own) == sorted(handed) == [0, 3, 6, 9, 12]
