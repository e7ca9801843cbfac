"""Every error that ends a command, with its exit code.

GanorchError          1   the work failed
├── UsageError        2   wrong usage or configuration; nothing was lost
│   ├── ConfigError       a spec that cannot be meant
│   └── RunFolderError    a run folder that is missing, taken or unwritable
│       └── TakenOverError    one that another driver has taken over meanwhile
├── JournalError      2   a journal that is damaged
├── SweepHalted       1   a sweep that cannot go on for now; a resume goes on
├── StoreError        1   a store of run folders that does not answer
└── SweepError        1   a sweep that ended without a generator to hand over
"""


class GanorchError(Exception):
    """Base of the errors that a command turns into one line and an exit code."""

    exit_code = 1


class UsageError(GanorchError):
    """Wrong usage or configuration; the message says what, where, and what is allowed."""

    exit_code = 2


class ConfigError(UsageError):
    """A spec, or a file of curves, that cannot be meant."""


class RunFolderError(UsageError):
    """A run folder that is missing, taken or unwritable."""


class TakenOverError(RunFolderError):
    """A run folder that another driver has taken over meanwhile; this one leaves it alone."""


class JournalError(GanorchError):
    """A journal that is damaged; names the file and, where there is one, the line."""

    exit_code = 2


class SweepHalted(GanorchError):
    """A sweep that cannot go on for now; says what to mend. Nothing is lost, a resume goes on."""


class StoreError(GanorchError):
    """A store of run folders that does not answer; nothing that it holds is lost."""


class SweepError(GanorchError):
    """A sweep that ended without a generator to hand over."""


class OvertakenError(Exception):
    """An attempt at a trial that goes on though a later one has begun; ends it, and no command."""
