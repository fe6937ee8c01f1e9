"""Which array of a dataset goes to which input of a network, by hand."""

import pytest

from backend.domain.datasets import ONLY, DatasetInput, DatasetSummary
from backend.domain.errors import DataMismatch
from backend.domain.fitting import Misfit, class_misfit, input_name, is_reshaped, pair
from backend.domain.network import NetworkInput, NetworkSummary
from backend.services.catalogue import require_fit

IMAGE = NetworkInput(name="image", shape=(3, 8, 8))
TOKENS = NetworkInput(name="tokens", shape=(5,), type="int64", rows=100)


def array(
    name: str, shape: tuple[int, ...], kind: str = "uint8", smallest: float = 0, largest: float = 99
) -> DatasetInput:
    return DatasetInput(name=name, shape=shape, type=kind, smallest=smallest, largest=largest)


def misfit(*held: DatasetInput, wanted: tuple[NetworkInput, ...] = (IMAGE, TOKENS)) -> Misfit:
    found = pair(wanted, held)
    assert isinstance(found, Misfit)
    assert found.detail.endswith(".")
    assert found.hint.endswith(".")
    return found


def test_names_decide_and_not_the_order() -> None:
    held = (array("image", (3, 8, 8)), array("tokens", (5,)))
    assert pair((TOKENS, IMAGE), held) == (1, 0)
    assert pair((IMAGE, TOKENS), held) == (0, 1)


@pytest.mark.parametrize(
    ("of_network", "of_dataset"),
    [
        ("image", "Image"),  # exported programs lower the case
        ("imageurl", "imageURL"),
        ("image_url", "imageURL"),  # graphs of ONNX files part the words
        ("f", input_name("F")),
        ("f_1", input_name("F")),
        ("tensor_1", input_name("Tensor")),
        ("input", input_name("input")),
        ("class_1", input_name("Class")),
    ],
)
def test_what_exporters_do_to_names_is_forgiven(of_network: str, of_dataset: str) -> None:
    wanted = (TOKENS, NetworkInput(name=of_network, shape=(3, 8, 8)))
    assert pair(wanted, (array(of_dataset, (3, 8, 8)), array("Tokens", (5,)))) == (1, 0)


def test_names_that_differ_in_case_only_must_be_the_networks() -> None:
    wanted = tuple(NetworkInput(name=name, shape=(4,)) for name in ("left", "left_1"))
    assert pair(wanted, (array("left_1", (4,)), array("left", (4,)))) == (1, 0)
    found = misfit(array("Left", (4,)), array("left", (4,)), wanted=wanted)
    assert "Names that differ in case and underscores only, `Left`, `left`, must be the network's." in found.detail
    assert "x_train_left and x_test_left, x_train_left_1 and x_test_left_1" in found.hint


def test_alike_inputs_of_a_network_are_never_guessed() -> None:
    wanted = tuple(NetworkInput(name=name, shape=(4,)) for name in ("ab", "a_b"))
    assert pair(wanted, (array("a_b", (4,)), array("ab", (4,)))) == (1, 0)
    assert "but the dataset holds 2: `AB`, `a_b`" in misfit(array("AB", (4,)), array("a_b", (4,)), wanted=wanted).detail


def test_arrays_that_fit_each_others_input_are_asked_about() -> None:
    swapped = "Are the names swapped? The arrays for `image` and `tokens` fit the other way round."
    assert misfit(array("image", (5,)), array("tokens", (3, 8, 8))).hint == swapped
    assert misfit(array("image", (5,), "float32"), array("tokens", (3, 8, 8))).hint != swapped
    vector = NetworkInput(name="vector", shape=(5,))
    found = misfit(array("tokens", (5,), "float32"), array("vector", (5,)), wanted=(TOKENS, vector))
    assert "holds float32 values" in found.detail
    assert found.hint == "Are the names swapped? The arrays for `tokens` and `vector` fit the other way round."


@pytest.mark.parametrize(("kind", "largest"), [("float32", 0.5), ("int64", 255)])
def test_masks_are_made_by_comparing_and_not_by_rounding(kind: str, largest: float) -> None:
    wanted = (NetworkInput(name="mask", shape=(5,), type="bool"),)
    hint = misfit(array(ONLY, (5,), kind, 0, largest), wanted=wanted).hint
    assert "`x_train > 0`" in hint
    assert "int64" not in hint


@pytest.mark.parametrize("name", [ONLY, "tokens", "whatever"])
def test_a_single_array_goes_to_a_single_input(name: str) -> None:
    assert pair((TOKENS,), (array(name, (5,)),)) == (0,)


@pytest.mark.parametrize(
    ("held", "detail", "hint"),
    [
        (
            (array(ONLY, (3, 8, 8)),),
            "takes 2 inputs, `image` (3 x 8 x 8), `tokens` (5), but the dataset holds one array of examples",
            "x_train_image and x_test_image, x_train_tokens and x_test_tokens",
        ),
        (
            (array("image", (3, 8, 8)), array("words", (5,))),
            "but the dataset holds 2: `image`, `words`",
            "x_train_tokens",
        ),
        (
            (array("image", (3, 8, 9)), array("tokens", (5,))),
            "input `image` takes inputs of shape 3 x 8 x 8, but the dataset's examples are 3 x 8 x 9",
            "trained on",
        ),
        (
            (array("image", (3, 8, 8)), array("tokens", (5,), "float32")),
            "input `tokens` takes whole numbers (int64), but the dataset holds float32 values",
            "Store x_train_tokens as whole numbers",
        ),
        (
            (array("image", (3, 8, 8)), array("tokens", (5,), "int32", 0, 100)),
            "takes numbers from 0 to 99, the rows of its embedding, but in the dataset they go from 0 to 100",
            "vocabulary",
        ),
        ((array("image", (3, 8, 8)), array("tokens", (5,), "int32", -1, 99)), "they go from -1 to 99", "vocabulary"),
    ],
)
def test_what_does_not_fit_is_said_with_what_to_do(held: tuple[DatasetInput, ...], detail: str, hint: str) -> None:
    found = misfit(*held)
    assert detail in found.detail
    assert hint in found.hint


def test_a_network_with_one_input_wants_one_array() -> None:
    found = misfit(array("a", (5,)), array("b", (5,)), wanted=(TOKENS,))
    assert found.detail == "The network takes one input, but the dataset holds 2: `a`, `b`."


@pytest.mark.parametrize(("kind", "largest"), [("bool", 1), ("uint8", 255), ("int32", 2**31 - 1)])
def test_numbers_must_fit_the_type(kind: str, largest: int) -> None:
    wanted = (NetworkInput(name="x", shape=(2,), type=kind),)
    assert pair(wanted, (array(ONLY, (2,), "int64", 0, largest),)) == (0,)
    assert f"takes {kind} numbers" in misfit(array(ONLY, (2,), "int64", 0, largest + 1), wanted=wanted).detail


def test_arrays_from_before_types_were_kept_are_left_to_the_run() -> None:
    assert pair((TOKENS,), (DatasetInput(name=ONLY, shape=(5,)),)) == (0,)


@pytest.mark.parametrize(
    ("wanted", "held", "is_same"),
    [
        ((8, 8), (1, 8, 8), True),
        ((1, 8, 8), (8, 8), True),
        ((64,), (1, 8, 8), True),
        ((3, 4), (12,), True),
        ((1,), (), True),
        ((8, 6), (6, 8), False),
        ((2, 6), (3, 4), False),
        ((63,), (1, 8, 8), False),
        ((3, 8, 8), (8, 8, 3), False),
    ],
)
def test_only_axes_of_length_one_and_flattening_are_forgiven(
    wanted: tuple[int, ...], held: tuple[int, ...], is_same: bool
) -> None:
    assert is_reshaped(wanted, held) is is_same


@pytest.mark.parametrize(
    ("given", "name"),
    [("image", "image"), ("input", "input_1"), ("a.b/c:0", "a_b_c_0"), ("0", "_0"), ("", "_"), ("class", "class_1")],
)
def test_names_are_made_fit_and_stay_so(given: str, name: str) -> None:
    assert input_name(given) == name == input_name(name)


def test_an_output_with_as_many_values_as_classes_is_named() -> None:
    assert class_misfit(10, ((3,),), 10) is None
    found = class_misfit(128, ((7, 10), (10,)), 10)
    assert found is not None
    assert "Output 3 has that many" in found.detail
    plain = class_misfit(128, (), 10)
    assert plain is not None
    assert plain.detail == "The network tells 128 classes apart, but the dataset has 10."


def test_summaries_from_before_inputs_had_names_are_read() -> None:
    old = {"architecture": "a", "input_shape": [2], "further_inputs": [[4]], "input_type": "int64", "class_count": 2}
    summary = NetworkSummary.model_validate(old | {"layers": [], "groups": [], "parameters": 1, "macs": 1})
    assert [(info.name, info.shape, info.type) for info in summary.inputs] == [
        ("x", (2,), "int64"),
        ("x1", (4,), "float32"),
    ]
    counts = {"train_class_counts": [1, 1], "test_class_counts": [1, 0], "class_names": ["a", "b"], "content_hash": "h"}
    dataset = DatasetSummary.model_validate({"train_count": 2, "test_count": 1, "input_shape": [2], **counts})
    assert dataset.inputs == (DatasetInput(name=ONLY, shape=(2,)),)
    with pytest.raises(DataMismatch, match="takes 2 inputs") as caught:
        require_fit(summary, dataset)
    assert caught.value.field == "dataset_id"
