"""The system calls that student code may not make, as a filter that the kernel applies.

Namespaces already hide what is not the student's. The filter takes away what could undo them
(new namespaces, mounts, tracing) and rarely used parts of the kernel in which errors are found.
"""

import ctypes
import errno
import platform
import struct

_LOAD, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NEW_NAMESPACE = 0x7E020080  # every CLONE_NEW… flag

# name: (number on x86_64, number on aarch64); None: does not exist there
_DENIED = {
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119), "sched_setattr": (314, 274),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142),
    "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "quotactl": (179, 60),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "adjtimex": (159, 171), "clock_adjtime": (305, 266), "syslog": (103, 116),
    "personality": (135, 92), "vmsplice": (278, 75), "mbind": (237, 235),
    "move_pages": (279, 239), "migrate_pages": (256, 238), "set_mempolicy": (238, 237),
    "pidfd_getfd": (438, 438), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "quotactl_fd": (443, 443),
    "ioperm": (173, None), "iopl": (172, None), "modify_ldt": (154, None), "uselib": (134, None),
    "mknod": (133, None), "mknodat": (259, 33), "sethostname": (170, 161),
}  # fmt: skip
# socket, setsockopt and clone are allowed with some arguments only; clone3 hides its arguments
# behind a pointer, so it is answered as on an old kernel and the C library falls back to clone.
_MACHINES = {
    "x86_64": (0xC000003E, 0, {"socket": 41, "setsockopt": 54, "clone": 56, "clone3": 435}),
    "aarch64": (0xC00000B7, 1, {"socket": 198, "setsockopt": 208, "clone": 220, "clone3": 435}),
}
_AF_UNIX = 1
_BUFFERS = (7, 8, 32, 33)  # SO_SNDBUF, SO_RCVBUF and their FORCE: memory that no limit counts


def _jump(code, value, yes, no):
    return struct.pack("<HBBI", code, yes, no, value)


def _do(code, value):
    return struct.pack("<HBBI", code, 0, 0, value)


def program(machine: str) -> bytes:
    """Return the filter for a machine (`platform.machine()`); `KeyError` for one we do not know."""
    arch, column, special = _MACHINES[machine]
    refuse = _do(_RET, _ERRNO | errno.EPERM)
    code = [_do(_LOAD, 4), _jump(_JEQ, arch, 1, 0), _do(_RET, _KILL), _do(_LOAD, 0)]
    if machine == "x86_64":  # the same calls under other numbers
        code += [_jump(_JGE, 0x40000000, 0, 1), _do(_RET, _KILL)]
    for numbers in _DENIED.values():
        if numbers[column] is not None:
            code += [_jump(_JEQ, numbers[column], 0, 1), refuse]
    code += [_jump(_JEQ, special["clone3"], 0, 1), _do(_RET, _ERRNO | errno.ENOSYS)]
    code += [_jump(_JEQ, special["clone"], 0, 4), _do(_LOAD, 16)]
    code += [_jump(_JSET, _NEW_NAMESPACE, 0, 1), refuse, _do(_RET, _ALLOW)]
    code += [_jump(_JEQ, special["socket"], 0, 4), _do(_LOAD, 16)]
    code += [_jump(_JEQ, _AF_UNIX, 1, 0), _do(_RET, _ERRNO | errno.EAFNOSUPPORT)]
    code += [_do(_RET, _ALLOW)]
    # Options of the same numbers at other levels do not exist for the sockets that are left.
    code += [_jump(_JEQ, special["setsockopt"], 0, 2 * len(_BUFFERS) + 1), _do(_LOAD, 32)]
    for option in _BUFFERS:
        code += [_jump(_JEQ, option, 0, 1), refuse]
    code += [_do(_RET, _ALLOW)]
    return b"".join(code)


def apply_filter():
    """Put the filter on this process and all that it starts; nothing can take it off again.

    On a machine whose call numbers we do not know there is no filter; the namespaces remain.
    """
    if platform.machine() not in _MACHINES:
        return

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    code = program(platform.machine())
    buffer = ctypes.create_string_buffer(code, len(code))
    prog = Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(22, 2, ctypes.byref(prog), 0, 0):  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise OSError(ctypes.get_errno(), "the kernel refused the system call filter")
