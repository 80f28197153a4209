"""The knobs of the server's part are read and judged before there is a server (SDK behaviour §2, §15, §21)."""

from __future__ import annotations

import pytest

from exportkit.actions.head_settings import PollPatienceConfig, ShardConfig
from exportkit.errors import SettingRefused


def test_without_params_there_are_the_defaults() -> None:
    assert PollPatienceConfig.from_params(None) == PollPatienceConfig(True, 1800.0, None, 2.0, 1.5, 15.0, 30)
    assert ShardConfig.from_params(None) == ShardConfig(10_000, 3, False)


def test_params_extra_params_and_config_are_read_in_this_order() -> None:
    params = {"export_shard_size": 5, "extra_params": {"export_shard_size": 6, "export_shard_max_parallel": "2"}}
    assert ShardConfig.from_params(params, {"export_disable_sharding": "yes"}) == ShardConfig(5, 2, True)
    patience = PollPatienceConfig.from_params(
        {
            "export_delegate_poll_activity_based": "false",
            "export_delegate_poll_inactivity_deadline_seconds": 60,
            "extra_params": {"export_delegate_poll_wall_clock_ceiling_seconds": 0},
        }
    )
    assert (patience.activity_based, patience.inactivity_deadline, patience.wall_clock_ceiling) == (False, 60.0, None)


@pytest.mark.parametrize(
    "params",
    [
        {"export_shard_size": 0},
        {"export_shard_max_parallel": "many"},
        {"extra_params": {"export_disable_sharding": "?"}},
    ],
)
def test_a_wrong_value_is_refused(params: dict[str, object]) -> None:
    with pytest.raises(SettingRefused):
        ShardConfig.from_params(params)
