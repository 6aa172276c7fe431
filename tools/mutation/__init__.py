"""Mutation testing of the core: small faults are put into a module one at a time, and its tests have to notice.

    python -m mutation [--module NAME]… [--sample N] [--jobs N]

No kept library fits: mutmut 3 splits classes, so frozen classes with slots lose their equality, and leaves constants
alone; cosmic-ray and mutatest start an interpreter a mutant. Here each mutant is a fork of a process that has every
dependency imported already.
"""
