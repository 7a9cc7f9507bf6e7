"""Faults inside a worker, by the name that it is asked to resolve; read by Python at its start as `sitecustomize`.

Workers run none of the user's code, so a fault is put where they call the system:
every name that ends in .test resolves to 127.0.0.1, after what its first label says.
"""

import ctypes
import socket
import threading

resolve = socket.getaddrinfo
taken = []


def getaddrinfo(host, *args, **kwargs):
    name = host.decode() if isinstance(host, bytes) else str(host)
    if not name.endswith(".test"):
        return resolve(host, *args, **kwargs)
    what = name.split(".")[-2]
    if what == "leak":
        taken.append(b"x" * (30 * 1024 * 1024))
    elif what == "greedy":
        for _ in range(30):
            taken.append(b"x" * (20 * 1024 * 1024))
            threading.Event().wait(0.02)
        threading.Event().wait()
    elif what == "stuck":
        threading.Event().wait()
    elif what == "gil":
        ctypes.PyDLL(None).pause()  # in C, with the interpreter lock held
    return resolve("127.0.0.1", *args, **kwargs)


socket.getaddrinfo = getaddrinfo
