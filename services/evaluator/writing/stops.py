"""When an answer is over: a string that the task names has been written, across however many
tokens."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

_INCOMPLETE = "\N{REPLACEMENT CHARACTER}"
"""What tokens decode to that hold a part of a character."""


class StopStrings:
    """As lm-eval looks for them at batch size 1: special tokens count as the text they stand for.

    lm-eval cuts the text at these strings as well. One that were overlooked here, because its
    tokenizer decodes a token differently beside others, would cost tokens and change no answer."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, strings: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._strings = [string for string in strings if string]
        self._can_complete: dict[int, bool] = {}
        self.reach = 1 + max((len(string.encode()) for string in self._strings), default=0)
        """How many of the last tokens can hold a string and more: a token is a byte at least."""

    def completed_by(self, tokens: Sequence[int]) -> bool:
        """Whether a stop string ends in the last of these tokens."""
        last = tokens[-1]
        if last not in self._can_complete:
            self._can_complete[last] = self._ends_a_string(self._text([last]))
        return self._can_complete[last] and self._is_in(self._text(tokens[-self.reach :]))

    def _ends_a_string(self, text: str) -> bool:
        """Spares the decoding of what came before nearly every token."""
        if not text or _INCOMPLETE in text or self._is_in(text):
            return True
        return any(
            text.startswith(string[at:]) for string in self._strings for at in range(1, len(string))
        )

    def _is_in(self, text: str) -> bool:
        return any(string in text for string in self._strings)

    def _text(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=False))
