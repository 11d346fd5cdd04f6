"""What a Hub says about the content of one file: its git id and, for large or binary ones, LFS."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

# fmt: off
LFS_SUFFIXES = frozenset({
    ".7z", ".arrow", ".bin", ".bz2", ".ckpt", ".ftz", ".gguf", ".gz", ".h5", ".joblib",
    ".mlmodel", ".model", ".msgpack", ".npy", ".npz", ".onnx", ".ot", ".parquet", ".pb",
    ".pickle", ".pkl", ".pt", ".pth", ".rar", ".safetensors", ".tar", ".tflite", ".tgz",
    ".wasm", ".xz", ".zip", ".zst",
})
# fmt: on
"""The suffixes of the `.gitattributes` that the Hub puts into a new repository."""

LFS_SIZE_BYTES = 10 * 1024 * 1024
"""The Hub refuses a larger file outside LFS."""

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class LfsObject:
    sha256: str
    pointer_size: int
    """Bytes of the text file that stands for the content in git."""


@dataclass(frozen=True)
class Blob:
    oid: str
    """Git id (sha1) of the content, or of the pointer to it when it is an LFS object."""
    size: int
    """Bytes of the content itself, LFS or not."""
    lfs: LfsObject | None


def is_lfs(name: str, size: int) -> bool:
    """Whether the Hub would store a file of this name and size (bytes) with LFS."""
    return size > 0 and (
        size > LFS_SIZE_BYTES or PurePosixPath(name).suffix.lower() in LFS_SUFFIXES
    )


def git_oid(kind: str, content: bytes) -> str:
    """Id of a git object; `kind` is blob or tree."""
    return hashlib.sha1(b"%s %d\0%s" % (kind.encode(), len(content), content)).hexdigest()


def lfs_pointer(sha256: str, size: int) -> bytes:
    """The text that git keeps in place of an LFS object, by version 1 of the LFS specification."""
    return (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
    )


def read_blob(path: Path) -> Blob:
    """Hash a file by chunks; it may be larger than memory."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        lfs = is_lfs(path.name, status.st_size)
        digest = hashlib.sha256() if lfs else hashlib.sha1(b"blob %d\0" % status.st_size)
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    if not lfs:
        return Blob(digest.hexdigest(), status.st_size, lfs=None)
    pointer = lfs_pointer(digest.hexdigest(), status.st_size)
    return Blob(
        oid=git_oid("blob", pointer),
        size=status.st_size,
        lfs=LfsObject(digest.hexdigest(), len(pointer)),
    )
