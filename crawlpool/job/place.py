"""On what kind of file system a path lies; network and cloud drives do not keep a job file's promises."""

from pathlib import Path

_NETWORK = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "davfs",
        "fuse.davfs2",
        "fuse.dropbox",
        "fuse.gcsfuse",
        "fuse.glusterfs",
        "fuse.google-drive-ocamlfuse",
        "fuse.onedriver",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb2",
        "smb3",
        "smbfs",
        "vboxsf",
        "webdav",
    }
)

_MOUNTS = Path("/proc/self/mounts")


def network_of(path: Path) -> str:
    """The kind of network file system that a path lies on, such as "nfs4"; "" for a local disk or where it cannot be known."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace")
        real = path.resolve()
    except OSError:
        return ""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        # Octal escapes stand for white space in the mount point (proc(5), fstab(5)).
        point = Path(fields[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
        if (point == real or point in real.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind if kind in _NETWORK else ""
