import hashlib
from pathlib import Path

from localhub.blobs import Blob, read_blob
from localhub.trees import build_tree, list_files


def test_a_small_text_file_has_the_id_that_git_gives_it(tmp_path: Path) -> None:
    file = tmp_path / "hello.txt"
    file.write_bytes(b"hello\n")

    # git hash-object hello.txt
    assert read_blob(file) == Blob("ce013625030ba8dba906f756967f9e9ca394464a", 6, lfs=None)


def test_weights_are_lfs_objects_whatever_their_size(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"weights")
    pointer = (
        "version https://git-lfs.github.com/spec/v1\n"
        f"oid sha256:{hashlib.sha256(b'weights').hexdigest()}\n"
        "size 7\n"
    )

    blob = read_blob(file)

    assert blob.lfs is not None
    assert blob.lfs.sha256 == hashlib.sha256(b"weights").hexdigest()
    assert blob.lfs.pointer_size == len(pointer)
    assert blob.oid == hashlib.sha1(f"blob {len(pointer)}\0{pointer}".encode()).hexdigest()
    assert blob.size == 7


def test_text_past_ten_megabytes_is_an_lfs_object_and_an_empty_file_never(tmp_path: Path) -> None:
    long, empty = tmp_path / "long.txt", tmp_path / "empty.bin"
    long.write_bytes(b"a" * (10 * 1024 * 1024 + 1))
    empty.touch()

    assert read_blob(long).lfs is not None
    # The id of the empty blob in every git repository.
    assert read_blob(empty) == Blob("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", 0, lfs=None)


def test_a_tree_has_the_id_that_git_gives_it() -> None:
    hello = Blob("ce013625030ba8dba906f756967f9e9ca394464a", 6, lfs=None)

    tree = build_tree({"a.txt": hello, "a/deep/b.txt": hello, "a-c": hello})

    # git write-tree; the names are such that git's order is not the alphabet's.
    assert tree.oid == "2558ec74c3376603e1e1a31d767d073e376ce9b1"
    assert list(tree.folders) == ["a", "a/deep"]
    assert list(tree.blobs) == ["a-c", "a.txt", "a/deep/b.txt"]


def test_a_folder_of_nothing_is_the_empty_tree() -> None:
    # The id of the empty tree in every git repository.
    assert build_tree({}).oid == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def test_links_out_of_the_repository_and_bookkeeping_are_not_content(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not for everyone")
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    (repository / ".git" / "config").touch()
    (repository / "_tags" / "v1").mkdir(parents=True)
    (repository / "_hub.json").write_text("{}")
    (repository / "kept.txt").touch()
    (repository / "inside.txt").symlink_to(repository / "kept.txt")
    (repository / "outside.txt").symlink_to(secret)
    (repository / "settings.txt").symlink_to(repository / "_hub.json")
    (repository / "history.txt").symlink_to(repository / ".git" / "config")
    (repository / "parent").symlink_to(tmp_path)
    (repository / "broken.txt").symlink_to(repository / "nowhere")

    assert list(list_files(repository, repository=repository)) == ["inside.txt", "kept.txt"]
