"""Files and functions stay small enough to be read at once."""

from statistics import median, quantiles

from tests.architecture.sources import functions, line_count, python_files, relative, typescript_files

LONGEST_FILE = 300
LONGEST_FUNCTION = 50
MOST_PARAMETERS = 5
LONGEST_TYPESCRIPT_FILE = 250
MEDIAN_FILE = 80
P90_FILE = 180
MEDIAN_FUNCTION = 8
P90_FUNCTION = 25


def test_no_python_file_is_long() -> None:
    lengths = {relative(path): line_count(path) for path in python_files()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_test_file_is_long() -> None:
    lengths = {relative(path): line_count(path) for path in python_files("tests")}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_most_python_files_are_short() -> None:
    lengths = [line_count(path) for path in python_files()]
    assert median(lengths) <= MEDIAN_FILE
    assert quantiles(lengths, n=10)[-1] <= P90_FILE


def test_no_function_is_long() -> None:
    found = [function for path in python_files() for function in functions(path)]
    assert [function.place for function in found if function.lines > LONGEST_FUNCTION] == []


def test_most_functions_are_short() -> None:
    lengths = [function.lines for path in python_files() for function in functions(path)]
    assert median(lengths) <= MEDIAN_FUNCTION
    assert quantiles(lengths, n=10)[-1] <= P90_FUNCTION


def test_functions_take_few_parameters() -> None:
    found = [function for path in python_files() for function in functions(path)]
    crowded = {function.place: function.parameters for function in found if function.parameters > MOST_PARAMETERS}
    assert crowded == {}


def test_no_typescript_file_is_long() -> None:
    lengths = {relative(path): line_count(path) for path in typescript_files()}
    assert lengths, "the user interface has no sources"
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_TYPESCRIPT_FILE} == {}
