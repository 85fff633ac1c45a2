"""The network address that a request came from, as far as it can be trusted."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


def address_of(client: str, forwarded: str, *, behind_proxy: bool) -> str:
    """The address of a visitor.

    A proxy appends the address that it saw to `X-Forwarded-For`; whatever stands before it was sent by the visitor and
    proves nothing. So the last address that is not of a private network counts.
    """
    if behind_proxy:
        for part in reversed(forwarded.split(",")):
            if _is_public(part.strip()):
                return _network(part.strip())
    return _network(client)


def _is_public(text: str) -> bool:
    try:
        return _address(text).is_global
    except ValueError:
        return False


def _network(text: str) -> str:
    """The address of IPv4, and of IPv6 its network of 64 bits, in which one visitor has every address."""
    try:
        address = _address(text)
    except ValueError:
        return text
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))


def _address(text: str) -> IPv4Address | IPv6Address:
    address = ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
