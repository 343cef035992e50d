"""Where do the threads of one call meet? Byte offsets at the beginning of a shared memory, in front of every buffer.

Compiled code, the Python engine and web/threads.js agree on them; a test compares the three. A *job* is one call that
is open to other threads, a *phase* the work between two barriers of it."""

from __future__ import annotations

JOB = 64  # int32: odd while a job is open; each opening and each end adds one
FUNCTION = 68  # int32: which body the job runs
BASE = 72  # int32: the number of its first phase
STATUS = 84  # int32: what the guard of the job was
STOP = 76  # int32: not zero: every thread that waits gives up. Set from outside, or by a thread that waited too long
TICKET = 128  # int64: the number of the present phase (upper half), and how many of its chunks are claimed
DONE = 192  # int32: how many chunks of the present phase are finished
WAITING = 256  # int32: how many threads sleep until the phase ends
DECISIONS = 320  # int32 each: which way a loop or branch of the job goes on
MOST_DECISIONS = 48
SIZES = 512  # int32 each: the open sizes of the job
MOST_SIZES = 128

DISPOSED, BROKEN, LATE = 1, 2, 3  # what STOP says: nobody waits any more; a thread failed; one never came back
