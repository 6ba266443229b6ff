from pathlib import Path

import pytest

from lienthong.embedded.state_lock import StateInUse, locked


def test_state_folder_is_served_by_one_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path / "state"), pytest.raises(StateInUse), locked(tmp_path / "state"):
        pass

    with locked(tmp_path / "state"):
        pass
