"""What queues and the clock trigger."""

from functions.advance import queues, timers

BPS = (queues.bp, timers.bp)
