"""Which containers are taken for programs': never by labels alone."""

from typing import Any

import pytest

from hershy.core.ids import PublishPort
from hershy.core.skipped import skipped
from hershy_adapters.docker._container.owned import held_ports, status_of_owned

PROGRAM = "alice-build-0123456789ab-01234567"
RUNC = frozenset({137})


def account(name: str = f"/hersh-program-{PROGRAM}", **labels: Any) -> dict[str, Any]:
    return {
        "Id": "c" * 64,
        "Name": name,
        "Image": "sha256:1",
        "State": {"Status": "running", "Running": True},
        "HostConfig": {"NetworkMode": "hershy", "PortBindings": None},
        "Config": {"Labels": {"hershy.program-id": PROGRAM, "hershy.publish-port": "19001", **labels}},
    }


async def test_a_programs_container() -> None:
    """Name and label agree: it is taken up with its port."""
    status = await status_of_owned(account(), RUNC)
    assert status is not None
    assert (str(status.program_id), status.publish_port) == (PROGRAM, PublishPort(19001))


@pytest.mark.parametrize(
    "forged",
    [
        account(name="/hopeful_hopper"),
        account(**{"hershy.publish-port": "notanumber"}),
        account(**{"hershy.publish-port": "80"}),
        account(**{"hershy.program-id": "../../etc"}),
        {**account(), "Config": {"Labels": None}},
        {**account(), "Config": {"Labels": {}}},
    ],
)
async def test_forged_labels_are_skipped_and_counted(forged: dict[str, Any]) -> None:
    """What says to be somebody's and is not, or cannot be read, stops nothing."""
    before = skipped().get("container", 0)
    assert await status_of_owned(forged, RUNC) is None
    assert skipped()["container"] == before + 1


def test_ports_are_not_taken_from_anybodys_labels() -> None:
    """Published ports are; labels only of containers that hershy has named, and never what is no number."""
    listed = [
        {"Ports": [{"PublicPort": 19002}, {}], "Labels": None, "Names": ["/x"]},
        {"Ports": [], "Labels": {"hershy.publish-port": "19003"}, "Names": [f"/hersh-program-{PROGRAM}"]},
        {"Ports": [], "Labels": {"hershy.publish-port": "19004"}, "Names": ["/hopeful_hopper"]},
        {"Ports": [], "Labels": {"hershy.publish-port": "notanumber"}, "Names": ["/hersh-program-x"]},
        {"Ports": [], "Labels": {"hershy.publish-port": "9" * 5000}, "Names": ["/hersh-program-x"]},
    ]
    assert held_ports(listed) == {PublishPort(19002), PublishPort(19003)}
