"""How often one client may call: a client is the address that the machine in front of the app saw.

Front Door and the front end of Azure write it into a header (`ADDRESS_HEADER`), after whatever the client wrote there
itself; so its last entry alone is trusted. An address is in memory for as long as its calls count, as a keyed hash.
"""

import ipaddress
from collections.abc import Mapping

from services.errors import TooManyRequests
from services.limits import Kind
from wiring.app import App


def admit(app: App, headers: Mapping[str, str], kind: Kind) -> None:
    """Count a call of a resident; raises TooManyRequests. Without an address, as on a desk, nothing is counted."""
    address = address_in(headers.get(app.settings.address_header, ""))
    wait = app.limits[kind].count(address, app.clock()) if address else 0.0
    if wait:
        raise TooManyRequests(wait)


def address_in(header: str) -> str | None:
    """Return the address that was added last, with or without its port; of IPv6 the network of 64 bits.

    A household has a whole such network to itself, so that one address of it says nothing.
    """
    last = header.rpartition(",")[2].strip()
    if last.startswith("["):
        last = last[1:].partition("]")[0]
    elif last.count(":") == 1:
        last = last.partition(":")[0]
    try:
        address = ipaddress.ip_address(last)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address) or address.ipv4_mapped:
        return str(getattr(address, "ipv4_mapped", None) or address)
    return address.packed[:8].hex()
