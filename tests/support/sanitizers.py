"""What a sanitizer had to say about a program: no exit status tells it of one that was killed. tests/daemon/support/rig.cpp
looks for the same."""

SIGNS = ("Sanitizer: ", "runtime error: ")


def reported(log):
    """What was printed, if there is a report in it; otherwise nothing."""
    return log if any(sign in log for sign in SIGNS) else ""
