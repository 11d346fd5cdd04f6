"""The headers of a repository's safetensors files, read by range requests."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.errors import SafetensorsParsingError

from services.validator.facts import Tensor, Weights

SINGLE_FILE = "model.safetensors"
INDEX = "model.safetensors.index.json"
ADAPTER_FILE = "adapter_model.safetensors"
_REQUESTS_AT_ONCE = 8
# What reading JSON of another shape than expected raises.
_MALFORMED = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


class UnreadableWeightsError(Exception):
    """The message is fit to show to the submitter."""


@dataclass(frozen=True)
class WeightHeaders:
    api: HfApi
    repo_id: str
    commit: str
    sizes: Mapping[str, int | None]
    """In bytes, of every file of the repository by its path."""
    timeout_s: float

    def adapter(self) -> Weights | None:
        """None when there is no such file. Raises UnreadableWeightsError."""
        return _weights(self._headers([ADAPTER_FILE])) if ADAPTER_FILE in self.sizes else None

    def whole(self, folder: Path) -> Weights | None:
        """Of the files that transformers would load, which prefers the single one; None when there
        are none. `folder` holds the index. Raises UnreadableWeightsError."""
        if SINGLE_FILE in self.sizes:
            return _weights(self._headers([SINGLE_FILE]))
        if INDEX not in self.sizes:
            return None
        places = _read_index(folder / INDEX)
        shards = sorted(set(places.values()))
        if missing := [shard for shard in shards if shard not in self.sizes]:
            raise UnreadableWeightsError(f"{INDEX} names {missing[0]}, which is not there.")
        headers = self._headers(shards)
        _check_places(places, headers)
        return _weights(headers)

    def _headers(self, files: list[str]) -> dict[str, dict[str, Tensor]]:
        """Tensors by name, by file."""
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
            return dict(zip(files, pool.map(self._header, files), strict=True))

    def _header(self, file: str) -> dict[str, Tensor]:
        size = self.sizes[file]
        # Of an empty file no range can be had, and the Hub's refusal would look like its fault.
        if size == 0:
            raise UnreadableWeightsError(f"{file} is empty.")
        try:
            header = self.api.parse_safetensors_file_metadata(
                self.repo_id, file, revision=self.commit, timeout=self.timeout_s
            )
            ends = [tensor.data_offsets[1] for tensor in header.tensors.values()]
            tensors = {
                name: Tensor(str(tensor.dtype), tuple(map(int, tensor.shape)))
                for name, tensor in header.tensors.items()
            }
        except (SafetensorsParsingError, *_MALFORMED) as fault:
            raise UnreadableWeightsError(f"{file} is no safetensors file.") from fault
        if size is not None and size < max(ends, default=0):
            raise UnreadableWeightsError(
                f"{file} is cut off: it has {size:,} bytes, and its header describes"
                f" {max(ends):,} bytes of tensors."
            )
        return tensors


def _read_index(path: Path) -> dict[str, str]:
    """Files by tensor."""
    try:
        places = {
            str(name): str(file)
            for name, file in json.loads(path.read_bytes())["weight_map"].items()
        }
    except (OSError, *_MALFORMED) as fault:
        raise UnreadableWeightsError(f"{INDEX} has no `weight_map` that names files.") from fault
    if not places:
        raise UnreadableWeightsError(f"The `weight_map` of {INDEX} is empty.")
    return places


def _check_places(places: Mapping[str, str], headers: Mapping[str, Mapping[str, Tensor]]) -> None:
    for name, file in places.items():
        if name not in headers[file]:
            raise UnreadableWeightsError(f"{INDEX} places {name} in {file}, which lacks it.")
    for file, tensors in headers.items():
        if surplus := [name for name in tensors if places.get(name) != file]:
            raise UnreadableWeightsError(f"{file} holds {surplus[0]}, which {INDEX} does not say.")


def _weights(headers: Mapping[str, Mapping[str, Tensor]]) -> Weights:
    tensors = {name: tensor for file in headers.values() for name, tensor in file.items()}
    weights = Weights(tensors, files=tuple(headers))
    if not weights.elements.total():
        raise UnreadableWeightsError("They declare no tensors.")
    return weights
