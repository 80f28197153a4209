from __future__ import annotations

from exportkit.records import PERSON_17, Skeleton


def test_person_17_is_the_contracts_skeleton() -> None:
    assert len(PERSON_17.points) == 17
    assert PERSON_17.points[:3] == ("nose", "left_eye", "right_eye")
    assert PERSON_17.points[-1] == "right_ankle"
    assert PERSON_17.flip_map() == (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
    joined = "16-14 14-12 17-15 15-13 12-13 6-12 7-13 6-7 6-8 7-9 8-10 9-11 2-3 1-2 1-3 2-4 3-5 4-6 5-7"
    assert " ".join(f"{a + 1}-{b + 1}" for a, b in PERSON_17.edges) == joined


def test_sides_are_whole_words_in_any_usual_spelling() -> None:
    skeleton = Skeleton("s", ("LeftEye", "RightEye", "left fin", "right fin", "cleft", "bright", "tail", "right-only"))

    assert skeleton.flip_map() == (1, 0, 3, 2, 4, 5, 6, 7)


def test_names_without_a_side_have_no_flip_map() -> None:
    assert Skeleton("s", ("cleft", "tip")).flip_map() is None


def test_observed_names_are_a_person_if_all_are_a_persons_and_else_in_code_point_order() -> None:
    assert Skeleton.of_observed({"nose", "left_ear"}) is PERSON_17
    assert Skeleton.of_observed({"tip", "Base"}).points == ("Base", "tip")
