"""The unit's system call filter, as it would be enforced: which calls it allows, and a launcher under which everything
else kills the process.

    syscalls.py UNIT COMMAND…      runs COMMAND under the filter of UNIT
"""

import ctypes
import os
import re
import struct
import subprocess
import sys

ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def settings(unit, key):
    """The values of a key, in order."""
    with open(unit, encoding="utf-8") as file:
        return [line.split("=", 1)[1].strip() for line in file if line.startswith(key + "=")]


def members(group):
    """All calls of a group, also of the groups in it."""
    told = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True).stdout
    calls = set()
    for line in told.splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            calls |= members(word)
        elif word and not word.startswith("#"):
            calls.add(word)
    return calls


def allowed(unit):
    """Of the lists in the unit the first says which kind it is; what follows adds to it or, with '~', takes from it."""
    calls = set(members("@default"))
    for value in settings(unit, "SystemCallFilter"):
        take = value.startswith("~")
        for word in value.lstrip("~").split():
            named = members(word) if word.startswith("@") else {word}
            calls = calls - named if take else calls | named
    return calls


def numbers():
    """By name, for this machine, as the kernel's header has them."""
    source = "#include <sys/syscall.h>\n"
    text = subprocess.run(["clang++-19", "-E", "-dM", "-x", "c", "-"], input=source, capture_output=True, text=True,
                          check=True).stdout
    return {name: int(number) for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", text, re.MULTILINE)}


def program(calls):
    """A BPF program that allows these numbers on this architecture, and kills for everything else."""
    load, equal, give = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
    steps = [(load, 0, 0, 4), (equal, 1, 0, AUDIT_ARCH[os.uname().machine]), (give, 0, 0, KILL_PROCESS), (load, 0, 0, 0)]
    for number in sorted(calls):
        steps += [(equal, 0, 1, number), (give, 0, 0, ALLOW)]
    steps.append((give, 0, 0, KILL_PROCESS))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def enforce(calls):
    """On this process and all that it becomes."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(program(calls))
    filter_program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", (len(code) - 1) // 8, ctypes.addressof(code)))
    set_no_new_privileges, set_seccomp, mode_filter = 38, 22, 2
    for arguments in ((set_no_new_privileges, 1, 0, 0, 0), (set_seccomp, mode_filter, filter_program, 0, 0)):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "seccomp cannot be used here")


if __name__ == "__main__":
    by_name = numbers()
    enforce({by_name[name] for name in allowed(sys.argv[1]) if name in by_name})
    os.execvp(sys.argv[2], sys.argv[2:])
