from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from n8n_scraper.politeness.breaker import CircuitBreaker
from n8n_scraper.politeness.gate import MISSED_AFTER, Gate, GateClosed
from n8n_scraper.politeness.pace import Pace
from n8n_scraper.politeness.reservation import LocalReservations

SPACING = Pace(2.0).spacing


def local_gate(loop: Any, burst: int = 1, **kwargs: Any) -> Gate:
    return Gate(LocalReservations(Pace(2.0), burst, loop.time), clock=loop.time, **kwargs)


async def send_all(gate: Gate, loop: Any, count: int) -> list[float]:
    """The moments at which so many requests went out, all of them waiting from the start."""

    async def send() -> float:
        await gate.acquire()
        return loop.time()  # type: ignore[no-any-return]  # of a test's stand-in

    return await asyncio.gather(*(send() for _ in range(count)))


def test_the_first_goes_at_once_and_no_two_in_one_spacing(in_virtual_time: Any) -> None:
    moments = in_virtual_time(lambda loop: send_all(local_gate(loop), loop, 5))
    assert moments == pytest.approx([i * SPACING for i in range(5)])


def test_without_waiters_turns_do_not_pile_up(in_virtual_time: Any) -> None:
    async def scenario(loop: Any) -> list[float]:
        gate = local_gate(loop)
        await gate.acquire()
        await asyncio.sleep(100)
        return await send_all(gate, loop, 3)

    assert in_virtual_time(scenario) == pytest.approx([100, 100 + SPACING, 100 + 2 * SPACING])


def test_more_urgent_first_then_first_come(in_virtual_time: Any) -> None:
    async def scenario(loop: Any) -> list[str]:
        gate, order = local_gate(loop), []

        async def send(name: str, priority: int) -> None:
            await gate.acquire(priority)
            order.append(name)

        requests = [("a", 0), ("b", 0), ("retry", 10), ("late", -5), ("robots", 1000), ("c", 0)]
        await asyncio.gather(*(send(*request) for request in requests))
        return order

    assert in_virtual_time(scenario) == ["robots", "retry", "a", "b", "c", "late"]


def test_a_late_comer_that_is_more_urgent_takes_the_turn_that_was_reserved_before_it_came(in_virtual_time: Any) -> None:
    async def scenario(loop: Any) -> tuple[float, float]:
        gate = local_gate(loop)
        await gate.acquire()
        patient = asyncio.ensure_future(send_all(gate, loop, 1))
        await asyncio.sleep(0.3)
        await gate.acquire(priority=1)
        return loop.time(), (await patient)[0]

    assert in_virtual_time(scenario) == pytest.approx((SPACING, 2 * SPACING))


def test_it_tells_how_long_each_waited_and_how_many_wait(in_virtual_time: Any) -> None:
    async def scenario(loop: Any) -> tuple[int, list[float]]:
        gate = local_gate(loop)
        waits = asyncio.gather(*(gate.acquire() for _ in range(3)))
        await asyncio.sleep(0.1)
        return gate.waiting, await waits

    waiting, waits = in_virtual_time(scenario)
    assert waiting == 2
    assert waits == pytest.approx([0, SPACING, 2 * SPACING])


@pytest.mark.parametrize("burst", [2, 5])
def test_a_burst_is_a_token_bucket(in_virtual_time: Any, busiest: Any, burst: int) -> None:
    moments = in_virtual_time(lambda loop: send_all(local_gate(loop, burst), loop, 40))
    assert moments[:burst] == [0.0] * burst
    assert moments[burst:] == pytest.approx([SPACING * i for i in range(1, 41 - burst)])
    assert busiest(moments, 10) == 19 + burst


@pytest.mark.parametrize(
    ("mean_lateness", "worst", "in_a_second", "mean"),
    [(0.002, 0.015, 2, 0.989), (0.004, 0.2, 3, 0.985), (0.1, 0.24, 3, 0.97)],
)
def test_a_thousand_turns_with_late_wake_ups_keep_every_window_and_the_mean(
    in_virtual_time: Any,
    busiest: Any,
    mean_rate: Any,
    mean_lateness: float,
    worst: float,
    in_a_second: int,
    mean: float,
) -> None:
    chance = random.Random(7)
    moments = in_virtual_time(
        lambda loop: send_all(local_gate(loop), loop, 1000),
        lambda: min(chance.expovariate(1 / mean_lateness), worst),
    )
    assert busiest(moments, 1) == in_a_second
    assert busiest(moments, 10) <= 21
    assert mean_rate(moments) >= mean * 2


def test_the_same_thousand_without_a_gate_break_every_window(in_virtual_time: Any, busiest: Any) -> None:
    async def scenario(loop: Any) -> list[float]:
        return await send_all(Gate(None, clock=loop.time), loop, 1000)

    assert busiest(in_virtual_time(scenario), 1) == 1000


def test_processes_that_share_turns_keep_the_windows_however_late_they_wake(
    in_virtual_time: Any, busiest: Any, mean_rate: Any
) -> None:
    """Four gates on one row; a late turn cannot move those that others hold, so a third in a second may come."""
    chance = random.Random(11)

    async def scenario(loop: Any) -> list[float]:
        row = LocalReservations(Pace(2.0), 1, loop.time)
        gates = [Gate(row, clock=loop.time) for _ in range(4)]
        moments = await asyncio.gather(*(send_all(gate, loop, 250) for gate in gates))
        return [moment for each in moments for moment in each]

    moments = in_virtual_time(scenario, lambda: 0.4 if chance.random() < 0.01 else chance.uniform(0, 0.004))
    assert busiest(moments, 1) <= 3
    assert busiest(moments, 10) <= 21
    assert mean_rate(moments) >= 0.97 * 2


def test_a_missed_turn_is_given_up_but_never_two_in_a_row(in_virtual_time: Any) -> None:
    moments = in_virtual_time(lambda loop: send_all(local_gate(loop), loop, 10), lambda: MISSED_AFTER * 1.5)
    assert len(moments) == 10


def test_one_429_halves_the_rate_and_clean_answers_bring_it_back(in_virtual_time: Any) -> None:
    async def scenario(loop: Any) -> list[float]:
        gate, rates = local_gate(loop), []
        sent_at = loop.time()
        await gate.acquire()
        await gate.slow_down(sent_at)
        for _ in range(200):
            await gate.acquire()
            gate.answered_cleanly()
            assert gate.pace is not None
            rates.append(round(gate.pace.per_second, 6))
        return rates

    rates = in_virtual_time(scenario)
    assert rates == [1.0] * 30 + [1.2] * 30 + [1.4] * 30 + [1.6] * 30 + [1.8] * 30 + [2.0] * 50


def test_answers_to_requests_from_before_the_slowing_do_not_slow_again(in_virtual_time: Any) -> None:
    async def scenario(loop: Any) -> list[float]:
        reservations = LocalReservations(Pace(2.0), 1, loop.time)
        await asyncio.sleep(10)
        paces = [await reservations.slow_down(sent_at) for sent_at in (8.0, 9.0, 9.9, 10.0)]
        await asyncio.sleep(1)
        paces.append(await reservations.slow_down(10.5))
        return [pace.factor for pace in paces]

    assert in_virtual_time(scenario) == [0.5, 0.5, 0.5, 0.5, 0.25]


@pytest.mark.parametrize("burst", [1, 3])
def test_a_hold_is_kept_also_by_who_has_a_turn_already(in_virtual_time: Any, burst: int) -> None:
    async def scenario(loop: Any) -> list[float]:
        gate = local_gate(loop, burst, may_be_held=True)
        for _ in range(burst):
            await gate.acquire()
        sending = asyncio.ensure_future(send_all(gate, loop, 3))
        await asyncio.sleep(SPACING / 2)
        await gate.slow_down(loop.time(), hold=60)
        return await sending

    moments = in_virtual_time(scenario)
    assert moments[0] >= SPACING / 2 + 60
    assert moments[-1] < 64, "and not for longer"


def test_an_open_breaker_lets_nothing_out_then_one_probe_then_everything(in_virtual_time: Any) -> None:
    async def scenario(loop: Any) -> list[tuple[float, int]]:
        breaker = CircuitBreaker(3, 30.0, 3600.0, loop.time)
        gate, sent = local_gate(loop, breaker=breaker), []

        async def send(id: int) -> None:
            await gate.acquire(0, id)
            sent.append((loop.time(), id))

        for id in (1, 2, 3):
            breaker.record("server", id)
        tasks = [asyncio.ensure_future(send(id)) for id in (1, 5, 6)]
        while loop.time() < 60:
            await asyncio.sleep(0.5)
            gate.wake()
        assert [id for _, id in sent] == [5]
        breaker.record(None, 5)
        gate.wake()
        await asyncio.gather(*tasks)
        return sent

    assert [id for _, id in in_virtual_time(scenario)] == [5, 1, 6]


def test_a_breaker_that_opens_while_a_turn_is_awaited_stops_that_request_too(in_virtual_time: Any) -> None:
    async def scenario(loop: Any) -> int:
        breaker = CircuitBreaker(3, 30.0, 3600.0, loop.time)
        gate = local_gate(loop, breaker=breaker)
        await gate.acquire(0, 9)
        waiter = asyncio.ensure_future(gate.acquire(0, 10))
        await asyncio.sleep(0.2)
        for id in (1, 2, 3):
            breaker.record("server", id)
        await asyncio.sleep(20)
        still_waiting = gate.waiting
        gate.close()
        with pytest.raises(GateClosed):
            await waiter
        return still_waiting

    assert in_virtual_time(scenario) == 1


def test_closing_sends_everybody_home_at_once(in_virtual_time: Any) -> None:
    async def scenario(loop: Any) -> float:
        gate = local_gate(loop)
        await gate.acquire()
        waiters = [asyncio.ensure_future(gate.acquire()) for _ in range(3)]
        await asyncio.sleep(0.1)
        gate.close()
        for waiter in waiters:
            with pytest.raises(GateClosed):
                await waiter
        with pytest.raises(GateClosed):
            await gate.acquire()
        assert gate.closed
        return loop.time()  # type: ignore[no-any-return]  # of a test's stand-in

    assert in_virtual_time(scenario) == pytest.approx(0.1)


def test_a_waiter_that_is_cancelled_leaves_its_turn_to_the_next(in_virtual_time: Any) -> None:
    async def scenario(loop: Any) -> float:
        gate = local_gate(loop)
        await gate.acquire()
        waiters = [asyncio.ensure_future(gate.acquire()) for _ in range(2)]
        await asyncio.sleep(0.1)
        waiters[0].cancel()
        await waiters[1]
        assert gate.waiting == 0
        return loop.time()  # type: ignore[no-any-return]  # of a test's stand-in

    assert in_virtual_time(scenario) == pytest.approx(SPACING)


def test_an_error_of_the_reservation_reaches_those_who_wait_and_the_next_may_try_again(in_virtual_time: Any) -> None:
    class Broken(LocalReservations):
        failures = 1

        async def reserve(self, last_but_one: float | None, clean_answers: int) -> Any:
            if self.failures:
                self.failures -= 1
                raise ConnectionError("the store is gone")
            return await super().reserve(last_but_one, clean_answers)

    async def scenario(loop: Any) -> float:
        gate = Gate(Broken(Pace(2.0), 1, loop.time), clock=loop.time)
        with pytest.raises(ConnectionError):
            await gate.acquire()
        return await gate.acquire()

    assert in_virtual_time(scenario) == 0


def test_the_site_may_ask_for_a_slower_pace_and_never_for_a_faster_one(in_virtual_time: Any) -> None:
    async def scenario(loop: Any) -> list[float]:
        gate = local_gate(loop)
        await gate.acquire()
        for per_second in (0.5, 10.0):
            gate.slow_to(per_second)
            assert gate.pace is not None
            assert gate.pace.per_second == 0.5
        return await send_all(gate, loop, 4)

    moments = in_virtual_time(scenario)
    assert moments[3] - moments[1] == pytest.approx(4.0, rel=0.05)


def test_without_a_limit_nothing_that_slows_holds_anybody_up(in_virtual_time: Any) -> None:
    async def scenario(loop: Any) -> tuple[list[float], Any]:
        gate = Gate(None, clock=loop.time)
        gate.slow_to(0.1)
        await gate.slow_down(loop.time(), hold=60)
        await gate.shut(60)
        return await send_all(gate, loop, 3), gate.pace

    assert in_virtual_time(scenario) == ([0.0] * 3, None)


def test_who_shares_our_turns_is_told_that_the_site_is_down(in_virtual_time: Any) -> None:
    class Told(LocalReservations):
        async def shut(self, seconds: float) -> None:
            told.append(seconds)

    told: list[float] = []

    async def scenario(loop: Any) -> None:
        gate = Gate(Told(Pace(2.0), 1, loop.time), clock=loop.time)
        await gate.shut(30)
        await gate.shut(0)

    in_virtual_time(scenario)
    assert told == [30, 0]
