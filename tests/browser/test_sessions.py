"""Fifty sessions at once: each is answered in full, and nobody gets what another one asked."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

SESSIONS = 50
GROUPS = (
    "G:P-LANHENG-FOUNDER",
    "G:P-HENGJIANG-OWNER",
    "G:P-YUEZHOU-OWNER",
    "G:P-QINGHU-OWNER",
    "G:P-YANPU-OWNER",
)


def asked(address: str, group: str, start: threading.Barrier) -> tuple[bytes, list[str]]:
    """All that a session is sent for a group's page, and the errors in it."""
    url = address.replace("http", "ws") + "/_stcore/stream"
    with connect(
        url, subprotocols=[Subprotocol("streamlit")], origin=Origin(address), max_size=None
    ) as socket:
        start.wait()
        message = BackMsg()
        message.rerun_script.query_string = f"lang=en&group={group}"
        message.rerun_script.page_name = "groups"
        socket.send(message.SerializeToString())
        told, errors = b"", []
        while True:
            data = socket.recv(timeout=120)
            assert isinstance(data, bytes)
            told += data
            held = ForwardMsg.FromString(data)
            if held.WhichOneof("type") == "delta" and held.delta.new_element.WhichOneof("type") in (
                "exception",
                "alert",
            ):
                errors.append(str(held.delta.new_element)[:300])
            if held.WhichOneof("type") == "script_finished":
                return told, errors


@pytest.mark.soak
def test_fifty_sessions_at_once_get_their_own_answers(site: str) -> None:
    start = threading.Barrier(SESSIONS)
    wanted = [GROUPS[i % len(GROUPS)] for i in range(SESSIONS)]
    with ThreadPoolExecutor(SESSIONS) as pool:
        answers = list(pool.map(lambda group: asked(site, group, start), wanted))
    assert [errors for _, errors in answers if errors] == []
    for group, (told, _) in zip(wanted, answers, strict=True):
        assert group.encode() in told
        assert [other for other in GROUPS if other != group and other.encode() in told] == []
