# SPDX-License-Identifier: MIT
"""Work at once, results in order, signals heard."""
import signal
import threading
import unittest

from petreltool import pool, process


class InOrder(unittest.TestCase):
    def test_results_are_in_order(self) -> None:
        """The first item ends last."""
        others = threading.Semaphore(0)

        def work(item: int) -> int:
            if item == 0:
                for _ in range(9):
                    others.acquire()                            # pylint: disable=consider-using-with
            else:
                others.release()
            return item * item
        self.assertEqual(list(pool.in_order(work, range(10), 2)), [item * item for item in range(10)])

    def test_nothing_to_do(self) -> None:
        self.assertEqual(list(pool.in_order(abs, [], 4)), [])

    def test_an_error_comes_in_its_place(self) -> None:
        results = pool.in_order(lambda item: 1 // item, [1, 0, 1], 3)
        self.assertEqual(next(results), 1)
        with self.assertRaises(ZeroDivisionError):
            next(results)

    def test_what_was_not_begun_never_is(self) -> None:
        begun: list[int] = []
        go_on = threading.Event()

        def work(item: int) -> None:
            begun.append(item)
            if item == 1:
                go_on.wait()
        results = pool.in_order(work, range(100), 1)
        next(results)
        results.close()                                         # type: ignore[attr-defined]
        go_on.set()
        self.assertLessEqual(len(begun), 2)

    def test_a_signal_to_another_thread_is_heard(self) -> None:
        """Nothing wakes the main thread then."""
        process.allow_children()
        before = signal.signal(signal.SIGTERM, process.interrupt)
        released = threading.Event()

        def work(_: int) -> None:
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
            released.wait(15)
        try:
            with self.assertRaises(KeyboardInterrupt):
                list(pool.in_order(work, [1], 1))
            self.assertFalse(released.is_set())
        finally:
            released.set()
            signal.signal(signal.SIGTERM, before)
            process.allow_children()


if __name__ == "__main__":
    unittest.main()
