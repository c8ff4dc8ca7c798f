"""What the clock triggers."""

import logging

import azure.functions as func

from wiring import app

log = logging.getLogger("madoguchi.timers")
bp = func.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule="0 */1 * * * *")
async def sweep(timer: func.TimerRequest) -> None:
    """Wake up and deliver again what nobody moved."""
    if timer.past_due:
        log.warning("the sweep is late")
    await app().advance.sweep()
    await app().tending.run()


@bp.timer_trigger(arg_name="timer", schedule="0 */15 * * * *")
async def reconcile(timer: func.TimerRequest) -> None:
    """Compare requests, tasks and queues, and repair what is safe to repair."""
    if timer.past_due:
        log.warning("the reconciliation is late")
    await app().reconciliation.run(dry_run=False)
