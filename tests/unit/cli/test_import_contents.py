import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from cli.importing.contents import Contents, read_contents
from cli.importing.scores import MissingColumnError
from cli.importing.tables import read_rows
from contracts.imports import ImportedScore, RowImported
from contracts.models import ModelType, Precision, WeightType
from contracts.submission import submission_id
from tests.contents import ROW, row, write_csv
from tests.unit.aggregator.story import BOARD, model


def contents(*rows: Any) -> Contents:
    return read_contents(rows, BOARD, "acme/contents")


def imported(**changes: object) -> RowImported:
    [event] = contents(row(**changes)).events
    return event


def problem(**changes: object) -> str:
    read = contents(row(**changes))
    assert read.events == ()
    [found] = read.problems
    return str(found)


def test_a_row_becomes_an_event_with_all_that_it_says() -> None:
    event = imported()

    assert event.scores == {
        "facts": ImportedScore(raw=0.55, normalized=40),
        "logic": ImportedScore(raw=0.68, normalized=50),
    }
    assert (event.model.repo_id, event.model.chat_template) == ("acme/tiny", True)
    assert (event.model_type, event.architecture) == (ModelType.FINE_TUNED, "LlamaForCausalLM")
    assert (event.parameters, event.likes, event.co2_kg) == (7_242_000_000, 7, 0.5)
    assert (event.base_models, event.generation) == (("acme/base",), 1)
    assert event.submitted_at == datetime(2024, 8, 5, tzinfo=UTC)
    assert event.uploaded_at == datetime(2024, 4, 13, tzinfo=UTC)
    assert (event.board, event.source) == (BOARD.name, "acme/contents")


def test_a_row_meets_a_submission_of_the_same_weights() -> None:
    event = imported(Chat_Template=False)

    assert event.sid == submission_id(model("acme/tiny"), BOARD.name)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_the_format_of_the_file_changes_nothing(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"contents{suffix}"
    if suffix == ".parquet":
        parquet.write_table(pyarrow.Table.from_pylist([dict(ROW)]), path)
    else:
        write_csv(path, [ROW])

    assert contents(*read_rows(path)) == contents(ROW)


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "contents.csv"
    write_csv(path, [{name: value for name, value in ROW.items() if name}])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert contents(*read_rows(path)).events


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "contents.csv.gz", [ROW])
    path.write_bytes(path.read_bytes()[:-9])

    with pytest.raises((EOFError, gzip.BadGzipFile)):
        list(read_rows(path))


def test_what_the_original_wrote_for_unknown_is_unknown() -> None:
    event = imported(
        **{"#Params_(B)": -1, "CO₂_cost_(kg)": -1, "Architecture": "?", "Hub_License": ""},
        Model_sha="",
        Submission_Date="",
        Base_Model="Removed",
    )

    assert (event.parameters, event.co2_kg) == (0, None)
    assert (event.architecture, event.license, event.model.commit) == ("", "", "")
    assert (event.submitted_at, event.base_models) == (None, ())


@pytest.mark.parametrize(
    ("base", "bases"),
    [
        ("acme/base", ("acme/base",)),
        ("acme/base (Merge)", ("acme/base",)),
        ("acme/tiny", ()),
        ("acme/tiny (Merge)", ()),
        ("Removed", ()),
    ],
)
def test_a_base_model_is_another_model(base: str, bases: tuple[str, ...]) -> None:
    assert imported(Base_Model=base).base_models == bases


def test_an_adapter_changes_the_base_model_that_the_row_names() -> None:
    assert imported(Weight_type="Adapter").model.base_model == "acme/base"
    assert imported(Weight_type="Adapter").model.weight_type is WeightType.ADAPTER
    assert imported().model.base_model is None


def test_the_hubs_oldest_models_have_no_namespace() -> None:
    assert imported(fullname="gpt2").model.repo_id == "gpt2"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("🟢 pretrained", ModelType.PRETRAINED),
        ("🟩 continuously pretrained", ModelType.CONTINUOUSLY_PRETRAINED),
        ("fine-tuned", ModelType.FINE_TUNED),
        ("🔶 : 🔶 fine-tuned on domain-specific datasets", ModelType.FINE_TUNED),
        ("💬 chat models (RLHF, DPO, IFT, ...)", ModelType.CHAT),
        ("⭕ : ⭕ instruction-tuned", ModelType.CHAT),
        ("🤝 base merges and moerges", ModelType.MERGE),
        ("🌸 multimodal", ModelType.MULTIMODAL),
        ("❓ other", ModelType.OTHER),
    ],
)
def test_a_type_is_known_in_all_spellings_it_had(said: str, meant: ModelType) -> None:
    assert imported(Type=said).model_type is meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("torch.bfloat16", Precision.BFLOAT16),
        ("GPTQ", Precision.GPTQ),
        ("None", Precision.GPTQ),
        ("4bit", Precision.INT4),
    ],
)
def test_a_precision_is_known_in_all_spellings_it_had(said: str, meant: Precision) -> None:
    assert imported(Precision=said).model.precision is meant


def test_a_task_without_a_score_is_missing_and_not_0() -> None:
    event = imported(Logic="", Logic_Raw=float("nan"))

    assert list(event.scores) == ["facts"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Model_sha": "main"}, "row 1, 'Model sha': found 'main': String should match pattern"),
        ({"fullname": "a/b/c"}, "row 1, 'fullname': found 'a/b/c': String should match pattern"),
        ({"Precision": "int3"}, "row 1, 'Precision': found 'int3': is none of the precisions"),
        ({"Type": "toy"}, "row 1, 'Type': found 'toy': is none of the types pretrained,"),
        ({"FACTS": "high"}, "row 1, 'FACTS': found 'high': Input should be a valid number"),
        ({"FACTS_Raw": 55}, "row 1, 'FACTS Raw': found 55: must be 0 to 1"),
        ({"Logic_Raw": ""}, "row 1, 'Logic Raw': found '': Input should be a valid number"),
        ({"Average_⬆️": 31}, "row 1, 'Average ⬆️': found 31: the mean of its tasks is 45.0000"),
        ({"Submission_Date": "soon"}, "row 1, 'Submission Date': found 'soon': Invalid isoformat"),
        ({"MoE": "perhaps"}, "row 1, 'MoE': found 'perhaps': Input should be a valid boolean"),
        ({"Generation": -2}, "row 1, 'Generation': found -2: Input should be greater than or"),
        (
            {"FACTS": "", "FACTS_Raw": "", "Logic": "", "Logic_Raw": ""},
            "row 1: has no score at all",
        ),
    ],
)
def test_a_bad_row_is_told_with_column_and_value(changes: dict[str, object], message: str) -> None:
    assert problem(**changes).startswith(message)


def test_every_problem_of_a_row_is_told() -> None:
    read = contents(row(Precision="int3", Type="toy", FACTS="high"))

    assert [each.field for each in read.problems] == ["Precision", "Type", "FACTS"]


def test_good_rows_beside_bad_ones_are_read() -> None:
    read = contents(row(), row(fullname="acme/other", Type="toy"), row(fullname="acme/third"))

    assert [event.model.repo_id for event in read.events] == ["acme/tiny", "acme/third"]
    assert [each.where for each in read.problems] == ["row 2"]


def test_the_same_model_twice_is_a_problem() -> None:
    read = contents(row(), row(Average="45"))

    assert len(read.events) == 1
    assert "is the model of row 1 again" in str(read.problems[0])


def test_where_chance_is_0_the_normalised_score_is_enough() -> None:
    """As in the first version's tables, which knew no other."""
    floorless = tuple(
        task.model_copy(update={"choices": None, "lower_bound": 0, "subtasks": ()})
        for task in BOARD.tasks
    )
    plain = row()
    del plain["FACTS Raw"], plain["Logic Raw"]

    read = read_contents([plain], BOARD.model_copy(update={"tasks": floorless}), "v1")

    [event] = read.events
    assert event.scores["facts"] == ImportedScore(raw=0.4, normalized=40)
    with pytest.raises(MissingColumnError, match="no column 'Facts Raw', 'Logic Raw'"):
        contents(plain)


def test_the_table_of_another_board_is_refused_whole() -> None:
    other = row()
    del other["Logic"]

    with pytest.raises(MissingColumnError, match="no column 'Logic'; it has '', 'eval_name'"):
        contents(other)
