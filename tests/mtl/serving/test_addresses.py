import pytest

from mtl.serving.addresses import address_of


@pytest.mark.parametrize(
    "client,forwarded,behind,expected",
    [
        ("10.0.0.1", "8.8.8.8", True, "8.8.8.8"),
        ("10.0.0.1", "1.1.1.1, 8.8.8.8", True, "8.8.8.8"),
        ("10.0.0.1", "1.1.1.1, 8.8.8.8, 10.2.3.4", True, "8.8.8.8"),
        ("10.0.0.1", "nonsense", True, "10.0.0.1"),
        ("10.0.0.1", "8.8.8.8", False, "10.0.0.1"),
        ("10.0.0.1", "", True, "10.0.0.1"),
        ("10.0.0.1", "2a00:1450:4001:800::1", True, "2a00:1450:4001:800::/64"),
        ("2a00:1450:4001:800:1:2:3:4", "", False, "2a00:1450:4001:800::/64"),
        ("10.0.0.1", "::ffff:8.8.8.8", True, "8.8.8.8"),
        ("", "", False, ""),
    ],
)
def test_only_what_a_proxy_appended_counts_as_the_address(client, forwarded, behind, expected):
    assert address_of(client, forwarded, behind_proxy=behind) == expected
