"""How many connections the process's limit of open files has room for."""

import resource

FILES_PER_CONNECTION = 2
"""The caller's own, and the one to the program behind it."""
FILES_FOR_THE_REST = 256


def room_for(connections: int) -> int:
    """How many of ``connections`` fit; the process's soft limit is raised first, as far as the hard one allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections * FILES_PER_CONNECTION + FILES_FOR_THE_REST
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return connections
    return max(1, min(connections, (soft - FILES_FOR_THE_REST) // FILES_PER_CONNECTION))
