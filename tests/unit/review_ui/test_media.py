"""Media for the player, and to whom they are refused."""

import pytest

from proctoring.access.model import Role
from proctoring.appeals import service as appeals
from proctoring.casework import procedures
from proctoring.custody.model import Action
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.privacy.service import own_recording
from proctoring.quarantine import service as quarantine
from proctoring.quarantine.model import Head
from proctoring.recordings.timeline import timeline
from storage.errors import KeyServiceFailed, StoreFailed
from storage.objects.naming import segment_key
from tests.support.statements import counted
from tests.support.world import ADMIN, World
from tests.unit.review_ui.conftest import Office, Staff


def lodge(world: World, session_id: str) -> str:
    with world.core.db.begin() as db:
        return appeals.lodge(db, world.core, session_id, "I was alone").id


@pytest.mark.promise("P12")
def test_a_view_is_entered_before_the_bytes_leave(office: Office, proctor: Staff) -> None:
    """The segment comes as it was recorded, and the ledger already says who looked, at what, and why."""
    session = office.world.ended()
    answer = proctor.get(f"/media/{session.id}/webcam/1")
    assert (answer.status_code, answer.content) == (200, b"media")
    assert answer.headers["content-type"] == "video/webm"
    assert answer.headers["cache-control"] == "no-store"
    assert office.looks() == [{"stream": "webcam", "first": 1, "why": "review"}]


@pytest.mark.promise("P12")
def test_a_view_that_fails_is_entered_all_the_same(
    office: Office, proctor: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry is committed first: with the store away it stands, and nothing was shown."""

    def away(key: str) -> bytes:
        raise StoreFailed("away")

    session = office.world.ended()
    monkeypatch.setattr(office.world.objects, "get", away)
    assert proctor.get(f"/media/{session.id}/webcam/0").status_code == 503
    assert len(office.looks()) == 1


def test_while_the_key_service_is_away_nothing_is_gone(
    office: Office, proctor: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 and a remedy, not the 404 of what was erased."""

    def away(epoch: str, sealed: bytes, info: bytes) -> bytes:
        raise KeyServiceFailed("away")

    session = office.world.ended()
    monkeypatch.setattr(office.world.keys, "open", away)
    answer = proctor.get(f"/media/{session.id}/webcam/0")
    assert answer.status_code == 503
    assert "The key service does not answer." in answer.text


@pytest.mark.promise("P12")
@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR, Role.PRIVACY_OFFICER, Role.EXAM_ADMIN])
def test_other_roles_see_no_footage(office: Office, role: Role) -> None:
    session = office.world.ended()
    staff = office.hire("Somebody", role)
    for path in (
        f"/media/{session.id}/webcam/0",
        f"/sessions/{session.id}/timeline.json",
        f"/sessions/{session.id}",
    ):
        answer = staff.get(path, "application/json")
        assert answer.status_code == 403, path
        assert b"media" not in answer.content
    assert not office.looks()


@pytest.mark.promise("P12")
def test_the_committee_sees_a_session_while_its_appeal_is_open(office: Office) -> None:
    session, other = office.world.ended(), office.world.ended()
    member = office.hire("Member", Role.COMMITTEE)
    path = f"/media/{session.id}/screen/0"
    assert member.get(path).status_code == 403
    appeal = lodge(office.world, session.id)
    assert member.get(path).status_code == 200
    assert member.get(f"/sessions/{session.id}").status_code == 200
    assert member.get(f"/media/{other.id}/screen/0").status_code == 403
    member.post(f"/appeals/{appeal}/close", outcome="refused", answer="The decision stands.")
    assert member.get(path).status_code == 403
    assert [view["why"] for view in office.looks()] == ["appeal"]


@pytest.mark.promise("P7")
def test_erased_media_is_not_found_and_says_which_certificate(office: Office) -> None:
    session = office.world.ended()
    office.world.clock.move(days=200)
    office.world.eraser.run()
    later = office.hire("Later", Role.PROCTOR)
    answer = later.get(f"/media/{session.id}/webcam/0", "application/json")
    problem = answer.json()
    assert answer.status_code == 404
    assert "erased" in problem["detail"]
    assert "/certificates/" in problem["remedy"]
    assert not office.looks()
    page = later.get(f"/sessions/{session.id}")
    assert "This recording was erased." in page.text


@pytest.mark.promise("P13")
def test_an_altered_segment_is_not_shown(office: Office, proctor: Staff) -> None:
    """One bit of one stored object turned over: refused in words, and no byte of it leaves."""
    session = office.world.ended()
    with office.world.core.db.read() as db:
        stream = timeline(db, session.id).streams[0]
    objects = office.world.objects
    key = segment_key(stream.unit_id, stream.takes[0].id, 0)
    data = objects.get(key)
    (stored,) = [one for one in objects.versions(f"u/{stream.unit_id}/") if one.key == key]
    objects.delete([stored])
    objects.put(key, data[:-1] + bytes([data[-1] ^ 1]))
    answer = proctor.get(f"/media/{session.id}/{stream.stream.value}/0", "application/json")
    assert answer.status_code == 409
    assert "altered" in answer.json()["detail"]


@pytest.mark.promise("P13")
def test_a_segment_sealed_anew_in_its_place_is_not_shown(office: Office, proctor: Staff) -> None:
    """Even whoever held the take's key cannot exchange a segment once its manifest leaf is written."""
    session = office.world.admitted()
    begun = office.world.record(session)
    key = segment_key(begun.take.unit_id, begun.take.id, 0)
    (stored,) = [one for one in office.world.objects.versions(f"u/{begun.take.unit_id}/") if one.key == key]
    office.world.objects.delete([stored])
    office.world.objects.put(key, begun.sealer.seal(0, begun.take.media_type, b"other"))
    assert proctor.get(f"/media/{session.id}/webcam/0").status_code == 409
    assert proctor.get(f"/media/{session.id}/webcam/1").status_code == 200


@pytest.mark.parametrize("path", ["webcam/99", "webcam/-1", "telescope/0", "webcam/x"])
def test_what_does_not_exist_is_refused(office: Office, proctor: Staff, path: str) -> None:
    session = office.world.ended()
    answer = proctor.get(f"/media/{session.id}/{path}", "application/json")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert not office.looks()


def test_the_time_line_is_what_the_player_reads(office: Office, proctor: Staff) -> None:
    """Segments in order with their takes, flags with names, all in ms since the start."""
    session = office.world.ended()
    proctor.post(f"/sessions/{session.id}/claim")
    proctor.post(
        f"/sessions/{session.id}/flags",
        start_ms=1000,
        end_ms=3000,
        category="help-by-others",
        severity="major",
        note="A voice",
    )
    data = proctor.get(f"/sessions/{session.id}/timeline.json", "application/json").json()
    webcam = next(one for one in data["streams"] if one["stream"] == "webcam")
    assert [segment["n"] for segment in webcam["segments"]] == [0, 1, 2]
    assert {segment["take"] for segment in webcam["segments"]} == {1}
    assert data["session"]["zone"] == "Europe/Brussels"
    (flag,) = data["flags"]
    assert (flag["start_ms"], flag["end_ms"], flag["by"], flag["state"]) == (1000, 3000, "M. Claes", "open")


def test_an_open_page_is_told_only_what_it_does_not_have(office: Office, proctor: Staff) -> None:
    """In runs, and of each stream behind the last piece that the page names; the rest of the time line is
    whole. A page that names a piece that cannot be is refused."""
    session = office.world.ended()
    url = f"/sessions/{session.id}/timeline.json?form=runs"
    whole = proctor.get(url, "application/json").json()
    webcam = whole["streams"][0]
    assert [(run["n"], len(run["durations_ms"]), len(run["bytes"])) for run in webcam["runs"]] == [(0, 3, 3)]
    news = proctor.get(f"{url}&webcam=1", "application/json").json()
    (run,) = news["streams"][0].pop("runs")
    assert run["n"] == 2
    assert run["start_ms"] == sum(webcam["runs"][0]["durations_ms"][:2]) + webcam["runs"][0]["start_ms"]
    del webcam["runs"]
    assert news == whole
    assert proctor.get(f"{url}&webcam=-2", "application/json").status_code == 422


@pytest.mark.promise("P16")
def test_a_restricted_recording_is_kept_and_seen_by_nobody(office: Office, proctor: Staff) -> None:
    """While the candidate's restriction stands no byte leaves; its release opens it again."""
    session, core = office.world.ended(), office.world.core
    with core.db.begin() as db:
        hold = holds.place(db, core, ADMIN, session.id, HoldKind.RESTRICTION, reason="asked by the candidate")
    refused = proctor.get(f"/media/{session.id}/webcam/0")
    assert refused.status_code == 403
    assert b"media" not in refused.content
    assert not office.looks()
    with core.db.begin() as db:
        procedures.release(db, core, ADMIN, hold.id)
    assert proctor.get(f"/media/{session.id}/webcam/0").status_code == 200


@pytest.mark.promise("P12")
@pytest.mark.promise("P17")
def test_reading_the_page_or_the_time_line_is_a_look_too(office: Office) -> None:
    """Each by itself, once for a stretch, before anything of it leaves; a refused one is none; the candidate
    is told it, and a look while the exam lasts is one during the exam."""
    proctor, auditor = office.hire("M. Claes", Role.PROCTOR), office.hire("A. Auditor", Role.AUDITOR)
    world = office.world
    live = world.admitted()
    world.begin(live)
    ended = world.ended()
    for session, path in ((live, ""), (live, "/timeline.json"), (ended, "/timeline.json")):
        assert auditor.get(f"/sessions/{session.id}{path}").status_code == 403
        assert proctor.get(f"/sessions/{session.id}{path}").status_code == 200
    assert office.ledger(Action.EVIDENCE_VIEW) == [
        {"stream": "page", "first": 0, "why": "live"},
        {"stream": "page", "first": 0, "why": "review"},
    ]
    with world.core.db.read() as db:
        told = [own_recording(db, world.core, one.id).looks for one in (live, ended)]
    assert [[(look.role, look.streams, look.why) for look in looks] for looks in told] == [
        [("proctor", ("page",), "live")],
        [("proctor", ("page",), "review")],
    ]


STATEMENTS_MAX = 5


@pytest.mark.promise("P12")
def test_a_segment_costs_one_transaction(office: Office, proctor: Staff) -> None:
    """Login, permit, restriction, place and the entry's age are read at one instant; nothing is written for
    the second segment of a stretch."""
    session = office.world.ended()
    assert proctor.get(f"/media/{session.id}/webcam/0").status_code == 200
    with counted(office.world.core.db) as statements:
        assert proctor.get(f"/media/{session.id}/webcam/1").status_code == 200
    begun = statements.count("BEGIN")  # which the driver of PostgreSQL says by itself
    assert begun <= 1
    assert len(statements) - begun <= STATEMENTS_MAX


@pytest.mark.promise("P12")
def test_who_has_left_gets_no_further_segment(office: Office, proctor: Staff) -> None:
    """Signing out counts from the next request on, within a stretch that an entry covers."""
    session = office.world.ended()
    assert proctor.get(f"/media/{session.id}/webcam/0").status_code == 200
    assert proctor.post("/sign-out").status_code == 303
    assert proctor.get(f"/media/{session.id}/webcam/1", "application/json").status_code == 401


@pytest.mark.promise("P7")
def test_no_segment_is_opened_in_quarantine(office: Office, proctor: Staff) -> None:
    """The route has no gate before it: it asks by itself, in the transaction that reads the place."""
    session, core = office.world.ended(), office.world.core
    with core.db.begin() as db:
        quarantine.begin(db, core, Head(1, b"1" * 32), Head(2, b"2" * 32))
    answer = proctor.get(f"/media/{session.id}/webcam/0", "application/json")
    assert (answer.status_code, answer.json()["title"]) == (503, "In quarantine after a restore")
    assert not office.looks()
