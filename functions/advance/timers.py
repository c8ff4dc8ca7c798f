"""What the clock triggers."""

import logging

import azure.functions as func

from functions.edge import telemetry
from services.errors import StoreUnavailable
from wiring import app

log = logging.getLogger("madoguchi.timers")
bp = func.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule="0 */1 * * * *")
async def sweep(timer: func.TimerRequest) -> None:
    """Wake up and deliver again what nobody moved."""
    if timer.past_due:
        log.warning("the sweep is late")
    with telemetry.run("sweep"):
        overdue = await app().advance.overdue()
        await app().advance.sweep()
        for run in app().each_minute:
            await run()
        await _measure(overdue)


@bp.timer_trigger(arg_name="timer", schedule="0 */15 * * * *")
async def reconcile(timer: func.TimerRequest) -> None:
    """Compare requests, tasks and queues, and repair what is safe to repair."""
    if timer.past_due:
        log.warning("the reconciliation is late")
    with telemetry.run("reconcile"):
        await app().reconciliation.run(dry_run=False)


async def _measure(overdue: float) -> None:
    """Measure the queues and what is left to do; a store that does not answer now is measured a minute later."""
    try:
        measured = await app().measuring.queues()
        damaged = await app().measuring.damaged_documents()
    except StoreUnavailable as error:
        log.warning("nothing measured: %s", error)
        return
    telemetry.record_queues([one.numbers for one in measured], app().clock())
    telemetry.record_backlog(overdue, sum(one.open_failures or 0 for one in measured) + (damaged or 0))
