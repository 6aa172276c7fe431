"""Whatever bytes arrive, a parser answers with what they say or with one of its documented errors, in bounded work.

    pytest tests/fuzz                                      a few hundred inputs a target, always the same ones
    python -m tests.fuzz --minutes 10 [--target NAME]…     each target for so long, other inputs each time

Inputs are valid seeds with something changed. What is accepted where a format is canonical has to encode back to the
same bytes.
"""
